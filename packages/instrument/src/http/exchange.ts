import { type About, quietly, tell } from '../hand/index.js'
import { Paths } from './paths.js'

/** Who left before an answer began, as nginx writes it, and our gateway. */
const CLIENT_LEFT = 499
const TOO_MANY = 429
const TOO_LARGE = 413
/** Why somebody was refused. Who shows nothing is asked to show something, which is how OAuth begins. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [401, 'unauthorized'],
  [403, 'forbidden'],
])
const NO_CREDENTIALS = 'no_credentials'

/** What is known of a request before it is answered. */
export interface Asked {
  readonly method: string
  /** Pathname, as it was sent; no query. */
  readonly path: string
  readonly hasCredentials: boolean
  /** It asks for a stream of minutes to hours, by `Mcp-Method: subscriptions/listen`. */
  readonly listens: boolean
}

/** What is known when its answer has gone. */
export interface Answered {
  /** `undefined`: none was begun. */
  readonly status: number | undefined
  /** The framework's pattern, where there is one. */
  readonly route: string | undefined
  readonly isStream: boolean
  readonly requestBytes: number
  readonly responseBytes: number
}

/** Tells of HTTP exchanges, each when it is over. */
export class Exchanges {
  readonly #about: About
  readonly #paths: Paths

  constructor(about: About, paths: readonly string[]) {
    this.#about = about
    this.#paths = new Paths(paths)
  }

  /** An exchange begins; the answer ends it, once. */
  begin(asked: Asked): (answered: Answered) => void {
    const beganMs = performance.now()
    let open = true
    return (answered) => {
      if (!open) return
      open = false
      quietly(() => this.#tell(asked, answered, performance.now() - beganMs))
    }
  }

  #tell(
    asked: Asked,
    { status = CLIENT_LEFT, route, isStream, requestBytes, responseBytes }: Answered,
    ms: number,
  ): void {
    const lasts = asked.listens || (isStream && asked.method === 'GET')
    tell('http', this.#about, {
      method: asked.method.slice(0, 16),
      path: this.#paths.of(asked.path, route, status),
      status,
      durationMs: lasts ? undefined : ms,
      requestBytes,
      responseBytes,
    })
    if (status === TOO_MANY) tell('limit', this.#about, { limitType: 'requests', layer: 'http' })
    else if (status === TOO_LARGE) tell('limit', this.#about, { limitType: 'size', layer: 'http' })
    const refusal = REFUSALS.get(status)
    if (refusal === undefined) return
    const reason = asked.hasCredentials ? refusal : status === 401 ? NO_CREDENTIALS : refusal
    tell('auth', this.#about, { action: 'refused', reason })
  }
}

import { type OpenCall, openCalls, vitals } from '../vitals/index.js'
import { type About, quietly, tell, text, thrownWord } from './tell.js'

/** Most tools that are told of by name: a caller who makes names up fills nothing. */
const MAX_TOOLS = 1000
const TIMEOUT = /^(TimeoutError|E(SOCKET)?TIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/

const DIRECTION = 'client_to_server'
const METHOD = 'tools/call'
const STATUSES = { ok: 200, tool_error: 500, timeout: 504, cancelled: 499 } as const
type Outcome = keyof typeof STATUSES

/** What all copies of this package in the process count together. */
interface Calls {
  readonly told: Set<string>
  /** Begins the ids of this process's operations. */
  readonly stem: string
  next: number
}

/**
 * One call of a tool, from its begin to its end. Nothing here throws. Inside a call that `instrument` counts it is that call, and
 * adds the class of its error.
 */
export class Call {
  readonly #tool: string
  readonly #about: About
  #operation: string | undefined
  #counted: OpenCall | undefined
  readonly #beganMs = performance.now()

  constructor(tool: string, about: About) {
    this.#tool = tool
    this.#about = about
    quietly(() => {
      this.#counted = openCalls(vitals()).claim(tool)
      if (this.#counted) return
      const calls = shared()
      const operation = `${calls.stem}-${(calls.next++).toString(36)}`
      tell('request.started', about, { direction: DIRECTION, method: METHOD, name: tool, operation })
      this.#operation = operation
    })
  }

  /** It gave a result; one in MCP's own form may say that it is an error. */
  ended(result: unknown): void {
    quietly(() =>
      this.#end((result as { isError?: unknown } | null | undefined)?.isError === true ? 'tool_error' : 'ok'),
    )
  }

  /** It threw. */
  failed(error: unknown): void {
    quietly(() => {
      const kind = thrownWord(error)
      if (this.#counted) this.#counted.errorType = kind
      const code = String((error as { code?: unknown } | null | undefined)?.code)
      if (kind === 'AbortError') this.#end('cancelled')
      else this.#end(TIMEOUT.test(kind) || TIMEOUT.test(code) ? 'timeout' : 'tool_error', kind)
    })
  }

  /** Nobody waits for it any more. Nothing where it ended already. */
  abandoned(): void {
    quietly(() => this.#end('cancelled'))
  }

  #end(outcome: Outcome, errorType?: string): void {
    const operation = this.#operation
    if (operation === undefined) return
    this.#operation = undefined
    tell('request.ended', this.#about, {
      direction: DIRECTION,
      method: METHOD,
      name: this.#tool,
      operation,
      outcome,
      status: STATUSES[outcome],
      errorType,
      durationMs: performance.now() - this.#beganMs,
      // Not known: a function sees no message.
      requestBytes: 0,
      responseBytes: 0,
    })
  }
}

/** The tool's name as an event holds it; whoever counts hears once that there is this tool. `unknown` where it is none. */
export function declared(tool: unknown, about: About): string {
  let name = 'unknown'
  quietly(() => {
    name = text(tool, 128)
    const { told } = shared()
    const key = JSON.stringify([about.server, name])
    if (told.size >= MAX_TOOLS || told.has(key)) return
    told.add(key)
    tell('tools.listed', about, { tools: [name], hashes: [], sizeBytes: 0, complete: false })
  })
  return name
}

function shared(): Calls {
  return vitals().share('calls', () => ({
    told: new Set<string>(),
    stem: `h${Math.random().toString(36).slice(2, 12)}${Date.now().toString(36)}`,
    next: 1,
  }))
}

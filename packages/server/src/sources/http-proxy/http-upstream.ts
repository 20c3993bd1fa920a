import { Agent as HttpAgent, type RequestOptions, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { urlToHttpOptions } from 'node:url'
import type { UrlEntry } from '../../children/index.js'
import type { ServerContext, Upstream } from './context.js'
import type { Exchange } from './exchange.js'
import { OUTSIDE } from './failures.js'
import { requestHeaders, targetOf } from './http-headers.js'
import { Passage, passAnswer, type Watch } from './http-passage.js'
import { HttpSessions } from './http-sessions.js'
import { HttpWatch } from './http-watch.js'
import { LaterWatch } from './later-watch.js'
import { refuse } from './respond.js'

/**
 * How long a connection waits for its next request: less than the 5 s after which common servers close it, since a
 * request that meets the closing is lost and may not be sent twice.
 */
const IDLE_CONNECTION_MS = 4_000
/** Silence on a connection after which the system asks whether the other side is still there. Milliseconds. */
const TCP_KEEP_ALIVE_MS = 15_000

/** How one exchange is passed on. */
export interface Forwarding {
  readonly target: URL
  readonly watch: Watch
  /** The request's headers, in node:http's raw form, where they are not the client's own. */
  readonly raw?: readonly string[]
  /** Takes the answer; as it comes where left out. */
  readonly onAnswer?: typeof passAnswer
}

/** Passes every exchange on to a server that speaks Streamable HTTP itself, byte for byte as it comes. */
export class HttpUpstream implements Upstream {
  readonly #entry: UrlEntry
  readonly #context: ServerContext
  readonly #sessions: HttpSessions
  /** Its own address, for which nothing is worked out anew at each request. */
  readonly #target: URL
  readonly #address: RequestOptions
  readonly #agent: HttpAgent
  /** For a second try: its connections are never used twice, so each is new. */
  readonly #freshAgent: HttpAgent

  constructor(entry: UrlEntry, context: ServerContext) {
    this.#entry = entry
    this.#context = context
    this.#sessions = new HttpSessions(context)
    this.#target = new URL(entry.url)
    this.#address = addressOf(this.#target)
    const Agent = entry.url.startsWith('https:') ? HttpsAgent : HttpAgent
    const options = { keepAlive: true, keepAliveMsecs: TCP_KEEP_ALIVE_MS, timeout: IDLE_CONNECTION_MS }
    this.#agent = new Agent(options)
    this.#freshAgent = new Agent({ ...options, maxFreeSockets: 0 })
  }

  handle(exchange: Exchange, rest: string): void {
    const target = rest === '' ? this.#target : targetOf(this.#entry, rest)
    if (!target) {
      refuse(exchange, OUTSIDE)
      return
    }
    const watch = new HttpWatch(exchange, this.#context, this.#sessions)
    this.forward(exchange, { target, watch: new LaterWatch(watch, this.#context.looks) })
  }

  /** Passes one exchange on to an address of this server, which the caller answers for. */
  forward(
    exchange: Exchange,
    { target, watch, raw = exchange.req.rawHeaders, onAnswer = passAnswer }: Forwarding,
  ): void {
    const send = target.protocol === 'https:' ? requestHttps : requestHttp
    const headers = requestHeaders(raw, target, this.#entry)
    const { method } = exchange.req
    const address = target === this.#target ? this.#address : addressOf(target)
    new Passage({
      exchange,
      context: this.#context,
      watch,
      open: (isSecondTry) => send({ ...address, method, headers, agent: isSecondTry ? this.#freshAgent : this.#agent }),
      onAnswer,
    }).begin()
  }

  retire(): void {}

  /** Its sessions are the server's own: whether they live on is not for us to say, but while they have calls in flight. */
  holds(session: string): boolean {
    this.#context.looks.settle()
    return this.#sessions.isBusy(session)
  }

  sweep(): void {
    this.#sessions.sweep(this.#context.options.httpSessionIdleMs)
  }

  /** No process here is ours. */
  tenants(): readonly [] {
    return []
  }

  get sessions(): number {
    return this.#sessions.size
  }

  async stop(): Promise<void> {
    this.#sessions.stop()
    this.#agent.destroy()
    this.#freshAgent.destroy()
  }
}

/** What node:http needs of an address. It copies what it is given several times for each request, so no more than that. */
function addressOf(target: URL): RequestOptions {
  const { protocol, hostname, port, path, auth } = urlToHttpOptions(target)
  return { protocol, hostname, port, path, auth } as RequestOptions
}

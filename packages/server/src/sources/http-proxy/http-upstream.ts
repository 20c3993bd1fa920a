import type { UrlEntry } from '../../children/index.js'
import { HttpClient, MAX_HEAD_BYTES } from '../../http-client/index.js'
import type { ServerContext, Upstream } from './context.js'
import type { Exchange } from './exchange.js'
import { OUTSIDE } from './failures.js'
import { type OpenWay, passAnswer } from './http-answer.js'
import { requestHeaders, targetOf } from './http-headers.js'
import { Passage } from './http-passage.js'
import { HttpSessions } from './http-sessions.js'
import { HttpWatch, type Watch } from './http-watch.js'
import { LaterWatch } from './later-watch.js'
import { keptRedirect } from './redirects.js'
import { refuse } from './respond.js'

/** How one exchange is passed on. */
export interface Forwarding {
  readonly target: URL
  readonly watch: Watch
  /** The request's headers, in node:http's raw form, where they are not the client's own. */
  readonly raw?: readonly string[]
  /** Takes the answer; as it comes where left out. */
  readonly openWay?: OpenWay
}

/** Passes every exchange on to a server that speaks Streamable HTTP itself, byte for byte as it comes. */
export class HttpUpstream implements Upstream {
  readonly #entry: UrlEntry
  readonly #context: ServerContext
  readonly #sessions: HttpSessions
  /** Its own address, for which nothing is worked out anew at each request. */
  readonly #target: URL
  readonly #client: HttpClient

  constructor(entry: UrlEntry, context: ServerContext) {
    this.#entry = entry
    this.#context = context
    this.#sessions = new HttpSessions(context)
    this.#target = new URL(entry.url)
    const connectTimeoutMs = () => context.options.connectTimeoutMs
    this.#client = new HttpClient(this.#target, {
      connectTimeoutMs,
      maxHeadBytes: MAX_HEAD_BYTES,
      clock: context.clock,
    })
  }

  /** One function for all exchanges: a closure for each would cost. */
  readonly #passHere: OpenWay = (exchange, head, source, watch) =>
    passAnswer(exchange, head.status < 300 ? head : keptRedirect(exchange, head, this.#entry), source, watch)

  handle(exchange: Exchange, rest: string): void {
    const target = rest === '' ? this.#target : targetOf(this.#entry, rest)
    if (!target) {
      refuse(exchange, OUTSIDE)
      return
    }
    const watch = new HttpWatch(exchange, this.#context, this.#sessions)
    this.forward(exchange, { target, watch: new LaterWatch(watch, this.#context.looks), openWay: this.#passHere })
  }

  /** Passes one exchange on to an address of this server, which the caller answers for. */
  forward(
    exchange: Exchange,
    { target, watch, raw = exchange.req.rawHeaders, openWay = passAnswer }: Forwarding,
  ): void {
    const request = {
      method: exchange.req.method ?? 'GET',
      path: `${target.pathname}${target.search}`,
      rawHeaders: requestHeaders(raw, target, this.#entry),
    }
    new Passage({ exchange, context: this.#context, watch, client: this.#client, request, openWay }).begin()
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
    this.#client.stop()
  }
}

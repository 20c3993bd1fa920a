import type { UrlEntry } from '../../children/index.js'
import type { AnswerHead } from '../../http-client/index.js'
import type { ServerContext, Upstream } from './context.js'
import { shownIn } from './credential.js'
import type { Exchange } from './exchange.js'
import { NO_STREAM, OUTSIDE } from './failures.js'
import type { AnswerSource, AnswerWay } from './http-answer.js'
import { targetOf } from './http-headers.js'
import { HttpUpstream } from './http-upstream.js'
import { keptRedirect } from './redirects.js'
import { refuse } from './respond.js'
import { keyIn, messageAddress, parsePath } from './sse-address.js'
import { SsePostWatch } from './sse-post-watch.js'
import { SseRelay } from './sse-relay.js'

/**
 * A server that speaks the deprecated HTTP+SSE transport (2024-11-05). Its stream passes through, with an address of the
 * gateway in place of the one that the server announces for POSTs. What a client of Streamable HTTP sends passes to the
 * server's address as well, so that it hears the server's own refusal and can fall back.
 */
export class SseUpstream implements Upstream {
  readonly #entry: UrlEntry
  readonly #context: ServerContext
  readonly #http: HttpUpstream
  /** By the key that the gateway gave it: nobody reaches an address that was not announced to him. */
  readonly #relays = new Map<string, SseRelay>()

  constructor(entry: UrlEntry, context: ServerContext) {
    this.#entry = entry
    this.#context = context
    this.#http = new HttpUpstream(entry, context)
  }

  handle(exchange: Exchange, rest: string): void {
    const { path, query } = parsePath(rest)
    if (path === '/message') this.#post(exchange, keyIn(query))
    else if (path !== '' && path !== '/' && path !== '/sse') this.#http.handle(exchange, rest)
    else if (exchange.req.method === 'GET' && exchange.header('mcp-session-id') === undefined)
      // A server may have led its client to its address with a slash at the end.
      this.#open(exchange, path === '/' ? rest : query)
    else this.#http.handle(exchange, path === '/' ? rest : query)
  }

  retire(): void {}

  /** What is sent to a relay belongs to its stream, which is here. */
  holds(session: string): boolean {
    return this.#relays.has(session) || this.#http.holds(session)
  }

  sweep(): void {
    this.#http.sweep()
    for (const relay of this.#relays.values()) relay.observer.sweep()
  }

  /** No process here is ours. */
  tenants(): readonly [] {
    return []
  }

  get sessions(): number {
    return this.#relays.size + this.#http.sessions
  }

  async stop(): Promise<void> {
    for (const relay of this.#relays.values()) relay.observer.close('cancelled', 'shutdown')
    await this.#http.stop()
  }

  #open(exchange: Exchange, rest: string): void {
    const target = targetOf(this.#entry, rest)
    if (!target) {
      refuse(exchange, OUTSIDE)
      return
    }
    exchange.transport = 'sse'
    const relay = new SseRelay(this.#context, target, (key) => messageAddress(exchange.req.url, key), shownIn(exchange))
    this.#http.forward(exchange, {
      target,
      watch: relay,
      raw: uncompressed(exchange.req.rawHeaders),
      openWay: (_, head, source) => this.#relay(relay, exchange, keptRedirect(exchange, head, this.#entry), source),
    })
  }

  #relay(relay: SseRelay, exchange: Exchange, head: AnswerHead, source: AnswerSource): AnswerWay {
    const way = relay.take(exchange, head, source)
    if (relay.isOpen) {
      relay.holder = exchange.holder
      this.#relays.set(relay.key, relay)
      exchange.res.once('close', () => this.#relays.delete(relay.key))
    }
    return way
  }

  #post(exchange: Exchange, key: string): void {
    exchange.transport = 'sse'
    const relay = this.#relays.get(key)
    if (!relay?.endpoint || relay.holder !== exchange.holder) {
      refuse(exchange, NO_STREAM)
      return
    }
    exchange.session = relay.pseudonym
    this.#http.forward(exchange, { target: relay.endpoint, watch: new SsePostWatch(exchange, relay.observer) })
  }
}

/** The same headers, asking for an answer that is not compressed: one of its lines will be rewritten. */
function uncompressed(raw: readonly string[]): string[] {
  const others: string[] = []
  for (let at = 0; at < raw.length; at += 2)
    if (raw[at]!.toLowerCase() !== 'accept-encoding') others.push(raw[at]!, raw[at + 1]!)
  return [...others, 'Accept-Encoding', 'identity']
}

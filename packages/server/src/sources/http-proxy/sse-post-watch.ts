import { keyToken } from '@mcp-vitals/instrument/mcp'
import type { Exchange } from './exchange.js'
import type { Watch } from './http-watch.js'
import type { Copies, Observer } from './observe.js'

/** Watches a POST of the HTTP+SSE transport: its requests are answered on the stream, unless the server refuses it. */
export class SsePostWatch implements Watch {
  readonly #observer: Observer
  readonly #exchange: Exchange
  readonly #request: Copies
  readonly #keys: string[] = []
  #status = 0

  constructor(exchange: Exchange, observer: Observer) {
    this.#exchange = exchange
    this.#observer = observer
    this.#request = observer.copies('client_to_server', 'body', { onRequest: (key) => this.#keys.push(key) })
  }

  /** Id of the one request in the body, as raw JSON text; undefined where there is none, or it is not known. */
  get id(): string | undefined {
    return this.#keys.length === 1 ? keyToken(this.#keys[0]!) : undefined
  }

  sent(chunk: Buffer): void {
    this.#request.feed(chunk)
  }

  sentAll(): void {
    this.#request.end()
  }

  answered(status: number): void {
    this.#status = status
    if (status >= 300) this.#fail('transport_error')
  }

  received(): void {}

  receivedAll(): void {}

  /** Nothing is lost: the answers come on the stream. */
  left(): void {}

  failed(timedOut: boolean): void {
    // Accepted already: what broke is the rest of an answer that says nothing.
    if (this.#status === 0 && !this.#exchange.res.destroyed) this.#fail(timedOut ? 'timeout' : 'transport_error')
  }

  #fail(outcome: 'timeout' | 'transport_error'): void {
    const details = this.#status === 0 ? {} : { status: this.#status }
    for (const key of this.#keys) this.#observer.fail(key, outcome, details)
  }
}

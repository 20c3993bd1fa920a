import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { event } from '@mcp-vitals/instrument/event'
import type { ServerContext } from './context.js'
import type { Exchange } from './exchange.js'
import { endpointRefused, linkFailure } from './failures.js'
import { passedHeaders } from './http-headers.js'
import { passAnswer, type Watch } from './http-passage.js'
import { TimeOut } from './http-timeouts.js'
import { type Copies, type Observer, observe } from './observe.js'
import { refuse } from './respond.js'
import { createEndpointRewriter, EndpointRefused } from './sse-endpoint.js'

/**
 * One event stream of a server that speaks HTTP+SSE, which is one session: passes it on, and watches it. The head of the
 * answer leaves with its first bytes, so that an announced address that may not be used is still told as an error.
 */
export class SseRelay implements Watch {
  /** Names it in the address that the client gets: 122 random bits. */
  readonly key = randomUUID()
  /** What the events call it. */
  readonly pseudonym = randomUUID()
  /** The request holds no message. */
  readonly id = undefined
  readonly observer: Observer
  /** Who opened it, where keys are asked for: nobody else may post to it. */
  holder: string | undefined
  readonly #context: ServerContext
  readonly #target: URL
  readonly #addressOf: (key: string) => string
  readonly #stream: Copies
  #endpoint: URL | undefined
  #left = false

  /** `target`: the address that is asked for the stream. `addressOf`: ours for the POSTs of a stream. */
  constructor(context: ServerContext, target: URL, addressOf: (key: string) => string) {
    this.#context = context
    this.#target = target
    this.#addressOf = addressOf
    this.observer = observe(context, this.pseudonym, 'sse')
    this.#stream = this.observer.copies('server_to_client', 'events')
  }

  /** Where the POSTs of this stream go, once the server has said so. */
  get endpoint(): URL | undefined {
    return this.#endpoint
  }

  /** Passes the answer to the GET on. True where it is an event stream, and so a session begins. */
  take(exchange: Exchange, answer: IncomingMessage): boolean {
    const { headers, statusCode } = answer
    if (exchange.res.destroyed) return false
    if (statusCode !== 200 || !/^text\/event-stream/i.test(headers['content-type'] ?? '')) {
      passAnswer(exchange, answer, this)
      return false
    }
    const encoding = headers['content-encoding'] ?? 'identity'
    if (encoding !== 'identity') {
      this.#refuse(exchange, answer, `its stream is compressed (${encoding}), which was not asked for`)
      return false
    }
    exchange.session = this.pseudonym
    exchange.awaiting = this
    this.#pass(exchange, answer)
    return true
  }

  /** True while a call waits for its answer. */
  get isAwaited(): boolean {
    return this.observer.open > 0
  }

  sent(): void {}

  sentAll(): void {}

  answered(): void {}

  received(chunk: Buffer): void {
    this.#stream.feed(chunk)
  }

  receivedAll(): void {
    this.#stream.end()
    this.observer.close('transport_error', 'server')
  }

  /** The stream is the session: who leaves it gives up what is in flight. */
  left(): void {
    this.#left = true
    this.observer.close('cancelled', 'client')
  }

  failed(timedOut: boolean): void {
    if (!this.#left) this.observer.close(timedOut ? 'timeout' : 'transport_error', 'lost')
  }

  #pass(exchange: Exchange, answer: IncomingMessage): void {
    const { res } = exchange
    const rewriter = createEndpointRewriter((announced) => this.#announced(announced))
    const begin = () => {
      if (!res.headersSent) res.writeHead(200, answer.statusMessage, withoutLength(passedHeaders(answer.rawHeaders)))
    }
    const write = (pieces: readonly Buffer[]) => {
      for (const piece of pieces) {
        begin()
        exchange.responseBytes += piece.length
        if (!res.write(piece)) answer.pause()
      }
      for (const piece of pieces) this.received(piece)
    }
    res.on('drain', () => answer.resume())
    answer.on('data', (chunk: Buffer) => {
      try {
        write(rewriter.feed(chunk))
      } catch (error) {
        this.#refuse(exchange, answer, error instanceof EndpointRefused ? error.message : 'it could not be read')
      }
    })
    answer.once('end', () => {
      write(rewriter.end())
      begin()
      res.end()
      this.receivedAll()
    })
    answer.once('error', (error) => {
      this.failed(error instanceof TimeOut)
      refuse(exchange, linkFailure(this.#context, { kind: 'broken off', reason: 'the stream broke off' }))
    })
  }

  /** The server's address for POSTs becomes ours. It stays where the configuration points: same scheme, host and port. */
  #announced(announced: string): string {
    const endpoint = URL.canParse(announced, this.#target.href) ? new URL(announced, this.#target) : undefined
    if (!endpoint) throw new EndpointRefused('it is no address')
    if (endpoint.origin !== this.#target.origin)
      throw new EndpointRefused(`it leads to ${endpoint.origin} instead of ${this.#target.origin}`)
    endpoint.username = this.#target.username
    endpoint.password = this.#target.password
    this.#endpoint = endpoint
    return this.#addressOf(this.key)
  }

  #refuse(exchange: Exchange, answer: IncomingMessage, reason: string): void {
    const { publish, now, server } = this.#context
    const origin = { server, session: this.pseudonym, transport: 'sse' } as const
    const details = { direction: 'server_to_client', reason: 'endpoint', sizeBytes: 0 } as const
    publish(event('unreadable', now(), origin, details))
    this.#endpoint = undefined
    this.failed(false)
    answer.removeAllListeners('data').removeAllListeners('end').destroy()
    refuse(exchange, endpointRefused(server, reason))
  }
}

/** The same headers without the length of the body, which will be another. */
function withoutLength(raw: readonly string[]): string[] {
  return raw.filter((_, at) => raw[at - (at % 2)]!.toLowerCase() !== 'content-length')
}

import { randomUUID } from 'node:crypto'
import { event } from '@mcp-vitals/instrument/event'
import type { AnswerHead } from '../../http-client/index.js'
import type { ServerContext } from './context.js'
import type { Exchange } from './exchange.js'
import { endpointRefused, linkFailure } from './failures.js'
import { type AnswerSource, type AnswerWay, passAnswer } from './http-answer.js'
import { encodingOf, passedHeaders, valueIn } from './http-headers.js'
import type { Watch } from './http-watch.js'
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

  /** `target`: the address that is asked for the stream. `addressOf`: ours for the POSTs of a stream. `credential`: as of an observer. */
  constructor(context: ServerContext, target: URL, addressOf: (key: string) => string, credential?: string) {
    this.#context = context
    this.#target = target
    this.#addressOf = addressOf
    this.observer = observe(context, this.pseudonym, 'sse', undefined, credential)
    this.#stream = this.observer.copies('server_to_client', 'events')
  }

  /** Where the POSTs of this stream go, once the server has said so. */
  get endpoint(): URL | undefined {
    return this.#endpoint
  }

  /** True once an event stream began, and so a session. */
  isOpen = false

  /** Passes the answer to the GET on. */
  take(exchange: Exchange, head: AnswerHead, source: AnswerSource): AnswerWay {
    const { status, rawHeaders } = head
    if (status !== 200 || !/^text\/event-stream/i.test(valueIn(rawHeaders, 'content-type') ?? ''))
      return passAnswer(exchange, head, source, this)
    const encoding = encodingOf(rawHeaders) ?? 'identity'
    if (encoding !== 'identity') {
      this.#refuse(exchange, source, `its stream is compressed (${encoding}), which was not asked for`)
      return NO_WAY
    }
    this.isOpen = true
    exchange.session = this.pseudonym
    exchange.awaiting = this
    return this.#pass(exchange, head, source)
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

  #pass(exchange: Exchange, { message, rawHeaders }: AnswerHead, source: AnswerSource): AnswerWay {
    const { res } = exchange
    const rewriter = createEndpointRewriter((announced) => this.#announced(announced))
    const begin = () => {
      if (!res.headersSent) res.writeHead(200, message, withoutLength(passedHeaders(rawHeaders)))
    }
    const write = (pieces: readonly Buffer[]) => {
      for (const piece of pieces) {
        begin()
        exchange.responseBytes += piece.length
        if (!res.write(piece)) source.pause()
      }
      for (const piece of pieces) this.received(piece)
    }
    res.on('drain', () => source.resume())
    return {
      data: (chunk) => {
        try {
          write(rewriter.feed(chunk))
        } catch (error) {
          this.#refuse(exchange, source, error instanceof EndpointRefused ? error.message : 'it could not be read')
        }
      },
      told: () => {},
      end: () => {
        write(rewriter.end())
        begin()
        res.end()
        this.receivedAll()
      },
      broken: (isTimeOut) => {
        this.failed(isTimeOut)
        refuse(exchange, linkFailure(this.#context, { kind: 'broken off', reason: 'the stream broke off' }))
      },
    }
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

  #refuse(exchange: Exchange, source: AnswerSource, reason: string): void {
    const { publish, now, server } = this.#context
    const origin = { server, session: this.pseudonym, transport: 'sse' } as const
    const details = { direction: 'server_to_client', reason: 'endpoint', sizeBytes: 0 } as const
    publish(event('unreadable', now(), origin, details))
    this.#endpoint = undefined
    this.failed(false)
    source.destroy()
    refuse(exchange, endpointRefused(server, reason))
  }
}

/** Of an answer that was refused. */
const NO_WAY: AnswerWay = { data: () => {}, told: () => {}, end: () => {}, broken: () => {} }

/** The same headers without the length of the body, which will be another. */
function withoutLength(raw: readonly string[]): string[] {
  return raw.filter((_, at) => raw[at - (at % 2)]!.toLowerCase() !== 'content-length')
}

import type { OutgoingHttpHeaders } from 'node:http'
import type { Exchange } from './exchange.js'
import type { Message } from './message.js'
import { CODES, errorMessage, type Refusal, refuse } from './respond.js'
import { acceptOf, type EventStream, isConnected, openEventStream } from './sse.js'

/** A call that takes longer than this is answered as a stream, so that its client sees that somebody is there. */
const STREAM_AFTER_MS = 5_000

export interface AnswerOptions {
  readonly exchange: Exchange
  /** The requests that the body held. */
  readonly requests: readonly Message[]
  /** The body was an array, so an answer in one piece is an array too. */
  readonly batch: boolean
  /** Headers of the answer, known when it begins. */
  readonly headers?: () => OutgoingHttpHeaders
  /** Answers with an event stream; with one that is its connection where left out. */
  readonly openStream?: (exchange: Exchange, headers: OutgoingHttpHeaders) => EventStream
}

/**
 * The answer to a POST with requests: one JSON body where the responses are all there is to say, an event stream where
 * notifications come first, where it takes long, or where a batch allows no order. A client that takes no stream gets JSON.
 */
export interface Answer {
  /** The exchange that it goes to, which is another one once its client came back for it. */
  readonly exchange: Exchange
  /** True while a message that is no response can be sent here. */
  readonly streams: boolean
  /** True while its client is connected. */
  readonly open: boolean
  /** True while its client is connected, or can come back for it. */
  readonly reachable: boolean
  /** Keys of the requests not yet answered, each with its id as JSON text. */
  readonly waiting: ReadonlyMap<string, string>
  /** Sends a message that is no response. */
  notify(message: Buffer): void
  /** Sends the response to a request; `status` counts where nothing was sent before. Unknown keys are ignored. */
  respond(key: string, message: Buffer, status?: number): void
  /** There will be no response to this request: its asker cancelled it. */
  forgo(key: string): void
  /** Answers all that waits with this error. */
  fail(refusal: Omit<Refusal, 'id'>): void
}

/** Builds the answer to an exchange. Nothing is sent yet. */
export function createAnswer(options: AnswerOptions): Answer {
  return new PostAnswer(options)
}

class PostAnswer implements Answer {
  readonly waiting: Map<string, string>
  readonly #asked: Exchange
  readonly #openStream: NonNullable<AnswerOptions['openStream']>
  readonly #batch: boolean
  readonly #headers: () => OutgoingHttpHeaders
  readonly #accept: ReturnType<typeof acceptOf>
  readonly #collected: Buffer[] = []
  #stream: EventStream | undefined

  constructor({ exchange, requests, batch, headers = () => ({}), openStream = openEventStream }: AnswerOptions) {
    this.#asked = exchange
    this.#openStream = openStream
    this.waiting = new Map(requests.map(({ key, id }) => [key!, id!]))
    this.#batch = batch
    this.#headers = headers
    this.#accept = acceptOf(exchange.header('accept'))
    const patience = setTimeout(() => {
      if (this.streams) this.#upgrade()
    }, STREAM_AFTER_MS)
    patience.unref()
    exchange.res.once('close', () => clearTimeout(patience))
  }

  get exchange(): Exchange {
    return this.#stream?.exchange ?? this.#asked
  }

  get streams(): boolean {
    return this.#accept.events && this.reachable
  }

  get open(): boolean {
    return isConnected(this.exchange)
  }

  get reachable(): boolean {
    return this.open || this.#stream?.isResumable === true
  }

  notify(message: Buffer): void {
    if (this.streams) this.#upgrade().send(message)
  }

  respond(key: string, message: Buffer, status = 200): void {
    if (!this.waiting.delete(key) || !this.reachable) return
    const { json, events } = this.#accept
    const whole = json && !(this.#batch && events)
    if (whole && !this.#stream) this.#collected.push(message)
    else this.#upgrade().send(message)
    this.#settle(status)
  }

  forgo(key: string): void {
    if (this.waiting.delete(key)) this.#settle(200)
  }

  fail(refusal: Omit<Refusal, 'id'>): void {
    if (!this.reachable) return
    if (!this.#stream && !this.#batch) {
      const [id] = this.waiting.values()
      this.waiting.clear()
      refuse(this.exchange, { ...refusal, id })
      return
    }
    for (const [key, id] of [...this.waiting])
      this.respond(key, Buffer.from(errorMessage({ ...refusal, id })), refusal.status)
  }

  #upgrade(): EventStream {
    this.#stream ??= this.#openStream(this.#asked, this.#headers())
    return this.#stream
  }

  #settle(status: number): void {
    if (this.waiting.size > 0 || !this.reachable) return
    if (this.#stream) this.#stream.end()
    else this.#sendBody(status)
  }

  #sendBody(status: number): void {
    const { res } = this.exchange
    const [first] = this.#collected
    if (first === undefined) {
      res.writeHead(202, { ...this.#headers(), 'content-length': 0 }).end()
      return
    }
    const body = this.#batch ? arrayOf(this.#collected) : first
    this.exchange.responseBytes += body.length
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    res.writeHead(status, { ...this.#headers(), ...headers }).end(body)
  }
}

function arrayOf(messages: readonly Buffer[]): Buffer {
  const parts = messages.flatMap((message, index) => [Buffer.from(index === 0 ? '[' : ','), message])
  return Buffer.concat([...parts, Buffer.from(']')])
}

/** The refusal of a client whose Accept header leaves nothing to answer with; undefined where it does. */
export function unacceptable(exchange: Exchange, id?: string): Refusal | undefined {
  const { json, events } = acceptOf(exchange.header('accept'))
  if (json || events) return undefined
  return {
    status: 406,
    code: CODES.transport,
    message: 'Not Acceptable: the client must accept application/json and text/event-stream.',
    id,
  }
}

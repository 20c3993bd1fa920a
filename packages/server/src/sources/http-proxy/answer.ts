import type { OutgoingHttpHeaders } from 'node:http'
import type { Exchange } from './exchange.js'
import type { Message } from './message.js'
import { CODES, errorMessage, type Refusal, refuse } from './respond.js'
import { acceptOf, type EventStream, openEventStream } from './sse.js'

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
}

/**
 * The answer to a POST with requests: one JSON body where the responses are all there is to say, an event stream where
 * notifications come first, where it takes long, or where a batch allows no order. A client that takes no stream gets JSON.
 */
export interface Answer {
  readonly exchange: Exchange
  /** True while a message that is no response can be sent here. */
  readonly streams: boolean
  readonly open: boolean
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

/** Builds the answer to `exchange`. Nothing is sent yet. */
export function createAnswer({ exchange, requests, batch, headers = () => ({}) }: AnswerOptions): Answer {
  const { res } = exchange
  const accept = acceptOf(exchange.header('accept'))
  const waiting = new Map(requests.map(({ key, id }) => [key!, id!]))
  const collected: Buffer[] = []
  let stream: EventStream | undefined

  const upgrade = () => {
    stream ??= openEventStream(exchange, headers())
    return stream
  }
  const isOpen = () => !res.destroyed && !res.writableEnded
  const patience = setTimeout(() => {
    if (accept.events && isOpen()) upgrade()
  }, STREAM_AFTER_MS)
  patience.unref()
  res.once('close', () => clearTimeout(patience))

  function sendBody(status: number): void {
    const body = batch ? Buffer.concat([Buffer.from('['), ...joined(collected), Buffer.from(']')]) : collected[0]
    if (body === undefined || collected.length === 0) {
      res.writeHead(202, { ...headers(), 'content-length': 0 }).end()
      return
    }
    exchange.responseBytes += body.length
    res.writeHead(status, { ...headers(), 'content-type': 'application/json', 'content-length': body.length }).end(body)
  }

  function settle(status: number): void {
    if (waiting.size > 0 || !isOpen()) return
    if (stream) stream.end()
    else sendBody(status)
  }

  return {
    exchange,
    waiting,
    get streams() {
      return accept.events && isOpen()
    },
    get open() {
      return isOpen()
    },
    notify(message) {
      if (accept.events && isOpen()) upgrade().send(message)
    },
    respond(key, message, status = 200) {
      if (!waiting.delete(key) || !isOpen()) return
      const alone = !batch || !accept.events
      if (alone && !stream && accept.json) collected.push(message)
      else upgrade().send(message)
      settle(status)
    },
    forgo(key) {
      if (waiting.delete(key)) settle(200)
    },
    fail(refusal) {
      if (!isOpen()) return
      if (!stream && !batch) {
        const [id] = waiting.values()
        waiting.clear()
        refuse(exchange, { ...refusal, id })
        return
      }
      for (const [key, id] of [...waiting])
        this.respond(key, Buffer.from(errorMessage({ ...refusal, id })), refusal.status)
    },
  }
}

function joined(messages: readonly Buffer[]): Buffer[] {
  return messages.flatMap((message, index) => (index === 0 ? [message] : [Buffer.from(','), message]))
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

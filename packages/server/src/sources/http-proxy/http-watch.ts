import { event } from '@mcp-vitals/instrument/event'
import { keyToken } from '@mcp-vitals/instrument/mcp'
import type { ServerContext } from './context.js'
import { shownIn } from './credential.js'
import { decoding } from './decoding.js'
import type { Exchange } from './exchange.js'
import { encodingOf, headerOf, valueIn } from './http-headers.js'
import type { HttpSession, HttpSessions } from './http-sessions.js'
import { readParcel } from './message.js'
import { type Copies, type Observer, observe } from './observe.js'
import { isModern } from './routing.js'

/** Bytes of a request that are held until its end, to learn what it is; a longer one is read as it is known then. */
const MAX_HELD_BYTES = 4_194_304

/** Looks at one exchange, by copies of the bytes that passed. */
export type Watch = Pick<
  HttpWatch,
  'id' | 'sent' | 'sentAll' | 'answered' | 'received' | 'receivedAll' | 'left' | 'failed'
>

/** Watches one exchange with an HTTP server, by copies of the bytes that passed. */
export class HttpWatch {
  readonly #exchange: Exchange
  readonly #context: ServerContext
  readonly #sessions: HttpSessions
  readonly #sessionId: string | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  #request: Copies | undefined
  #observer: Observer | undefined
  #opening: HttpSession | undefined
  #answer: Copies | undefined
  #streams = false
  /** Keys of the requests in the body. */
  readonly #keys: string[] = []
  #left = false
  /** An event of the answer had an id, by which its reader may ask for what comes after it. */
  #resumable = false

  constructor(exchange: Exchange, context: ServerContext, sessions: HttpSessions) {
    this.#exchange = exchange
    this.#context = context
    this.#sessions = sessions
    this.#sessionId = headerOf(exchange.req.headers, 'mcp-session-id')
  }

  /** Id of the one request in the body, as raw JSON text; undefined where there is none, or it is not known yet. */
  get id(): string | undefined {
    return this.#keys.length === 1 ? keyToken(this.#keys[0]!) : undefined
  }

  /** False once its requests were answered or cancelled, and what passed is with the client: the rest may never come. */
  get isAwaited(): boolean {
    if (this.#keys.some((key) => this.#observer?.awaits(key))) return true
    return (this.#answer !== undefined && !this.#streams) || this.#exchange.res.writableLength > 0
  }

  /** A chunk of the request passed. */
  sent(chunk: Buffer): void {
    if (this.#request) {
      this.#request.feed(chunk)
      return
    }
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes > MAX_HELD_BYTES) this.#begin()
  }

  /** The request is complete. */
  sentAll(): void {
    this.#begin()
    this.#request?.end()
  }

  /** The answer began. */
  answered(status: number, rawHeaders: readonly string[]): void {
    this.#begin()
    this.#settleSession(status, valueIn(rawHeaders, 'mcp-session-id'))
    const type = valueIn(rawHeaders, 'content-type')?.toLowerCase() ?? ''
    this.#streams = type.startsWith('text/event-stream')
    const framing = this.#streams ? 'events' : type.startsWith('application/json') ? 'body' : undefined
    const copies =
      framing &&
      this.#observer?.copies('server_to_client', framing, {
        answering: this.#keys.length === 1 ? this.#keys[0] : undefined,
      })
    const finish = () => this.#finish(status)
    const read = copies && this.#streams ? this.#notingIds(copies) : copies
    this.#answer = read
      ? decoding(encodingOf(rawHeaders), read, finish, () => this.#unreadable())
      : { feed: () => {}, end: finish }
  }

  /** A chunk of the answer passed. */
  received(chunk: Buffer): void {
    this.#answer?.feed(chunk)
    this.#settleDuration()
  }

  /** The answer is complete. */
  receivedAll(): void {
    this.#answer?.end()
  }

  /**
   * The client left before the end of the answer. Where the stream can be taken up again that cancels nothing: it may come
   * back for the rest. Else nobody will ever be answered.
   */
  left(): void {
    this.#left = true
    if (this.#goesOn) return
    for (const key of this.#keys) this.#observer?.fail(key, 'cancelled')
    if (!this.#belongs()) this.#observer?.close('cancelled', 'client')
  }

  /**
   * The connection to the server failed. What a session asked stays open where the stream can be taken up again: the
   * answer may come on another one.
   */
  failed(timedOut: boolean): void {
    // A request that this gateway cut because its client left.
    if (this.#left || this.#goesOn) return
    const outcome = timedOut ? 'timeout' : 'transport_error'
    for (const key of this.#keys) this.#observer?.fail(key, outcome)
    if (!this.#belongs()) this.#observer?.close(outcome, 'lost')
  }

  /** True where the rest of the answer may be asked for, and so may come on another stream. */
  get #goesOn(): boolean {
    return this.#resumable && this.#belongs()
  }

  /** True where the observer is a session's, and so outlives this exchange. */
  #belongs(): boolean {
    return this.#exchange.session !== undefined && this.#opening === undefined
  }

  /** Decides whose conversation this is, once: by the session's id, else by what the body says. */
  #begin(): void {
    if (this.#observer) return
    const body = Buffer.concat(this.#held)
    this.#held = []
    const session = this.#sessionOf(body)
    this.#observer =
      session?.observer ?? observe(this.#context, undefined, 'http', this.#exchange.agent, shownIn(this.#exchange))
    if (session) this.#exchange.session = session.pseudonym
    if (body.length === 0) return
    const onRequest = (key: string, method: string) => this.#asked(key, method)
    this.#request = this.#observer.copies('client_to_server', 'body', { onRequest })
    this.#request.feed(body)
  }

  #asked(key: string, method: string): void {
    this.#keys.push(key)
    if (method === 'subscriptions/listen') this.#exchange.endless = true
    else this.#exchange.awaiting = this
  }

  /** Most bodies need not be read for this: an `initialize` has no session id, and names no revision without sessions. */
  #sessionOf(body: Buffer): HttpSession | undefined {
    if (this.#sessionId !== undefined) return this.#sessions.get(this.#sessionId)
    if (isModern(headerOf(this.#exchange.req.headers, 'mcp-protocol-version'))) return undefined
    const messages = readParcel(body)?.messages ?? []
    if (!messages.some(({ kind, method, modern }) => kind === 'request' && method === 'initialize' && !modern))
      return undefined
    this.#opening = this.#sessions.begin(shownIn(this.#exchange))
    return this.#opening
  }

  #settleSession(status: number, given: string | undefined): void {
    if (this.#opening && given !== undefined && status < 300) {
      this.#sessions.adopt(given, this.#opening)
      this.#opening = undefined
    }
    if (this.#sessionId === undefined) return
    if (status === 404) this.#sessions.end(this.#sessionId, 'server')
    if (this.#exchange.req.method === 'DELETE' && status < 300) this.#sessions.end(this.#sessionId, 'client')
  }

  /** The duration of a POST ends with the answers to its own requests; without any, with the exchange. */
  #settleDuration(): void {
    if (this.#keys.length > 0 && !this.#keys.some((key) => this.#observer?.awaits(key))) this.#exchange.answered()
  }

  #notingIds(copies: Copies): Copies {
    return {
      feed: (bytes) => {
        copies.feed(bytes)
        this.#resumable ||= hasEventId(bytes)
      },
      end: copies.end,
    }
  }

  #finish(status: number): void {
    // A redirection is an answer of HTTP as well, and none of JSON-RPC.
    const details = status < 300 ? {} : { status }
    if (!this.#goesOn) for (const key of this.#keys) this.#observer?.fail(key, 'transport_error', details)
    if (!this.#belongs()) this.#observer?.close('transport_error', 'server')
  }

  #unreadable(): void {
    const { publish, now, server } = this.#context
    const { session, responseBytes } = this.#exchange
    publish(
      event(
        'unreadable',
        now(),
        { server, transport: 'http', ...(session && { session }) },
        { direction: 'server_to_client', reason: 'encoding', sizeBytes: responseBytes },
      ),
    )
  }
}

const ID_FIELD = Buffer.from('id:')
const ID_LINE = Buffer.from('\nid:')

/** Whether a line of these bytes gives an event an id. One cut in two is not seen: the next event has its own. */
function hasEventId(chunk: Buffer): boolean {
  return chunk.subarray(0, ID_FIELD.length).equals(ID_FIELD) || chunk.includes(ID_LINE)
}

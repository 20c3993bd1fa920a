import type { OutgoingHttpHeaders } from 'node:http'
import type { Exchange } from './exchange.js'
import type { GatewayOptions } from './options.js'
import { type EventStream, isConnected, openEventStream, type WireStream } from './sse.js'

/** From this revision on clients take an event without data, which says where to begin again (MCP 2025-11-25, transports). */
const FIRST_PRIMED_VERSION = '2025-11-25'
/** What a client is asked to wait before it comes back. Milliseconds. */
const RETRY_MS = 1000

type Limits = Pick<GatewayOptions, 'replayMaxMessages' | 'replayMaxBytes'>

/** A message of one stream, held in case its reader asks for it again. */
interface Held {
  readonly stream: SessionStream
  readonly number: number
  readonly message: Buffer
  /** It was written to a connection. */
  isWritten: boolean
}

/**
 * The event streams of one session. Each outlives its connection: a client that lost one asks for the rest by the id of the
 * last event that it got. What was sent is held within bounds; the oldest goes first, and the newest stays whatever its
 * size, since it may be the answer that a client is away from.
 */
export class SessionStreams {
  readonly #limits: Limits
  readonly #onLost: () => void
  readonly #streams = new Map<number, SessionStream>()
  #held: Held[] = []
  #heldBytes = 0
  #last = 0

  /** `onLost` is told of each message that went before it was written to anybody. */
  constructor(limits: Limits, onLost: () => void) {
    this.#limits = limits
    this.#onLost = onLost
  }

  /** Answers with a new stream. */
  open(exchange: Exchange, headers: OutgoingHttpHeaders): SessionStream {
    const stream = new SessionStream(++this.#last, exchange, headers, (held) => this.#hold(held))
    this.#streams.set(stream.number, stream)
    return stream
  }

  /** Answers with what came on a stream after the event with this id; undefined where that is none of this session's. */
  resume(lastEventId: string, exchange: Exchange, headers: OutgoingHttpHeaders): SessionStream | undefined {
    const [, number, after] = /^(\d{1,9})-(\d{1,9})$/.exec(lastEventId) ?? []
    const stream = this.#streams.get(Number(number))
    const missed = this.#held.filter((held) => held.stream === stream && held.number > Number(after))
    stream?.resume(exchange, headers, missed)
    return stream
  }

  /** Ends every stream. What nobody got is lost. */
  close(): void {
    for (const stream of this.#streams.values()) stream.end()
    for (const { isWritten } of this.#held) if (!isWritten) this.#onLost()
    this.#held = []
    this.#streams.clear()
  }

  #hold(held: Held): void {
    this.#held.push(held)
    this.#heldBytes += held.message.length
    while (this.#held.length > 1 && this.#isFull()) {
      const oldest = this.#held.shift()!
      this.#heldBytes -= oldest.message.length
      if (!oldest.isWritten) this.#onLost()
    }
    for (const [number, stream] of this.#streams)
      if (stream.isOver && !this.#held.some(({ stream: of }) => of === stream)) this.#streams.delete(number)
  }

  #isFull(): boolean {
    return this.#held.length > this.#limits.replayMaxMessages || this.#heldBytes > this.#limits.replayMaxBytes
  }
}

/** One event stream of a session, whatever connection it has, or none. */
export class SessionStream implements EventStream {
  readonly number: number
  readonly isResumable = true
  readonly #hold: (held: Held) => void
  #exchange: Exchange
  #wire: WireStream
  #sent = 0
  #isOver = false

  constructor(number: number, exchange: Exchange, headers: OutgoingHttpHeaders, hold: (held: Held) => void) {
    this.number = number
    this.#hold = hold
    this.#exchange = exchange
    this.#wire = openEventStream(exchange, headers)
    if ((exchange.header('mcp-protocol-version') ?? '') >= FIRST_PRIMED_VERSION)
      this.#wire.prime(this.#idOf(0), RETRY_MS)
  }

  /** The exchange that its newest connection belongs to. */
  get exchange(): Exchange {
    return this.#exchange
  }

  /** True once nothing more will be sent. */
  get isOver(): boolean {
    return this.#isOver
  }

  send(message: Buffer): void {
    const held = { stream: this, number: ++this.#sent, message, isWritten: false }
    this.#write(held)
    this.#hold(held)
  }

  end(): void {
    this.#isOver = true
    this.#wire.end()
  }

  /** Goes on over another connection, with what was missed. */
  resume(exchange: Exchange, headers: OutgoingHttpHeaders, missed: readonly Held[]): void {
    // The client has left it, whether the system knows that or not.
    this.#exchange.res.destroy()
    this.#exchange = exchange
    this.#wire = openEventStream(exchange, headers)
    for (const held of missed) this.#write(held)
    if (this.#isOver) this.#wire.end()
  }

  #write(held: Held): void {
    if (!isConnected(this.#exchange)) return
    held.isWritten = true
    this.#wire.send(held.message, this.#idOf(held.number))
  }

  #idOf(number: number): string {
    return `${this.number}-${number}`
  }
}

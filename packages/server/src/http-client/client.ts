import { type CallTaker, Connection } from './connection.js'
import { type Origin, originOf } from './origin.js'
import { lastChunk, type RequestHead, writeHead } from './request.js'

/**
 * How long a connection waits for its next request: less than the 5 s after which common servers close it, since a
 * request that meets the closing is lost and may not be sent twice.
 */
const IDLE_MS = 4_000
/** How much sooner than a server says a connection is given up: what it says took its time to come. */
const MARGIN_MS = 1_000
/** How often those that waited for too long are looked for. Milliseconds. */
const SWEEP_MS = 1_000
/** Most connections that wait. */
const MAX_IDLE = 256

export interface ClientSetup {
  /** How long a connection may take. Asked at each. */
  readonly connectTimeoutMs: () => number
  /** Most bytes of an answer's head, of all its trailers, and of the line before a chunk. */
  readonly maxHeadBytes: number
  /** Monotonic milliseconds. */
  readonly clock: () => number
}

/** One request on its way. Its connection is taken, or begun, with the first of its bytes. */
export interface Call {
  /** It goes over a connection that had carried another. */
  readonly isReused: boolean
  /** `end` was called. */
  readonly isEnded: boolean
  /** Something that was written waits for the server to take it. */
  readonly needsDrain: boolean
  /** Sends a piece of the body. False: the next should wait for `onDrain`. */
  write(chunk: Buffer): boolean
  /** Ends the request. Trailers, in the raw form of headers, pass where the body is sent in chunks. */
  end(chunk?: Buffer, rawTrailers?: readonly string[]): void
  /** Reads no more of the answer until `resume`; what was read already is still told. */
  pause(): void
  resume(): void
  /** Gives the call up: nothing more is told. */
  destroy(): void
}

/**
 * A client of one server over HTTP/1.1, made for a proxy: bytes pass as they come, headers as they are. Connections are
 * kept and used again; nothing is ever sent twice.
 */
export class HttpClient {
  readonly #setup: ClientSetup
  readonly #origin: Origin
  readonly #open = new Set<Connection>()
  /** Those that wait; the one that was used last is the last. */
  readonly #idle: Connection[] = []
  #session: Buffer | undefined
  #sweeping: NodeJS.Timeout | undefined
  #isStopped = false

  /** `url`: any address of the server. No connection before the first request. */
  constructor(url: URL, setup: ClientSetup) {
    this.#setup = setup
    this.#origin = originOf(url)
  }

  /**
   * Begins a request; nothing leaves before its first `write` or `end`. `isFresh`: on a connection that carried nothing
   * before. @throws TypeError where a part of the head would not be read as it was meant
   */
  send(request: RequestHead, taker: CallTaker, isFresh = false): Call {
    return new SentCall((isHead) => this.#take(taker, isHead, isFresh), request, taker)
  }

  /** Closes what is open. Calls in flight hear that they broke off, and so do those to come. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#sweeping)
    for (const connection of [...this.#open]) connection.close()
  }

  #take(taker: CallTaker, isHead: boolean, isFresh: boolean): Connection {
    const connection = (isFresh ? undefined : this.#waiting()) ?? this.#connect()
    connection.begin(taker, isHead)
    if (this.#isStopped) process.nextTick(() => connection.close())
    return connection
  }

  #waiting(): Connection | undefined {
    const now = this.#setup.clock()
    for (;;) {
      const connection = this.#idle.pop()
      if (!connection || now - connection.freeSince < lifetimeMs(connection)) return connection
      connection.close()
    }
  }

  #connect(): Connection {
    const connection: Connection = new Connection({
      origin: this.#origin,
      connectTimeoutMs: this.#setup.connectTimeoutMs(),
      maxHeadBytes: this.#setup.maxHeadBytes,
      session: this.#session,
      onSession: (session) => {
        this.#session = session
      },
      onFree: (free) => this.#keep(free),
      onGone: (gone) => this.#forget(gone),
    })
    this.#open.add(connection)
    return connection
  }

  #keep(connection: Connection): void {
    if (this.#isStopped || this.#idle.length >= MAX_IDLE || lifetimeMs(connection) <= 0) {
      connection.close()
      return
    }
    connection.freeSince = this.#setup.clock()
    this.#idle.push(connection)
    this.#sweeping ??= setTimeout(() => this.#sweep(), SWEEP_MS).unref()
  }

  #forget(connection: Connection): void {
    if (!this.#open.delete(connection)) return
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
  }

  #sweep(): void {
    const now = this.#setup.clock()
    for (const connection of [...this.#idle])
      if (now - connection.freeSince >= lifetimeMs(connection)) connection.close()
    this.#sweeping = this.#idle.length > 0 ? setTimeout(() => this.#sweep(), SWEEP_MS).unref() : undefined
  }
}

function lifetimeMs({ keepAliveMs = Number.POSITIVE_INFINITY }: Connection): number {
  return Math.min(IDLE_MS, keepAliveMs - MARGIN_MS)
}

class SentCall implements Call {
  isReused = false
  isEnded = false
  readonly #take: (isHead: boolean) => Connection
  readonly #taker: CallTaker
  readonly #isHead: boolean
  readonly #isChunked: boolean
  /** What of the head has not left yet. */
  #head: string
  #connection: Connection | undefined
  #isGivenUp = false

  constructor(take: (isHead: boolean) => Connection, request: RequestHead, taker: CallTaker) {
    this.#take = take
    this.#taker = taker
    const { text, isChunked } = writeHead(request)
    this.#head = text
    this.#isChunked = isChunked
    this.#isHead = request.method === 'HEAD'
  }

  get needsDrain(): boolean {
    return this.#carrying?.needsDrain ?? false
  }

  write(chunk: Buffer): boolean {
    const connection = this.#begun()
    return !connection || chunk.length === 0 || this.#pass(connection, chunk, '')
  }

  end(chunk?: Buffer, rawTrailers: readonly string[] = []): void {
    const connection = this.#begun()
    this.isEnded = true
    if (!connection) return
    this.#pass(connection, chunk, this.#isChunked ? lastChunk(rawTrailers) : '')
    connection.sent()
  }

  pause(): void {
    this.#carrying?.pause()
  }

  resume(): void {
    this.#carrying?.resume()
  }

  destroy(): void {
    this.#isGivenUp = true
    this.#carrying?.destroy()
  }

  /** Its connection, while the call goes on. */
  get #carrying(): Connection | undefined {
    return this.#connection?.carries(this.#taker) ? this.#connection : undefined
  }

  /** The same, and takes one where there is none yet. */
  #begun(): Connection | undefined {
    if (this.#connection || this.#isGivenUp) return this.#carrying
    this.#connection = this.#take(this.#isHead)
    this.isReused = this.#connection.isUsed
    return this.#connection
  }

  #pass(connection: Connection, chunk: Buffer | undefined, after: string): boolean {
    const head = this.#head
    this.#head = ''
    if (!this.#isChunked || !chunk?.length) return connection.write(head, chunk, after)
    return connection.write(`${head}${chunk.length.toString(16)}\r\n`, chunk, `\r\n${after}`)
  }
}

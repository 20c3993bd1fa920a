import { createRequire } from 'node:module'
import { connect as connectSocket, type Socket } from 'node:net'
import type { Origin } from './origin.js'
import { AnswerReader, type AnswerTaker } from './reader.js'

/** Takes the answer to a call, and learns what becomes of the call. */
export interface CallTaker extends AnswerTaker {
  /** Its connection is there, with its TLS session where there is one. */
  onConnected(): void
  /** The server took what was written: more may follow. */
  onDrain(): void
  /** Whatever came together was told. */
  onTold(): void
  /**
   * The call is over before its end, and nothing follows. After the end of the answer: the server takes no more of the
   * request.
   */
  onError(error: NodeJS.ErrnoException): void
}

/** There was no connection within the time that it may take. */
export class ConnectTimeOut extends Error {
  constructor() {
    super('no connection in time')
  }
}

export interface ConnectionSetup {
  readonly origin: Origin
  readonly connectTimeoutMs: number
  readonly maxHeadBytes: number
  /** A TLS session to go on with, and who keeps the next. */
  readonly session: Buffer | undefined
  readonly onSession: (session: Buffer) => void
  /** It carries no call any more, and may carry another. */
  readonly onFree: (connection: Connection) => void
  /** It carries nothing ever again. */
  readonly onGone: (connection: Connection) => void
}

const require = createRequire(import.meta.url)

/** Silence after which the system asks whether the other side is still there. Milliseconds. */
const TCP_KEEP_ALIVE_MS = 15_000
/** Most that one read takes, bytes: what Node takes as well. */
const ROOM_BYTES = 65_536
/**
 * Up to so many bytes are copied out of the room that they were read into, which is used again: Node's own reading takes
 * new room for each answer, however short. More are handed on where they lie, and the next have new room.
 */
const MAX_COPIED_BYTES = 32_768
/** Pieces that are written together become one up to this: a copy is cheaper than a vector of few bytes. */
const MAX_JOINED_BYTES = 16_384

/** One connection to a server, and one call at a time on it. What listens to the socket is set once, not for each call. */
export class Connection {
  /** It has carried a call to its end. */
  isUsed = false
  /** Since when it has waited for a call. Monotonic milliseconds. */
  freeSince = 0
  readonly #setup: ConnectionSetup
  readonly #socket: Socket
  readonly #reader: AnswerReader
  readonly #connecting: NodeJS.Timeout
  #room = Buffer.allocUnsafeSlow(ROOM_BYTES)
  #isConnected = false
  #taker: CallTaker | undefined
  /** All of the request was written. */
  #isSent = true

  constructor(setup: ConnectionSetup) {
    const { origin, session, connectTimeoutMs, maxHeadBytes, onSession } = setup
    this.#setup = setup
    this.#reader = new AnswerReader(maxHeadBytes)
    const onread = { buffer: () => this.#room, callback: (length: number) => this.#take(length) }
    const options = { ...origin.options, onread }
    this.#socket = origin.isTls ? tls().connect({ ...options, ...(session && { session }) }) : connectSocket(options)
    this.#connecting = setTimeout(() => this.#fail(new ConnectTimeOut()), connectTimeoutMs)
    this.#connecting.unref()
    this.#socket
      .setNoDelay(true)
      .setKeepAlive(true, TCP_KEEP_ALIVE_MS)
      .once(origin.isTls ? 'secureConnect' : 'connect', () => this.#connected())
      .on('drain', () => this.#taker?.onDrain())
      .once('end', () => this.#ended())
      .on('error', (error) => this.#fail(error))
      .once('close', () => this.#fail(hangUp()))
      // Without a reader of its (empty) queue it would never tell of its end.
      .resume()
    if (origin.isTls) this.#socket.on('session', onSession)
  }

  /** How long the server said that it keeps the connection, milliseconds; undefined where it did not say. */
  get keepAliveMs(): number | undefined {
    return this.#reader.keepAliveMs
  }

  get needsDrain(): boolean {
    return this.#socket.writableNeedDrain
  }

  carries(taker: CallTaker): boolean {
    return this.#taker === taker
  }

  /** Begins a call, whose request is written next. */
  begin(taker: CallTaker, isHead: boolean): void {
    this.#taker = taker
    this.#isSent = false
    this.#reader.begin(taker, isHead)
    if (this.#isConnected) taker.onConnected()
  }

  /** Writes bytes between two texts of one byte a character. False: who writes should wait for `onDrain`. */
  write(before: string, bytes: Buffer | undefined, after: string): boolean {
    const socket = this.#socket
    if (before === '' && after === '') return bytes === undefined || socket.write(bytes)
    if (bytes === undefined) return socket.write(before + after, 'latin1')
    const sizeBytes = before.length + bytes.length + after.length
    if (sizeBytes <= MAX_JOINED_BYTES) {
      const joined = Buffer.allocUnsafe(sizeBytes)
      joined.write(before, 0, 'latin1')
      joined.set(bytes, before.length)
      joined.write(after, before.length + bytes.length, 'latin1')
      return socket.write(joined)
    }
    socket.cork()
    socket.write(before, 'latin1')
    socket.write(bytes)
    const isTaken = socket.write(after, 'latin1')
    socket.uncork()
    return isTaken
  }

  /** The request was written to its end. */
  sent(): void {
    this.#isSent = true
    this.#settle()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Closes it at once. Its call, where it has one, hears that it broke off. */
  close(): void {
    this.#fail(hangUp())
  }

  /** Closes it at once. Its call hears nothing. */
  destroy(): void {
    this.#taker = undefined
    this.close()
  }

  #connected(): void {
    clearTimeout(this.#connecting)
    this.#isConnected = true
    this.#taker?.onConnected()
  }

  /** Takes the first bytes of the room. */
  #take(length: number): boolean {
    const isShort = length <= MAX_COPIED_BYTES
    const chunk = isShort ? Buffer.allocUnsafe(length) : this.#room.subarray(0, length)
    if (isShort) this.#room.copy(chunk, 0, 0, length)
    else this.#room = Buffer.allocUnsafeSlow(ROOM_BYTES)
    this.#read(chunk)
    return true
  }

  #read(chunk: Buffer): void {
    const taker = this.#taker
    // Nobody asked for it: whatever it is, it would be taken for the next answer.
    if (!taker || this.#reader.isDone) {
      this.close()
      return
    }
    try {
      const behind = this.#reader.feed(chunk)
      if (this.#taker === taker) taker.onTold()
      if (behind > 0) this.#retire()
    } catch (error) {
      this.#fail(error as Error)
      return
    }
    this.#settle()
  }

  /** The server sends no more, which ends some answers. */
  #ended(): void {
    if (this.#taker) this.#reader.close()
    this.#settle()
    this.#fail(hangUp())
  }

  /** Lets go of the call, where it is over. */
  #settle(): void {
    if (!this.#taker || !this.#reader.isDone) return
    if (!this.#reader.keepsAlive) {
      this.#retire()
      return
    }
    if (!this.#isSent) return
    this.#taker = undefined
    this.isUsed = true
    // It was paused for the reader of the answer; while it waits it must hear that it was closed.
    if (this.#socket.isPaused()) this.#socket.resume()
    this.#setup.onFree(this)
  }

  /** Closes once what was written has left. The rest of a request goes nowhere. */
  #retire(): void {
    const taker = this.#isSent ? undefined : this.#taker
    this.#taker = undefined
    this.#setup.onGone(this)
    this.#socket.destroySoon()
    taker?.onError(hangUp())
  }

  #fail(error: NodeJS.ErrnoException): void {
    const taker = this.#taker
    this.#taker = undefined
    clearTimeout(this.#connecting)
    this.#reader.leave()
    this.#setup.onGone(this)
    this.#socket.destroy()
    taker?.onError(error)
  }
}

/** Loaded where it is used: a wrap, which speaks to its daemon alone, is smaller by a megabyte and a half without it. */
function tls(): typeof import('node:tls') {
  return require('node:tls')
}

/** As node:http calls it. */
function hangUp(): NodeJS.ErrnoException {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
}

import {
  type AnswerHead,
  type BodyEnd,
  checkBeginning,
  checkCharacters,
  InvalidAnswer,
  type ReadHead,
  readHead,
  readHeaders,
} from './head.js'

/** Takes an answer as it is read. */
export interface AnswerTaker {
  /** An informational answer (1xx); the answer itself follows. */
  onInformation(head: AnswerHead): void
  onHead(head: AnswerHead): void
  onData(chunk: Buffer): void
  /** The answer is complete. `rawTrailers`: in the raw form of headers. */
  onEnd(rawTrailers: readonly string[]): void
}

const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')
const RETURN = 0x0d
const NEWLINE = 0x0a
/** A chunk's size, and extensions, which say nothing to us (RFC 9112, 7.1.1). 13 digits are below 2^53. */
const EXTENSION = String.raw`;[!#$%&'*+\-.^_\`|~0-9a-z]+(?:=(?:[!#$%&'*+\-.^_\`|~0-9a-z]+|"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t\x20-\x7e])*"))?`
const SIZE_LINE = new RegExp(`^0*([0-9a-f]{1,13})(?:${EXTENSION})*$`, 'i')
const NO_BYTES = Buffer.alloc(0)
/** Longest head that is known again. */
const MAX_REMEMBERED_BYTES = 1_024
const NONE: readonly string[] = []

/**
 * Reads the answer to one request from bytes that are cut anywhere. A body is told in pieces of what was fed, never held.
 * For the next answer on the same connection it is used again.
 */
export class AnswerReader {
  readonly #maxHeadBytes: number
  #taker: AnswerTaker | undefined
  #isBodyless = false
  #state: 'head' | 'sized' | 'size' | 'chunk' | 'chunk end' | 'trailers' | 'to the close' | 'done' = 'done'
  /** What came of a head, a line or trailers that are not complete. */
  #partial: Buffer = NO_BYTES
  /** Bytes of the body, or of the chunk, that are still to come. */
  #left = 0
  /** The last head of few bytes and its text: until the second of its `Date` is over, the next is mostly the same. */
  #lastText = ''
  #lastHead: ReadHead | undefined
  #keepsAlive = false
  #keepAliveMs: number | undefined

  /** `maxHeadBytes`: most bytes of a head, of all trailers, and of the line before a chunk. */
  constructor(maxHeadBytes: number) {
    this.#maxHeadBytes = maxHeadBytes
  }

  /** True before an answer is asked for, and once it is complete. */
  get isDone(): boolean {
    return this.#state === 'done'
  }

  /** Whether the connection may carry another request, by what the answer said. */
  get keepsAlive(): boolean {
    return this.#keepsAlive
  }

  /** How long the server said that it keeps the connection. */
  get keepAliveMs(): number | undefined {
    return this.#keepAliveMs
  }

  /** Reads the next answer for `taker`. `isBodyless`: to HEAD, where the head speaks of a body that does not come. */
  begin(taker: AnswerTaker, isBodyless: boolean): void {
    this.#taker = taker
    this.#isBodyless = isBodyless
    this.#state = 'head'
    this.#partial = NO_BYTES
  }

  /** Tells no more. */
  leave(): void {
    this.#taker = undefined
    this.#state = 'done'
    this.#partial = NO_BYTES
  }

  /** Reads some bytes, and gives how many of them were behind the end of the answer. @throws InvalidAnswer */
  feed(chunk: Buffer): number {
    let rest = chunk
    if (this.#partial.length > 0) {
      rest = Buffer.concat([this.#partial, chunk])
      this.#partial = NO_BYTES
    }
    let at = 0
    while (at < rest.length && this.#state !== 'done') {
      const next = this.#read(rest, at)
      if (next < 0) {
        this.#partial = at === 0 ? rest : rest.subarray(at)
        return 0
      }
      at = next
    }
    return rest.length - at
  }

  /** The server sends no more. True where that completes the answer. */
  close(): boolean {
    if (this.#state !== 'to the close') return this.#state === 'done'
    this.#end(NONE)
    return true
  }

  /** Reads what begins at `at`, and gives where it ended; -1 where it is not complete. */
  #read(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at)
      case 'sized':
      case 'chunk':
        return this.#readBody(bytes, at)
      case 'to the close':
        this.#taker?.onData(at === 0 ? bytes : bytes.subarray(at))
        return bytes.length
      case 'size':
        return this.#readSize(bytes, at)
      case 'chunk end':
        return this.#readChunkEnd(bytes, at)
      default:
        return this.#readTrailers(bytes, at)
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    let start = at
    // Ends of lines before an answer are passed over, as those who read leniently do (RFC 9112, 2.2).
    while (bytes[start] === RETURN || bytes[start] === NEWLINE) start++
    if (start === bytes.length) return start
    const end = bytes.indexOf(HEAD_END, start)
    if (end < 0) {
      checkBeginning(bytes.toString('latin1', start), this.#maxHeadBytes)
      return -1
    }
    const head = this.#headOf(bytes.toString('latin1', start, end))
    const next = end + HEAD_END.length
    if (head.status === 101) throw new InvalidAnswer('it switches to another protocol, which was not asked for')
    if (head.status < 200) {
      this.#taker?.onInformation(head)
      return next
    }
    this.#keepsAlive = head.keepsAlive
    this.#keepAliveMs = head.keepAliveMs
    const bodyEnd = this.#isBodyless ? 0 : head.bodyEnd
    this.#enterBody(bodyEnd)
    this.#taker?.onHead(head)
    if (bodyEnd === 0) this.#end(NONE)
    return next
  }

  #headOf(text: string): ReadHead {
    if (this.#lastHead && text === this.#lastText) return this.#lastHead
    const head = readHead(text, this.#maxHeadBytes)
    if (text.length > MAX_REMEMBERED_BYTES) return head
    this.#lastText = text
    this.#lastHead = head
    return head
  }

  #enterBody(bodyEnd: BodyEnd): void {
    if (bodyEnd === 'close') this.#state = 'to the close'
    else if (bodyEnd === 'chunked') this.#state = 'size'
    else {
      this.#state = 'sized'
      this.#left = bodyEnd
    }
  }

  #readBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left)
    this.#left -= end - at
    const piece = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end)
    const isLast = this.#left === 0
    if (isLast && this.#state === 'chunk') this.#state = 'chunk end'
    this.#taker?.onData(piece)
    if (isLast && this.#state === 'sized') this.#end(NONE)
    return end
  }

  #readSize(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LINE_END, at)
    if (end < 0 ? bytes.length - at > this.#maxHeadBytes : end - at > this.#maxHeadBytes)
      throw new InvalidAnswer(`the line before a chunk has more than ${this.#maxHeadBytes} bytes`)
    if (end < 0) {
      if (bytes.indexOf(NEWLINE, at) >= 0) throw new InvalidAnswer('the line before a chunk ends without a return')
      return -1
    }
    const size = SIZE_LINE.exec(bytes.toString('latin1', at, end))?.[1]
    if (size === undefined) throw new InvalidAnswer('a chunk has no size')
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'chunk'
    return end + LINE_END.length
  }

  #readChunkEnd(bytes: Buffer, at: number): number {
    if (bytes[at] !== RETURN || (at + 1 < bytes.length && bytes[at + 1] !== NEWLINE))
      throw new InvalidAnswer('a chunk is longer than its size')
    if (at + 1 === bytes.length) return -1
    this.#state = 'size'
    return at + 2
  }

  #readTrailers(bytes: Buffer, at: number): number {
    if (bytes[at] === RETURN && bytes[at + 1] === NEWLINE) {
      this.#end(NONE)
      return at + 2
    }
    const end = bytes.indexOf(HEAD_END, at)
    if ((end < 0 ? bytes.length : end) - at > this.#maxHeadBytes)
      throw new InvalidAnswer(`its trailers have more than ${this.#maxHeadBytes} bytes`)
    if (end < 0) return -1
    const text = bytes.toString('latin1', at, end)
    checkCharacters(text)
    this.#end(readHeaders(text, 0))
    return end + HEAD_END.length
  }

  #end(rawTrailers: readonly string[]): void {
    const taker = this.#taker
    this.#state = 'done'
    this.#taker = undefined
    taker?.onEnd(rawTrailers)
  }
}

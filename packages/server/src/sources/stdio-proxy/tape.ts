import type { LineReader } from '@mcp-vitals/instrument/mcp'

/** What is kept at most before it is read, bytes and pieces. */
const TAPE_BYTES = 32 * 1024
const PIECES = 512
/** A piece that is longer is read at once: to copy it would cost more than it saves. Bytes. */
const LONG_BYTES = 8 * 1024
/** Up to so many bytes are copied one by one: to call what copies them costs more. */
const SHORT_BYTES = 256
/** How long a piece waits for others to be read with it, milliseconds. */
const WAIT_MS = 25

export interface TapeOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic, milliseconds. */
  readonly clock: () => number
  /** Told of each fault of a reader, which is swallowed. Must not throw. */
  readonly onFault: () => void
}

/**
 * What passed, kept for a moment and read many messages at a time: a message that is read between two others costs three
 * times as much, since the code that reads it has left the processor's memory meanwhile, and delays the one behind it. Its
 * clocks tell, while it is read, when each piece came.
 */
export class Tape {
  readonly #options: TapeOptions
  readonly #bytes = Buffer.allocUnsafeSlow(TAPE_BYTES)
  readonly #readers: LineReader[] = []
  readonly #ends = new Uint32Array(PIECES)
  readonly #times = new Float64Array(PIECES)
  #count = 0
  #timer: NodeJS.Timeout | undefined
  /** When the piece that is being read came, and what its clock was behind the one of the world; nothing while none is. */
  #heardAt: number | undefined
  #epoch = 0

  constructor(options: TapeOptions) {
    this.#options = options
  }

  /** Monotonic milliseconds: of the piece that is being read, else of now. */
  readonly clock = (): number => this.#heardAt ?? this.#options.clock()

  /** Milliseconds since 1970: of the piece that is being read, else of now. */
  readonly now = (): number =>
    this.#heardAt === undefined ? this.#options.now() : Math.floor(this.#epoch + this.#heardAt)

  /**
   * Keeps the first `length` bytes, which came at this time of the clock, for this reader; all that is kept is read in the
   * order in which it came.
   */
  record(reader: LineReader, bytes: Buffer, length: number, at: number): void {
    const from = this.#count === 0 ? 0 : this.#ends[this.#count - 1]!
    if (length > LONG_BYTES) {
      this.play()
      this.#read(reader, bytes, 0, length, at)
      this.#heardAt = undefined
      return
    }
    if (this.#count === PIECES || from + length > TAPE_BYTES) {
      this.play()
      this.record(reader, bytes, length, at)
      return
    }
    if (length > SHORT_BYTES) bytes.copy(this.#bytes, from, 0, length)
    else for (let next = 0; next < length; next++) this.#bytes[from + next] = bytes[next]!
    this.#readers[this.#count] = reader
    this.#ends[this.#count] = from + length
    this.#times[this.#count++] = at
    if (this.#count > 1) return
    if (this.#timer) this.#timer.refresh()
    else this.#timer = setTimeout(() => this.play(), WAIT_MS)
  }

  /** Reads all that is kept. */
  play(): void {
    const count = this.#count
    this.#count = 0
    let from = 0
    for (let piece = 0; piece < count; piece++) {
      const end = this.#ends[piece]!
      this.#read(this.#readers[piece]!, this.#bytes, from, end, this.#times[piece]!)
      from = end
    }
    this.#heardAt = undefined
  }

  /** Reads all that is kept, and waits for nothing more. */
  close(): void {
    this.play()
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #read(reader: LineReader, bytes: Uint8Array, from: number, to: number, at: number): void {
    if (this.#heardAt === undefined) this.#epoch = this.#options.now() - this.#options.clock()
    this.#heardAt = at
    try {
      reader.feed(bytes, from, to)
    } catch {
      this.#options.onFault()
    }
  }
}

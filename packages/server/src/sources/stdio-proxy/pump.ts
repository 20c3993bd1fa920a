import { writeSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { readReusing } from '../../children/index.js'

/** Carries bytes from one stream to another, unchanged, and shows a copy afterwards. */
export interface Pump {
  /** The stream that is read, in place of the one that was given. */
  readonly source: Readable
  /** Resolves when all bytes were written out, or the one side or the other is gone. Never rejects. */
  readonly done: Promise<void>
  /** True when the receiving side went away before the end. */
  readonly broken: boolean
  /** True while the receiver is slower than the sender. */
  readonly blocked: boolean
  /** Milliseconds since bytes last came. */
  idleMs(): number
  /** Takes what has come as all there is. */
  cut(): void
}

export interface PumpOptions {
  readonly from: Readable
  readonly to: Writable
  /** Sees the first `length` bytes once they are on their way, and when that was by the clock; must not keep them. */
  readonly look: (bytes: Buffer, length: number, at: number) => void
  /** Monotonic, milliseconds. */
  readonly clock: () => number
}

/**
 * Starts carrying. Written out here rather than by `stream.pipe`, since the look must come after the write, and since a
 * side that goes away must reach the other as it would without us: an end as an end, a break as a break.
 */
export function pump(options: PumpOptions): Pump {
  return new BytePump(options)
}

class BytePump implements Pump {
  readonly source: Readable
  readonly done: Promise<void>
  readonly #to: Writable
  readonly #look: PumpOptions['look']
  readonly #clock: () => number
  #broken = false
  #blocked = false
  #ended = false
  #lastAt: number

  constructor({ from, to, look, clock }: PumpOptions) {
    this.#look = look
    this.#clock = clock
    this.#to = to
    this.#lastAt = clock()
    this.done = new Promise((resolve) => {
      to.once('finish', resolve)
      to.once('close', resolve)
    })
    to.on('error', () => this.#break())
    to.once('close', () => this.#break())
    to.on('drain', () => this.#drained())
    this.source = readReusing(from, (bytes, length) => this.#carry(bytes, length))
    // A source that breaks is a source that ended: the receiver sees no more than an end either way.
    for (const name of ['end', 'error', 'close'] as const) this.source.once(name, () => this.cut())
  }

  get broken(): boolean {
    return this.#broken
  }

  get blocked(): boolean {
    return this.#blocked
  }

  idleMs(): number {
    return this.#clock() - this.#lastAt
  }

  cut(): void {
    if (this.#ended) return
    this.#ended = true
    this.#to.end()
  }

  #carry(bytes: Buffer, length: number): void {
    if (this.#ended) return
    const written = writeNow(this.#to, bytes, length)
    // What waits in the stream must be its own: the buffer is used again.
    if (written < length && !this.#to.write(Buffer.from(bytes.subarray(written, length)))) {
      this.#blocked = true
      this.source.pause()
    }
    const at = this.#clock()
    this.#lastAt = at
    this.#look(bytes, length, at)
  }

  #drained(): void {
    this.#blocked = false
    this.#lastAt = this.#clock()
    this.source.resume()
  }

  #break(): void {
    if (!this.#ended) this.#broken = true
    this.#ended = true
    this.#blocked = false
    this.source.destroy()
    this.#to.destroy()
  }
}

/**
 * Writes as much as the pipe takes at once, past the stream’s queue, which costs a tenth of the CPU of passing a message
 * on; how many bytes that were. Nothing where something waits in the queue, and where the pipe is full or broken: the
 * stream finds out itself.
 */
function writeNow(to: Writable, bytes: Buffer, length: number): number {
  const fd = (to as { _handle?: { fd?: number } | null })._handle?.fd ?? -1
  if (fd < 0 || to.writableLength > 0) return 0
  try {
    return writeSync(fd, bytes, 0, length)
  } catch {
    return 0
  }
}

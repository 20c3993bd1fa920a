import type { BatchLimits } from './spool.js'
import type { Line } from './wire.js'

/** The shipper's memory: lines in order, bounded by number and by the length of their JSON together. */
export class Memory {
  readonly #maxLines: number
  readonly #maxLength: number
  #lines: Line[] = []
  // What is gone stays in front until it is half of the array: a shift for each line would cost the array's length.
  #first = 0
  #length = 0
  #dropped = 0

  /** Bounds: lines, and their JSON in UTF-16 units. */
  constructor(bounds: { readonly memoryEvents: number; readonly memoryLength: number }) {
    this.#maxLines = bounds.memoryEvents
    this.#maxLength = bounds.memoryLength
  }

  get waiting(): number {
    return this.#lines.length - this.#first
  }

  /** Lines given up to make room, in all. */
  get dropped(): number {
    return this.#dropped
  }

  fits(line: Line): boolean {
    return this.waiting < this.#maxLines && this.#length + line.json.length <= this.#maxLength
  }

  push(line: Line): void {
    this.#lines.push(line)
    this.#length += line.json.length
  }

  /** Takes the line, and gives up the oldest ones until it fits. */
  pushOverOldest(line: Line): void {
    while (!this.fits(line) && this.waiting > 0) {
      this.#forget(1)
      this.#dropped++
    }
    this.push(line)
  }

  all(): readonly Line[] {
    return this.#lines.slice(this.#first)
  }

  /** The oldest lines that fit in one batch; at least one where there is one. */
  read(limits: BatchLimits): readonly Line[] {
    let end = this.#first
    let length = 0
    while (end < this.#lines.length && end - this.#first < limits.maxEvents) {
      length += this.#lines[end]!.json.length
      if (length > limits.maxLength && end > this.#first) break
      end++
    }
    return this.#lines.slice(this.#first, end)
  }

  /** True when a whole batch is there. */
  isFull(limits: BatchLimits): boolean {
    return this.waiting >= limits.maxEvents || this.#length >= limits.maxLength
  }

  /** Forgets the lines up to this number, inclusive. */
  ack(seq: number): void {
    let count = 0
    while (count < this.waiting && this.#lines[this.#first + count]!.seq <= seq) count++
    this.#forget(count)
  }

  clear(): void {
    this.#forget(this.waiting)
  }

  #forget(count: number): void {
    for (let i = 0; i < count; i++) this.#length -= this.#lines[this.#first++]!.json.length
    if (this.#first * 2 < this.#lines.length) return
    this.#lines = this.#lines.slice(this.#first)
    this.#first = 0
  }
}

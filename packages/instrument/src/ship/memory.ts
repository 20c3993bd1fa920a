import { type BatchLimits, firstLines, type Lines, linesUpTo, NO_LINES, numberAt, roomFor } from './lines.js'

/** Memory is taken and given back in pieces of so many bytes: one that grew as a whole would be copied, and there twice. */
const BLOCK_BYTES = 64 * 1024
/**
 * So many pieces are kept for what comes next, as is the room of a batch: memory that is asked for anew costs its pages
 * each time, and what is given back waits for a collection of the whole heap.
 */
const SPARE_BLOCKS = 4

/** Whole lines, from `start` to `end`. */
interface Block {
  readonly bytes: Uint8Array
  start: number
  end: number
  count: number
  /** Number of the last line. */
  last: number
}

/** The shipper's memory: lines in order, bounded by their number and their length together. */
export class Memory {
  readonly #maxLines: number
  readonly #maxBytes: number
  /** The oldest first; none is empty but the last. */
  #blocks: Block[] = [newBlock(BLOCK_BYTES)]
  readonly #spare: Block[] = []
  #batch = new Uint8Array(0)
  #sizeBytes = 0
  #waiting = 0
  #dropped = 0

  constructor(bounds: { readonly memoryEvents: number; readonly memoryBytes: number }) {
    this.#maxLines = bounds.memoryEvents
    this.#maxBytes = bounds.memoryBytes
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Lines given up to make room, in all. */
  get dropped(): number {
    return this.#dropped
  }

  /** Takes a copy of the line with this number, its break included; `false` where there is no room. */
  push(seq: number, line: Uint8Array): boolean {
    const fits = this.#fits(line)
    if (fits) this.#put(seq, line)
    return fits
  }

  /** Takes the line, and gives up the oldest ones until it fits. */
  pushOverOldest(seq: number, line: Uint8Array): void {
    while (this.#waiting > 0 && !this.#fits(line)) {
      this.ack(numberAt(live(this.#blocks[0]!), 0))
      this.#dropped++
    }
    this.#put(seq, line)
  }

  /** All that waits, as long as nothing else is called. */
  all(): Lines {
    const parts = this.#front({ maxEvents: this.#waiting, maxBytes: this.#sizeBytes })
    return parts.length === 1 ? parts[0]! : joined(parts, new Uint8Array(lengthOf(parts)))
  }

  /** The oldest lines that fit in one batch; at least one where there is one. A copy, which stays until the next one. */
  read(limits: BatchLimits): Lines {
    const parts = this.#front(limits)
    const sizeBytes = lengthOf(parts)
    if (sizeBytes > this.#batch.length) this.#batch = new Uint8Array(roomFor(sizeBytes))
    return joined(parts, this.#batch)
  }

  /** True when a whole batch is there. */
  isFull({ maxEvents, maxBytes }: BatchLimits): boolean {
    return this.#waiting >= maxEvents || this.#sizeBytes >= maxBytes
  }

  /** Forgets the lines up to this number, inclusive. */
  ack(seq: number): void {
    let gone = 0
    for (const block of this.#blocks) {
      const isWhole = block.last <= seq
      const { count, sizeBytes } = isWhole ? whole(block) : linesUpTo(live(block), seq)
      this.#waiting -= count
      this.#sizeBytes -= sizeBytes
      block.start += sizeBytes
      block.count -= count
      if (block.start < block.end) break
      gone++
    }
    if (this.#waiting === 0) this.clear()
    else for (const block of this.#blocks.splice(0, gone)) this.#keep(block)
  }

  clear(): void {
    this.#waiting = 0
    this.#sizeBytes = 0
    for (const block of this.#blocks) this.#keep(block)
    this.#blocks = [this.#newBlock(BLOCK_BYTES)]
  }

  /** The lines at the front that fit, at least one where there is one, where they lie: some of each block. */
  #front({ maxEvents, maxBytes }: BatchLimits): Lines[] {
    const parts: Lines[] = []
    let count = 0
    let sizeBytes = 0
    for (const block of this.#blocks) {
      const limits = { maxEvents: maxEvents - count, maxBytes: maxBytes - sizeBytes }
      const { bytes, ...all } = whole(block)
      const fits = all.count <= limits.maxEvents && all.sizeBytes <= limits.maxBytes
      const part = fits ? { bytes, ...all } : firstLines(bytes, limits)
      const isTooMuch = parts.length > 0 && sizeBytes + part.bytes.length > maxBytes
      if (part.count === 0 || isTooMuch) break
      parts.push(part)
      count += part.count
      sizeBytes += part.bytes.length
      if (part.bytes.length < block.end - block.start) break
    }
    return parts
  }

  #fits(line: Uint8Array): boolean {
    return this.#waiting < this.#maxLines && this.#sizeBytes + line.length <= this.#maxBytes
  }

  #put(seq: number, line: Uint8Array): void {
    let block = this.#blocks.at(-1)!
    if (block.end + line.length > block.bytes.length) {
      if (block.start === block.end) this.#keep(this.#blocks.pop()!)
      const next = this.#newBlock(Math.max(BLOCK_BYTES, line.length))
      this.#blocks.push(next)
      block = next
    }
    block.bytes.set(line, block.end)
    block.end += line.length
    block.count++
    block.last = seq
    this.#sizeBytes += line.length
    this.#waiting++
  }

  #newBlock(sizeBytes: number): Block {
    return (sizeBytes === BLOCK_BYTES && this.#spare.pop()) || newBlock(sizeBytes)
  }

  /** An empty block for the next time; after a burst or an absence most room is given back. */
  #keep(block: Block): void {
    if (block.bytes.length !== BLOCK_BYTES || this.#spare.length === SPARE_BLOCKS) return
    block.start = block.end = block.count = block.last = 0
    this.#spare.push(block)
  }
}

function newBlock(sizeBytes: number): Block {
  return { bytes: new Uint8Array(sizeBytes), start: 0, end: 0, count: 0, last: 0 }
}

/** All that a block has, without a look at each line. */
function whole(block: Block): Lines & { readonly sizeBytes: number } {
  const bytes = live(block)
  const { count, last } = block
  return { bytes, sizeBytes: bytes.length, count, first: count > 0 ? numberAt(bytes, 0) : 0, last }
}

function live({ bytes, start, end }: Block): Uint8Array {
  return bytes.subarray(start, end)
}

function lengthOf(parts: readonly Lines[]): number {
  return parts.reduce((sum, part) => sum + part.bytes.length, 0)
}

/** All of them in one, copied to the front of `room`. */
function joined(parts: readonly Lines[], room: Uint8Array): Lines {
  if (parts.length === 0) return NO_LINES
  let at = 0
  for (const part of parts) {
    room.set(part.bytes, at)
    at += part.bytes.length
  }
  const count = parts.reduce((sum, part) => sum + part.count, 0)
  return { bytes: room.subarray(0, at), count, first: parts[0]!.first, last: parts.at(-1)!.last }
}

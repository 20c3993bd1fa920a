import { type BatchLimits, firstLines, type Lines, linesUpTo, NEWLINE, NO_LINES, numberAt } from './lines.js'

/** Memory is taken and given back in pieces of so many bytes: one that grew as a whole would be copied, and there twice. */
const BLOCK_BYTES = 64 * 1024
/** A UTF-16 unit is at most so many bytes of UTF-8. */
const MOST_BYTES_PER_UNIT = 3

const encoder = new TextEncoder()

/** Whole lines, from `start` to `end`. */
interface Block {
  readonly bytes: Uint8Array
  start: number
  end: number
}

/** The shipper's memory: lines in order, bounded by their number and their length together. */
export class Memory {
  readonly #maxLines: number
  readonly #maxBytes: number
  /** The oldest first; none is empty but the last. */
  #blocks: Block[] = [newBlock(BLOCK_BYTES)]
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

  /** Takes a line of this text (without its break); `false` where there is no room. */
  push(json: string): boolean {
    const fits = this.#fits(json)
    if (fits) this.#put(json)
    return fits
  }

  /** Takes the line, and gives up the oldest ones until it fits. */
  pushOverOldest(json: string): void {
    while (this.#waiting > 0 && !this.#fits(json)) {
      this.ack(numberAt(live(this.#blocks[0]!), 0))
      this.#dropped++
    }
    this.#put(json)
  }

  /** All that waits, as long as nothing else is called. */
  all(): Lines {
    return this.#front({ maxEvents: this.#waiting, maxBytes: this.#sizeBytes })
  }

  /** The oldest lines that fit in one batch; at least one where there is one. A copy. */
  read(limits: BatchLimits): Lines {
    const lines = this.#front(limits)
    return lines.count === 0 ? NO_LINES : { ...lines, bytes: lines.bytes.slice() }
  }

  /** True when a whole batch is there. */
  isFull({ maxEvents, maxBytes }: BatchLimits): boolean {
    return this.#waiting >= maxEvents || this.#sizeBytes >= maxBytes
  }

  /** Forgets the lines up to this number, inclusive. */
  ack(seq: number): void {
    let gone = 0
    for (const block of this.#blocks) {
      const { count, sizeBytes } = linesUpTo(live(block), seq)
      this.#waiting -= count
      this.#sizeBytes -= sizeBytes
      block.start += sizeBytes
      if (block.start < block.end) break
      gone++
    }
    if (this.#waiting === 0) this.clear()
    else this.#blocks.splice(0, gone)
  }

  clear(): void {
    this.#waiting = 0
    this.#sizeBytes = 0
    // After a burst or an absence the room is given back.
    const [first] = this.#blocks
    const kept = first && first.bytes.length === BLOCK_BYTES ? first : newBlock(BLOCK_BYTES)
    kept.start = kept.end = 0
    this.#blocks = [kept]
  }

  /** The lines at the front that fit, at least one where there is one: of one block where they lie, of several joined. */
  #front({ maxEvents, maxBytes }: BatchLimits): Lines {
    const parts: Lines[] = []
    let count = 0
    let sizeBytes = 0
    for (const block of this.#blocks) {
      const part = firstLines(live(block), { maxEvents: maxEvents - count, maxBytes: maxBytes - sizeBytes })
      const isTooMuch = parts.length > 0 && sizeBytes + part.bytes.length > maxBytes
      if (part.count === 0 || isTooMuch) break
      parts.push(part)
      count += part.count
      sizeBytes += part.bytes.length
      if (part.bytes.length < block.end - block.start) break
    }
    if (parts.length < 2) return parts[0] ?? NO_LINES
    return { bytes: joined(parts, sizeBytes), count, first: parts[0]!.first, last: parts.at(-1)!.last }
  }

  #fits(json: string): boolean {
    return this.#waiting < this.#maxLines && this.#sizeBytes + mostBytes(json) <= this.#maxBytes
  }

  #put(json: string): void {
    const wantBytes = mostBytes(json)
    let block = this.#blocks.at(-1)!
    if (block.end + wantBytes > block.bytes.length) {
      const next = newBlock(Math.max(BLOCK_BYTES, wantBytes))
      if (block.start === block.end) this.#blocks.pop()
      this.#blocks.push(next)
      block = next
    }
    const { written } = encoder.encodeInto(json, block.bytes.subarray(block.end))
    block.end += written
    block.bytes[block.end++] = NEWLINE
    this.#sizeBytes += written + 1
    this.#waiting++
  }
}

function newBlock(sizeBytes: number): Block {
  return { bytes: new Uint8Array(sizeBytes), start: 0, end: 0 }
}

function live({ bytes, start, end }: Block): Uint8Array {
  return bytes.subarray(start, end)
}

function joined(parts: readonly Lines[], sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  let at = 0
  for (const part of parts) {
    bytes.set(part.bytes, at)
    at += part.bytes.length
  }
  return bytes
}

/** Most bytes that a line can have, its break included: to count them would be a second pass over it. */
function mostBytes(json: string): number {
  return json.length * MOST_BYTES_PER_UNIT + 1
}

import { ByteReader, ByteWriter } from './bytes.js'
import { readRow, writeRow } from './codec.js'

const VERSION = 1
/** What a block takes beside its arrays, about, in bytes. */
const BLOCK_OVERHEAD_BYTES = 400
/** The same of rows that lie together. */
const SECTION_OVERHEAD_BYTES = 350
const POINTER_BYTES = 8

/** What a row holds in the span that was asked for. */
export interface Row {
  readonly values: Float64Array
  /** 1 where there is a value. */
  readonly present: Uint8Array
}

/**
 * Rows that lie together in a block, and at a tick that is not packed yet: two that follow each other have them in common
 * where they are equal.
 */
export const ROWS_TOGETHER = 256

/** Packed rows that lie together: where each begins, and at the end where the last one ends. */
interface Section {
  readonly offsets: Uint32Array
  readonly body: Uint8Array
}

/** Samples of many series at the same times, packed; it never changes. */
export class Block {
  /** Where the last series was found. */
  #found = 0

  private constructor(
    /** Which series: ascending. */
    readonly refs: Uint32Array,
    /** Milliseconds since 1970, ascending. */
    readonly times: Float64Array,
    private readonly sections: readonly Section[],
    /** What it takes in memory beside what it has in common with the block before, about. */
    readonly sizeBytes: number,
  ) {}

  private static of(refs: Uint32Array, times: Float64Array, sections: readonly Section[], before?: Block): Block {
    let sizeBytes = BLOCK_OVERHEAD_BYTES + times.byteLength + sections.length * POINTER_BYTES
    if (refs !== before?.refs) sizeBytes += refs.byteLength
    for (const [at, section] of sections.entries())
      if (section !== before?.sections[at])
        sizeBytes += SECTION_OVERHEAD_BYTES + section.offsets.byteLength + section.body.length
    return new Block(refs, times, sections, sizeBytes)
  }

  /** Packs the series `refs`, of which `read` gives what they have at each time. */
  static seal(refs: ArrayLike<number>, times: Float64Array, read: (at: number, row: Row) => unknown): Block {
    const order = Array.from({ length: refs.length }, (_, at) => at).sort((a, b) => refs[a]! - refs[b]!)
    const row: Row = { values: new Float64Array(times.length), present: new Uint8Array(times.length) }
    const sections: Section[] = []
    for (let first = 0; first < order.length; first += ROWS_TOGETHER) {
      const together = order.slice(first, first + ROWS_TOGETHER)
      const writer = new ByteWriter(together.length * 16)
      const offsets = new Uint32Array(together.length + 1)
      for (const [position, at] of together.entries()) {
        read(at, row)
        writeRow(writer, row.values, row.present, 0, times.length)
        offsets[position + 1] = writer.length
      }
      sections.push({ offsets, body: writer.take() })
    }
    const sorted = Uint32Array.from(order, (at) => refs[at]!)
    return Block.of(sorted, times, sections)
  }

  get startMs(): number {
    return this.times[0]!
  }

  get endMs(): number {
    return this.times.at(-1)!
  }

  get samples(): number {
    return this.refs.length * this.times.length
  }

  /** The same block, which has in common with the one before it what is equal in both. */
  after(before: Block | undefined): Block {
    if (before === undefined) return this
    const refs = isEqual(before.refs, this.refs) ? before.refs : this.refs
    const sections = this.sections.map((section, at) => {
      const other = before.sections[at]
      return other && isEqual(other.body, section.body) && isEqual(other.offsets, section.offsets) ? other : section
    })
    return Block.of(refs, this.times, sections, before)
  }

  /** Where a series stands, or −1. Series are mostly asked for in their order, so it begins where the last one was found. */
  positionOf(ref: number): number {
    const { refs } = this
    let low = 0
    let high = refs.length - 1
    if (this.#found <= high && refs[this.#found]! <= ref) {
      low = this.#found
      for (let step = 1; low + step <= high; step *= 2) {
        if (refs[low + step]! > ref) high = low + step - 1
        else low += step
      }
    }
    while (low <= high) {
      const middle = (low + high) >>> 1
      const found = refs[middle]!
      if (found === ref) {
        this.#found = middle
        return middle
      }
      if (found < ref) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  /** Unpacks one row into `row`, from `start` on. Returns how many ticks have a value. */
  read(position: number, row: Row, start: number): number {
    const { body, offsets } = this.sections[Math.floor(position / ROWS_TOGETHER)]!
    return readRow(body, offsets[position % ROWS_TOGETHER]!, row.values, row.present, start, this.times.length)
  }

  /** Every series that has a value at one tick, with it. */
  tick(index: number): { readonly refs: Uint32Array; readonly values: Float64Array } {
    const count = this.times.length
    const row: Row = { values: new Float64Array(count), present: new Uint8Array(count) }
    const refs = new Uint32Array(this.refs.length)
    const values = new Float64Array(this.refs.length)
    let found = 0
    for (let position = 0; position < this.refs.length; position++) {
      this.read(position, row, 0)
      if (row.present[index] === 0) continue
      refs[found] = this.refs[position]!
      values[found++] = row.values[index]!
    }
    return { refs: refs.slice(0, found), values: values.slice(0, found) }
  }

  /** As bytes for a disk. */
  toBytes(): Uint8Array {
    const bodies = this.sections.reduce((sum, { body }) => sum + body.length, 0)
    const writer = new ByteWriter(bodies + this.refs.length * 3 + this.times.length * 8 + 32)
    writer.byte(VERSION)
    writer.varint(this.times.length)
    for (const time of this.times) writer.double(time)
    writer.varint(this.refs.length)
    for (let at = 0; at < this.refs.length; at++) {
      const { offsets } = this.sections[Math.floor(at / ROWS_TOGETHER)]!
      writer.varint(this.refs[at]! - (at === 0 ? 0 : this.refs[at - 1]!))
      writer.varint(offsets[(at % ROWS_TOGETHER) + 1]! - offsets[at % ROWS_TOGETHER]!)
    }
    for (const { body } of this.sections) writer.append(body)
    return writer.take()
  }

  /** Throws RangeError where the bytes are none of a block: every row is read once. */
  static fromBytes(bytes: Uint8Array): Block {
    const reader = new ByteReader(bytes)
    const version = reader.byte()
    if (version !== VERSION) throw new RangeError(`a block of version ${version} is not known`)
    const ticks = sized(reader.varint(), bytes.length / 8)
    const times = Float64Array.from({ length: ticks }, () => reader.double())
    const rows = sized(reader.varint(), bytes.length)
    const refs = new Uint32Array(rows)
    const lengths = new Uint32Array(rows)
    for (let at = 0; at < rows; at++) {
      refs[at] = reader.varint() + (at === 0 ? 0 : refs[at - 1]!)
      lengths[at] = reader.varint()
    }
    const total = lengths.reduce((sum, length) => sum + length, 0)
    if (ticks === 0 || bytes.length - reader.at !== total) throw new RangeError('the bytes of a block are cut off')
    for (let at = 1; at < ticks; at++)
      if (!(times[at]! > times[at - 1]!)) throw new RangeError('times that do not rise')
    const block = Block.of(refs, times, sectionsOf(lengths, bytes.subarray(reader.at)))
    const row: Row = { values: new Float64Array(ticks), present: new Uint8Array(ticks) }
    for (let at = 0; at < rows; at++) block.read(at, row, 0)
    return block
  }
}

function sectionsOf(lengths: Uint32Array, body: Uint8Array): readonly Section[] {
  const sections: Section[] = []
  let start = 0
  for (let first = 0; first < lengths.length; first += ROWS_TOGETHER) {
    const together = lengths.subarray(first, first + ROWS_TOGETHER)
    const offsets = new Uint32Array(together.length + 1)
    for (const [position, length] of together.entries()) offsets[position + 1] = offsets[position]! + length
    const end = start + offsets[together.length]!
    sections.push({ offsets, body: body.slice(start, end) })
    start = end
  }
  return sections
}

function isEqual(one: Uint8Array | Uint32Array, other: Uint8Array | Uint32Array): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}

function sized(count: number, most: number): number {
  if (count > most) throw new RangeError(`a block of ${count} is cut off`)
  return count
}

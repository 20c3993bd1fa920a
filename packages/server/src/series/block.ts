import { ByteReader, ByteWriter } from './bytes.js'
import { readRow, writeRow } from './codec.js'

const VERSION = 1
/** What a block takes beside its arrays, about, in bytes. */
const BLOCK_OVERHEAD_BYTES = 400

/** What a row holds in the span that was asked for. */
export interface Row {
  readonly values: Float64Array
  /** 1 where there is a value. */
  readonly present: Uint8Array
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
    /** Where each row begins in `body`, and at the end where the last one ends. */
    private readonly offsets: Uint32Array,
    private readonly body: Uint8Array,
    private readonly hasOwnRefs = true,
  ) {}

  /** Packs rows of `capacity` cells each, of which `times.length` are ticks. */
  static seal(
    refs: ArrayLike<number>,
    times: Float64Array,
    values: Float64Array,
    present: Uint8Array,
    capacity: number,
  ): Block {
    const order = Array.from({ length: refs.length }, (_, row) => row).sort((a, b) => refs[a]! - refs[b]!)
    const writer = new ByteWriter(order.length * 16 + 64)
    const offsets = new Uint32Array(order.length + 1)
    for (const [position, row] of order.entries()) {
      writeRow(writer, values, present, row * capacity, times.length)
      offsets[position + 1] = writer.length
    }
    return new Block(
      Uint32Array.from(order, (row) => refs[row]!),
      times,
      offsets,
      writer.take(),
    )
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

  /** What it takes in memory, about. */
  get sizeBytes(): number {
    const refsBytes = this.hasOwnRefs ? this.refs.byteLength : 0
    return BLOCK_OVERHEAD_BYTES + refsBytes + this.offsets.byteLength + this.times.byteLength + this.body.length
  }

  /** The same block, which shares the list of its series with the one before it where they are equal. */
  after(before: Block | undefined): Block {
    if (before === undefined || before.refs.length !== this.refs.length) return this
    for (let at = 0; at < this.refs.length; at++) if (this.refs[at] !== before.refs[at]) return this
    return new Block(before.refs, this.times, this.offsets, this.body, false)
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
    return readRow(this.body, this.offsets[position]!, row.values, row.present, start, this.times.length)
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
    const writer = new ByteWriter(this.body.length + this.refs.length * 3 + this.times.length * 8 + 32)
    writer.byte(VERSION)
    writer.varint(this.times.length)
    for (const time of this.times) writer.double(time)
    writer.varint(this.refs.length)
    for (let at = 0; at < this.refs.length; at++) {
      writer.varint(this.refs[at]! - (at === 0 ? 0 : this.refs[at - 1]!))
      writer.varint(this.offsets[at + 1]! - this.offsets[at]!)
    }
    writer.append(this.body)
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
    const offsets = new Uint32Array(rows + 1)
    for (let at = 0; at < rows; at++) {
      refs[at] = reader.varint() + (at === 0 ? 0 : refs[at - 1]!)
      offsets[at + 1] = offsets[at]! + reader.varint()
    }
    const body = bytes.slice(reader.at)
    if (ticks === 0 || body.length !== offsets[rows]) throw new RangeError('the bytes of a block are cut off')
    for (let at = 1; at < ticks; at++)
      if (!(times[at]! > times[at - 1]!)) throw new RangeError('times that do not rise')
    const block = new Block(refs, times, offsets, body)
    const row: Row = { values: new Float64Array(ticks), present: new Uint8Array(ticks) }
    for (let at = 0; at < rows; at++) block.read(at, row, 0)
    return block
  }
}

function sized(count: number, most: number): number {
  if (count > most) throw new RangeError(`a block of ${count} is cut off`)
  return count
}

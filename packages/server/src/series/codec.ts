/**
 * The samples of one series in one block, packed. Most series of a registry count whole things and seldom change, so whole
 * numbers are written as differences, and equal neighbours as one run; other numbers as what differs in their bits from the
 * number before, byte by byte (after Pelkonen et al., "Gorilla", VLDB 2015, whose times are not needed here, since all
 * series of a block share theirs).
 *
 * A row: its kind; where it has gaps, the lengths of its runs, absent and present by turns; then its values.
 */
import { ByteReader, type ByteWriter } from './bytes.js'

const WHOLE = 0
const FLOAT = 1
/** In a row's kind: it has a value at some ticks only. */
const HAS_GAPS = 2
/** Whole numbers beyond it are written as floats: differences have to be exact. */
const LARGEST_WHOLE = 2 ** 51

const scratch = new DataView(new ArrayBuffer(8))

/** Packs one row: `values[start … start + count)`, of which those count where `present` is 1. At least one has to. */
export function writeRow(
  writer: ByteWriter,
  values: Float64Array,
  present: Uint8Array,
  start: number,
  count: number,
): void {
  let found = 0
  let whole = true
  for (let at = start; at < start + count; at++) {
    if (present[at] === 0) continue
    found++
    const value = values[at]!
    whole &&= Number.isInteger(value) && Math.abs(value) <= LARGEST_WHOLE && !Object.is(value, -0)
  }
  writer.byte((whole ? WHOLE : FLOAT) | (found < count ? HAS_GAPS : 0))
  if (found < count) writeRuns(writer, present, start, count)
  if (whole) writeWhole(writer, values, present, start, count)
  else writeFloats(writer, values, present, start, count)
}

function writeRuns(writer: ByteWriter, present: Uint8Array, start: number, count: number): void {
  let state = 0
  let length = 0
  for (let at = start; at < start + count; at++) {
    if (present[at] !== state) {
      writer.varint(length)
      state = 1 - state
      length = 0
    }
    length++
  }
  writer.varint(length)
}

/** The first number, then differences; 0 stands for a run of equals, and its length follows. */
function writeWhole(writer: ByteWriter, values: Float64Array, present: Uint8Array, start: number, count: number): void {
  let last = 0
  let run = 0
  for (let at = start, isFirst = true; at < start + count; at++) {
    if (present[at] === 0) continue
    const value = values[at]!
    const difference = value - last
    last = value
    if (isFirst) {
      writer.varint(zigzag(difference))
      isFirst = false
    } else if (difference === 0) run++
    else {
      endRun(writer, run)
      run = 0
      writer.varint(zigzag(difference))
    }
  }
  endRun(writer, run)
}

function endRun(writer: ByteWriter, run: number): void {
  if (run === 0) return
  writer.byte(0)
  writer.varint(run)
}

/** Small numbers of either sign as small numbers without one. */
const zigzag = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1)
const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2)

/** The first number as it is; then how many bytes are cut off at either end of the difference in bits, and the rest. */
function writeFloats(
  writer: ByteWriter,
  values: Float64Array,
  present: Uint8Array,
  start: number,
  count: number,
): void {
  let lastHigh = 0
  let lastLow = 0
  let run = 0
  for (let at = start, isFirst = true; at < start + count; at++) {
    if (present[at] === 0) continue
    scratch.setFloat64(0, values[at]!)
    const high = scratch.getUint32(0)
    const low = scratch.getUint32(4)
    const highDifference = (high ^ lastHigh) >>> 0
    const lowDifference = (low ^ lastLow) >>> 0
    lastHigh = high
    lastLow = low
    if (isFirst) {
      writer.double(values[at]!)
      isFirst = false
    } else if (highDifference === 0 && lowDifference === 0) run++
    else {
      endRun(writer, run)
      run = 0
      writeDifference(writer, highDifference, lowDifference)
    }
  }
  endRun(writer, run)
}

function writeDifference(writer: ByteWriter, high: number, low: number): void {
  let size = 8
  while (byteAt(high, low, size - 1) === 0) size--
  let cut = 0
  while (byteAt(high, low, cut) === 0) cut++
  // `size` is 1 to 8 and `cut` 0 to 7, so the pair is never 0, which stands for a run.
  writer.byte(size * 8 + cut)
  writer.tail(...shifted(high, low, cut), size - cut)
}

const byteAt = (high: number, low: number, at: number): number =>
  at >= 4 ? (high >>> ((at - 4) * 8)) & 0xff : (low >>> (at * 8)) & 0xff

/** Shifts a 64-bit number in two halves by whole bytes to the right. */
function shifted(high: number, low: number, bytes: number): [number, number] {
  if (bytes === 0) return [high, low]
  if (bytes >= 4) return [0, high >>> ((bytes - 4) * 8)]
  return [high >>> (bytes * 8), ((low >>> (bytes * 8)) | (high << (32 - bytes * 8))) >>> 0]
}

/**
 * Unpacks a row of `count` ticks at `offset` into `values` and `present`, both from `start` on. Returns how many ticks
 * have a value. Throws RangeError where the bytes are none of a row.
 */
export function readRow(
  body: Uint8Array,
  offset: number,
  values: Float64Array,
  present: Uint8Array,
  start: number,
  count: number,
): number {
  const reader = new ByteReader(body, offset)
  const kind = reader.byte()
  if (kind > (FLOAT | HAS_GAPS)) throw new RangeError(`no row has the kind ${kind}`)
  if ((kind & HAS_GAPS) === 0) present.fill(1, start, start + count)
  else readRuns(reader, present, start, count)
  return (kind & FLOAT) === 0
    ? readWhole(reader, values, present, start, count)
    : readFloats(reader, values, present, start, count)
}

function readRuns(reader: ByteReader, present: Uint8Array, start: number, count: number): void {
  for (let at = 0, state = 0; at < count; state = 1 - state) {
    const end = Math.min(at + reader.varint(), count)
    present.fill(state, start + at, start + end)
    at = end
  }
}

function readWhole(
  reader: ByteReader,
  values: Float64Array,
  present: Uint8Array,
  start: number,
  count: number,
): number {
  let found = 0
  let last = 0
  let run = 0
  for (let at = start; at < start + count; at++) {
    if (present[at] === 0) continue
    if (run > 0) run--
    else {
      const difference = reader.varint()
      if (difference === 0 && found > 0) run = reader.varint() - 1
      else last += unzigzag(difference)
    }
    values[at] = last
    found++
  }
  return found
}

function readFloats(
  reader: ByteReader,
  values: Float64Array,
  present: Uint8Array,
  start: number,
  count: number,
): number {
  let found = 0
  let run = 0
  scratch.setFloat64(0, 0)
  for (let at = start; at < start + count; at++) {
    if (present[at] === 0) continue
    if (found === 0) scratch.setFloat64(0, reader.double())
    else if (run > 0) run--
    else {
      const control = reader.byte()
      if (control === 0) run = reader.varint() - 1
      else for (let byte = (control >> 3) - 1; byte >= (control & 7); byte--) flip(7 - byte, reader.byte())
    }
    values[at] = scratch.getFloat64(0)
    found++
  }
  return found
}

const flip = (at: number, bits: number): void => scratch.setUint8(at, scratch.getUint8(at) ^ bits)

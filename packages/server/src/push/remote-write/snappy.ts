/** Longest piece that is looked at by itself: what lies before it is 16 bits away at most. */
const FRAGMENT_BYTES = 65_536
const TABLE_BITS = 14
const LEAST_MATCH = 4
const MAX_COPY = 64
/** The last bytes of a piece are not looked for: four are read at once. */
const MARGIN = 15

/**
 * A block of snappy (https://github.com/google/snappy/blob/main/format_description.txt), not the framing format: the length, then
 * literals and copies of what came before. A table has the place where four bytes of some hash came last.
 */
export function snappy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(32 + bytes.length + Math.ceil(bytes.length / 6))
  let end = varint(out, 0, bytes.length)
  const table = new Uint16Array(1 << TABLE_BITS)
  for (let start = 0; start < bytes.length; start += FRAGMENT_BYTES) {
    table.fill(0)
    end = fragment(bytes, start, Math.min(start + FRAGMENT_BYTES, bytes.length), table, out, end)
  }
  return out.slice(0, end)
}

function fragment(
  bytes: Uint8Array,
  start: number,
  stop: number,
  table: Uint16Array,
  out: Uint8Array,
  outAt: number,
): number {
  let end = outAt
  let literalFrom = start
  let at = start + 1
  // What does not repeat is passed over faster and faster.
  let misses = 32
  while (at < stop - MARGIN) {
    const slot = hash(bytes, at)
    const candidate = start + table[slot]!
    table[slot] = at - start
    if (candidate >= at || !sameFour(bytes, candidate, at)) {
      at += misses++ >> 5
      continue
    }
    misses = 32
    if (at > literalFrom) end = literal(bytes, literalFrom, at, out, end)
    let length = LEAST_MATCH
    while (at + length < stop && bytes[candidate + length] === bytes[at + length]) length++
    end = copy(at - candidate, length, out, end)
    at += length
    literalFrom = at
    if (at < stop - MARGIN) table[hash(bytes, at - 1)] = at - 1 - start
  }
  return literalFrom < stop ? literal(bytes, literalFrom, stop, out, end) : end
}

function hash(bytes: Uint8Array, at: number): number {
  const four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  return Math.imul(four, 0x1e35a7bd) >>> (32 - TABLE_BITS)
}

function sameFour(bytes: Uint8Array, one: number, other: number): boolean {
  return (
    bytes[one] === bytes[other] &&
    bytes[one + 1] === bytes[other + 1] &&
    bytes[one + 2] === bytes[other + 2] &&
    bytes[one + 3] === bytes[other + 3]
  )
}

function literal(bytes: Uint8Array, from: number, to: number, out: Uint8Array, outAt: number): number {
  let end = outAt
  const less = to - from - 1
  if (less < 60) out[end++] = less << 2
  else if (less < 256) {
    out[end++] = 60 << 2
    out[end++] = less
  } else {
    out[end++] = 61 << 2
    out[end++] = less & 0xff
    out[end++] = less >> 8
  }
  out.set(bytes.subarray(from, to), end)
  return end + to - from
}

/** Copies of up to 64 bytes from up to 65,535 before, each three bytes long. */
function copy(offset: number, length: number, out: Uint8Array, outAt: number): number {
  let end = outAt
  for (let left = length; left > 0; left -= MAX_COPY) {
    out[end++] = ((Math.min(left, MAX_COPY) - 1) << 2) | 2
    out[end++] = offset & 0xff
    out[end++] = offset >> 8
  }
  return end
}

function varint(out: Uint8Array, outAt: number, value: number): number {
  let end = outAt
  let left = value
  for (; left >= 0x80; left = Math.floor(left / 128)) out[end++] = (left % 128) | 0x80
  out[end++] = left
  return end
}

/** The byte that ends a line. It stands nowhere in JSON that `JSON.stringify` made. */
export const NEWLINE = 0x0a
const PREFIX = new TextEncoder().encode('{"seq":')
const COMMA = 0x2c
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39

/** One numbered event: its number is 1, 2, 3 … within the stream, given once and never again. */
export interface Line {
  readonly seq: number
  readonly event: unknown
}

/**
 * Numbered events as they wait and travel: bytes, since thousands of objects that live for the length of a post would
 * grow the heap of a process that only passes messages on.
 */
export interface Lines {
  /**
   * Each event as `{"seq":n,"event":{…}}` and a line break, UTF-8, numbers rising; with `"values":{…}` behind the event where
   * it has some beside it.
   */
  readonly bytes: Uint8Array
  readonly count: number
  /** Numbers of the first and the last; 0 where there is none. */
  readonly first: number
  readonly last: number
}

export const NO_LINES: Lines = { bytes: new Uint8Array(0), count: 0, first: 0, last: 0 }

/** How much one read, or one batch, may hold. */
export interface BatchLimits {
  readonly maxEvents: number
  /** Length of the lines together, bytes. The first line is given whatever its length. */
  readonly maxBytes: number
}

/** The whole lines at the front of `bytes` that fit. Throws where they are no lines of ours. */
export function firstLines(bytes: Uint8Array, { maxEvents, maxBytes }: BatchLimits): Lines {
  let end = 0
  let count = 0
  let last = 0
  while (count < maxEvents) {
    const next = bytes.indexOf(NEWLINE, end) + 1
    if (next === 0 || (count > 0 && next > maxBytes)) break
    last = numberAt(bytes, end)
    end = next
    count++
  }
  return count === 0 ? NO_LINES : { bytes: bytes.subarray(0, end), count, first: numberAt(bytes, 0), last }
}

/** How many whole lines at the front of `bytes` have numbers up to `seq`, and how long they are together, bytes. */
export function linesUpTo(bytes: Uint8Array, seq: number): { readonly count: number; readonly sizeBytes: number } {
  let sizeBytes = 0
  let count = 0
  for (let next = bytes.indexOf(NEWLINE) + 1; next > 0; next = bytes.indexOf(NEWLINE, next) + 1) {
    if (numberAt(bytes, sizeBytes) > seq) break
    sizeBytes = next
    count++
  }
  return { count, sizeBytes }
}

/** The number of the line that begins at `at`. */
export function numberAt(bytes: Uint8Array, at: number): number {
  let next = at
  for (const byte of PREFIX) if (bytes[next++] !== byte) throw foreign()
  let seq = 0
  for (let digit = bytes[next]!; digit >= DIGIT_0 && digit <= DIGIT_9; digit = bytes[++next]!)
    seq = seq * 10 + (digit - DIGIT_0)
  if (seq === 0 || bytes[next] !== COMMA) throw foreign()
  return seq
}

/** Bytes to ask for where so many are wanted, and a few more the next time: a power of two. */
export function roomFor(sizeBytes: number): number {
  return 2 ** Math.ceil(Math.log2(sizeBytes))
}

function foreign(): Error {
  return new Error('these are no numbered events')
}

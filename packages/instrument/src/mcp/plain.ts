import { PLAIN_ASCII } from './grammar.js'

const QUOTE = 0x22
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
/** What is longer is read piece by piece, bytes. */
const LONGEST = 256
/** So many digits are a whole number that is counted exactly. */
const MOST_DIGITS = 15
/** So many texts are known again: a power of two. */
const KNOWN = 256

/**
 * The place of the quote that ends the string which begins at `from`, where all before it stands for itself: ASCII, no
 * escape, not long, and all in this chunk. -1 otherwise.
 */
export function plainEnd(chunk: Uint8Array, from: number, to: number): number {
  const last = to - from > LONGEST ? from + LONGEST : to
  let at = from
  while (at < last && PLAIN_ASCII[chunk[at]!] === 1) at++
  return at < last && chunk[at] === QUOTE ? at : -1
}

/** The place after a row of digits that is a whole number, and not the beginning of another one or of what goes on. -1 otherwise. */
export function wholeEnd(chunk: Uint8Array, from: number, to: number): number {
  const last = to - from > MOST_DIGITS ? from + MOST_DIGITS : to
  let at = from
  while (at < last && chunk[at]! >= DIGIT_0 && chunk[at]! <= DIGIT_9) at++
  // Where a number began with a zero it has no second digit; what else may follow a number ends it.
  if (at === from || at === to || (chunk[from] === DIGIT_0 && at > from + 1)) return -1
  const c = chunk[at]!
  return c === 0x2c || c === 0x7d || c === 0x5d || c === 0x20 ? at : -1
}

/** The value of the digits `chunk[from, to)`. */
export function wholeAt(chunk: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) value = value * 10 + (chunk[at]! - DIGIT_0)
  return value
}

/**
 * Texts of ASCII. The same few names come with every message, so those that came last are known again: to find one costs
 * less than to make it, and leaves no garbage.
 */
export class Texts {
  readonly #known: (string | undefined)[] = new Array(KNOWN).fill(undefined)

  /** The text of `chunk[from, to)`, which is ASCII. */
  at(chunk: Uint8Array, from: number, to: number): string {
    let place = to - from
    for (let at = from; at < to; at++) place = (place * 31 + chunk[at]!) | 0
    place &= KNOWN - 1
    const known = this.#known[place]
    if (known !== undefined && isAt(known, chunk, from, to)) return known
    let text = ''
    for (let at = from; at < to; at++) text += String.fromCharCode(chunk[at]!)
    this.#known[place] = text
    return text
  }
}

function isAt(text: string, chunk: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false
  for (let at = from; at < to; at++) if (text.charCodeAt(at - from) !== chunk[at]) return false
  return true
}

/** The parts of JSON's grammar (RFC 8259) that are tables: bytes of strings, states of numbers, the three words. */

/** 1 for each byte that stands for itself within a string: no control byte, no quote, no backslash. */
export const PLAIN: Uint8Array = Uint8Array.from({ length: 256 }, (_, c) =>
  c >= 0x20 && c !== 0x22 && c !== 0x5c ? 1 : 0,
)

/** The same, of ASCII alone: what is a text without being decoded. */
export const PLAIN_ASCII: Uint8Array = PLAIN.map((plain, c) => (c < 0x80 ? plain : 0))

/** What follows a backslash. 0: not allowed. 1: a whole escape. 2: `u`, and four hexadecimal digits follow. */
export const ESCAPES: Uint8Array = new Uint8Array(256)
for (const c of '"\\/bfnrt') ESCAPES[c.charCodeAt(0)] = 1
ESCAPES['u'.charCodeAt(0)] = 2

/** 1 for each hexadecimal digit. */
export const HEX: Uint8Array = new Uint8Array(256)
for (const c of '0123456789abcdefABCDEF') HEX[c.charCodeAt(0)] = 1

const MINUS = 1
const ZERO = 2
const INTEGER = 3
const POINT = 4
const FRACTION = 5
const EXPONENT = 6
const EXPONENT_SIGN = 7
const EXPONENT_DIGITS = 8

/** Where a number stands before its first byte. */
export const NUMBER_START = 0

/** The state after a number's next byte; -1 where the byte is none of this number's. */
export function numberStep(state: number, c: number): number {
  if (c >= 0x30 && c <= 0x39) return digitStep(state, c)
  if (c === 0x2d) return state === NUMBER_START ? MINUS : state === EXPONENT ? EXPONENT_SIGN : -1
  if (c === 0x2b) return state === EXPONENT ? EXPONENT_SIGN : -1
  if (c === 0x2e) return state === ZERO || state === INTEGER ? POINT : -1
  if (c === 0x65 || c === 0x45) return state === ZERO || state === INTEGER || state === FRACTION ? EXPONENT : -1
  return -1
}

function digitStep(state: number, c: number): number {
  switch (state) {
    case NUMBER_START:
    case MINUS:
      return c === 0x30 ? ZERO : INTEGER
    case ZERO:
      return -1
    case POINT:
      return FRACTION
    case EXPONENT:
    case EXPONENT_SIGN:
      return EXPONENT_DIGITS
    default:
      return state
  }
}

/** Whether a number may end in this state. */
export function isWholeNumber(state: number): boolean {
  return state === ZERO || state === INTEGER || state === FRACTION || state === EXPONENT_DIGITS
}

/** The word that begins with this byte. */
export const WORDS: readonly (Uint8Array | undefined)[] = wordTable()

function wordTable(): (Uint8Array | undefined)[] {
  const table: (Uint8Array | undefined)[] = new Array(256).fill(undefined)
  for (const word of ['true', 'false', 'null']) {
    table[word.charCodeAt(0)] = Uint8Array.from(word, (letter) => letter.charCodeAt(0))
  }
  return table
}

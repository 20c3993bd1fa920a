/**
 * Strings as Go writes them. A byte that is no UTF-8 (`"\xff"`) becomes the surrogate U+DC00 + byte, which no well-formed
 * string has: so such a string is known by `isWellFormed` below, and keeps what it was written as.
 */
const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
}
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]?))/g
const STRAY_BYTE = 0xdc00

/** The text of a quoted literal, or what is wrong with it. Quotes are `"`, `'`, or a backquote for raw text. */
export function unquote(literal: string): { readonly text: string } | { readonly problem: string } {
  const quote = literal[0] ?? ''
  const inner = literal.slice(1, -1)
  if (literal.length < 2 || !literal.endsWith(quote)) return { problem: 'a string is not closed' }
  if (quote === '`') return { text: inner }
  let problem: string | undefined
  const bytes: number[] = []
  const flush = () => decodeBytes(bytes.splice(0))
  let end = 0
  let text = ''
  for (const match of inner.matchAll(ESCAPE)) {
    if (match.index > end) text += flush() + inner.slice(end, match.index)
    end = match.index + match[0].length
    const [whole, hex, octal, short, long, simple] = match
    const byte = hex !== undefined ? Number.parseInt(hex, 16) : octal !== undefined ? Number.parseInt(octal, 8) : -1
    const point = Number.parseInt(short ?? long ?? '', 16)
    const named = simple === undefined ? undefined : SIMPLE[simple]
    if (byte >= 0 && byte <= 0xff) bytes.push(byte)
    else if (isCharacter(point)) text += flush() + String.fromCodePoint(point)
    else if (named !== undefined && (named === '\\' || simple !== otherQuote(quote))) text += flush() + named
    else problem ??= `there is no escape sequence ${whole}`
  }
  text += flush() + inner.slice(end)
  return problem === undefined ? { text } : { problem }
}

const otherQuote = (quote: string): string => (quote === '"' ? "'" : '"')
const isCharacter = (point: number): boolean => point >= 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff)

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes as UTF-8; those that are none become stray bytes, one by one. */
function decodeBytes(bytes: readonly number[]): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find(
      (count) => at + count <= bytes.length && decoded(bytes.slice(at, at + count)) !== '',
    )
    text += length === undefined ? String.fromCharCode(STRAY_BYTE + bytes[at]!) : decoded(bytes.slice(at, at + length))
    at += length ?? 1
  }
  return text
}

function decoded(bytes: readonly number[]): string {
  try {
    return UTF8.decode(Uint8Array.from(bytes))
  } catch {
    return ''
  }
}

const NAMES = new Map(Object.entries(SIMPLE).flatMap(([name, text]) => (name === "'" ? [] : [[text, name]])))

/** The text in double quotes, escaped as Go does. */
export function quote(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && !/["\\]/.test(text)) return `"${text}"`
  let quoted = ''
  for (const character of text) {
    const point = character.codePointAt(0)!
    const name = NAMES.get(character)
    if (name !== undefined) quoted += `\\${name}`
    else if (point >= STRAY_BYTE && point < STRAY_BYTE + 0x100) quoted += hex('x', point - STRAY_BYTE, 2)
    else if (point < 0x20 || point === 0x7f) quoted += hex('x', point, 2)
    else if (!isCharacter(point) || /\p{C}|\p{Zl}|\p{Zp}/u.test(character))
      quoted += point > 0xffff ? hex('U', point, 8) : hex('u', point, 4)
    else quoted += character
  }
  return `"${quoted}"`
}

const hex = (letter: string, number: number, digits: number): string =>
  `\\${letter}${number.toString(16).padStart(digits, '0')}`

/** Whether a name may stand unquoted as a label's. */
export const isPlainLabelName = (name: string): boolean => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)

/** Whether a text is Unicode: no surrogate stands alone. */
export const isWellFormed = (text: string): boolean => !/\p{Cs}/u.test(text)

/** The text with U+FFFD for each lone surrogate. */
export const toWellFormed = (text: string): string => text.replace(/\p{Cs}/gu, '\uFFFD')

/** Whether a name may be a label's at all: any well-formed text that is not empty. */
export const isLabelName = (name: string): boolean => name !== '' && isWellFormed(name)

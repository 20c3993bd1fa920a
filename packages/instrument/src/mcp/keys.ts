/** How texts and ids are kept and compared: as they are while they are short, and by their hash when they are long. */
import { MAX_INTEGER, MAX_KEY_LENGTH } from './bounds.js'
import { Sha256 } from './sha256.js'

/** The first `limit` UTF-16 units of a text, never ending in half of a surrogate pair. */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text
  const last = text.charCodeAt(limit - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? limit - 1 : limit)
}

/** A text as a key: `=` and the text, or of a longer one `#` and a hash. Equals what a keyed capture of it gives. */
export function keyOf(text: string, limit: number): string {
  if (text.length <= limit) return `=${text}`
  const hash = new Sha256()
  hashUnits(hash, text)
  return `#${hash.digest()}`
}

/** Adds a text to a hash, by its UTF-16 units. */
export function hashUnits(hash: Sha256, text: string): void {
  const bytes = new Uint8Array(text.length * 2)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes[2 * i] = unit >> 8
    bytes[2 * i + 1] = unit & 0xff
  }
  hash.update(bytes)
}

/** The key of an id that is a string. */
export function textKey(id: string): string {
  return `s${keyOf(id, MAX_KEY_LENGTH)}`
}

/**
 * An id as a map's key, from its JSON token: equal ids give equal keys, 1 and "1" different ones. Equal to what a
 * `token` of `PATHS` gives. `undefined` for a token that is no string, number or null. Numbers of more than 128
 * characters are equal only when written alike.
 */
export function tokenKey(token: string): string | undefined {
  if (token.length > MAX_KEY_LENGTH && !token.startsWith('"')) return `n${keyOf(token, MAX_KEY_LENGTH)}`
  let value: unknown
  try {
    value = JSON.parse(token)
  } catch {
    return undefined
  }
  if (typeof value === 'string') return textKey(value)
  if (typeof value === 'number') return writtenKey(token)
  return value === null ? 'null' : undefined
}

/** A JSON token that has this key. `undefined` for the key of a long one, of which the hash alone is known. */
export function keyToken(key: string): string | undefined {
  if (key.startsWith('s=')) return JSON.stringify(key.slice(2))
  return /^n[-\d]/.test(key) ? key.slice(1) : undefined
}

/** A whole number of less than `MAX_INTEGER` as text; `undefined` for any other. */
export function integerText(value: number): string | undefined {
  return Number.isInteger(value) && Math.abs(value) < MAX_INTEGER ? String(value) : undefined
}

/** The key of an id that is a number, as JSON writes it: whole ones beyond 2^53 are told apart. */
export function writtenKey(digits: string): string {
  return /^-?\d{16,}$/.test(digits) ? `n${digits}` : numberKey(Number(digits))
}

/**
 * What becomes of a key in a program that holds a number beyond 2^53 as a 64-bit float, or as a text: equal for all that
 * one of these may write in place of the same id. `undefined` for a key that everybody writes alike.
 */
export function blurredKey(key: string): string | undefined {
  const value = Number(key.startsWith('n') ? key.slice(1) : /^s=(-?\d{16,})$/.exec(key)?.[1])
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? numberKey(value) : undefined
}

/** The one of these keys that an answer with this key is for: the same, else the first that may have become it. */
export function keyAmong(keys: readonly string[], key: string): string | undefined {
  if (keys.includes(key)) return key
  const blurred = blurredKey(key)
  return blurred === undefined ? undefined : keys.find((one) => blurredKey(one) === blurred)
}

/** The key of an id that is a number. */
export function numberKey(value: number): string {
  return `n${value === 0 ? 0 : value}`
}

const MCP_ERROR = /^MCP error (-?\d{1,6}):/

/** The number in a text that begins with `MCP error -32602:`, as text; `undefined` for any other. */
export function codeOf(text: string): string | undefined {
  return MCP_ERROR.exec(text)?.[1]
}

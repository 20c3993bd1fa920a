/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

/** Half of a surrogate pair, which UTF-8 cannot say. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** Why a value has no canonical form. `message` says what is wrong and where: `details.retries[2]`. */
export class NotCanonical extends Error {
  override readonly name = 'NotCanonical'
}

export interface CanonicalOptions {
  /**
   * What numbers may be: `any` finite one, as RFC 8785 writes it, or whole ones within ±(2^53 − 1) alone, which every
   * language writes alike. Rows take `safe-integer`.
   */
  readonly numbers: 'any' | 'safe-integer'
  /** Deepest nesting of arrays and objects: `{"a":[1]}` has 2. */
  readonly maxDepth: number
}

/**
 * The canonical text of a JSON value by RFC 8785 (JCS); its canonical bytes are this in UTF-8.
 *
 * @param at where the value stands, for the message of an error
 * @throws NotCanonical for lone surrogates, numbers that are not allowed, what nests too deep, and what is no JSON
 */
export function canonicalize(value: unknown, options: CanonicalOptions, at = 'value'): string {
  return write(value, options, at, 0)
}

function write(value: unknown, options: CanonicalOptions, at: string, depth: number): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value, at)
    case 'number':
      return writeNumber(value, options, at)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (depth >= options.maxDepth) throw new NotCanonical(`${at} nests deeper than ${options.maxDepth}`)
      return Array.isArray(value) ? writeArray(value, options, at, depth) : writeObject(value, options, at, depth)
    default:
      throw new NotCanonical(`${at} is of type ${typeof value}, which JSON does not have`)
  }
}

/** A string in JCS form. JSON.stringify escapes exactly what RFC 8785 wants escaped, and lone surrogates beside. */
export function canonicalString(text: string, at: string): string {
  if (LONE_SURROGATE.test(text)) throw new NotCanonical(`${at} has half of a surrogate pair`)
  return JSON.stringify(text)
}

function writeNumber(value: number, { numbers }: CanonicalOptions, at: string): string {
  if (!Number.isFinite(value)) throw new NotCanonical(`${at} is ${value}, which JSON does not have`)
  if (numbers === 'safe-integer' && !Number.isSafeInteger(value))
    throw new NotCanonical(`${at} is ${value}; only whole numbers within ±(2^53 - 1) are taken`)
  return JSON.stringify(value)
}

function writeArray(values: readonly unknown[], options: CanonicalOptions, at: string, depth: number): string {
  const parts = Array.from(values, (value, index) => write(value, options, `${at}[${index}]`, depth + 1))
  return `[${parts.join(',')}]`
}

function writeObject(value: object, options: CanonicalOptions, at: string, depth: number): string {
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    throw new NotCanonical(`${at} is an object of a class, not of JSON`)
  // The default order of sort() is by UTF-16 code units, which is what RFC 8785 asks for.
  const members = Object.keys(value)
    .sort()
    .map((name) => {
      const inner = `${at}.${name}`
      return `${canonicalString(name, inner)}:${write(value[name as never], options, inner, depth + 1)}`
    })
  return `{${members.join(',')}}`
}

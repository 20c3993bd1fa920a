/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

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
  try {
    return write(value, options, 0)
  } catch (error) {
    if (error instanceof Misfit) throw new NotCanonical(`${at}${error.at} ${error.problem}`)
    throw error
  }
}

/** A string in JCS form. JSON.stringify escapes exactly what RFC 8785 wants escaped, and lone surrogates beside. */
export function canonicalString(text: string, at: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw new NotCanonical(`${at} ${HALF}`)
  return JSON.stringify(text)
}

/** Nothing of it is escaped: most of what is written. */
const PLAIN = /^[ !#-[\]-~]*$/

/** What is wrong, and where below the value: put together on the way out, so that what is right pays nothing for it. */
class Misfit extends Error {
  constructor(
    readonly problem: string,
    readonly at: string,
  ) {
    super(problem)
  }
}

/** Half of a surrogate pair, which UTF-8 cannot say. */
const HALF = 'has half of a surrogate pair'

function write(value: unknown, options: CanonicalOptions, depth: number): string {
  switch (typeof value) {
    case 'string':
      if (PLAIN.test(value)) return `"${value}"`
      if (!value.isWellFormed()) throw new Misfit(HALF, '')
      return JSON.stringify(value)
    case 'number':
      return writeNumber(value, options)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (depth >= options.maxDepth) throw new Misfit(`nests deeper than ${options.maxDepth}`, '')
      return Array.isArray(value) ? writeArray(value, options, depth) : writeObject(value, options, depth)
    default:
      throw new Misfit(`is of type ${typeof value}, which JSON does not have`, '')
  }
}

function writeNumber(value: number, { numbers }: CanonicalOptions): string {
  if (Number.isSafeInteger(value)) return String(value)
  if (!Number.isFinite(value)) throw new Misfit(`is ${value}, which JSON does not have`, '')
  if (numbers === 'safe-integer') throw new Misfit(`is ${value}; only whole numbers within ±(2^53 - 1) are taken`, '')
  return JSON.stringify(value)
}

function writeArray(values: readonly unknown[], options: CanonicalOptions, depth: number): string {
  const parts = Array.from(values, (value, index) => writePart(value, `[${index}]`, options, depth))
  return `[${parts.join(',')}]`
}

function writeObject(value: object, options: CanonicalOptions, depth: number): string {
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw new Misfit('is an object of a class, not of JSON', '')
  const members = membersOf(Object.keys(value))
  if (members.length === 0) return '{}'
  let text = ''
  for (const { name, before } of members) text += before + writePart(value[name as never], name, options, depth)
  return `${text}}`
}

interface Member {
  readonly name: string
  /** What is written before its value: `{"a":` or `,"b":`. */
  readonly before: string
}

/** Names of the object that was written last, and its members in their order: most objects have the names of one before. */
let lastNames: readonly string[] = []
let lastMembers: readonly Member[] = []

function membersOf(names: readonly string[]): readonly Member[] {
  if (names.length === lastNames.length && names.every((name, n) => name === lastNames[n])) return lastMembers
  // The default order of sort() is by UTF-16 code units, which is what RFC 8785 asks for.
  const members = names.toSorted().map((name, n) => {
    if (!name.isWellFormed()) throw new Misfit(HALF, `.${name}`)
    return { name, before: `${n === 0 ? '{' : ','}${JSON.stringify(name)}:` }
  })
  lastNames = names
  lastMembers = members
  return members
}

/** A value inside another, by the key or the `[index]` that leads to it. */
function writePart(value: unknown, key: string, options: CanonicalOptions, depth: number): string {
  try {
    return write(value, options, depth + 1)
  } catch (error) {
    if (error instanceof Misfit) throw new Misfit(error.problem, `${key.startsWith('[') ? '' : '.'}${key}${error.at}`)
    throw error
  }
}

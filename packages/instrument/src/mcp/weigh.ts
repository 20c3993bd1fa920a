/** Characters of JSON around a message's own: braces, `"jsonrpc":"2.0"`, the id and the names of its parts. */
const FRAME = 48
/** Of each member: quotes, colon, comma. */
const MEMBER = 4
const LITERAL = 5
/** Of a number that is neither whole nor of a few decimals, as divisions give them. */
const FRACTION = 18
const DECIMALS = 3
/** Deeper than this nothing is counted: it is no more than a bound against cycles. */
const MAX_DEPTH = 64

/** How much of a message is looked at. */
export interface WeighOptions {
  /** Most values. */
  readonly budget: number
  /** Most elements of each array, from its first to its last: the others count as much as these do. Default: all. */
  readonly perArray?: number
}

/** Says about how many bytes a message takes as JSON, from the lengths of its texts: a character counts as a byte. */
export class Scale {
  #left = 0
  #perArray = Infinity
  /** Whether the last message was looked at as a whole. */
  whole = true

  /** `undefined` where the budget does not do. */
  weigh(message: unknown, { budget, perArray = Infinity }: WeighOptions): number | undefined {
    this.#left = budget
    this.#perArray = perArray
    this.whole = true
    const length = this.#of(message, 0)
    if (this.#left >= 0) return FRAME + length
    this.whole = false
    return undefined
  }

  #of(value: unknown, depth: number): number {
    if (--this.#left < 0) return 0
    switch (typeof value) {
      case 'string':
        return value.length + 2
      case 'number':
        return numberLength(value)
      case 'object':
        if (value === null || depth > MAX_DEPTH) return LITERAL
        return Array.isArray(value) ? this.#array(value, depth) : this.#object(value, depth)
      case 'boolean':
        return LITERAL
      default:
        return 0
    }
  }

  #array(values: readonly unknown[], depth: number): number {
    const all = values.length
    const some = Math.min(all, this.#perArray)
    let length = 0
    for (let i = 0; i < some && this.#left >= 0; i++) {
      // What is listed first is often smaller than what is listed last, ids for one.
      const at = some === all ? i : Math.floor((i * (all - 1)) / (some - 1))
      length += this.#of(values[at], depth + 1) + 1
    }
    if (some === all) return length + 2
    this.whole = false
    return Math.round((length * all) / some) + 2
  }

  #object(value: object, depth: number): number {
    let length = 2
    for (const key in value) {
      if (this.#left < 0) return length
      const member = (value as Readonly<Record<string, unknown>>)[key]
      if (member !== undefined) length += key.length + MEMBER + this.#of(member, depth + 1)
    }
    return length
  }
}

/** Most are small and whole, and writing one down to measure it would cost more than all else here. */
function numberLength(value: number): number {
  if (value < 0) return 1 + numberLength(-value)
  if (Number.isInteger(value)) return digits(value)
  const scaled = value * 10 ** DECIMALS
  return Math.abs(scaled - Math.round(scaled)) < 1e-6 ? digits(Math.trunc(value)) + DECIMALS : FRACTION
}

function digits(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  if (value < 1000) return 3
  return 1 + Math.floor(Math.log10(value))
}

import { isObject } from './shapes.js'

/** Values that are looked at to size any message: a call with a few arguments has fewer. Of a long array three elements. */
const GLANCE_VALUES = 64
const GLANCE_PER_ARRAY = 3
/** Of one message in this many that a glance does not see as a whole, and of lists of tools, this much is looked at. */
const SAMPLED_ONE_IN = 64
const WHOLE_VALUES = 100_000
/** Of a result's content every part is looked at: of texts, images and sounds only the lengths are. */
const CONTENT_VALUES = 5000
/** Characters of JSON around a message's own: braces, `"jsonrpc":"2.0"`, the id and the names of its parts. */
const FRAME = 48
/** Of each member: quotes, colon, comma. */
const MEMBER = 4
const LITERAL = 5
/** Of a number that is neither whole nor of a few decimals, as divisions give them. */
const FRACTION = 18
const DECIMALS = 3
/** Larger numbers are written with an exponent. */
const MAX_DIGITS = 21
/** Deeper than this nothing is counted: it is no more than a bound against cycles. */
const MAX_DEPTH = 64

/**
 * Sizes the messages of a process: about how many bytes each takes as JSON, from the lengths of its texts, a character counting as a
 * byte. All sizes are estimates, since no message is written down for it.
 */
export class Sizer {
  #left = 0
  #perArray = Infinity
  /** Whether what was weighed last was looked at as a whole. */
  #isWhole = true
  #large = 0

  /**
   * About how many bytes a message takes, some elements of a long array standing for the whole of it; 0 where it has too much to
   * look at. One message in 64 of such is looked at as a whole.
   */
  of(message: unknown): number {
    const result = isObject(message) ? message.result : undefined
    if (!isObject(result)) return this.#glance(message)
    const { content, tools, structuredContent } = result
    if (Array.isArray(tools)) return this.#weigh(message, WHOLE_VALUES)
    if (!Array.isArray(content)) return this.#glance(message)
    const size = this.#weigh(content, CONTENT_VALUES)
    if (!size || structuredContent === undefined) return size
    const structured = this.#glance(structuredContent)
    return structured && structured + size
  }

  #glance(value: unknown): number {
    const weight = this.#weigh(value, GLANCE_VALUES, GLANCE_PER_ARRAY)
    if (this.#isWhole || this.#large++ % SAMPLED_ONE_IN !== 0) return weight
    return this.#weigh(value, WHOLE_VALUES) || weight
  }

  /**
   * `budget`: most values that are looked at; 0 where they do not do. `perArray`: most elements of each array, from its first to
   * its last: the others count as much as these do.
   */
  #weigh(value: unknown, budget: number, perArray = Infinity): number {
    this.#left = budget
    this.#perArray = perArray
    this.#isWhole = true
    const length = FRAME + this.#lengthOf(value, 0)
    if (this.#left >= 0) return length
    this.#isWhole = false
    return 0
  }

  #lengthOf(value: unknown, depth: number): number {
    if (--this.#left < 0) return 0
    switch (typeof value) {
      case 'string':
        return value.length + 2
      case 'number':
        return numberLength(value)
      case 'object':
        if (value === null || depth > MAX_DEPTH) return LITERAL
        return Array.isArray(value) ? this.#arrayLength(value, depth) : this.#objectLength(value, depth)
      case 'boolean':
        return LITERAL
      default:
        return 0
    }
  }

  #arrayLength(values: readonly unknown[], depth: number): number {
    const all = values.length
    const some = Math.min(all, this.#perArray)
    let length = 0
    for (let i = 0; i < some && this.#left >= 0; i++) {
      // What is listed first is often smaller than what is listed last, ids for one.
      const at = some === all ? i : Math.floor((i * (all - 1)) / (some - 1))
      length += this.#lengthOf(values[at], depth + 1) + 1
    }
    if (some === all) return length + 2
    this.#isWhole = false
    return Math.round((length * all) / some) + 2
  }

  #objectLength(value: object, depth: number): number {
    let length = 2
    for (const key in value) {
      if (this.#left < 0) return length
      const member = (value as Readonly<Record<string, unknown>>)[key]
      if (member !== undefined) length += key.length + MEMBER + this.#lengthOf(member, depth + 1)
    }
    return length
  }
}

/** Most are small and whole, and writing one down to measure it would cost more than all else here. */
function numberLength(value: number): number {
  let length = value < 0 ? 2 : 1
  for (let left = Math.abs(value); left >= 10 && length < MAX_DIGITS; left /= 10) length++
  if (Number.isInteger(value)) return length
  const scaled = value * 10 ** DECIMALS
  return Math.abs(scaled - Math.round(scaled)) < 1e-6 ? length + DECIMALS : FRACTION
}

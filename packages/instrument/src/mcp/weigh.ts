/** Characters of JSON around a message's own: braces, `"jsonrpc":"2.0"`, the id and the names of its parts. */
const FRAME = 48
/** Of each member: quotes, colon, comma. */
const MEMBER = 4
const LITERAL = 5
/** Deeper than this nothing is counted: it is no more than a bound against cycles. */
const MAX_DEPTH = 64

/**
 * About how many bytes a message takes as JSON, from the lengths of its texts (a character counts as a byte), looking at
 * no more than `budget` values. `undefined` where there are more than that.
 */
export function weigh(message: unknown, budget: number): number | undefined {
  const scale = new Scale(budget)
  const length = scale.of(message, 0)
  return scale.left < 0 ? undefined : FRAME + length
}

class Scale {
  left: number

  constructor(budget: number) {
    this.left = budget
  }

  of(value: unknown, depth: number): number {
    if (--this.left < 0) return 0
    switch (typeof value) {
      case 'string':
        return value.length + 2
      case 'number':
        // Most are small and whole, and writing one down to measure it would cost more than all else here.
        return value >= 0 && value < 1e6 && Number.isInteger(value) ? digits(value) : String(value).length
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
    let length = 2
    for (let i = 0; i < values.length && this.left >= 0; i++) length += this.of(values[i], depth + 1) + 1
    return length
  }

  #object(value: object, depth: number): number {
    let length = 2
    for (const key in value) {
      if (this.left < 0) return length
      const member = (value as Readonly<Record<string, unknown>>)[key]
      if (member !== undefined) length += key.length + MEMBER + this.of(member, depth + 1)
    }
    return length
  }
}

function digits(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  if (value < 1000) return 3
  return value < 10_000 ? 4 : value < 100_000 ? 5 : 6
}

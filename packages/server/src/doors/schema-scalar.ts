import type { Check, Keyword } from './schema-types.js'

/** Steps for one character at one instruction of a pattern. */
const PATTERN_STEP = 0.02

/** Keywords for any value. */
export const COMMON_KEYWORDS = {
  type: (value, { schema, path }, check) => {
    const types = Array.isArray(schema.type) ? schema.type : [schema.type]
    check.scan(types.length)
    return types.some((type) => isOfType(value, type)) ? undefined : { path, keyword: 'type' }
  },
  enum: (value, { schema, path }, check) => {
    if (!Array.isArray(schema.enum)) return undefined
    const text = canonical(value, check)
    return schema.enum.some((one) => canonical(one, check) === text) ? undefined : { path, keyword: 'enum' }
  },
  const: (value, { schema, path }, check) =>
    canonical(schema.const, check) === canonical(value, check) ? undefined : { path, keyword: 'const' },
} satisfies Record<string, Keyword>

/** Keywords for texts and numbers. */
export const SCALAR_KEYWORDS = {
  minLength: bound('string', (value, limit, check) => lengthOf(value as string, check) >= limit, 'minLength'),
  maxLength: bound('string', (value, limit, check) => lengthOf(value as string, check) <= limit, 'maxLength'),
  pattern: (value, { schema, path }, check) =>
    typeof value !== 'string' || typeof schema.pattern !== 'string' || matches(schema.pattern, value, check)
      ? undefined
      : { path, keyword: 'pattern' },
  minimum: bound('number', (value, limit) => (value as number) >= limit, 'minimum'),
  maximum: bound('number', (value, limit) => (value as number) <= limit, 'maximum'),
  exclusiveMinimum: bound('number', (value, limit) => (value as number) > limit, 'exclusiveMinimum'),
  exclusiveMaximum: bound('number', (value, limit) => (value as number) < limit, 'exclusiveMaximum'),
  multipleOf: bound('number', (value, limit) => limit <= 0 || isWhole((value as number) / limit), 'multipleOf'),
} satisfies Record<string, Keyword>

function bound(
  type: 'string' | 'number',
  holds: (value: unknown, limit: number, check: Check) => boolean,
  keyword: string,
): Keyword {
  return (value, { schema, path }, check) => {
    const limit = schema[keyword]
    if (!isOfType(value, type) || typeof limit !== 'number' || holds(value, limit, check)) return undefined
    return { path, keyword }
  }
}

/** Whether a pattern is found in a text; true where the pattern is not known. */
export function matches(source: string, text: string, check: Check): boolean {
  const pattern = check.patterns(source, check.spend)
  if (!pattern) return true
  check.spend(1 + text.length * pattern.cost * PATTERN_STEP)
  return pattern.test(text)
}

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type
    default:
      // A type that there is not checks nothing.
      return true
  }
}

/** In characters, as people count them: Unicode code points. */
function lengthOf(text: string, check: Check): number {
  check.spend(1 + text.length / 50)
  let length = 0
  for (const _ of text) length++
  return length
}

/** Decimal fractions are no binary ones, so 0.3 is a multiple of 0.1 within what a number can tell. */
function isWhole(quotient: number): boolean {
  return Math.abs(quotient - Math.round(quotient)) < 1e-9
}

/** A text that two values share where they are equal as JSON, whatever the order of their keys. */
export function canonical(value: unknown, check: Check): string {
  if (typeof value !== 'object' || value === null) {
    check.spend(1 + (typeof value === 'string' ? value.length / 50 : 0))
    return JSON.stringify(value) ?? 'null'
  }
  check.spend(1)
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one, check)).join(',')}]`
  const members = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${canonical(one, check)}`)
  return `{${members.sort().join(',')}}`
}

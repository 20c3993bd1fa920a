import { canonical } from './schema-scalar.js'
import type { Check, Judge, Keyword, Misfit, Schema } from './schema-types.js'

/** Keywords for lists. */
export const ARRAY_KEYWORDS = {
  minItems: (value, { schema, path }) =>
    Array.isArray(value) && typeof schema.minItems === 'number' && value.length < schema.minItems
      ? { path, keyword: 'minItems' }
      : undefined,
  maxItems: (value, { schema, path }) =>
    Array.isArray(value) && typeof schema.maxItems === 'number' && value.length > schema.maxItems
      ? { path, keyword: 'maxItems' }
      : undefined,
  uniqueItems: (value, { schema, path }, check) => {
    if (!Array.isArray(value) || schema.uniqueItems !== true) return undefined
    const seen = new Set(value.map((one) => canonical(one, check)))
    return seen.size === value.length ? undefined : { path, keyword: 'uniqueItems' }
  },
  prefixItems: (value, at, check) =>
    Array.isArray(value) && Array.isArray(at.schema.prefixItems)
      ? eachByPlace(value, at.schema.prefixItems, at.path, check)
      : undefined,
  // A list of schemas is draft-07's form of `prefixItems`.
  items: (value, { schema, path }, check) => {
    if (!Array.isArray(value)) return undefined
    if (Array.isArray(schema.items)) return eachByPlace(value, schema.items, path, check)
    return isSchema(schema.items) ? rest(value, prefixOf(schema.prefixItems), schema.items, path, check) : undefined
  },
  additionalItems: (value, { schema, path }, check) =>
    Array.isArray(value) && Array.isArray(schema.items) && isSchema(schema.additionalItems)
      ? rest(value, schema.items.length, schema.additionalItems, path, check)
      : undefined,
  contains: (value, { schema, path }, check) => {
    const { contains, minContains, maxContains } = schema
    if (!Array.isArray(value) || !isSchema(contains)) return undefined
    const found = value.filter((one) => check.fits(contains, one)).length
    if (found < (typeof minContains === 'number' ? minContains : 1)) return { path, keyword: 'contains' }
    return typeof maxContains === 'number' && found > maxContains ? { path, keyword: 'maxContains' } : undefined
  },
} satisfies Record<string, Keyword>

function prefixOf(prefixItems: unknown): number {
  return Array.isArray(prefixItems) ? prefixItems.length : 0
}

function eachByPlace(
  value: readonly unknown[],
  schemas: readonly unknown[],
  path: Judge['path'],
  check: Check,
): Misfit | undefined {
  const both = Math.min(schemas.length, value.length)
  check.scan(both)
  for (const [place, schema] of schemas.slice(0, both).entries()) {
    const misfit = isSchema(schema) ? check.apply(schema, value[place], [...path, place]) : undefined
    if (misfit) return misfit
  }
  return undefined
}

function rest(
  value: readonly unknown[],
  from: number,
  schema: Schema | boolean,
  path: Judge['path'],
  check: Check,
): Misfit | undefined {
  for (let place = from; place < value.length; place++) {
    const misfit = check.apply(schema, value[place], [...path, place])
    if (misfit) return misfit
  }
  return undefined
}

function isSchema(value: unknown): value is Schema | boolean {
  return typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value))
}

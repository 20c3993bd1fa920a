import { matches } from './schema-scalar.js'
import type { Check, Judge, Keyword, Misfit, Schema } from './schema-types.js'

type Members = Readonly<Record<string, unknown>>

/** Keywords for objects. */
export const OBJECT_KEYWORDS = {
  required: (value, { schema, path }, check) => {
    if (!isMembers(value) || !Array.isArray(schema.required)) return undefined
    return missing(value, schema.required, path, 'required', check)
  },
  minProperties: (value, { schema, path }, check) =>
    isMembers(value) && typeof schema.minProperties === 'number' && keysOf(value, check).length < schema.minProperties
      ? { path, keyword: 'minProperties' }
      : undefined,
  maxProperties: (value, { schema, path }, check) =>
    isMembers(value) && typeof schema.maxProperties === 'number' && keysOf(value, check).length > schema.maxProperties
      ? { path, keyword: 'maxProperties' }
      : undefined,
  properties: (value, { schema, path }, check) => {
    if (!isMembers(value) || !isMembers(schema.properties)) return undefined
    for (const key of keysOf(schema.properties, check)) {
      const inner = schema.properties[key]
      if (!Object.hasOwn(value, key) || !isSchema(inner)) continue
      const misfit = check.apply(inner, value[key], [...path, key])
      if (misfit) return misfit
    }
    return undefined
  },
  patternProperties: (value, { schema, path }, check) => {
    if (!isMembers(value) || !isMembers(schema.patternProperties)) return undefined
    for (const source of keysOf(schema.patternProperties, check)) {
      const inner = schema.patternProperties[source]
      // A pattern that is not known says nothing of which properties it means.
      if (!isSchema(inner) || !check.patterns(source, check.spend)) continue
      for (const key of keysOf(value, check)) {
        const misfit = matches(source, key, check) ? check.apply(inner, value[key], [...path, key]) : undefined
        if (misfit) return misfit
      }
    }
    return undefined
  },
  additionalProperties: (value, { schema, path }, check) => {
    const { additionalProperties } = schema
    if (!isMembers(value) || !isSchema(additionalProperties)) return undefined
    const named = isMembers(schema.properties) ? schema.properties : {}
    const sources = isMembers(schema.patternProperties) ? keysOf(schema.patternProperties, check) : []
    for (const key of keysOf(value, check)) {
      check.spend(1)
      check.scan(sources.length)
      if (Object.hasOwn(named, key) || sources.some((source) => matches(source, key, check))) continue
      const misfit = check.apply(additionalProperties, value[key], [...path, key])
      if (misfit) return misfit.keyword === 'false' ? { ...misfit, keyword: 'additionalProperties' } : misfit
    }
    return undefined
  },
  propertyNames: (value, { schema, path }, check) => {
    if (!isMembers(value) || !isSchema(schema.propertyNames)) return undefined
    for (const key of keysOf(value, check))
      if (!check.fits(schema.propertyNames, key)) return { path: [...path, key], keyword: 'propertyNames' }
    return undefined
  },
  dependentRequired: (value, at, check) => dependent(value, at, check, 'dependentRequired'),
  dependentSchemas: (value, at, check) => dependent(value, at, check, 'dependentSchemas'),
  dependencies: (value, at, check) => dependent(value, at, check, 'dependencies'),
} satisfies Record<string, Keyword>

/** What must hold where a property is there: other properties, or a schema for the whole. */
function dependent(value: unknown, { schema, path }: Judge, check: Check, keyword: string): Misfit | undefined {
  const rules = schema[keyword]
  if (!isMembers(value) || !isMembers(rules)) return undefined
  for (const key of keysOf(rules, check)) {
    const rule = rules[key]
    if (!Object.hasOwn(value, key)) continue
    const applies = isSchema(rule) && keyword !== 'dependentRequired'
    const misfit = Array.isArray(rule)
      ? missing(value, rule, path, keyword, check)
      : applies
        ? check.apply(rule, value, path)
        : undefined
    if (misfit) return misfit
  }
  return undefined
}

function missing(
  value: Members,
  names: readonly unknown[],
  path: Judge['path'],
  keyword: string,
  { scan }: Check,
): Misfit | undefined {
  scan(names.length)
  const absent = names.find((name) => typeof name === 'string' && !Object.hasOwn(value, name))
  return typeof absent === 'string' ? { path: [...path, absent], keyword } : undefined
}

/** The keys of an object, which are counted before they are looked at. */
function keysOf(members: Members, { scan }: Check): readonly string[] {
  const keys = Object.keys(members)
  scan(keys.length)
  return keys
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSchema(value: unknown): value is Schema | boolean {
  return isMembers(value) || typeof value === 'boolean'
}

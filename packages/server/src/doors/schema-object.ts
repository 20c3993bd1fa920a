import { matches } from './schema-scalar.js'
import type { Judge, Keyword, Misfit, Schema } from './schema-types.js'

type Members = Readonly<Record<string, unknown>>

/** Keywords for objects. */
export const OBJECT_KEYWORDS = {
  required: (value, { schema, path }) => {
    if (!isMembers(value) || !Array.isArray(schema.required)) return undefined
    return missing(value, schema.required, path, 'required')
  },
  minProperties: (value, { schema, path }) =>
    isMembers(value) && typeof schema.minProperties === 'number' && Object.keys(value).length < schema.minProperties
      ? { path, keyword: 'minProperties' }
      : undefined,
  maxProperties: (value, { schema, path }) =>
    isMembers(value) && typeof schema.maxProperties === 'number' && Object.keys(value).length > schema.maxProperties
      ? { path, keyword: 'maxProperties' }
      : undefined,
  properties: (value, { schema, path }, check) => {
    if (!isMembers(value) || !isMembers(schema.properties)) return undefined
    for (const [key, inner] of Object.entries(schema.properties)) {
      if (!Object.hasOwn(value, key) || !isSchema(inner)) continue
      const misfit = check.apply(inner, value[key], [...path, key])
      if (misfit) return misfit
    }
    return undefined
  },
  patternProperties: (value, { schema, path }, check) => {
    if (!isMembers(value) || !isMembers(schema.patternProperties)) return undefined
    for (const [source, inner] of Object.entries(schema.patternProperties)) {
      // A pattern that is not known says nothing of which properties it means.
      if (!isSchema(inner) || !check.patterns(source)) continue
      for (const key of Object.keys(value)) {
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
    const sources = isMembers(schema.patternProperties) ? Object.keys(schema.patternProperties) : []
    for (const key of Object.keys(value)) {
      check.spend(1)
      if (Object.hasOwn(named, key) || sources.some((source) => matches(source, key, check))) continue
      const misfit = check.apply(additionalProperties, value[key], [...path, key])
      if (misfit) return misfit.keyword === 'false' ? { ...misfit, keyword: 'additionalProperties' } : misfit
    }
    return undefined
  },
  propertyNames: (value, { schema, path }, check) => {
    if (!isMembers(value) || !isSchema(schema.propertyNames)) return undefined
    for (const key of Object.keys(value))
      if (!check.fits(schema.propertyNames, key)) return { path: [...path, key], keyword: 'propertyNames' }
    return undefined
  },
  dependentRequired: (value, at) => dependent(value, at, 'dependentRequired'),
  dependentSchemas: (value, at, check) => dependent(value, at, 'dependentSchemas', check.apply),
  dependencies: (value, at, check) => dependent(value, at, 'dependencies', check.apply),
} satisfies Record<string, Keyword>

/** What must hold where a property is there: other properties, or a schema for the whole. */
function dependent(
  value: unknown,
  { schema, path }: Judge,
  keyword: string,
  apply?: (schema: Schema | boolean, value: unknown, path: Judge['path']) => Misfit | undefined,
): Misfit | undefined {
  const rules = schema[keyword]
  if (!isMembers(value) || !isMembers(rules)) return undefined
  for (const [key, rule] of Object.entries(rules)) {
    if (!Object.hasOwn(value, key)) continue
    const misfit = Array.isArray(rule)
      ? missing(value, rule, path, keyword)
      : isSchema(rule)
        ? apply?.(rule, value, path)
        : undefined
    if (misfit) return misfit
  }
  return undefined
}

function missing(value: Members, names: readonly unknown[], path: Judge['path'], keyword: string): Misfit | undefined {
  const absent = names.find((name) => typeof name === 'string' && !Object.hasOwn(value, name))
  return typeof absent === 'string' ? { path: [...path, absent], keyword } : undefined
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSchema(value: unknown): value is Schema | boolean {
  return isMembers(value) || typeof value === 'boolean'
}

import { ARRAY_KEYWORDS } from './schema-array.js'
import { OBJECT_KEYWORDS } from './schema-object.js'
import { COMMON_KEYWORDS, SCALAR_KEYWORDS } from './schema-scalar.js'
import type { Check, Judge, Keyword, Misfit, Schema } from './schema-types.js'

/** Steps that one check may take: each schema, element, property and character of a pattern's text is some. */
const MAX_STEPS = 300_000
/** Part of a step for each name or value that a keyword looks at, and no more than that. */
const SCAN_STEP = 0.1
/** Schemas within schemas that apply to one value, its inner values included. */
const MAX_DEPTH = 128

const KEYWORDS: readonly (readonly [string, Keyword])[] = Object.entries({
  ...COMMON_KEYWORDS,
  ...SCALAR_KEYWORDS,
  ...OBJECT_KEYWORDS,
  ...ARRAY_KEYWORDS,
  $ref: (value, at, check) => referred(value, at, check),
  allOf: (value, at, check) => first(schemasOf(at.schema.allOf), (schema) => check.apply(schema, value, at.path)),
  anyOf: (value, at, check) => {
    const branches = schemasOf(at.schema.anyOf)
    if (branches.length === 0 || branches.some((schema) => check.fits(schema, value))) return undefined
    return { path: at.path, keyword: 'anyOf' }
  },
  oneOf: (value, at, check) => {
    const branches = schemasOf(at.schema.oneOf)
    const fitting = branches.filter((schema) => check.fits(schema, value)).length
    return branches.length === 0 || fitting === 1 ? undefined : { path: at.path, keyword: 'oneOf' }
  },
  not: (value, at, check) =>
    isSchema(at.schema.not) && check.fits(at.schema.not, value) ? { path: at.path, keyword: 'not' } : undefined,
  if: (value, at, check) => {
    if (!isSchema(at.schema.if)) return undefined
    const branch = check.fits(at.schema.if, value) ? at.schema.then : at.schema.else
    return isSchema(branch) ? check.apply(branch, value, at.path) : undefined
  },
} satisfies Record<string, Keyword>)

class TooComplex extends Error {}

/**
 * Checks a value against a JSON Schema (2020-12, and draft-07 where `$schema` says so), read as it stands: nothing is
 * compiled to code, as the schema comes from a server that may be hostile. The work is bounded; beyond the bound the
 * answer is `too_complex`. References go to places within the schema alone. Not looked at: `format`,
 * `unevaluatedProperties`, `unevaluatedItems`, `$dynamicRef`, and patterns that `patterns` does not know.
 */
export function checkSchema(root: unknown, value: unknown, patterns: Check['patterns']): Misfit | undefined {
  let steps = 0
  let depth = 0
  const check: Check = {
    root,
    patterns,
    spend(count) {
      steps += count
      if (steps > MAX_STEPS) throw new TooComplex()
    },
    scan: (things) => check.spend(things * SCAN_STEP),
    apply(schema, inner, path) {
      check.spend(1)
      if (typeof schema === 'boolean') return schema ? undefined : { path, keyword: 'false' }
      if (++depth > MAX_DEPTH) throw new TooComplex()
      const misfit = judge(schema, inner, path)
      depth--
      return misfit
    },
    fits: (schema, inner) => check.apply(schema, inner, []) === undefined,
  }
  const hasOldReferences = isOld(root)
  function judge(schema: Schema, inner: unknown, path: Judge['path']): Misfit | undefined {
    const at = { schema, path }
    if (hasOldReferences && typeof schema.$ref === 'string') return referred(inner, at, check)
    return first(KEYWORDS, ([name, keyword]) => (Object.hasOwn(schema, name) ? keyword(inner, at, check) : undefined))
  }
  if (!isSchema(root)) return undefined
  try {
    return check.apply(root, value, [])
  } catch (error) {
    // A RangeError is the stack’s end, at a value that is nested without measure.
    if (error instanceof TooComplex || error instanceof RangeError) return { path: [], keyword: 'too_complex' }
    throw error
  }
}

/** Before 2019-09 what stands beside `$ref` does not count. */
function isOld(root: unknown): boolean {
  return isObject(root) && typeof root.$schema === 'string' && /draft-0[4-7]/.test(root.$schema)
}

/** A reference within the schema: `#`, `#/a/b`, `#name`. What leads out is never followed, and checks nothing. */
function referred(value: unknown, { schema, path }: Judge, check: Check): Misfit | undefined {
  const { $ref } = schema
  const target = typeof $ref === 'string' && $ref.startsWith('#') ? targetOf($ref.slice(1), check) : undefined
  return isSchema(target) ? check.apply(target, value, path) : undefined
}

function targetOf(fragment: string, { root, spend, scan }: Check): unknown {
  if (fragment === '') return root
  if (!fragment.startsWith('/')) return anchored(fragment, root, scan)
  let found: unknown = root
  for (const part of fragment.slice(1).split('/')) {
    spend(1)
    const key = unescaped(part)
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = (found as Record<string, unknown>)[key]
  }
  return found
}

function unescaped(part: string): string {
  let text = part
  try {
    text = decodeURIComponent(part)
  } catch {
    // A percent sign that escapes nothing stands for itself.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~')
}

/** Anchors stand in the definitions, where tools put them; elsewhere they are not looked for. */
function anchored(name: string, root: unknown, scan: Check['scan']): unknown {
  if (!isObject(root)) return undefined
  for (const definitions of [root.$defs, root.definitions].filter(isObject)) {
    const schemas = Object.values(definitions)
    scan(schemas.length)
    const found = schemas.find((schema) => isObject(schema) && (schema.$anchor === name || schema.$id === `#${name}`))
    if (found !== undefined) return found
  }
  return undefined
}

function first<T>(items: readonly T[], judge: (item: T) => Misfit | undefined): Misfit | undefined {
  for (const item of items) {
    const misfit = judge(item)
    if (misfit) return misfit
  }
  return undefined
}

function schemasOf(list: unknown): readonly (Schema | boolean)[] {
  return Array.isArray(list) ? list.filter(isSchema) : []
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSchema(value: unknown): value is Schema | boolean {
  return isObject(value) || typeof value === 'boolean'
}

import { Ajv, type AnySchema } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPatterns } from '../../packages/server/src/doors/index.js'
import { checkSchema } from '../../packages/server/src/doors/schema.js'

const patterns = await createPatterns()
const KEYS = ['a', 'b', 'c', 'aa']
const key = fc.constantFrom(...KEYS)
const small = fc.integer({ min: -3, max: 5 })
const text = fc.constantFrom('', 'a', 'ab', 'abc', 'é', '\u{1f600}', '12')
const type = fc.constantFrom('string', 'number', 'integer', 'boolean', 'null', 'array', 'object')

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    small,
    fc.constantFrom(0.5, 1.5, true, false, null),
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
}))

const { schema } = fc.letrec<{ schema: unknown }>((tie) => {
  const inner = tie('schema')
  const natural = fc.nat(3)
  return {
    schema: fc.oneof(
      { maxDepth: 3 },
      fc.boolean(),
      fc.record(
        {
          type: fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 })),
          enum: fc.array(value, { minLength: 1, maxLength: 3 }),
          const: value,
          minLength: natural,
          maxLength: natural,
          pattern: fc.constantFrom('^a', 'b$', '^\\d+$', '[a-c]{2}'),
          minimum: small,
          exclusiveMaximum: small,
          multipleOf: fc.constantFrom(1, 2, 3),
          minItems: natural,
          maxItems: natural,
          uniqueItems: fc.boolean(),
          contains: inner,
          minProperties: natural,
          maxProperties: natural,
          required: fc.uniqueArray(key, { maxLength: 2 }),
          properties: fc.dictionary(key, inner, { maxKeys: 3 }),
          patternProperties: fc.dictionary(fc.constantFrom('^a', 'c$'), inner, { maxKeys: 2 }),
          additionalProperties: inner,
          propertyNames: fc.record({ maxLength: fc.nat(12) }),
          allOf: fc.array(inner, { minLength: 1, maxLength: 2 }),
          anyOf: fc.array(inner, { minLength: 1, maxLength: 2 }),
          oneOf: fc.array(inner, { minLength: 1, maxLength: 3 }),
          not: inner,
          if: inner,
          // biome-ignore lint/suspicious/noThenProperty: it is JSON Schema's word
          then: inner,
          else: inner,
          $ref: fc.constant('#/$defs/d'),
        },
        { requiredKeys: [] },
      ),
    ),
  }
})

const modern = fc.record(
  {
    prefixItems: fc.array(schema, { minLength: 1, maxLength: 2 }),
    items: schema,
    dependentRequired: fc.dictionary(key, fc.uniqueArray(key, { maxLength: 2 }), { maxKeys: 2 }),
    dependentSchemas: fc.dictionary(key, schema, { maxKeys: 2 }),
    minContains: fc.nat(2),
  },
  { requiredKeys: [] },
)
const old = fc.record(
  {
    items: fc.oneof(schema, fc.array(schema, { minLength: 1, maxLength: 2 })),
    additionalItems: schema,
    dependencies: fc.dictionary(key, fc.oneof(schema, fc.uniqueArray(key, { maxLength: 2 })), { maxKeys: 2 }),
  },
  { requiredKeys: [] },
)
const definition = fc.record({ type, const: value, minLength: fc.nat(2) }, { requiredKeys: [] })
/** Characters of the largest schema that is judged. */
const LARGEST = 6000
const DRAFT_07 = 'http://json-schema.org/draft-07/schema#'

/** Undefined where the code that ajv wrote does not run: it names variables that it did not declare. */
function judgedBy(validate: (value: unknown) => unknown, given: unknown): unknown {
  try {
    return validate(given)
  } catch (error) {
    if (error instanceof ReferenceError) return undefined
    throw error
  }
}

/** Draft-07 ignores what stands beside a reference, and ajv does not: so nothing stands there. */
function alone<T>(whole: T): T {
  return JSON.parse(
    JSON.stringify(whole, (_, part) => (typeof part?.$ref === 'string' ? { $ref: part.$ref } : part)),
  ) as T
}

test('names that every object has by birth are properties only where the value has them', () => {
  const named = { properties: { __proto__: false, constructor: { type: 'string' } }, required: ['toString'] }
  expect(checkSchema(named, JSON.parse('{"toString":1}'), patterns)).toBeUndefined()
  expect(checkSchema(named, {}, patterns)).toEqual({ path: ['toString'], keyword: 'required' })
  expect(checkSchema(named, JSON.parse('{"toString":1,"constructor":2}'), patterns)?.path).toEqual(['constructor'])
})

describe('the check of arguments agrees with ajv', () => {
  test.each([
    ['2020-12', modern, {}, () => new Ajv2020({ strict: false, validateSchema: false, validateFormats: false })],
    [
      'draft-07',
      old,
      { $schema: DRAFT_07 },
      () => new Ajv({ strict: false, validateSchema: false, validateFormats: false }),
    ],
  ] as const)('on any schema of %s and any value', (_, extra, head, judge) => {
    // One for all runs: its own meta-schemas take longer than the rest.
    const ajv = judge()
    fc.assert(
      fc.property(schema, extra, definition, value, (plain, more, d, given) => {
        const whole = { ...(typeof plain === 'object' ? (plain as object) : {}), ...more }
        const root = { ...('$schema' in head ? alone(whole) : whole), ...head, $defs: { d } } as AnySchema
        const json = JSON.parse(JSON.stringify(given))
        // ajv takes a second for the largest, which show nothing that the others do not.
        fc.pre(JSON.stringify(root).length < LARGEST)
        const judged = judgedBy(ajv.compile(root), json)
        fc.pre(judged !== undefined)
        expect(checkSchema(root, json, patterns) === undefined).toBe(judged)
      }),
      { seed: 20, numRuns: 250 },
    )
  })
})

const many = (one: unknown) => Array(100_000).fill(one)
const named = (count: number, one: unknown) => Object.fromEntries([...Array(count).keys()].map((id) => [`k${id}`, one]))

test('a pattern whose repetitions grow beyond measure checks nothing, and is not compiled', () => {
  const began = performance.now()
  for (const source of ['a{1000}'.repeat(142), '(?:a{99}){10}'.repeat(70), '((a{20}){20}){20}', '[^x]{1000}{3}'])
    expect(checkSchema({ pattern: source }, 'x', patterns)).toBeUndefined()
  expect(performance.now() - began).toBeLessThan(20_000)
  expect(checkSchema({ pattern: '^[a-z\\]]{1,200}(?:-[0-9]{3}){2}$' }, 'x', patterns)?.keyword).toBe('pattern')
})

describe('a hostile schema', () => {
  test.each([
    ['a pattern that others try for ever', { pattern: '^(a+)+$' }, `${'a'.repeat(50_000)}b`, 'pattern'],
    ['itself without end', { $ref: '#' }, 1, 'too_complex'],
    [
      'twice itself without end',
      { allOf: [{ $ref: '#/$defs/d' }], $defs: { d: { anyOf: [{ $ref: '#' }, { $ref: '#' }] } } },
      1,
      'too_complex',
    ],
    [
      'a product of branches',
      [...Array(30)].reduce<object>((inner) => ({ allOf: [inner, inner] }), { type: 'string' }),
      'a',
      'too_complex',
    ],
    [
      'a comparison of all with all',
      { uniqueItems: true },
      [...Array(200_000).keys()].map((id) => [id, [id]]),
      'too_complex',
    ],
    ['names required again and again', { items: { required: Array(16_000).fill('a') } }, many({ a: 1 }), 'too_complex'],
    ['types without number', { items: { type: [...Array(8000).fill('null'), 'object'] } }, many({}), 'too_complex'],
    ['properties without number', { items: { properties: named(5000, true) } }, many({}), 'too_complex'],
    ['places without number to refer to', { items: { $ref: '#z' }, $defs: named(4000, {}) }, many(1), 'too_complex'],
    ['rules without number', { items: { dependentRequired: named(4000, []) } }, many({ a: 1 }), 'too_complex'],
    [
      'a large value walked again and again',
      { allOf: Array(3000).fill({ minProperties: 1 }) },
      named(100_000, 1),
      'too_complex',
    ],
    [
      'patterns that grow when they are compiled',
      { anyOf: [...Array(60).keys()].map((id) => ({ pattern: `^[a-z]{900}[0-9]{900}${id}` })) },
      'a',
      'too_complex',
    ],
    [
      'a value nested without measure',
      { const: 1 },
      JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
      'too_complex',
    ],
  ])('with %s costs a bounded time', (_, root, given, keyword) => {
    const began = performance.now()
    expect(checkSchema(root, given, patterns)?.keyword).toBe(keyword)
    // Without the bound some of these take longer than anybody waits.
    expect(performance.now() - began).toBeLessThan(20_000)
  })

  test.each([
    ['no schema at all', 'nonsense'],
    [
      'keywords of the wrong kind',
      { type: 7, properties: [], required: 'a', allOf: {}, items: 3, minLength: 'x', enum: 1, $ref: 5 },
    ],
    ['a reference that leads out', { $ref: 'http://127.0.0.1:9/x.json' }],
    ['a reference to nothing', { $ref: '#/$defs/none' }],
    ['a pattern that is none', { pattern: '(' }],
    ['a pattern that looks ahead', { pattern: '(?=b)c' }],
  ])('with %s checks nothing there, and throws nothing', (_, root) => {
    expect(checkSchema(root, 'a', patterns)).toBeUndefined()
  })
})

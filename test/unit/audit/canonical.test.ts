import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalize, NotCanonical } from '../../../packages/server/src/audit/canonical.js'

const VECTORS = join(import.meta.dirname, '../../golden/jcs')
const ANY = { numbers: 'any', maxDepth: 16 } as const
const ROW = { numbers: 'safe-integer', maxDepth: 3 } as const

describe('canonical JSON', () => {
  test.each(readdirSync(join(VECTORS, 'input')))('%s of the vectors of RFC 8785', (file) => {
    const value: unknown = JSON.parse(readFileSync(join(VECTORS, 'input', file), 'utf8'))
    const expected = readFileSync(join(VECTORS, 'outhex', file.replace('.json', '.txt')), 'utf8').replace(/\s/g, '')
    expect(Buffer.from(canonicalize(value, ANY)).toString('hex')).toBe(expected)
  })

  test('says what the value says, and the same for members in any order', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        fc.pre(!/\p{Surrogate}/u.test(JSON.stringify(value)) && !JSON.stringify(value).includes('\\ud'))
        const text = canonicalize(value, ANY)
        const back: unknown = JSON.parse(text)
        expect(back).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalize(reversed(back), ANY)).toBe(text)
      }),
      { seed: 60, numRuns: 500 },
    )
  })

  test.each([
    ['half of a surrogate pair', { a: '\ud800' }, 'details.a has half of a surrogate pair'],
    ['half of one in a name', { '\udfff': 1 }, 'has half of a surrogate pair'],
    ['a number that is not finite', { a: [Number.NaN] }, 'details.a[0] is NaN'],
    ['a fraction', { a: 0.5 }, 'details.a is 0.5; only whole numbers'],
    ['a whole number that a double does not keep', { a: 2 ** 53 }, 'only whole numbers'],
    ['what JSON does not have', { a: undefined }, 'details.a is of type undefined'],
    ['an object of a class', { a: new Date(0) }, 'details.a is an object of a class'],
    ['what nests too deep', { a: [[[1]]] }, 'details.a[0][0] nests deeper than 3'],
  ])('a row refuses %s', (_, value, message) => {
    expect(() => canonicalize(value, ROW, 'details')).toThrow(NotCanonical)
    expect(() => canonicalize(value, ROW, 'details')).toThrow(message)
  })

  test('a row takes the largest whole numbers, and -0 as 0', () => {
    const most = Number.MAX_SAFE_INTEGER
    expect(canonicalize([most, -most, -0], ROW)).toBe('[9007199254740991,-9007199254740991,0]')
  })
})

/** The same value, its members written the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, inner]) => [name, reversed(inner)]),
  )
}

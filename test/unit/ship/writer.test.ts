import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineWriter } from '../../../packages/instrument/src/ship/writer.js'

const stringified = (seq: number, event: object) => `${JSON.stringify({ seq, event })}\n`

test.each([
  ['whole numbers', { a: 0, b: -0, c: 9, d: 10, e: 999_999_999, f: 1e9, g: 1_763_719_200_000, h: 2 ** 53 - 1, i: -7 }],
  [
    'other numbers',
    { a: 0.1, b: 0.25, c: 12.5, d: 0.001, e: 0.0009, f: 1 / 3, g: 1e21, h: 999_999_999.999, i: 2 ** 60 },
  ],
  ['what is no number', { a: Number.NaN, b: Number.POSITIVE_INFINITY }],
  ['texts', { plain: 'tools/call', quoted: '"\\\n\u0000\u007f', wide: 'größe 😀', lone: '\ud800', empty: '' }],
  ['keys that are no words', { 'ü"': 1, '': 2 }],
  ['lists, flags and what is absent', { a: ['x', 'é'], b: [], c: true, d: null, e: undefined }],
  ['nothing', {}],
])('a line is what JSON.stringify makes of it: %s', (_, event) => {
  expect(Buffer.from(new LineWriter().line(7, event)).toString()).toBe(stringified(7, event))
})

test('so it is whatever comes, one line after the other', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.double(),
    fc.integer({ min: 0, max: 10_000_000 }).map((micros) => micros / 1000),
    fc.maxSafeNat(),
    fc.array(fc.string()),
    fc.boolean(),
    fc.constantFrom('é'.repeat(50_000), 'x'.repeat(100_000)),
  )
  const writer = new LineWriter()
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.dictionary(fc.string(), value, { noNullPrototype: true }), (seq, event) => {
      expect(Buffer.from(writer.line(seq, event)).toString()).toBe(stringified(seq, event))
    }),
  )
})

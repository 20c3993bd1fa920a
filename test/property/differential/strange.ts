/** Messages as nobody writes them and everybody must pass them, and how often a property is tried. */
import fc from 'fast-check'
import { PROVE, record } from '../../faults/prove.js'

/**
 * How a property is tried: seeded, so that a failure comes back. `FC_SEED` takes another way and `FC_RUNS` a longer one;
 * the long proofs do both, and `figure` is what they count.
 */
export function runs(numRuns: number, figure: string) {
  const { FC_RUNS, FC_SEED, MCP_VITALS_PROVE_SEED = 20260801 } = process.env
  const tried = FC_RUNS ? Number(FC_RUNS) : numRuns * (PROVE ? 20 : 1)
  if (PROVE) record('differential', figure, tried)
  return { numRuns: tried, seed: Number(FC_SEED ?? MCP_VITALS_PROVE_SEED) }
}

const LETTERS = ['a', ' ', '/', '\\"', '\\\\', '\\n', '\\u0041', '\\ud83d\\ude00', '\\u0000', 'é', '€', '😀', '\u2028']
/** A JSON text, in any of its spellings. */
export const stringToken = fc
  .array(fc.constantFrom(...LETTERS), { maxLength: 8 })
  .map((letters) => `"${letters.join('')}"`)

/** An id or progress token as JSON text: no two of the list are equal as values but the ones that look so. */
export const ID_TOKENS = [
  '0',
  '1',
  '1.0',
  '1e2',
  '-7',
  '9007199254740993',
  '123456789012345678901234567890',
  '"1"',
  '""',
  '"grüße €😀"',
  '"\\u0031"',
  `"${'long'.repeat(40)}"`,
] as const

const space = fc.constantFrom('', '', '', ' ', '\t')
const numberToken = fc.constantFrom('0', '-0', '1.0', '1e400', '-1E-7', '12345678901234567890.5')
const { value } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('true', 'false', 'null'),
    numberToken,
    stringToken,
    tie('array'),
    tie('object'),
  ),
  array: fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
  object: fc
    .array(fc.tuple(fc.oneof(stringToken, fc.constantFrom('"id"', '"method"')), space, tie('value')), { maxLength: 3 })
    .map((fields) => `{${fields.map(([key, gap, item]) => `${key}${gap}:${gap}${item}`).join(',')}}`),
}))
/** Any JSON text: duplicate keys, numbers that no double holds, escapes. Always on one line. */
export const jsonText = value

/** Cuts bytes at places that the generator chose; a cut may fall into a character. */
export function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index])).filter(({ length }) => length > 0)
}

export const cuts = fc.array(fc.nat({ max: 1_000_000 }), { maxLength: 12 })

/** What holds for any expression, any text and any label, with nothing to compare with but the engine itself. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compilePattern,
  DEFAULT_LIMITS,
  formatDuration,
  formatLabels,
  formatNumber,
  memorySource,
  PromqlError,
  parseDuration,
  parseLabels,
  parsePromql,
} from '../../packages/server/src/promql/index.js'
import { seeded } from '../faults/prove.js'
import { randomSeries, START_MS } from './differential/promql-data.js'
import { expression, when } from './differential/promql-expressions.js'

const LIMITS = { ...DEFAULT_LIMITS, now: () => 0 }
const SEED = 20260801

/** What a query gives, or that it gives none. */
function attempt<T>(run: () => T): T | 'error' {
  try {
    return run()
  } catch (error) {
    if (error instanceof PromqlError && error.code === 'PROMQL_FAILED') return 'error'
    throw error
  }
}

describe('random queries', () => {
  const random = seeded('promql properties')
  const source = memorySource(randomSeries(random))
  const STEPS = 5

  test('a range query gives at each step what the query gives at that time', () => {
    const property = fc.property(expression, when, (text, { startS, stepS }) => {
      // The ends of a query are others when it asks for one time.
      fc.pre(!/@ (start|end)\(\)/.test(text))
      const query = parsePromql(text)
      const startMs = START_MS + startS * 1000 + 500
      const stepMs = Number(stepS) * 1000
      const range = attempt(() => query.range(source, startMs, startMs + STEPS * stepMs, stepMs, LIMITS).value)
      for (let step = 0; step <= STEPS; step++) {
        const atMs = startMs + step * stepMs
        const single = attempt(() => query.instant(source, atMs, LIMITS).value)
        if (single === 'error') return range === 'error'
        if (range === 'error') continue
        const found = range.series.flatMap(({ labels, times, values }) => {
          const index = Array.from(times).indexOf(atMs)
          return index < 0 ? [] : [[formatLabels(labels), values[index]]]
        })
        const wanted =
          single.type === 'vector'
            ? single.samples.map(({ labels, value }) => [formatLabels(labels), value])
            : [['{}', single.type === 'scalar' ? single.value : Number.NaN]]
        expect(new Map(found as [string, number][])).toEqual(new Map(wanted as [string, number][]))
      }
      return true
    })
    fc.assert(property, { seed: SEED, numRuns: 500 })
  })
})

const word = fc.constantFrom(
  ...[
    'm',
    'sum',
    'rate',
    'by (a)',
    'on (a)',
    'group_left',
    'bool',
    'offset 5m',
    '@ 1',
    '[5m]',
    '[5m:1m]',
    '(',
    ')',
    '{',
  ],
  ...[
    '}',
    'a="b"',
    '"s"',
    "'s",
    '`',
    '\\',
    '+',
    '-',
    '^',
    '==',
    'and',
    'or',
    '1',
    '2.',
    '.5',
    '5m',
    'Inf',
    '#',
    '\n',
    '😀',
  ],
)

test('any text is an expression or an error with a place in it', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
    fc.array(word, { maxLength: 12 }).map((words) => words.join('')),
  )
  const property = fc.property(text, (source) => {
    try {
      expect(parsePromql(source).type).toMatch(/^(scalar|string|vector|matrix)$/)
    } catch (error) {
      if (!(error instanceof PromqlError)) throw error
      const line = source.split('\n')[error.line - 1]
      expect(error.column).toBeLessThanOrEqual(line!.length + 1)
      expect(error.message).not.toMatch(/undefined|NaN|\{\w+\}/)
    }
  })
  fc.assert(property, { seed: SEED, numRuns: 3000 })
})

test('labels are read as they were written', () => {
  const name = fc.oneof(fc.stringMatching(/^[a-z_][a-z0-9_]{0,5}$/), fc.string({ unit: 'grapheme', minLength: 1 }))
  const labels = fc.dictionary(name, fc.string({ unit: 'grapheme', minLength: 1 }), { minKeys: 1, maxKeys: 4 })
  fc.assert(
    fc.property(labels, (record) => {
      expect({ ...parseLabels(formatLabels(record)) }).toEqual({ ...record })
    }),
    { seed: SEED, numRuns: 500 },
  )
})

test('numbers and durations are read as they were written', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const text = formatNumber(value)
      expect(text).not.toContain('e')
      expect(Object.is(Number(text.replace('Inf', 'Infinity')), value)).toBe(true)
    }),
    { seed: SEED, numRuns: 1000 },
  )
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 31 - 1 }), fc.constantFrom(1, 1000, 60_000, 86_400_000), (count, unitMs) => {
      const durationMs = count * unitMs
      fc.pre(durationMs < 9e12)
      expect(parseDuration(formatDuration(durationMs))).toBe(durationMs)
    }),
    { seed: SEED, numRuns: 500 },
  )
})

test('patterns match what they match in JavaScript, where both know them', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    '.',
    '[ab]',
    '[^a]',
    '(a)',
    '(?:ab)',
    'a|b',
    '\\d',
    '\\w',
    '5',
    '\\.',
    '',
    '$',
    '^',
  )
  const piece = fc
    .tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}'))
    .map(([one, times]) => (one === '' || one === '$' || one === '^' ? one : one === 'a|b' ? one : `${one}${times}`))
  const pattern = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
  const text = fc.stringMatching(/^[ab5.\n]{0,6}$/)
  fc.assert(
    fc.property(pattern, text, (source, subject) => {
      const compiled = compilePattern(source)
      if ('problem' in compiled) throw new Error(compiled.problem)
      const match = new RegExp(`^(?:${source})$`, 'su').exec(subject)
      expect(compiled.test(subject)).toBe(match !== null)
      expect(compiled.groups(subject)?.texts).toEqual(match === null ? undefined : [...match].map((one) => one ?? ''))
    }),
    { seed: SEED, numRuns: 2000 },
  )
})

/** Expressions from outside: none may hang the daemon or fill its memory. */
import { describe, expect, test } from 'vitest'
import {
  compilePattern,
  DEFAULT_LIMITS,
  type Limits,
  memorySource,
  parsePromql,
  parseSeriesNotation,
  type Series,
} from '../../../packages/server/src/promql/index.js'
import { errorOf, manySeries, STILL } from './support.js'

const YEAR_MS = 31_536_000_000
const parsed = (text: string) => errorOf(() => parsePromql(text))

describe('texts', () => {
  test.each([
    ['parentheses', `${'('.repeat(4000)}1${')'.repeat(4000)}`],
    ['signs', `${'-'.repeat(9000)}1`],
    ['signs apart', `${'- '.repeat(4500)}1`],
    ['functions', `${'abs('.repeat(2000)}m${')'.repeat(2000)}`],
    ['aggregations', `${'sum('.repeat(1500)}m${')'.repeat(1500)}`],
    ['subqueries', `m${'[1m:1s]'.repeat(1000)}`],
    ['offsets', `m${' offset 1s'.repeat(900)}`],
    ['sums', Array(4000).fill('1').join('+')],
    ['powers', Array(90).fill('-1').join('^') + '^m'.repeat(200)],
    ['powers without end', '-1^'.repeat(3000)],
    ['strings without end', '"\\"'.repeat(3000)],
    ['raw strings without end', '`'.repeat(9999)],
    ['more than 10,000 characters', 'm'.repeat(10_001)],
    ['lone surrogates', '\ud800'.repeat(5000)],
    ['no end', 'sum(rate(m{a="b"}[5m]'],
  ])('%s are refused, with a place', (_, text) => {
    const { code, line, column } = parsed(text)
    expect(code).toBe('PROMQL_INVALID')
    expect(line).toBeGreaterThan(0)
    expect(column).toBeGreaterThan(0)
  })

  test('notation of series without end is refused', () => {
    expect(errorOf(() => parseSeriesNotation('m 1x999999999')).message).toContain('1000000 values')
    expect(errorOf(() => parseSeriesNotation('m 1x600000 1x600000')).message).toContain('1000000 values')
  })
})

describe('patterns', () => {
  test.each([
    ['(x{1,50}){1,50}'],
    ['[a-z]{500}{2}{2}'],
    [`(${'a'.repeat(500)}){500}`],
    ['a+'.repeat(501)],
    ['(?=a)b'],
    ['(a)\\1'],
    ['a**'],
    ['('],
  ])('%s is refused when the expression is read', (pattern) => {
    expect(compilePattern(pattern)).toHaveProperty('problem')
    expect(parsed(`m{a=~"${pattern.replaceAll('\\', '\\\\')}"}`).code).toBe('PROMQL_INVALID')
    expect(parsed(`label_replace(m, "a", "$1", "b", "${pattern.replaceAll('\\', '\\\\')}")`).code).toBe(
      'PROMQL_INVALID',
    )
  })

  test('what makes others go back and forth takes work that grows with the text alone, and counts it', () => {
    const series = [{ labels: { __name__: 'm', a: 'a'.repeat(5000) }, times: [0], values: [1] }]
    for (const pattern of ['(a+)+b', '(a|aa)*b', '(.*a){20}b', '(a*)*b']) {
      const query = parsePromql(`m{a=~"${pattern}"} or label_replace(m, "b", "$1", "a", "${pattern}")`)
      expect(query.instant(memorySource(series), 0, STILL).value).toMatchObject({ samples: [{ value: 1 }] })
    }
  })
})

/** Runs an expression over a range and returns the code of its error. */
function ended(text: string, series: readonly Series[], limits: Partial<Limits> = {}, stepMs = 1000, endMs = 60_000) {
  return errorOf(() => parsePromql(text).range(memorySource(series), 0, endMs, stepMs, { ...STILL, ...limits }))
}

describe('evaluations', () => {
  test.each([
    ['a step of 1 ms over a year', 'vector(1)', 1, YEAR_MS],
    ['a subquery of a step of 1 ms', 'max_over_time(vector(1)[1y:1ms])', 60_000, 60_000],
    ['subqueries in each other', 'sum_over_time(max_over_time(m[1d:1s])[1d:1s])', 60_000, 60_000],
  ])('%s: too many steps', (_, text, stepMs, endMs) => {
    const error = ended(text, manySeries(3), {}, stepMs, endMs)
    expect(error).toMatchObject({ code: 'PROMQL_LIMIT' })
    expect(error.message).toContain('50000 steps')
  })

  test.each([
    ['a selector', '{__name__=~".+"}', 100],
    ['a range', 'rate(m[1m])', 100],
    ['what counts values', 'count_values("v", m)', 150],
    ['a union', 'label_replace(m, "a", "x", "", "") or m', 200],
  ])('%s: too many series', (_, text, maxSeries) => {
    const error = ended(text, manySeries(120), { maxSeries })
    expect(error.code).toBe('PROMQL_LIMIT')
    expect(error.message).toContain(`more than ${maxSeries} series`)
  })

  test('a match of many with many, one at each step: too many series', () => {
    const error = ended('m * on () group_left (number) m', timed(40), { maxSeries: 100 })
    expect(error.message).toContain('more than 100 series')
  })

  test.each([
    ['samples read', 'sum(rate(m[1y]))', 600],
    ['cells of steps', 'm + m + m + m', 2000],
    ['scalars', 'vector(1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10)', 500],
    ['inner steps of a subquery', 'max_over_time(m[1h:1s])', 2000],
  ])('%s: too many samples', (_, text, maxSamples) => {
    const error = ended(text, manySeries(10, 500), { maxSamples })
    expect(error.code).toBe('PROMQL_LIMIT')
    expect(error.message).toContain(`more than ${maxSamples} samples`)
  })

  test('labels that grow by doubling are refused', () => {
    let text = 'm'
    for (let times = 0; times < 60; times++) text = `label_replace(${text}, "a", "\${1}\${1}x", "a", "(.*)")`
    const error = errorOf(() => parsePromql(text).instant(memorySource(manySeries(1)), 0, STILL))
    expect(error.message).toContain('10000 characters in one label')
  })

  test('many remarks are cut off', () => {
    const series = manySeries(1000).map((one, number) => ({ ...one, labels: { ...one.labels, le: `x${number}` } }))
    const answer = parsePromql('histogram_quantile(0.5, m)').instant(memorySource(series), 0, STILL)
    expect(answer.warnings).toHaveLength(50)
  })

  /** The clock passes the deadline at its third look. */
  const jumping = (): Limits => {
    let looks = 0
    return { ...DEFAULT_LIMITS, maxSamples: 1e9, timeoutMs: 1000, now: () => (looks++ < 3 ? 0 : 2000) }
  }

  test.each([
    ['m{number=~".*9.*|.*8.*"}'],
    ['m'],
    ['rate(m[1h])'],
    ['quantile_over_time(0.5, m[1h])'],
    ['max_over_time(m[1h:1s])'],
    ['sum by (number) (m)'],
    ['topk(3, m)'],
    ['quantile(0.9, m)'],
    ['count_values("v", m)'],
    ['m * m'],
    ['m and on (number) m'],
    ['m == on () group_left () max(m)'],
    ['absent_over_time(m[1h] offset 1d)'],
    ['absent(m offset 1d)'],
    ['sort(m)'],
    ['label_join(m, "j", "-", "number", "number")'],
    ['histogram_quantile(0.9, label_replace(m, "le", "$1", "number", "(.*)"))'],
  ])('%s looks at the clock while it works, and ends when its time is over', (text) => {
    const { code, message } = ended(text, manySeries(900, 400), jumping(), 1000, 399_000)
    expect(code).toBe('PROMQL_TIMEOUT')
    expect(message).toContain('1000 ms')
  })

  test('a time that is none and a step that is none are refused', () => {
    const query = parsePromql('m')
    for (const [startMs, endMs, stepMs] of [
      [Number.NaN, 1, 1],
      [0, Number.POSITIVE_INFINITY, 1],
      [0, 1, 0],
      [0, 1, Number.NaN],
      [1, 0, 1],
      [0.5, 1, 1],
    ] as const)
      expect(errorOf(() => query.range(memorySource([]), startMs, endMs, stepMs, STILL)).code).toBe('PROMQL_INVALID')
    expect(errorOf(() => query.instant(memorySource([]), 1e300, STILL)).code).toBe('PROMQL_INVALID')
  })
})

/** Series that are each there at one step alone, so that all of them may be the one side of a match. */
function timed(count: number): readonly Series[] {
  return Array.from({ length: count }, (_, number) => ({
    labels: { __name__: 'm', number: String(number) },
    times: [number * 1000],
    values: [1],
    staleTimes: [number * 1000 + 500],
  }))
}

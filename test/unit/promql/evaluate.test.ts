/** What Prometheus's own tests and the comparison with it leave open: how the engine meets its sources and its callers. */
import { describe, expect, test } from 'vitest'
import {
  formatLabels,
  memorySource,
  parseLabels,
  parsePromql,
  parseSeriesNotation,
  type Selection,
  type Series,
} from '../../../packages/server/src/promql/index.js'
import { answerOf, errorOf, instant, STILL, seriesOf } from './support.js'

describe('what is asked of a source', () => {
  const asked = (text: string, run: (query: ReturnType<typeof parsePromql>, source: Selecting) => void) => {
    const source = new Selecting()
    const query = parsePromql(text)
    run(query, source)
    return { source, query }
  }

  class Selecting {
    readonly selections: Selection[] = []
    select(matchers: Selection['matchers'], startMs: number, endMs: number): readonly Series[] {
      this.selections.push({ matchers: matchers.map(({ name, op, value }) => ({ name, op, value })), startMs, endMs })
      return []
    }
  }

  test.each([
    ['m', 3_600_000 - 299_999, 3_900_000],
    ['m offset 1m', 3_540_000 - 299_999, 3_840_000],
    ['rate(m[10m])', 3_600_000 - 599_999, 3_900_000],
    ['m @ 1000', 1_000_000 - 299_999, 1_000_000],
    ['m @ end() offset 1h', 300_000 - 299_999, 300_000],
    // The inner steps are at whole minutes: the first after 50:30.
    ['max_over_time(m[570s:1m])', 3_060_000 - 299_999, 3_900_000],
  ])('%s: just what its ranges and the look-back need', (text, startMs, endMs) => {
    const { source, query } = asked(text, (it, from) => it.range(from, 3_600_000, 3_900_000, 60_000, STILL))
    expect(source.selections).toMatchObject([{ startMs, endMs }])
    expect(query.selections(3_600_000, 3_900_000)).toEqual(source.selections)
  })

  test('once for each selector, whatever the steps', () => {
    const { source, query } = asked('sum(rate(a[5m])) / on () b or max_over_time(c[1h:1s] @ end())', (it, from) =>
      it.range(from, 0, 60_000, 1000, STILL),
    )
    expect(source.selections.map(({ matchers }) => matchers[0]?.value)).toEqual(['a', 'b', 'c'])
    expect(query.selections(0, 60_000)).toEqual(source.selections)
  })

  test('samples beyond what was asked for change nothing', () => {
    const wide = seriesOf(15_000, 'm{a="1"} 0+3x200 0+5x200', 'm{a="2"} 1x50 _x100 stale 7+1x200')
    const cut = {
      select: (_: unknown, startMs: number, endMs: number) =>
        wide.map(({ labels, times, values, staleTimes = [] }) => {
          const kept = Array.from(times, (time, index) => ({ time, value: values[index]! })).filter(
            ({ time }) => time >= startMs && time <= endMs,
          )
          const stale = Array.from(staleTimes).filter((time) => time >= startMs && time <= endMs)
          return {
            labels,
            times: kept.map(({ time }) => time),
            values: kept.map(({ value }) => value),
            staleTimes: stale,
          }
        }),
    }
    for (const text of ['m', 'rate(m[4m])', 'm offset 7m', 'max_over_time(sum(m)[9m:37s])', 'm @ 1234'])
      for (const startMs of [1_800_000, 2_250_001]) {
        const query = parsePromql(text)
        const run = (source: Parameters<typeof query.range>[0]) =>
          query.range(source, startMs, startMs + 1_200_000, 61_000, STILL).value
        expect(run(cut)).toEqual(run(memorySource(wide)))
      }
  })
})

describe('the life of a series', () => {
  const series = seriesOf(60_000, 'm 1 2 stale _ _ _ _ _ 9 stale 10')

  test.each([
    [60_000, [['m', 2]]],
    [119_999, [['m', 2]]],
    [120_000, []],
    [479_999, []],
    [480_000, [['m', 9]]],
    [540_000, []],
    [600_000, [['m', 10]]],
    [899_999, [['m', 10]]],
    // A sample just as old as the look-back is too old.
    [900_000, []],
  ] as const)('at %i ms', (atMs, wanted) => {
    expect(instant('m', series, atMs)).toEqual(wanted)
  })

  test('ranges are open on the left and leave markers out', () => {
    expect(instant('count_over_time(m[1m])', series, 60_000)).toEqual([['{}', 1]])
    expect(instant('count_over_time(m[61s])', series, 60_000)).toEqual([['{}', 2]])
    expect(instant('count_over_time(m[10m])', series, 600_000)).toEqual([['{}', 3]])
  })
})

describe('labels', () => {
  test('names that objects have of themselves are names like others', () => {
    const labels = JSON.parse('{"__name__":"m","__proto__":"p","constructor":"c","toString":"s"}')
    const series = [{ labels, times: [0], values: [1] }]
    expect(instant('sum by (constructor, __proto__, hasOwnProperty) (m)', series)).toEqual([
      ['{__proto__="p", constructor="c"}', 1],
    ])
    expect(instant('m{valueOf="",toString="s"}', series)).toHaveLength(1)
    const { value } = answerOf('label_replace(m, "__proto__", "x", "", "")', series)
    const [sample] = value.type === 'vector' ? value.samples : []
    expect(Object.entries(sample!.labels)).toContainEqual(['__proto__', 'x'])
  })

  test('an empty value is no label', () => {
    const series = [{ labels: { __name__: 'm', a: '' }, times: [0], values: [1] }]
    expect(instant('sum by (a) (m)', series)).toEqual([['{}', 1]])
  })

  test.each(['\ud800', '\u0000', '\u00ff', ',', '"', 'b', '='])('values with %j in them stay apart', (separator) => {
    const pairs = [
      ['x', `y${separator}z`],
      [`x${separator}y`, 'z'],
      [`x${separator}b${separator}y`, ''],
      ['x', 'y'],
    ]
    const series = pairs.map(([a = '', b = '']) => ({ labels: { __name__: 'm', a, b }, times: [0], values: [1] }))
    for (const grouping of ['by (a, b)', 'without (c)']) expect(instant(`sum ${grouping} (m)`, series)).toHaveLength(4)
    expect(instant('m * m', series)).toHaveLength(4)
    expect(instant('m and on (a, b) m', series)).toHaveLength(4)
  })

  test('are written so that they can be read again', () => {
    for (const labels of [{ __name__: 'a b', 'c.d': '"\\\n😀' }, { __name__: 'up' }, { x: '}' }])
      expect({ ...parseLabels(formatLabels(labels)) }).toEqual(labels)
  })
})

describe('answers', () => {
  test('are sorted by labels over a range, and as the expression sorts at one time', () => {
    const series = seriesOf(1000, 'm{a="2"} 1', 'm{a="10"} 3', 'm{a="1"} 2')
    const { value } = parsePromql('m').range(memorySource(series), 0, 0, 1, STILL)
    expect(value.series.map(({ labels }) => labels.a)).toEqual(['1', '10', '2'])
    expect(instant('sort_desc(m)', series).map(([, number]) => number)).toEqual([3, 2, 1])
    expect(instant('bottomk(2, m)', series).map(([, number]) => number)).toEqual([1, 2])
  })

  test('of a scalar over a range are one series without labels', () => {
    const { value } = parsePromql('time() * 2').range(memorySource([]), 1000, 3000, 1000, STILL)
    expect(value.series).toMatchObject([{ labels: {} }])
    expect(Array.from(value.series[0]!.values)).toEqual([2, 4, 6])
  })

  test('of a range vector are its samples', () => {
    const series = seriesOf(1000, 'm 1 2 3 4')
    const { value } = answerOf('m[2s]', series, 3000)
    expect(value).toMatchObject({ type: 'matrix', series: [{ labels: { __name__: 'm' } }] })
    const [found] = (value as { series: readonly Series[] }).series
    expect([Array.from(found!.times), Array.from(found!.values)]).toEqual([
      [2000, 3000],
      [3, 4],
    ])
  })

  test('leave the samples of the source as they were', () => {
    const series = seriesOf(1000, 'm{a="1"} 1 2 3')
    const before = JSON.stringify(series)
    instant('-m * 2 + clamp_max(m, 1) or abs(m)', series, 2000)
    expect(JSON.stringify(series)).toBe(before)
  })

  test('ranges and strings are no answer to a range query', () => {
    for (const text of ['m[5m]', '"s"'])
      expect(errorOf(() => parsePromql(text).range(memorySource([]), 0, 1, 1, STILL)).code).toBe('PROMQL_INVALID')
  })
})

test('the first of a range keeps its name, as the last does', () => {
  const series = seriesOf(1000, 'm{a="1"} 1 2 3 4')
  expect(instant('first_over_time(m[2s]) * 10 + last_over_time(m[2s])', series, 3000)).toEqual([['{a="1"}', 34]])
  expect(instant('first_over_time(m[2s])', series, 3000)).toEqual([['m{a="1"}', 3]])
})

test('errors of an evaluation name the place and the series', () => {
  const series = seriesOf(1000, 'm{a="1",b="1"} 1', 'm{a="1",b="2"} 1', 'n{a="1"} 1')
  const twice = errorOf(() => instant('1 +\n(n * on (a) m)', series))
  expect(twice).toMatchObject({ code: 'PROMQL_FAILED', line: 2, column: 2 })
  expect(twice.message).toContain('m{a="1", b="1"} and m{a="1", b="2"}')
  expect(errorOf(() => instant('m * on (a) n', series)).message).toContain('group_left')
})

test('matches have to be unique before a comparison drops some of them', () => {
  const series = seriesOf(1000, 'm{a="1",b="1"} 1', 'm{a="1",b="2"} 5', 'n{a="1"} 3')
  for (const text of [
    'm > on (a) n',
    'm > on (a) n * 2',
    'm == bool on (a) n',
    'm > on (a) group_left (c) (m > on (a) n)',
  ])
    expect(errorOf(() => instant(text, series)).code).toBe('PROMQL_FAILED')
  expect(instant('m > on (a) group_left () n', series)).toEqual([['m{a="1", b="2"}', 5]])
})

test('series that become the same are one, where no two of them have a value at a time', () => {
  const series = seriesOf(600_000, 'm{a="1"} 2 _', 'n{a="1"} _ 4')
  const overTime = (text: string) =>
    parsePromql(text)
      .range(memorySource(series), 0, 600_000, 600_000, STILL)
      .value.series.map(({ labels, values }) => [formatLabels(labels), ...Array.from(values)])
  expect(overTime('-{a="1"}')).toEqual([['{a="1"}', -2, -4]])
  expect(overTime('abs({a="1"})')).toEqual([['{a="1"}', 2, 4]])
  // Of functions of ranges no two series may become the same at all.
  expect(errorOf(() => overTime('max_over_time({a="1"}[1m])')).message).toContain('the same labelset')
  expect(overTime('last_over_time({a="1"}[1m])')).toEqual([
    ['m{a="1"}', 2],
    ['n{a="1"}', 4],
  ])
})

test('the buckets of a histogram may come in any order', () => {
  const buckets = ['le="+Inf"} 10', 'le="0.5"} 4', 'le="2"} 9', 'le="1"} 8']
  const series = seriesOf(1000, ...buckets.map((bucket) => `h_bucket{${bucket}`))
  expect(instant('histogram_quantile(0.4, h_bucket)', series)).toEqual([['{}', 0.5]])
  expect(instant('histogram_quantile(0.6, h_bucket)', series)).toEqual([['{}', 0.75]])
  expect(instant('histogram_fraction(0, 1, h_bucket)', series)).toEqual([['{}', 0.8]])
})

test('lines of notation mean what unit tests of rules mean by them', () => {
  expect(parseSeriesNotation('m{a="}"} 1 2+3x2 -1-1x1 _ _x2 stale Inf 1e2x1').values).toEqual([
    ...[1, 2, 5, 8, -1, -2, undefined, undefined, undefined, 'stale', Number.POSITIVE_INFINITY, 100, 100],
  ])
  expect(errorOf(() => parseSeriesNotation('m 1 2y'))).toMatchObject({ code: 'PROMQL_INVALID', line: 1, column: 5 })
  expect(errorOf(() => parseSeriesNotation('m {{sum:1}}')).code).toBe('PROMQL_UNSUPPORTED')
})

/** How expressions are read: what they mean by their form, and what is refused, with its place. */
import { describe, expect, test } from 'vitest'
import {
  DEFAULT_PARSE_OPTIONS,
  FUNCTIONS,
  parsePromql,
  parseSelector,
  REFUSED,
} from '../../../packages/server/src/promql/index.js'
import { answerOf, errorOf, instant, seriesOf } from './support.js'

const evaluated = (text: string) => answerOf(text, [], 0).value

describe('precedence', () => {
  test.each([
    ['-1 ^ 2', -1],
    ['2 ^ 3 ^ 2', 512],
    ['2 ^ -1', 0.5],
    ['-2 ^ -1 * 4', -2],
    ['2 ^ -1 * 4', 2],
    ['1 + 2 * 3 - 4 / 2', 5],
    ['1 - 2 - 3', -4],
    ['7 % 4 * 2', 6],
    ['(1 + 2) * 3', 9],
    ['1 ^ NaN + (-1) ^ Inf', 2],
    ['1 + 1 == bool 2 * 1', 1],
    ['3 > bool 2 == bool 1', 1],
    ['- - 1', 1],
    ['1 - -1', 2],
    ['8 / 2 atan2 1', Math.atan2(4, 1)],
    ['1 + 1 atan2 1', 1 + Math.atan2(1, 1)],
    ['0x1F + 010 + 1_000 + 2. + .5 + 1e1', 31 + 8 + 1000 + 2 + 0.5 + 10],
    ['1h + 1m30s + 500ms', 3690.5],
    ['+Inf', Number.POSITIVE_INFINITY],
  ])('%s', (text, value) => {
    expect(evaluated(text)).toMatchObject({ type: 'scalar', value })
  })

  test.each([
    // Offsets, fixed times and signs belong to what stands next to them, not to all before it.
    ['m - m offset 10s', [['{a="x"}', 1]]],
    ['m - m offset 10s * 2', [['{a="x"}', 3 - 4]]],
    ['m + m @ 0', [['{a="x"}', 4]]],
    ['-m offset 10s', [['{a="x"}', -2]]],
    ['-m ^ 2', [['{a="x"}', -9]]],
    ['m + max_over_time(m[20s:10s] offset 10s) * 2', [['{a="x"}', 7]]],
    ['m or n unless m', [['m{a="x"}', 3]]],
    ['m and n or n', [['m{a="x"}', 3]]],
  ] as const)('%s', (text, wanted) => {
    const series = seriesOf(10_000, 'm{a="x"} 1 2 3', 'n{a="x"} 5 5 5')
    expect(instant(text, series, 20_000)).toEqual(wanted)
  })
})

describe('strings', () => {
  test.each([
    [String.raw`"a\n\t\\\"\x41\101\u00e9\U0001F600"`, 'a\n\t\\"AAé😀'],
    [String.raw`'it\'s "so"'`, 'it\'s "so"'],
    ['`raw\\n"\n`', 'raw\\n"\n'],
    [String.raw`"\xc3\xa9"`, 'é'],
  ])('%s', (text, value) => {
    expect(evaluated(text)).toMatchObject({ type: 'string', value })
  })

  test.each([
    ['"open', 'is not closed'],
    [String.raw`"\z"`, String.raw`no escape sequence \z`],
    [String.raw`"\'"`, String.raw`no escape sequence \'`],
    [String.raw`"\400"`, String.raw`no escape sequence \400`],
    [String.raw`"\ud800"`, String.raw`no escape sequence \ud800`],
    ['"two\nlines"', 'lines is not expected here'],
    [String.raw`count_values("a\xffb", m)`, String.raw`invalid label name "a\xffb"`],
  ])('%s is refused', (text, problem) => {
    expect(errorOf(() => parsePromql(text)).message).toContain(problem)
  })
})

describe('names', () => {
  test('words of the language may name metrics and labels', () => {
    const series = seriesOf(1000, 'sum{by="1",on="2"} 1', 'rate 2', '{__name__="a.b","c d"="e"} 3')
    expect(instant('sum{by="1",on="2"}', series)).toEqual([['sum{by="1", on="2"}', 1]])
    expect(instant('rate', series)).toEqual([['rate', 2]])
    expect(instant('{"a.b","c d"="e"}', series)).toEqual([['{"a.b", "c d"="e"}', 3]])
    expect(instant('sum by ("c d") ({"a.b"})', series)).toEqual([['{"c d"="e"}', 3]])
  })

  test('aggregations and set operators may be written in capitals', () => {
    const series = seriesOf(1000, 'm{a="1"} 1', 'm{a="2"} 2')
    expect(instant('SUM(m) BY (a) AND m', series)).toEqual(instant('sum by (a) (m) and m', series))
  })
})

const INVALID: readonly (readonly [text: string, problem: string, line: number, column: number])[] = [
  ['', 'there is no expression', 1, 1],
  ['# a comment', 'it ends too early', 1, 12],
  ['sum(m', 'it ends too early', 1, 6],
  ['m{a="b"\nc="d"}', 'c is not expected here', 2, 1],
  ['m +\n  nosuch(m)', 'there is no function nosuch', 2, 3],
  ['Rate(m[5m])', 'names of functions have small letters', 1, 1],
  ['rate(m)', 'argument 1 of rate must be a range vector, not an instant vector', 1, 6],
  ['abs(m[5m])', 'must be an instant vector, not a range vector', 1, 5],
  ['rate()', 'rate takes 1 argument, not 0', 1, 1],
  ['round(m, 1, 2)', 'round takes at most 2 arguments, not 3', 1, 1],
  ['label_join(m, "a")', 'label_join takes at least 3 arguments, not 2', 1, 1],
  ['topk(m)', 'topk takes 2 arguments, not 1', 1, 1],
  ['topk("1", m)', 'the parameter of topk must be a scalar, not a string', 1, 6],
  ['sum(1)', 'what sum aggregates must be an instant vector, not a scalar', 1, 5],
  ['1 == 2', 'it must be "== bool"', 1, 3],
  ['m + bool m', 'bool goes with comparisons only', 1, 3],
  ['m and 1', 'and takes two instant vectors', 1, 3],
  ['m * on (a) 1', 'on and ignoring go with two instant vectors only', 1, 3],
  ['m and on (a) group_left () m', 'and takes no group_left or group_right', 1, 3],
  ['m * on (a) group_left (a) m', 'the label "a" is in on and in the group clause', 1, 3],
  ['m[5m] + 1', '+ takes scalars and instant vectors, not a range vector', 1, 1],
  ['-"a"', 'a sign may stand before a scalar or an instant vector', 1, 1],
  ['(m)[5m]', 'a range goes behind a selector', 1, 5],
  ['m[5m][5m]', 'a range goes behind a selector', 1, 7],
  ['m offset 5m [5m]', 'offset and @ go behind the range', 1, 14],
  ['m[0s]', 'a range must be longer than 0', 1, 3],
  ['m[300y]', '300y is no number', 1, 3],
  ['1[5m:]', 'a subquery goes behind an instant vector', 1, 1],
  ['m offset 1m offset 2m', 'offset is there twice', 1, 13],
  ['m @ 1 @ 2', '@ is there twice', 1, 7],
  ['(m) offset 5m', 'offset goes behind a selector or a subquery', 1, 5],
  ['m @ Inf', 'is no time in seconds', 1, 5],
  ['{}', 'a selector needs one matcher', 1, 1],
  ['{a=~".*",b=""}', 'a selector needs one matcher', 1, 1],
  ['m{__name__="n"}', 'the name of the metric is given twice, as "m" and "n"', 1, 1],
  ['m{__name__=~"n.*"}', 'the name of the metric is given twice, as "m" and "n.*"', 1, 1],
  ['m{a=~"("}', 'the pattern is no RE2 expression', 1, 6],
  ['label_replace(m, "", "", "", "")', 'invalid label name ""', 1, 18],
]

test.each(INVALID)('%j is refused: %s', (text, problem, line, column) => {
  const error = errorOf(() => parsePromql(text))
  expect(error).toMatchObject({ code: 'PROMQL_INVALID', line, column })
  expect(error.message).toContain(problem)
  expect(error.message).toContain(`(line ${line}, column ${column})`)
})

const UNSUPPORTED: readonly (readonly [text: string, feature: string, column: number])[] = [
  ...Object.keys(REFUSED).map((name) => [`1 + ${name}(m)`, name, 5] as const),
  ['m[5m + 1m]', 'arithmetic of durations', 3],
  ['m offset (5m)', 'arithmetic of durations', 10],
  ['rate(m[5m] smoothed)', 'range selector', 12],
  ['rate(m[5m] anchored)', 'range selector', 12],
  ['m + fill (0) m', 'filling', 5],
  ['m </ m', 'operator </', 3],
]

test.each(UNSUPPORTED)('%s is refused, and told what to use instead', (text, feature, column) => {
  const error = errorOf(() => parsePromql(text))
  expect(error).toMatchObject({ code: 'PROMQL_UNSUPPORTED', line: 1, column })
  expect(error.message).toMatch(new RegExp(`${feature.replaceAll('/', '.')}.* does not have: \\w+ `))
})

test('no function is both there and refused', () => {
  expect(Object.keys(REFUSED).filter((name) => name in FUNCTIONS)).toEqual([])
})

test('what a selector says is given to those who ask for series', () => {
  const matchers = parseSelector('up{job=~"a|b",instance!="c"}')
  expect(matchers.map(({ name, op, value }) => name + op + value)).toEqual(['__name__=up', 'job=~a|b', 'instance!=c'])
  for (const text of ['up offset 5m', 'up[5m]', 'sum(up)', '1'])
    expect(errorOf(() => parseSelector(text)).code).toBe('PROMQL_INVALID')
})

test('look-back and the step of subqueries are the caller’s', () => {
  const series = seriesOf(10_000, 'm 1 2 3')
  const options = { ...DEFAULT_PARSE_OPTIONS, lookbackMs: 15_000, subqueryStepMs: 5000 }
  const at = (text: string, atMs: number) =>
    parsePromql(text, options).instant({ select: () => series }, atMs, { ...LIMITLESS }).value
  expect(at('m', 34_000)).toMatchObject({ samples: [{ value: 3 }] })
  expect(at('m', 35_000)).toMatchObject({ samples: [] })
  expect(at('count_over_time(m[20s:])', 20_000)).toMatchObject({ samples: [{ value: 4 }] })
})

const LIMITLESS = { maxSamples: 1e9, maxSeries: 1e9, maxSteps: 1e9, timeoutMs: 1e9, now: () => 0 }

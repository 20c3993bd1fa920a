import type { LabelMatcher, LabelSet, Limits, ParseOptions, Series, SeriesSource } from './contract.js'
import { PromqlError, positionOf } from './error.js'
import { Labels, METRIC_NAME } from './labels.js'
import { DEFAULT_PARSE_OPTIONS } from './options.js'
import { type Refuse, refuserOf } from './syntax/build.js'
import { readExpression } from './syntax/read.js'
import { parseNumber } from './text/numbers.js'

/** Most values that one line of notation may mean. */
const MAX_VALUES = 1_000_000
const NUMBER = '(?:[+-]?(?:\\d+\\.?\\d*(?:e[+-]?\\d+)?|\\.\\d+(?:e[+-]?\\d+)?|inf|nan))'
const VALUE = new RegExp(
  `^(?:(_)(?:x(\\d+))?|(stale)|(${NUMBER})(?:([+-]${NUMBER.replace('[+-]?', '')})?x(\\d+))?)$`,
  'i',
)

/** A line of Prometheus's notation of series: a value for each interval, none where it is undefined. */
export interface NotedSeries {
  readonly labels: LabelSet
  readonly values: readonly (number | 'stale' | undefined)[]
}

/**
 * Reads `metric{label="value"} 1 2+3x4 _ stale`, as unit tests of rules write series: `2+3x4` is 2 and four more, each 3
 * larger; `_x4` is none four times. Throws PromqlError.
 */
export function parseSeriesNotation(text: string): NotedSeries {
  const refuse = refuserOf(text)
  const metric = /^\s*[a-zA-Z0-9_:]*(?:\{(?:[^"'`}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)*\})?/.exec(text)![0]
  const values: (number | 'stale' | undefined)[] = []
  for (const word of text.slice(metric.length).matchAll(/\S+/g))
    for (const value of valuesOf(word[0], metric.length + word.index, refuse, text)) {
      if (values.length >= MAX_VALUES) refuse(metric.length + word.index, `a series may have ${MAX_VALUES} values`)
      values.push(value)
    }
  return { labels: parseLabels(metric), values }
}

function* valuesOf(word: string, at: number, refuse: Refuse, text: string): Generator<number | 'stale' | undefined> {
  if (word.startsWith('{{')) {
    const values = { feature: 'a native histogram', instead: 'write the series of a classic one' }
    throw new PromqlError('PROMQL_UNSUPPORTED', values, positionOf(text, at))
  }
  const match = VALUE.exec(word)
  if (match === null) return refuse(at, `${word} is no value: write 1, 1+2x3, _ or stale`)
  const [, none, noneTimes = '1', stale, first = '', step, times = '0'] = match
  const count = none === undefined ? Number(times) + 1 : Number(noneTimes)
  let value = parseNumber(first)
  for (let index = 0; index < count; index++) {
    yield none !== undefined ? undefined : stale !== undefined ? 'stale' : value
    if (step !== undefined) value += Number(step)
  }
}

/** The labels that `metric{label="value"}` says. Throws PromqlError. */
export function parseLabels(text: string): LabelSet {
  const trimmed = text.trim()
  if (trimmed === '{}' || trimmed === '') return Labels.NONE.toRecord()
  const matchers = parseSelector(text)
  const other = matchers.find(({ op }) => op !== '=')
  if (other !== undefined) refuserOf(text)(0, `labels have = and no ${other.op}`)
  return Labels.of(
    matchers.map(({ name }) => name),
    matchers.map(({ value }) => value),
  ).toRecord()
}

/**
 * The same matchers for as long as there is time, counted from now, for uses that are no query: a hostile pattern may take
 * milliseconds for each of many texts. Later than that they throw PROMQL_TIMEOUT.
 */
export function withDeadline(
  matchers: readonly LabelMatcher[],
  { timeoutMs, now }: Pick<Limits, 'timeoutMs' | 'now'>,
): readonly LabelMatcher[] {
  const endsAt = now() + timeoutMs
  return matchers.map(({ matches, ...matcher }) => ({
    ...matcher,
    matches(text) {
      if (now() > endsAt) throw new PromqlError('PROMQL_TIMEOUT', { timeoutMs }, positionOf('', 0))
      return matches(text)
    },
  }))
}

/** The matchers of a selector without a range, as the APIs of series and labels take it. Throws PromqlError. */
export function parseSelector(text: string, options: ParseOptions = DEFAULT_PARSE_OPTIONS): readonly LabelMatcher[] {
  const expr = readExpression(text, options)
  if (expr.kind !== 'selector' || expr.offsetMs !== 0 || expr.pinned !== undefined)
    return refuserOf(text)(expr.at, 'a selector alone is expected, such as up{job="mcp"}')
  return expr.matchers
}

/** A source of series that are all in memory. It knows them by their metrics' names, and looks through those. */
export function memorySource(series: readonly Series[]): SeriesSource {
  const byName = new Map<string, Series[]>()
  for (const one of series) {
    const name = labelOf(one, METRIC_NAME)
    const known = byName.get(name)
    if (known === undefined) byName.set(name, [one])
    else known.push(one)
  }
  return {
    select(matchers) {
      const named = matchers.find(({ name, op }) => name === METRIC_NAME && op === '=')
      const others = matchers.filter((matcher) => matcher !== named)
      const candidates = named === undefined ? series : (byName.get(named.value) ?? [])
      return candidates.filter((one) => others.every((matcher) => matcher.matches(labelOf(one, matcher.name))))
    },
  }
}

const labelOf = ({ labels }: Series, name: string): string => (Object.hasOwn(labels, name) ? labels[name]! : '')

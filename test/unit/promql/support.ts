import {
  type Answer,
  DEFAULT_LIMITS,
  formatLabels,
  type LabelSet,
  type Limits,
  memorySource,
  PromqlError,
  type PromqlErrorCode,
  parsePromql,
  parseSeriesNotation,
  type Series,
} from '../../../packages/server/src/promql/index.js'

/** Limits with a clock that stands still. */
export const STILL: Limits = { ...DEFAULT_LIMITS, now: () => 0 }

/** Series out of lines of notation, a value every `intervalMs` from 0 on. */
export function seriesOf(intervalMs: number, ...lines: readonly string[]): readonly Series[] {
  return lines.map((line) => {
    const { labels, values } = parseSeriesNotation(line)
    const at = (wanted: (value: number | 'stale' | undefined) => boolean) =>
      values.flatMap((value, index) => (wanted(value) ? [index * intervalMs] : []))
    return {
      labels,
      times: at((value) => typeof value === 'number'),
      values: values.filter((value) => typeof value === 'number'),
      staleTimes: at((value) => value === 'stale'),
    }
  })
}

/** What an expression gives at one time: `[labels, value]` for each series. */
export function instant(text: string, series: readonly Series[], atMs = 0): readonly (readonly [string, number])[] {
  const { value } = answerOf(text, series, atMs)
  if (value.type !== 'vector') throw new Error(`${text} gives a ${value.type}`)
  return value.samples.map((sample) => [formatLabels(sample.labels), sample.value])
}

export const answerOf = (text: string, series: readonly Series[], atMs = 0): Answer =>
  parsePromql(text).instant(memorySource(series), atMs, STILL)

/** The error that a function throws, as a test looks at it. */
export function errorOf(run: () => unknown): {
  readonly code: PromqlErrorCode
  readonly message: string
  readonly line: number
  readonly column: number
} {
  try {
    run()
  } catch (error) {
    if (error instanceof PromqlError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** `count` series of one metric, alike but for one label. */
export function manySeries(count: number, samples = 2, labels: LabelSet = {}): readonly Series[] {
  const times = Float64Array.from({ length: samples }, (_, index) => index * 1000)
  return Array.from({ length: count }, (_, number) => ({
    labels: { __name__: 'm', number: String(number), ...labels },
    times,
    values: times.map((time) => time + number),
  }))
}

import type { Merge, Metric } from './declare.js'
import type { Exemplar } from './exemplar.js'
import { type AnySeries, HistogramSeries, type MergedSummary, NumberSeries, type SummarySeries } from './series.js'

const MERGES: Readonly<Record<Merge, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  min: Math.min,
  max: Math.max,
}

/** Several series of one metric as one. */
export class Accumulator {
  /** The sum so far: one object for good, and an empty one at first. */
  readonly series: NumberSeries | HistogramSeries | MergedSummary
  readonly #merge: (a: number, b: number) => number
  #isEmpty = true

  constructor(metric: Metric, values: readonly string[]) {
    this.#merge = MERGES[metric.merge]
    if (metric.type === 'histogram') this.series = new HistogramSeries(values, metric.buckets)
    else this.series = metric.type === 'summary' ? { values, count: 0, sum: 0 } : new NumberSeries(values)
  }

  /** Begins anew. */
  clear(): void {
    const { series } = this
    this.#isEmpty = true
    if (series instanceof NumberSeries) {
      series.value = 0
      series.exemplar = undefined
    } else if (series instanceof HistogramSeries) {
      series.counts.fill(0)
      series.sum = 0
      series.exemplars = undefined
    } else Object.assign(series, { count: 0, sum: 0 })
  }

  /** Takes one more series of the metric. */
  add(other: AnySeries | MergedSummary): void {
    const { series } = this
    if (series instanceof NumberSeries && other instanceof NumberSeries) {
      series.value = this.#isEmpty ? other.value : this.#merge(series.value, other.value)
      series.exemplar = newer(series.exemplar, other.exemplar)
    } else if (series instanceof HistogramSeries && other instanceof HistogramSeries) addHistogram(series, other)
    else if (isSummary(series) && isSummary(other))
      Object.assign(series, { count: series.count + other.count, sum: series.sum + other.sum })
    this.#isEmpty = false
  }
}

function addHistogram(to: HistogramSeries, from: HistogramSeries): void {
  for (let i = 0; i < to.counts.length; i++) to.counts[i]! += from.counts[i]!
  to.sum += from.sum
  if (!from.exemplars) return
  to.exemplars ??= []
  for (let i = 0; i < to.counts.length; i++) to.exemplars[i] = newer(to.exemplars[i], from.exemplars[i])
}

function newer(one: Exemplar | undefined, other: Exemplar | undefined): Exemplar | undefined {
  return one && (!other || one.at >= other.at) ? one : other
}

function isSummary(series: AnySeries | MergedSummary): series is SummarySeries | MergedSummary {
  return !(series instanceof NumberSeries || series instanceof HistogramSeries)
}

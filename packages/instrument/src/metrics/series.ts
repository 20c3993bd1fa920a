import type { Metric, MetricType } from './declare.js'

/** A count that only rises. */
export interface Counter {
  /** Adds `n` (default 1). What is no finite number ≥ 0 is ignored: a counter never falls. */
  inc(n?: number): void
  /** Raises the count to a total that is kept elsewhere. A lower total is ignored. */
  raiseTo(total: number): void
}

/** A value that goes up and down. */
export interface Gauge {
  /** NaN and the infinities are values too. */
  set(value: number): void
  /** Adds `delta`, which may be negative. */
  add(delta: number): void
}

/** A distribution. */
export interface Histogram {
  /** Takes one observation, in the metric's unit. What is not finite is ignored: it would spoil the sum for ever. */
  observe(value: number): void
}

/** The handle that a metric of type `T` gives. */
export type HandleOf<T extends MetricType> = { counter: Counter; gauge: Gauge; histogram: Histogram }[T]

/** One series: its label values, in the order of the metric's labels, and what it holds. */
export interface Series {
  readonly values: readonly string[]
}

/** A series of a counter or a gauge. */
export class NumberSeries implements Series, Counter, Gauge {
  value = 0
  constructor(readonly values: readonly string[]) {}

  inc(n = 1): void {
    if (n >= 0 && n < Infinity) this.value += n
  }

  raiseTo(total: number): void {
    if (total > this.value && total < Infinity) this.value = total
  }

  set(value: number): void {
    this.value = value
  }

  add(delta: number): void {
    this.value += delta
  }
}

/** A series of a histogram. */
export class HistogramSeries implements Series, Histogram {
  /** Observations in each bucket, not cumulated; the last is the one above every bound. */
  readonly counts: number[]
  sum = 0
  readonly #bounds: readonly number[]

  constructor(
    readonly values: readonly string[],
    bounds: readonly number[],
  ) {
    this.#bounds = bounds
    this.counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) return
    const bounds = this.#bounds
    let bucket = 0
    // Most observations are small and fall into the first few buckets: a search by halves is slower here.
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.counts[bucket]!++
    this.sum += value
  }
}

/** Makes an empty series of a metric. */
export function createSeries(metric: Metric, values: readonly string[]): NumberSeries | HistogramSeries {
  return metric.type === 'histogram' ? new HistogramSeries(values, metric.buckets) : new NumberSeries(values)
}

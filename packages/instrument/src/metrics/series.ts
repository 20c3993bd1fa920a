import type { Metric, MetricType } from './declare.js'
import { type Exemplar, exemplarOf, type Occasion } from './exemplar.js'
import { Sketch } from './sketch.js'

/** A count that only rises. */
export interface Counter {
  /** Adds `n` (default 1). What is no number ≥ 0, or would make the count infinite, is ignored: a counter never falls. */
  inc(n?: number, occasion?: Occasion): void
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
  /** Takes one observation, in the metric's unit. What would make the sum infinite is ignored: it would spoil it for ever. */
  observe(value: number, occasion?: Occasion): void
}

/** A distribution seen through quantiles. */
export interface Summary {
  /** As a histogram's. */
  observe(value: number): void
}

/** The handle that a metric of type `T` gives. */
export type HandleOf<T extends MetricType> = {
  counter: Counter
  gauge: Gauge
  histogram: Histogram
  summary: Summary
}[T]

/** One series: its label values, in the order of the metric's labels, and what it holds. */
export interface Series {
  readonly values: readonly string[]
  /** What stands between its braces: it never changes, so it is written once, at the first exposition. */
  text?: string | undefined
}

/** What a series of any type is. */
export type AnySeries = NumberSeries | HistogramSeries | SummarySeries

/** A series of a counter or a gauge. */
export class NumberSeries implements Series, Counter, Gauge {
  value = 0
  /** The newest, of a counter. */
  exemplar: Exemplar | undefined
  text: string | undefined
  constructor(readonly values: readonly string[]) {}

  inc(n = 1, occasion?: Occasion): void {
    if (!(n >= 0 && this.value + n < Infinity)) return
    this.value += n
    if (occasion?.traceId !== undefined) this.exemplar = exemplarOf(n, occasion) ?? this.exemplar
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
  /** The newest of each bucket that has one. */
  exemplars: (Exemplar | undefined)[] | undefined
  text: string | undefined
  readonly #bounds: readonly number[]

  constructor(
    readonly values: readonly string[],
    bounds: readonly number[],
  ) {
    this.#bounds = bounds
    this.counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe(value: number, occasion?: Occasion): void {
    if (!Number.isFinite(this.sum + value)) return
    const bounds = this.#bounds
    let bucket = 0
    // Most observations are small and fall into the first few buckets: a search by halves is slower here.
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.counts[bucket]!++
    this.sum += value
    if (occasion?.traceId !== undefined) this.#remember(bucket, exemplarOf(value, occasion))
  }

  #remember(bucket: number, exemplar: Exemplar | undefined): void {
    if (!exemplar) return
    this.exemplars ??= []
    this.exemplars[bucket] = exemplar
  }
}

/** The quantiles that a summary shows. */
export const QUANTILES = [0.5, 0.9, 0.95, 0.99] as const

/** A series of a summary: all that was observed, and the quantiles of the last 10 minutes (see `Sketch`). */
export class SummarySeries implements Series, Summary {
  count = 0
  sum = 0
  text: string | undefined
  readonly #sketch = new Sketch()
  readonly #now: () => number

  constructor(
    readonly values: readonly string[],
    now: () => number,
  ) {
    this.#now = now
  }

  observe(value: number): void {
    if (!Number.isFinite(this.sum + value)) return
    this.count++
    this.sum += value
    this.#sketch.add(value, this.#now())
  }

  /** In the order of `QUANTILES`; NaN where nothing was observed for 10 minutes. */
  quantiles(): readonly number[] {
    return this.#sketch.quantiles(QUANTILES, this.#now())
  }
}

/** Summaries that became one: quantiles of several cannot be had from theirs, so there are none. */
export interface MergedSummary extends Series {
  readonly count: number
  readonly sum: number
}

/** Makes an empty series of a metric. `now`: milliseconds since 1970. */
export function createSeries(metric: Metric, values: readonly string[], now: () => number): AnySeries {
  if (metric.type === 'histogram') return new HistogramSeries(values, metric.buckets)
  return metric.type === 'summary' ? new SummarySeries(values, now) : new NumberSeries(values)
}

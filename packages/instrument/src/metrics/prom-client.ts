import { HOST_METRICS } from './catalogue-host.js'
import type { Metric } from './declare.js'
import { processMetrics } from './process.js'
import type { Collected } from './registry.js'
import {
  type AnySeries,
  HistogramSeries,
  type MergedSummary,
  NumberSeries,
  QUANTILES,
  SummarySeries,
} from './series.js'

/** What is used of a registry of prom-client (13 to 15). */
export interface PromClientRegistry {
  registerMetric(metric: never): void
  getSingleMetric(name: string): unknown
}

interface Value {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/**
 * Shows the metrics of this process in a registry of prom-client: its `/metrics` has them beside its own. A name that the
 * registry has already stays as it is, and so do `process_*` and what only the machine's own monitor moves.
 */
export function registerWith(promClient: PromClientRegistry): void {
  const { registry } = processMetrics()
  const collect = once(() => new Map(registry.collect().map((collected) => [collected.metric, collected])))
  const add = (metric: Metric, name: string) => {
    const isOurs = metric.scope === 'mcp' && !Object.hasOwn(HOST_METRICS, metric.name)
    if (!isOurs || promClient.getSingleMetric(name) !== undefined) return
    promClient.registerMetric(new Shown(metric, name, () => collect().get(metric)) as unknown as never)
  }
  for (const { metric, name } of registry.metrics()) add(metric, name)
  registry.onMetric(add)
}

/** One metric, as prom-client's registry asks for it. */
class Shown {
  readonly help: string
  readonly type: string
  readonly aggregator = 'sum'
  readonly #collect: () => Collected | undefined

  /** `name` is prom-client's to change: for OpenMetrics it takes `_total` away. */
  constructor(
    metric: Metric,
    public name: string,
    collect: () => Collected | undefined,
  ) {
    this.help = metric.help
    this.type = metric.type
    this.#collect = collect
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this
    const collected = this.#collect()
    const values = collected?.series.flatMap((series) => valuesOf(collected, series)) ?? []
    return { name, help, type, aggregator, values }
  }

  /** Counters never fall: whoever resets a registry resets its own metrics. */
  reset(): void {}
}

function valuesOf({ name, labels, metric }: Collected, series: AnySeries | MergedSummary): readonly Value[] {
  const own = Object.fromEntries(labels.map((label, i) => [label, series.values[i]!]))
  if (series instanceof NumberSeries) return [{ labels: own, value: series.value }]
  if (series instanceof HistogramSeries) {
    let count = 0
    const buckets = series.counts.map((n, i) => {
      count += n
      return { metricName: `${name}_bucket`, labels: { ...own, le: metric.buckets[i] ?? '+Inf' }, value: count }
    })
    return [...buckets, ...totals(name, own, series.sum, count)]
  }
  const quantiles = series instanceof SummarySeries ? series.quantiles() : []
  return [
    ...quantiles.map((value, i) => ({ labels: { ...own, quantile: QUANTILES[i]! }, value })),
    ...totals(name, own, series.sum, series.count),
  ]
}

function totals(name: string, labels: Value['labels'], sum: number, count: number): readonly Value[] {
  return [
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}

/** The value of `make`, kept until the current work is over: a scrape asks for every metric at once. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    queueMicrotask(() => {
      made = undefined
    })
    return made.value
  }
}

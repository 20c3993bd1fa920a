import {
  createRegistry,
  METRICS,
  type Metric,
  type Registry,
  type RegistryOptions,
} from '../../../packages/instrument/src/metrics/index.js'

/** The trace in which every counter and histogram moved. */
export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'

const VALUES = { small: 'a', hostile: 'line\nfeed "quote" back\\slash \ud800 {le="1"} é \u{1f600}' }

/** A registry in which every metric of the catalogue has a plain and a hostile series, and has moved. */
export function everyMetricMoved(options?: RegistryOptions): Registry {
  const registry = createRegistry(options)
  for (const metric of METRICS) for (const value of Object.values(VALUES)) move(registry, metric, value)
  return registry
}

function move(registry: Registry, metric: Metric, value: string): void {
  const values = metric.labels.map(() => value)
  if (isOf(metric, 'counter'))
    registry
      .counter(metric)
      .with(...values)
      .inc(3, { at: 1_700_000_000_123, traceId: TRACE_ID })
  if (isOf(metric, 'gauge'))
    registry
      .gauge(metric)
      .with(...values)
      .set(1.5)
  if (isOf(metric, 'histogram'))
    registry
      .histogram(metric)
      .with(...values)
      .observe(metric.buckets[1]!, { at: 1_700_000_000_123, traceId: TRACE_ID })
  if (isOf(metric, 'summary'))
    registry
      .summary(metric)
      .with(...values)
      .observe(100)
}

function isOf<T extends Metric['type']>(metric: Metric, type: T): metric is Metric<readonly string[], T> {
  return metric.type === type
}

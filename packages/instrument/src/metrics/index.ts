export {
  CATALOGUE,
  DURATION_BUCKETS_SECONDS,
  METRICS,
  SESSION_BUCKETS_SECONDS,
  SIZE_BUCKETS_BYTES,
} from './catalogue.js'
export {
  counter,
  type Declaration,
  declare,
  gauge,
  histogram,
  METRIC_TYPES,
  type Merge,
  type Metric,
  type MetricType,
  type Scope,
  type Unit,
} from './declare.js'
export { EXPOSITION_CONTENT_TYPE, expose } from './expose.js'
export { type Family, OVERFLOW } from './family.js'
export { createMetricsFold, DEFAULT_SERVER_LIMITS, type MetricsFoldOptions } from './fold.js'
export {
  type Collected,
  createRegistry,
  DEFAULT_MAX_SERIES_PER_METRIC,
  fullName,
  type Registry,
  type RegistryOptions,
} from './registry.js'
export type { Counter, Gauge, HandleOf, Histogram, HistogramSeries, NumberSeries, Series } from './series.js'
export type { ServerLimits } from './server.js'
export { UNKNOWN_TOOL } from './tools.js'
export {
  type IngestReadings,
  type ProcessReadings,
  type StoreReadings,
  watchBuild,
  watchIngest,
  watchProcess,
  watchStore,
  watchStream,
} from './watch.js'

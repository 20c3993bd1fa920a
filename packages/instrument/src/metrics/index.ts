export { formatFor } from './accept.js'
export {
  DURATION_BUCKETS_SECONDS,
  OTEL_BUCKETS_SECONDS,
  SESSION_BUCKETS_SECONDS,
  SIZE_BUCKETS_BYTES,
} from './buckets.js'
export { CATALOGUE, METRICS } from './catalogue.js'
export { type CustomMetrics, defineMetrics } from './custom.js'
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
  summary,
  type Unit,
} from './declare.js'
export type { Exemplar, Occasion } from './exemplar.js'
export { CONTENT_TYPES, expose, exposeParts, type Format } from './expose.js'
export { type Family, OVERFLOW } from './family.js'
export { createMetricsFold, DEFAULT_SERVER_LIMITS, type MetricsFold, type MetricsFoldOptions } from './fold.js'
export { DEFAULT_MAX_LABEL_VALUES } from './labels.js'
export { fullName, NameTable, PREFIX } from './names.js'
export { type ProcessMetrics, processMetrics } from './process.js'
export { type PromClientRegistry, registerWith } from './prom-client.js'
export { listOfProviderMetrics, providerPrefix } from './providers.js'
export { reasonLabel } from './reasons.js'
export {
  type Collectable,
  type Collected,
  createRegistry,
  DEFAULT_MAX_SERIES_PER_METRIC,
  type Registry,
  type RegistryOptions,
} from './registry.js'
export {
  type AnySeries,
  type Counter,
  type Gauge,
  type HandleOf,
  type Histogram,
  HistogramSeries,
  type MergedSummary,
  NumberSeries,
  QUANTILES,
  type Series,
  type Summary,
  SummarySeries,
} from './series.js'
export type { ServerLimits } from './server.js'
export { MAX_BUCKETS, RELATIVE_ERROR, Sketch, SLICES, WINDOW_MS } from './sketch.js'
export { estimateTokens } from './tokens.js'
export { UNKNOWN_TOOL } from './tools.js'
export { createView, type ViewLabels, viewName } from './view.js'
export {
  type AlertsReadings,
  type IngestReadings,
  type ProcessReadings,
  type SeriesReadings,
  type StoreReadings,
  watchAlerts,
  watchAudit,
  watchBuild,
  watchIngest,
  watchLog,
  watchProcess,
  watchSeries,
  watchStore,
  watchStream,
} from './watch.js'
export { type GatewayLoad, type GatewayReadings, watchGateway } from './watch-gateway.js'
export { type PushReadings, watchPush } from './watch-push.js'
export { type RuleGroupReadings, watchRules } from './watch-rules.js'

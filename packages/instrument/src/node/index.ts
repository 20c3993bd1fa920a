export { type MetricsServer, type MetricsServerOptions, startMetricsServer } from './metrics-server.js'
export { DEFAULT_METRICS_HOST, DEFAULT_METRICS_PORT, SHIP_DEFAULTS } from './options.js'
export {
  type Match,
  type Provider,
  type ProviderOptions,
  type ProviderState,
  provider,
  providerStates,
} from './provider.js'
export { measureProcess } from './readings.js'
export { type ShipOptions, type Shipping, ship } from './ship.js'

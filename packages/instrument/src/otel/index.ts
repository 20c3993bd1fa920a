/** Traces of OpenTelemetry: the one entry of the library that loads `@opentelemetry/api`, which its user installs. */
export { startTracing, type TracingOptions } from './tracing.js'

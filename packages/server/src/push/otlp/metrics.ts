import {
  type Collected,
  HistogramSeries,
  type Metric,
  NumberSeries,
  QUANTILES,
  SummarySeries,
} from '@mcp-vitals/instrument/metrics'
import { nanosOf } from '../shared/nanos.js'
import { type Attribute, attributesOf, numberOf } from './attributes.js'

/** Counted from when the daemon started: each point tells all so far. */
const CUMULATIVE = 2
/** Units by UCUM, as OpenTelemetry writes them. */
const UNITS = { seconds: 's', bytes: 'By', tokens: '{token}' } as const
/** Labels of OpenTelemetry's own metrics by the names of their attributes; every other label keeps its name. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  mcp_method_name: 'mcp.method.name',
  gen_ai_tool_name: 'gen_ai.tool.name',
  error_type: 'error.type',
  gen_ai_operation_name: 'gen_ai.operation.name',
  rpc_response_status_code: 'rpc.response.status_code',
  mcp_protocol_version: 'mcp.protocol.version',
  network_transport: 'network.transport',
}

/** One metric of the data model, with its points, and how many they are. */
export interface PushedMetric {
  readonly metric: object
  readonly points: number
}

/**
 * What was collected, as metrics of OTLP in pieces of at most `mostPoints`. OpenTelemetry's own metrics have its names
 * (`mcp.server.operation.duration`); all others keep those that `/metrics` shows, so that queries and rules mean the same there.
 */
export function* metricsOf(
  collected: readonly Collected[],
  startedAtMs: number,
  atMs: number,
  mostPoints: number,
): Generator<PushedMetric> {
  const times = { startTimeUnixNano: nanosOf(startedAtMs), timeUnixNano: nanosOf(atMs) }
  for (const { metric, name, labels, series } of collected)
    for (let from = 0; from < series.length; from += mostPoints) {
      const part = series.slice(from, from + mostPoints)
      const points = part.map((one) => ({
        attributes: attributesOfSeries(metric, labels, one.values),
        ...times,
        ...pointOf(metric, one),
      }))
      yield { metric: { ...headOf(metric, name), [kindOf(metric)]: dataOf(metric, points) }, points: points.length }
    }
}

function headOf({ scope, otelName, unit, help }: Metric, name: string): object {
  return {
    name: scope === 'otel' && otelName !== undefined ? otelName : name,
    description: help,
    ...(unit !== undefined && { unit: UNITS[unit] }),
  }
}

function attributesOfSeries({ scope }: Metric, labels: readonly string[], values: readonly string[]) {
  const record: Record<string, string> = {}
  for (const [at, label] of labels.entries())
    record[scope === 'otel' ? (ATTRIBUTES[label] ?? label) : label] = values[at]!
  return attributesOf(record)
}

function kindOf({ type }: Metric): 'sum' | 'gauge' | 'histogram' | 'summary' {
  return type === 'counter' ? 'sum' : type
}

function dataOf({ type }: Metric, dataPoints: readonly { readonly attributes: readonly Attribute[] }[]): object {
  if (type === 'counter') return { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: true }
  return type === 'histogram' ? { dataPoints, aggregationTemporality: CUMULATIVE } : { dataPoints }
}

function pointOf({ buckets }: Metric, series: Collected['series'][number]): object {
  if (series instanceof NumberSeries) return { asDouble: numberOf(series.value) }
  if (series instanceof HistogramSeries) {
    const count = series.counts.reduce((sum, one) => sum + one, 0)
    return { count: String(count), sum: series.sum, bucketCounts: series.counts.map(String), explicitBounds: buckets }
  }
  const whole = { count: String(series.count), sum: series.sum }
  if (!(series instanceof SummarySeries)) return whole
  const quantiles = series.quantiles()
  const known = quantiles.map((value, at) => ({ quantile: QUANTILES[at]!, value: numberOf(value) }))
  return { ...whole, quantileValues: known }
}

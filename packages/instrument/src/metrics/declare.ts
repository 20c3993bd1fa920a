/** The vocabulary in which a metric is declared: one declaration gives the registry, the exposition and the reference page. */

/** Kinds of metric, as Prometheus has them. */
export const METRIC_TYPES = ['counter', 'gauge', 'histogram', 'summary'] as const
export type MetricType = (typeof METRIC_TYPES)[number]

/**
 * What a metric's name starts with. `mcp` is the prefix that the configuration may replace; `mcp_vitals` (our own
 * workings) and `process` (the Prometheus clients' convention) never change, and the names of `otel` (OpenTelemetry's)
 * are whole as they stand.
 */
export type Scope = 'mcp' | 'mcp_vitals' | 'process' | 'otel'

/** How two series become one when a view drops a label that told them apart. */
export type Merge = 'sum' | 'min' | 'max'

/** Base units, as they stand in names: `duration_seconds`, `size_bytes`, `result_tokens`. */
export type Unit = 'seconds' | 'bytes' | 'tokens'

/** One metric. `L` is the tuple of its label names, in the order in which `with` takes their values. */
export interface Metric<L extends readonly string[] = readonly string[], T extends MetricType = MetricType> {
  /** Without prefix. */
  readonly name: string
  readonly scope: Scope
  readonly type: T
  readonly labels: L
  readonly help: string
  readonly unit?: Unit
  /** Upper bounds of a histogram's buckets, rising, without +Inf. Empty for other types. */
  readonly buckets: readonly number[]
  readonly merge: Merge
  /** The OpenTelemetry metric that measures the same thing, where there is one. */
  readonly otelName?: string
}

/** A metric before it has a name. */
export type Declaration<L extends readonly string[], T extends MetricType> = Omit<Metric<L, T>, 'name' | 'scope'>

interface Extras {
  readonly unit?: Unit
  readonly otelName?: string
}

/** A count that only rises. Its name ends in `_total`. Merges by sum. */
export function counter<const L extends readonly string[]>(
  help: string,
  labels: L,
  extras: Extras = {},
): Declaration<L, 'counter'> {
  return { type: 'counter', help, labels, buckets: [], merge: 'sum', ...extras }
}

/** A value that goes up and down. How it merges must be said: no way is right for all. */
export function gauge<const L extends readonly string[]>(
  help: string,
  labels: L,
  extras: Extras & { readonly merge: Merge },
): Declaration<L, 'gauge'> {
  return { type: 'gauge', help, labels, buckets: [], ...extras }
}

/** A distribution over `buckets` (upper bounds, rising, in `unit`, without +Inf). Merges by sum. */
export function histogram<const L extends readonly string[]>(
  help: string,
  labels: L,
  extras: Extras & { readonly unit: Unit; readonly buckets: readonly number[] },
): Declaration<L, 'histogram'> {
  return { type: 'histogram', help, labels, merge: 'sum', ...extras }
}

/** A distribution as quantiles over a sliding window (see `SummarySeries`). Merged, it keeps `_sum` and `_count` only. */
export function summary<const L extends readonly string[]>(
  help: string,
  labels: L,
  extras: Extras & { readonly unit: Unit },
): Declaration<L, 'summary'> {
  return { type: 'summary', help, labels, buckets: [], merge: 'sum', ...extras }
}

/** Declarations with their names: the keys of the table that holds them. */
export type Named<D> = {
  readonly [K in keyof D]: D[K] extends Declaration<infer L, infer T> ? Metric<L, T> & { readonly name: K } : never
}

/** Gives every declaration of a table its name and its scope. */
export function declare<const D extends Readonly<Record<string, Declaration<readonly string[], MetricType>>>>(
  scope: Scope,
  table: D,
): Named<D> {
  return Object.fromEntries(
    Object.entries(table).map(([name, declaration]) => [name, { name, scope, ...declaration }]),
  ) as unknown as Named<D>
}

import type { RuleGroupReadings } from '@mcp-vitals/instrument/metrics'
import type { LabelSet, Value } from '../promql/index.js'
import type { Health, RuleAlert, RuleGroup, RuleReport } from '../rules/index.js'
import type { Changes, SavedBlock, SavedSeries, SeriesOptions, WindowStats } from '../series/index.js'
import type { MessageOf, RequestOf } from '../threads/index.js'

/** When an expression is evaluated: at one time, or at `startMs`, `startMs + stepMs` … up to `endMs`. */
export type When =
  | { readonly atMs: number }
  | { readonly startMs: number; readonly endMs: number; readonly stepMs: number }

/** What a query may ask for beside the defaults. */
export interface QueryOptions {
  /** At most what the configuration allows. */
  readonly timeoutMs?: number
  /** How long the last sample of a series counts, in milliseconds. */
  readonly lookbackMs?: number
  /** Most series of the answer; what is beyond is left out, with a warning. */
  readonly limit?: number
  readonly labels?: Labels
}

/**
 * Which series of a metric are meant that a view shows with fewer labels: `view`, those of the view, which rules read as well;
 * or `full`, those with all labels. Default: `view`.
 */
export type Labels = 'view' | 'full'

/** Which series: those that meet one of the selectors (all where there is none), in a span of time. */
export interface Finding {
  readonly selectors: readonly string[]
  /** Instead of selectors: an expression, for those that it asks for, whatever the time. */
  readonly expr?: string
  readonly startMs?: number
  readonly endMs?: number
  readonly limit?: number
  readonly labels?: Labels
}

/** A value with what is remarked about it. */
export interface Answer {
  readonly value: Value
  readonly warnings: readonly string[]
  readonly infos: readonly string[]
}

/** What the thread can be asked: request → what comes back. */
export interface Calls {
  query: { request: { readonly expr: string; readonly when: When; readonly options: QueryOptions }; reply: Answer }
  /** The same as the body of an answer of Prometheus's HTTP API. */
  queryBody: { request: Calls['query']['request']; reply: Uint8Array<ArrayBuffer> }
  labelNames: { request: Finding; reply: readonly string[] }
  labelValues: { request: Finding & { readonly label: string }; reply: readonly string[] }
  series: { request: Finding; reply: readonly LabelSet[] }
  /** Groups of rules and how they are. */
  rules: { request: Record<never, never>; reply: readonly GroupStatus[] }
  /** Packs and hands over all that is not kept yet. */
  flush: { request: Record<never, never>; reply: Changes }
  close: { request: Record<never, never>; reply: null }
}

export type Call = keyof Calls
export type Request = RequestOf<Calls>
export type Message = MessageOf<Calls>

/** One metric and its series, as they were sampled: told once, and again when series come or go. */
export interface Family {
  readonly name: string
  /** `target`: its labels stand for the target's own, as those of `up` do. */
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'target'
  readonly labels: readonly string[]
  /** Bounds of a histogram, as labels. */
  readonly bounds: readonly string[]
  /** Whether a summary's values hold its quantiles. */
  readonly hasQuantiles: boolean
  /** Label values of each series. */
  readonly rows: readonly (readonly string[])[]
}

/** What the thread is told, beside requests. */
export type Notice =
  /** Labels of the target, `job` and `instance` among them. */
  | { readonly kind: 'target'; readonly labels: LabelSet }
  | { readonly kind: 'restore'; readonly series: readonly SavedSeries[]; readonly blocks: readonly SavedBlock[] }
  | { readonly kind: 'restored'; readonly nowMs: number; readonly rules: readonly Required<KeptState>[] }
  /** The groups of rules that there are from now on. */
  | { readonly kind: 'rules'; readonly groups: readonly TimedGroup[]; readonly nowMs: number }
  | {
      readonly kind: 'sample'
      readonly atMs: number
      readonly view: Sample
      /** The metrics with all their labels that the view shows with fewer; absent where it shows all. */
      readonly full?: Sample
    }

/** Values of one time. */
export interface Sample {
  /** Those that differ from the sample before. */
  readonly changed: readonly Family[]
  /** Names of all metrics, in the order of their values; absent where it is that of before. */
  readonly order?: readonly string[]
  readonly values: Float64Array
}

/** What the thread tells of a sample that it took. */
export interface Sampled {
  readonly stats: WindowStats
  readonly changes?: Changes
}

/** A group that knows its interval. */
export type TimedGroup = RuleGroup & { readonly intervalMs: number }

/** What a group of rules knows beside its samples, for a restart: since when alerts hold. */
export interface KeptState {
  readonly key: string
  /** Absent: nothing. */
  readonly body?: string
}

/** What the thread tells of an evaluation, or of the end of a group. */
export interface Evaluated {
  readonly group: string
  readonly reports: readonly RuleReport[]
  /** Absent: the group is no more. */
  readonly figures?: RuleGroupReadings
  readonly kept?: KeptState
}

/** What the thread tells unasked. */
export type Told = { readonly sampled: Sampled } | { readonly evaluated: Evaluated }

/** A group of rules as it is now. Times are milliseconds since 1970. */
export interface GroupStatus {
  readonly group: TimedGroup
  readonly lastMs?: number
  readonly tookMs: number
  /** In the order of the group's rules. */
  readonly rules: readonly {
    readonly health: Health
    /** Empty where there is none. */
    readonly lastError: string
    readonly lastMs?: number
    readonly tookMs: number
    /** Pending and firing ones; none of a recording rule. */
    readonly alerts: readonly RuleAlert[]
  }[]
}

/** What the thread is started with. */
export interface WorkerData {
  readonly options: SeriesOptions
}

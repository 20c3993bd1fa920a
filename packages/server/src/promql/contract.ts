/** Names and values of a series' labels, `__name__` among them. A label without a value is absent. */
export type LabelSet = Readonly<Record<string, string>>

/** One condition on a label: equal, not equal, matches or does not match the whole of an RE2 pattern. */
export interface Matcher {
  readonly name: string
  readonly op: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

/** A matcher that can be asked. */
export interface LabelMatcher extends Matcher {
  /** Whether a label of this value meets the condition; an absent label has the value ''. */
  matches(value: string): boolean
}

/**
 * Samples of one series in the order of time. Times are milliseconds since the epoch, each larger than the one before.
 * A source that gives the same `pairs` (or, where it has none, `labels`) for the same series each time spares the engine
 * reading them again.
 */
export interface Series {
  readonly labels: LabelSet
  /** The same labels as name, value, name, value …, sorted by name, without empty values; then `labels` is not read. */
  readonly pairs?: readonly string[]
  readonly times: ArrayLike<number>
  readonly values: ArrayLike<number>
  /** When the series went stale: times of Prometheus's staleness markers, ascending, none of them among `times`. */
  readonly staleTimes?: ArrayLike<number>
}

/** Where the engine takes series from. It asks once for each selector of a query. */
export interface SeriesSource {
  /**
   * The series that meet all matchers, with their samples (and markers) from `startMs` to `endMs`, both included. More
   * samples on either side do no harm. What one series gives may be good only until the next is read. No two series may
   * have the same labels. The matchers' `matches` counts towards the limits of the query, so a source that tries many
   * values needs no limit of its own.
   */
  select(matchers: readonly LabelMatcher[], startMs: number, endMs: number): readonly Series[]
}

/** What one query may cost. Where one is exceeded the query ends with PROMQL_LIMIT or PROMQL_TIMEOUT. */
export interface Limits {
  /** Samples that may be read from series and made on the way to the result, all steps together. */
  readonly maxSamples: number
  /** Series that one selector may find, and that any part of the expression may have. */
  readonly maxSeries: number
  /** Steps of a range query, and evaluations of one subquery. */
  readonly maxSteps: number
  /** How long an evaluation may take by `now`, in milliseconds. */
  readonly timeoutMs: number
  /** A monotonic clock, in milliseconds: the engine has none of its own. */
  readonly now: () => number
}

/** What the text of an expression may be, and what it leaves to its surroundings. */
export interface ParseOptions {
  /** In UTF-16 units. */
  readonly maxLength: number
  /** How deep expressions may stand in each other. */
  readonly maxDepth: number
  /** How long the last sample of a series counts as its value, in milliseconds. */
  readonly lookbackMs: number
  /** The step of a subquery that names none, in milliseconds. */
  readonly subqueryStepMs: number
}

export interface Scalar {
  readonly type: 'scalar'
  readonly atMs: number
  readonly value: number
}

export interface Text {
  readonly type: 'string'
  readonly atMs: number
  readonly value: string
}

/** Series with one value each, at one time. Sorted only where the expression sorts. */
export interface Vector {
  readonly type: 'vector'
  readonly atMs: number
  readonly samples: readonly { readonly labels: LabelSet; readonly value: number }[]
}

/** Series with values over time, sorted by labels. */
export interface Matrix {
  readonly type: 'matrix'
  readonly series: readonly Series[]
}

export type Value = Scalar | Text | Vector | Matrix
export type ValueType = Value['type']

/** A value and what Prometheus would remark about it. */
export interface Answer<V extends Value = Value> {
  readonly value: V
  /** What is probably wrong with the data or the query: "PromQL warning: …". */
  readonly warnings: readonly string[]
  /** What may be meant otherwise: "PromQL info: …". */
  readonly infos: readonly string[]
  /** Samples read and made, as `maxSamples` counts them. */
  readonly samples: number
}

/** What a query will ask its source for. */
export interface Selection {
  readonly matchers: readonly Matcher[]
  readonly startMs: number
  readonly endMs: number
}

/** A parsed and checked expression; it holds no state and may be evaluated any number of times. */
export interface Query {
  readonly text: string
  readonly type: ValueType
  /** Evaluates at one time. Throws PromqlError. */
  instant(source: SeriesSource, atMs: number, limits: Limits): Answer
  /** Evaluates at `startMs`, `startMs + stepMs` … up to `endMs`; scalars and vectors only. Throws PromqlError. */
  range(source: SeriesSource, startMs: number, endMs: number, stepMs: number, limits: Limits): Answer<Matrix>
  /** The selectors, each with the span of samples that an evaluation from `startMs` to `endMs` needs. */
  selections(startMs: number, endMs: number): readonly Selection[]
}

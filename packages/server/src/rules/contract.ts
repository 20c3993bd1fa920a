import type { LabelSet } from '../promql/index.js'

/** A rule that names the result of an expression. */
export interface RecordingRule {
  readonly kind: 'recording'
  /** Name of the series. */
  readonly name: string
  readonly expr: string
  readonly labels: LabelSet
}

/** A rule that raises an alert for each series of its expression's result. */
export interface AlertingRule {
  readonly kind: 'alerting'
  /** Becomes the label `alertname`. */
  readonly name: string
  readonly expr: string
  /** How long it has to hold before it fires. */
  readonly forMs: number
  /** How long it goes on firing after it ended. */
  readonly keepFiringForMs: number
  /** Templates. */
  readonly labels: LabelSet
  /** Templates. */
  readonly annotations: LabelSet
}

export type Rule = RecordingRule | AlertingRule

/** Rules that are evaluated one after another, at the same times. */
export interface RuleGroup {
  /** Where it stands: groups of one file have different names. */
  readonly file: string
  readonly name: string
  /** Absent: the evaluation interval of the configuration. */
  readonly intervalMs?: number
  /** Most series, or alerts, that a rule may give; 0: 10,000. */
  readonly limit: number
  /** How far before the time of the evaluation the expressions look. */
  readonly offsetMs: number
  readonly rules: readonly Rule[]
}

/** `pending`: it holds, but not for long enough yet. */
export type RuleAlertState = 'pending' | 'firing'

/** An alert of a rule, as it is now. Equal labels are the same alert. Times are milliseconds since 1970. */
export interface RuleAlert {
  /** With `alertname`. */
  readonly labels: LabelSet
  readonly annotations: LabelSet
  readonly value: number
  readonly state: RuleAlertState
  /** Since when it holds. */
  readonly activeAt: number
  /** Since when it fires. */
  readonly startsAt?: number
  /** Since when its condition is over, while it is kept firing. */
  readonly clearedAt?: number
}

/**
 * What one evaluation of an alerting rule came to: everything that holds. What was told of before and is missing now is
 * over. `no_data`: none of the rule's selectors found a sample. `error`: it could not be evaluated, so nothing is known.
 */
export interface RuleReport {
  /** The rule: file, group and name. */
  readonly source: string
  readonly atMs: number
  readonly evidence: 'seen' | 'no_data' | 'error'
  /** None where nothing is known. */
  readonly conditions: readonly RuleAlert[]
  readonly forMs: number
  readonly keepFiringForMs: number
  /** How often the rule is evaluated, where its group says so. */
  readonly everyMs?: number
  /** Labels that the rule gives to all its alerts, with `alertname`. */
  readonly labels: LabelSet
}

import { CATALOGUE } from './catalogue.js'
import { RULE_METRICS } from './catalogue-rules.js'
import type { Registry } from './registry.js'

const { mcp_vitals: vitals } = CATALOGUE

/** What is told of one group of rules. Times are milliseconds. */
export interface RuleGroupReadings {
  readonly rules: number
  readonly intervalMs: number
  /** Evaluations of single rules, and those that failed. */
  readonly evaluations: number
  readonly failures: number
  /** Evaluations of the group that were due, and those of them that were left out as they came too late. */
  readonly iterations: number
  readonly missed: number
  /** Since 1970; absent before the first evaluation. */
  readonly lastMs?: number
  readonly tookMs: number
}

/** Exposes what groups of rules do, by `file;name`, read at every collection. A group that is gone has no series any more. */
export function watchRules(registry: Registry, read: () => Readonly<Record<string, RuleGroupReadings>>): void {
  let known: readonly string[] = []
  registry.onCollect(() => {
    const groups = read()
    for (const group of known)
      if (!Object.hasOwn(groups, group))
        for (const name of Object.keys(RULE_METRICS) as (keyof typeof RULE_METRICS)[])
          registry.remove(vitals[name], group)
    known = Object.keys(groups)
    for (const [group, figures] of Object.entries(groups)) expose(registry, group, figures)
  })
}

function expose(registry: Registry, group: string, figures: RuleGroupReadings): void {
  const { rules, intervalMs, evaluations, failures, iterations, missed, lastMs, tookMs } = figures
  registry.counter(vitals.rule_evaluations_total).with(group).raiseTo(evaluations)
  registry.counter(vitals.rule_evaluation_failures_total).with(group).raiseTo(failures)
  registry.counter(vitals.rule_group_iterations_total).with(group).raiseTo(iterations)
  registry.counter(vitals.rule_group_iterations_missed_total).with(group).raiseTo(missed)
  registry.gauge(vitals.rule_group_rules).with(group).set(rules)
  registry
    .gauge(vitals.rule_group_interval_seconds)
    .with(group)
    .set(intervalMs / 1000)
  if (lastMs === undefined) return
  registry
    .gauge(vitals.rule_group_last_evaluation_timestamp_seconds)
    .with(group)
    .set(lastMs / 1000)
  registry
    .gauge(vitals.rule_group_last_duration_seconds)
    .with(group)
    .set(tookMs / 1000)
}

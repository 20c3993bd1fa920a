/** What the rules of the daemon do, by group (`file;name`): the names of Prometheus's own, with our prefix. */
import { counter, gauge } from './declare.js'

const seconds = { unit: 'seconds', merge: 'max' } as const

export const RULE_METRICS = {
  rule_evaluations_total: counter('Evaluations of rules.', ['rule_group']),
  rule_evaluation_failures_total: counter('Evaluations of rules that failed.', ['rule_group']),
  rule_group_iterations_total: counter('Evaluations of the group that were due, missed ones among them.', [
    'rule_group',
  ]),
  rule_group_iterations_missed_total: counter('Evaluations of the group that were left out, as they came too late.', [
    'rule_group',
  ]),
  rule_group_rules: gauge('Rules of the group.', ['rule_group'], { merge: 'sum' }),
  rule_group_interval_seconds: gauge('How often the group is evaluated.', ['rule_group'], seconds),
  rule_group_last_evaluation_timestamp_seconds: gauge(
    'Time of the newest evaluation of the group, seconds since 1970.',
    ['rule_group'],
    seconds,
  ),
  rule_group_last_duration_seconds: gauge('How long the newest evaluation of the group took.', ['rule_group'], seconds),
}

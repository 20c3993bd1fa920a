import { CATALOGUE } from '@mcp-vitals/instrument/metrics'
import { type Board, gauged, lines, rated, table } from '../board.js'

const { mcp_vitals: vitals } = CATALOGUE

export const alerts: Board = {
  slug: 'alerts',
  title: 'Alerts',
  about: 'What fires, by Prometheus and by mcp-vitals, and whether people are told.',
  panels: (q) => [
    table('Firing in Prometheus', 'ALERTS{alertstate="firing",ruleset!=""}'),
    lines('Firing by Rule', 'short', {
      expr: 'count by (alertname, severity) (ALERTS{alertstate="firing",ruleset!=""})',
      legend: '{{alertname}} {{severity}}',
    }),
    lines('Alerts of mcp-vitals', 'short', gauged(q, vitals.alerts, ['state'])),
    lines('Messages Sent', 'cps', rated(q, vitals.alert_messages_sent_total, ['channel'])),
    lines('Messages that Wait', 'short', gauged(q, vitals.alert_messages_waiting, [])),
    lines('Silences', 'short', gauged(q, vitals.alert_silences, [])),
    lines('Evaluations of Rules that Failed', 'cps', rated(q, vitals.rule_evaluation_failures_total, ['rule_group'])),
    lines('Duration of Evaluations', 's', gauged(q, vitals.rule_group_last_duration_seconds, ['rule_group'])),
  ],
}

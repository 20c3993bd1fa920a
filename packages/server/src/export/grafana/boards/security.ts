import { CATALOGUE } from '@mcp-vitals/instrument/metrics'
import { type Board, gauged, lines, rated } from '../board.js'

const { mcp, mcp_vitals: vitals } = CATALOGUE

export const security: Board = {
  slug: 'security',
  title: 'Security',
  about: 'Who was refused, what was out of bounds, and whether the audit log is written and signed.',
  panels: (q) => [
    lines('Authentication Failures', 'cps', rated(q, mcp.auth_failures_total, ['server', 'reason'])),
    lines('Rate Limit Hits', 'cps', rated(q, mcp.rate_limit_hits_total, ['server', 'limit_type'])),
    lines('HTTP Rate Limit Hits', 'cps', rated(q, mcp.http_rate_limit_hits_total, ['server', 'limit_type'])),
    lines('Validation Failures', 'cps', rated(q, mcp.validation_failures_total, ['server', 'tool', 'reason'])),
    lines('Security Events', 'cps', rated(q, mcp.security_events_total, ['type', 'severity'])),
    lines('Anomalies', 'cps', rated(q, mcp.anomalies_total, ['tool', 'signal', 'severity'])),
    lines('Audit Rows', 'cps', { expr: q.rate(vitals.audit_rows_total), legend: 'rows' }),
    lines('Audit Rows without a Signature yet', 'short', gauged(q, vitals.audit_unsigned_rows, [])),
    lines('Audit Log Is Written', 'short', gauged(q, vitals.audit_writable, []), { max: 1 }),
  ],
}

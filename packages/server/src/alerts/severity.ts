import { type Labels, SEVERITIES, type Severity } from './contract.js'

/** Words of Prometheus's rules, as CONTRACT.md, F7 has them; `info` and none are LOW. */
const WORDS: Readonly<Record<string, Severity>> = {
  critical: 'CRITICAL',
  error: 'HIGH',
  high: 'HIGH',
  warning: 'MEDIUM',
  medium: 'MEDIUM',
  info: 'LOW',
  low: 'LOW',
}

/** How grave an alert is: `mcp_severity` where it has one, else what its `severity` means. A word that is none is MEDIUM. */
export function severityOf({ mcp_severity, severity = 'low' }: Labels): Severity {
  return WORDS[(mcp_severity ?? severity).toLowerCase()] ?? 'MEDIUM'
}

/** 0 for LOW, 3 for CRITICAL. */
export function rankOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity)
}

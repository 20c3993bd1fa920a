import type { CheckResult, Reason } from '../checks/index.js'

const WORDS: Readonly<Record<Reason, string>> = {
  timeout: 'no answer in time',
  connection_refused: 'connection refused',
  connection_closed: 'connection closed',
  name_not_resolved: 'name not found',
  unreachable: 'not reachable',
  tls: 'TLS failed',
  invalid_answer: 'answer not understood',
  status: 'HTTP status',
  not_ready: 'not ready',
  exit: 'ended with status',
  not_found: 'not found',
  not_executable: 'not executable',
  unexpected_body: 'answer not as expected',
  unexpected_record: 'records not as expected',
  certificate_ends: 'days left of the certificate:',
  tools_missing: 'expected tools missing:',
  tool_call: 'tool call failed',
  disk_full: 'too little space left',
  memory_full: 'too little memory left',
  inactive: 'unit not active, systemctl says',
  heartbeat_late: 'no heartbeat in time',
  heartbeat_failed: 'told of its failure',
  cut_off: 'the monitor itself is cut off from the network',
  failed: 'failed',
}

/** A reason for a person: `connection refused (ECONNREFUSED)`, `HTTP status 503`, `expected tools missing: search`. */
export function wordsOf({ reason = 'failed', code }: Pick<CheckResult, 'reason' | 'code'>): string {
  const words = WORDS[reason]
  if (code === undefined) return words
  return /^\d+$/.test(code) || words.endsWith(':') ? `${words} ${code}` : `${words} (${code})`
}

/** A share in percent, with no more digits than it needs. */
export const percent = (share: number): string => `${Number((100 * share).toFixed(share < 0.1 ? 1 : 0))} %`

/** A time for a person: `45ms`, `1.5s`. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)}ms` : `${Number((ms / 1000).toFixed(1))}s`
}

/** Health checks, and what is done about what they find. */
import { DURATION_BUCKETS_SECONDS } from './buckets.js'
import { counter, gauge, histogram } from './declare.js'

const duration = { unit: 'seconds', buckets: DURATION_BUCKETS_SECONDS } as const
/** Up to a check that is forgotten; what is asked of a monitor is at most two seconds. */
const LATENESS_BUCKETS_SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30] as const

/** The monitor's own workings. */
export const MONITOR_METRICS = {
  check_lateness_seconds: histogram(
    'How much later than planned health checks began: checks wait for each other where too many are slow, and for this process where it is held up.',
    [],
    { unit: 'seconds', buckets: LATENESS_BUCKETS_SECONDS },
  ),
}

export const CHECK_METRICS = {
  probe_checks_total: counter(
    'Health checks that ended; they count in no metric of the provider that they ask. status: success or error.',
    ['server', 'check', 'status'],
  ),
  probe_duration_seconds: histogram('Duration of health checks.', ['server', 'check'], duration),
  probe_up: gauge('1: judged to be up. 0: down, by so many failed checks.', ['server', 'check'], { merge: 'min' }),
  probe_success: gauge('1: the newest health check succeeded. 0: it failed.', ['server', 'check'], { merge: 'min' }),
  probe_health: gauge(
    'How what is checked is judged, by its checks, its latency and its calls: 1 healthy, 0.5 degraded, 0 unhealthy. No series while that is not known, and in maintenance.',
    ['server', 'check'],
    { merge: 'min' },
  ),
  remediation_runs_total: counter(
    'What rules of remediation of this daemon did about components that are not well. outcome: ran, failed, dry_run, held_back, verified or not_verified; a run counts once for its end, and once for what the check after it said.',
    ['server', 'component', 'action', 'outcome'],
  ),
}

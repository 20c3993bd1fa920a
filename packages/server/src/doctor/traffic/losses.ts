import type { Finding, Severity } from '../contract.js'
import { looked } from '../contract.js'
import type { Sample } from '../shared/metrics.js'
import { counted, lasting, shown } from '../shared/words.js'
import { logCommands, ofRunning } from './readings.js'

interface Loss {
  /** Without prefix where `own` is false: then the configured one stands before it. */
  readonly metric: string
  readonly isPrefixed?: true
  readonly severity: Severity
  /** Whether a value tells of a trouble. Default: above 0. */
  readonly isOne?: (value: number) => boolean
  readonly problem: (value: number) => string
  readonly why: string
  readonly next: string
  readonly fix: readonly string[]
  /** Words of the log's lines about it, where they are no errors. */
  readonly logged?: string
}

const DISK = ['df -h ~/.local/state/mcp-vitals', 'iostat -x 1 3']
/** An anchor that is behind for longer is down. Seconds. */
const ANCHOR_LATE_SECONDS = 600

/** What the daemon counts of its own troubles, since it started. */
const LOSSES: readonly Loss[] = [
  {
    metric: 'mcp_vitals_sink_events_dropped_total',
    severity: 'error',
    problem: (value) =>
      `${counted(Math.round(value), 'event')} lost on their way to the log, the store or the audit log.`,
    why: 'Counters have them; the log, the history and the audit log do not.',
    next: 'More came than a sink could take: see whether its disk or database is slow.',
    fix: DISK,
  },
  {
    metric: 'mcp_vitals_store_events_lost_total',
    severity: 'error',
    problem: (value) => `${counted(Math.round(value), 'event')} not stored.`,
    why: 'They are missing from the history.',
    next: 'The disk was full, broken or too slow: free some space, or move the state directory.',
    fix: DISK,
  },
  {
    metric: 'mcp_vitals_ingest_events_dropped_total',
    severity: 'warning',
    problem: (value) => `Other programs gave up ${counted(Math.round(value), 'event')} before they could send them.`,
    why: 'Their calls are missing here.',
    next: 'They were without a daemon for long, or send more than is taken: see how long it was away, and the limits of `ingest`.',
    fix: ['mcp-vitals config print | grep -A12 ingest'],
  },
  {
    metric: 'mcp_vitals_ingest_events_rejected_total',
    severity: 'warning',
    problem: (value) => `${counted(Math.round(value), 'event')} of other programs not valid, and not taken.`,
    why: 'What they tell of is missing here.',
    next: 'Compare what they post with docs/reference/ingest.md.',
    fix: ['curl -s http://127.0.0.1:9464/v1/events/schema'],
  },
  {
    metric: 'mcp_vitals_log_lines_dropped_total',
    severity: 'warning',
    problem: (value) => `${counted(Math.round(value), 'log line')} lost.`,
    why: 'Who reads the log does not see all that happened.',
    next: 'What reads it is too slow, or its file could not be written: see its disk and rights.',
    fix: ['mcp-vitals config print | grep -A10 log', 'df -h .'],
  },
  {
    metric: 'mcp_vitals_series_samples_dropped_total',
    severity: 'warning',
    problem: (value) => `${counted(Math.round(value), 'sample')} of metrics not taken.`,
    why: 'Queries and rules do not see them.',
    next: 'There are too many series, or the clock went back: see the reason among the labels.',
    fix: ["mcp-vitals query 'mcp_vitals_series_samples_dropped_total'", 'series: { maxSeries: 200000 }'],
  },
  {
    metric: 'mcp_vitals_alert_messages_lost_total',
    severity: 'error',
    problem: (value) =>
      `${counted(Math.round(value), 'message of an alert', 'messages of alerts')} taken by no channel, and given up.`,
    why: 'Something fired, and nobody was told.',
    next: 'Send a test to each channel, and mend what it says.',
    fix: ['mcp-vitals alerts history --limit 20', 'mcp-vitals alerts test <channel>'],
  },
  {
    metric: 'mcp_vitals_alert_messages_failed_total',
    severity: 'warning',
    problem: (value) => `Alert channels did not take ${counted(Math.round(value), 'try', 'tries')} to tell somebody.`,
    why: 'They are tried again, and until then nobody knows.',
    next: 'Send a test to the channel, and mend what it says.',
    fix: ['mcp-vitals alerts history --limit 20', 'mcp-vitals alerts test <channel>'],
  },
  {
    metric: 'mcp_vitals_push_receiver_up',
    severity: 'warning',
    isOne: (value) => value === 0,
    problem: () => 'A receiver takes nothing of what is pushed to it.',
    why: 'Where it fails, what is to be sent waits on disk, up to a bound, and the oldest is lost beyond; what it refuses is lost at once.',
    next: 'The log says what it answered: mend its address or credentials under `push`, or wait until it is back.',
    fix: ['mcp-vitals config print | grep -A24 push', "mcp-vitals query 'mcp_vitals_push_items_waiting'"],
    logged: 'pushed to',
  },
  {
    metric: 'mcp_vitals_push_items_lost_total',
    severity: 'warning',
    problem: (value) =>
      `${counted(Math.round(value), 'line, span or sample', 'lines, spans and samples')} lost that were to be pushed.`,
    why: 'The receiver named in the labels will never have them.',
    next: 'See the reason: `refused` and `rejected` are the receiver’s own (its limits, or data too old for it), `room` is the bound of the spool.',
    fix: ["mcp-vitals query 'mcp_vitals_push_items_lost_total > 0'"],
  },
  {
    metric: 'mcp_vitals_alerts_refused_total',
    severity: 'error',
    problem: (value) => `${counted(Math.round(value), 'alert')} refused, because there were too many.`,
    why: 'Nobody is told of them.',
    next: 'A rule makes an alert of each series: aggregate it.',
    fix: ['mcp-vitals rules list', 'mcp-vitals alerts list'],
  },
  {
    metric: 'mcp_vitals_audit_writable',
    severity: 'error',
    isOne: (value) => value === 0,
    problem: () => 'The audit log cannot be written: rows wait in memory.',
    why: 'What happens now is not on record, and calls are refused where the log is required.',
    next: 'Free some space, mend the disk, or reach the database that `audit` names.',
    fix: [...DISK, 'mcp-vitals audit verify'],
  },
  {
    metric: 'mcp_vitals_audit_anchor_behind_seconds',
    severity: 'warning',
    isOne: (value) => value > ANCHOR_LATE_SECONDS,
    problem: (value) => `An anchor of the audit log has missed checkpoints for ${lasting(1000 * value)}.`,
    why: 'Newer rows could be rewritten unseen.',
    next: 'Mend the place that `audit.anchors` names.',
    fix: ['mcp-vitals audit checkpoint'],
  },
  {
    metric: 'mcp_vitals_rule_evaluation_failures_total',
    severity: 'warning',
    problem: (value) => `Rules failed ${counted(Math.round(value), 'time')}.`,
    why: 'An alert of a rule that fails does not fire.',
    next: 'See the group among the labels, and check its file.',
    fix: ["mcp-vitals query 'mcp_vitals_rule_evaluation_failures_total > 0'", 'mcp-vitals rules list'],
  },
  {
    metric: 'mcp_vitals_engine_restarts_total',
    severity: 'warning',
    problem: (value) => `The thread of series and rules was started again ${counted(Math.round(value), 'time')}.`,
    why: 'It hung or took too much memory, and rules rested meanwhile.',
    next: 'Look for queries that ask for much, and for many series.',
    fix: ['mcp-vitals query \'topk(5, count by (__name__) ({__name__=~".+"}))\''],
  },
  {
    metric: 'config_last_reload_successful',
    isPrefixed: true,
    severity: 'error',
    isOne: (value) => value === 0,
    problem: () => 'The daemon refused the configuration that it read last, and goes on with the one before.',
    why: 'What was changed in the file does not hold.',
    next: 'Mend the file: the daemon reads it again by itself.',
    fix: ['mcp-vitals config check'],
  },
  {
    metric: 'config_restart_pending',
    isPrefixed: true,
    severity: 'warning',
    problem: (value) => `${counted(Math.round(value), 'option')} of the configuration changed, which needs a restart.`,
    why: 'Until then the daemon goes on with their old values.',
    next: 'Restart the daemon; its log names the options.',
    fix: ['sudo systemctl restart mcp-vitals'],
  },
]

/** What the daemon lost, could not tell anybody of, or could not write. */
export const losses = ofRunning(
  'losses',
  [
    'events that were dropped, not stored, or given up by their senders',
    'alerts that no channel took, and channels that fail',
    'an audit log that is not written, or an anchor of it that is behind',
    'receivers of pushes that fail, and what they will never have',
    'log lines and samples lost, rules that fail, a configuration that was refused or waits for a restart',
  ],
  async (readings) => {
    const { samples, prefix } = readings
    const findings = LOSSES.flatMap(
      ({
        metric,
        isPrefixed,
        severity,
        isOne = (value) => value > 0,
        problem,
        why,
        next,
        fix,
        logged,
      }): readonly Finding[] => {
        const name = isPrefixed ? `${prefix}_${metric}` : metric
        const ill = samples.filter((sample) => sample.name === name && isOne(sample.value))
        if (ill.length === 0) return []
        const value = ill.reduce((sum, sample) => sum + sample.value, 0)
        return [
          {
            severity,
            problem: problem(value),
            evidence: ill.slice(0, 5).map(lineOf),
            why,
            next,
            fix: [...fix, ...logCommands(readings, logged).slice(0, 1)],
          },
        ]
      },
    )
    return looked('as the daemon has counted since it started', findings)
  },
)

function lineOf({ name, labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${shown(text)}"`)
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`
}

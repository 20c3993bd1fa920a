/** What the daemon pushes to others. */
import { counter, gauge } from './declare.js'

const RECEIVER = 'receiver: loki, otlp_logs, otlp_traces, otlp_metrics or remote_write.'

export const PUSH_METRICS = {
  push_items_sent_total: counter(`Lines, spans and samples that a receiver took. ${RECEIVER}`, ['receiver']),
  push_items_lost_total: counter(
    'Lines, spans and samples that a receiver will never have. reason: room (too much waited), refused (it took none of their request) or rejected (it took the others).',
    ['receiver', 'reason'],
  ),
  push_posts_failed_total: counter('Tries to push that failed and were, or will be, made again.', ['receiver']),
  push_receiver_up: gauge(
    '1: a receiver took something of the last request, or had none yet. 0: it failed, and what is to be sent waits, or it refused all, which is lost.',
    ['receiver'],
    { merge: 'min' },
  ),
  push_items_waiting: gauge('Lines, spans and samples that wait for a receiver, in memory and on disk.', ['receiver'], {
    merge: 'sum',
  }),
  push_spool_bytes: gauge('Bytes that wait for a receiver on disk.', ['receiver'], { unit: 'bytes', merge: 'sum' }),
  push_last_sent_timestamp_seconds: gauge('When a receiver took something last, seconds since 1970.', ['receiver'], {
    unit: 'seconds',
    merge: 'min',
  }),
} as const

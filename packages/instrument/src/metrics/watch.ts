import type { StreamStats } from '../stream/index.js'
import { CATALOGUE } from './catalogue.js'
import type { Registry } from './registry.js'

const { mcp_vitals: vitals, process } = CATALOGUE

/** What the host of the registry can tell of its own process: this library reads nothing of the runtime itself. */
export interface ProcessReadings {
  /** User and system CPU time so far, seconds. */
  cpuSeconds(): number
  /** Bytes. */
  residentMemoryBytes(): number
  /** When the process started, seconds since 1970. */
  readonly startTimeSeconds: number
}

/** Exposes the Prometheus clients' standard `process_*` metrics, read at every collection. */
export function watchProcess(registry: Registry, readings: ProcessReadings): void {
  registry.gauge(process.start_time_seconds).with().set(readings.startTimeSeconds)
  registry.onCollect(() => {
    registry.counter(process.cpu_seconds_total).with().raiseTo(readings.cpuSeconds())
    registry.gauge(process.resident_memory_bytes).with().set(readings.residentMemoryBytes())
  })
}

/** Exposes what the stream itself counts (late events, faults, each sink's queue and losses), read at every collection. */
export function watchStream(registry: Registry, stats: () => StreamStats): void {
  registry.onCollect(() => {
    const { late, foldFaults, sinks } = stats()
    registry.counter(vitals.events_late_total).with().raiseTo(late)
    registry.counter(vitals.fold_faults_total).with().raiseTo(foldFaults)
    for (const [sink, { written, overflowed, failed, waiting }] of Object.entries(sinks)) {
      registry.counter(vitals.sink_events_written_total).with(sink).raiseTo(written)
      registry.counter(vitals.sink_events_dropped_total).with(sink, 'overflow').raiseTo(overflowed)
      registry.counter(vitals.sink_events_dropped_total).with(sink, 'failed').raiseTo(failed)
      registry.gauge(vitals.sink_queue_events).with(sink).set(waiting)
    }
  })
}

/** What an event store tells of itself. */
export interface StoreReadings {
  /** Bytes with content in its file; absent while it cannot tell. */
  readonly usedBytes?: number | undefined
  /** Bytes of events that wait for the disk. */
  readonly waitingBytes: number
  /** Events refused because too much waited. */
  readonly refusedEvents: number
  /** Events whose write failed. */
  readonly failedEvents: number
  readonly restarts: number
}

/** Exposes the store's newest figures, taken at every collection; nothing while `newest` gives none. */
export function watchStore(registry: Registry, newest: () => StoreReadings | undefined): void {
  registry.onCollect(() => {
    const readings = newest()
    if (!readings) return
    const { usedBytes, waitingBytes, refusedEvents, failedEvents, restarts } = readings
    if (usedBytes !== undefined) registry.gauge(vitals.store_used_bytes).with().set(usedBytes)
    registry.gauge(vitals.store_waiting_bytes).with().set(waitingBytes)
    registry.counter(vitals.store_events_lost_total).with('refused').raiseTo(refusedEvents)
    registry.counter(vitals.store_events_lost_total).with('failed').raiseTo(failedEvents)
    registry.counter(vitals.store_restarts_total).with().raiseTo(restarts)
  })
}

/** What the audit log says of itself. */
export interface AuditLogReadings {
  readonly rows: number
  readonly unsignedRows: number
  /** Seconds since 1970; absent where it was never signed. */
  readonly signedAtSeconds?: number
  readonly isWritable: boolean
  /** Rows that the newest checkpoint covers, and that each anchor keeps one of. */
  readonly signedRows: number
  readonly anchors: readonly { readonly name: string; readonly size: number; readonly behindSeconds: number }[]
}

/** Exposes how the audit log is, read at every collection. */
export function watchAudit(registry: Registry, read: () => AuditLogReadings): void {
  registry.onCollect(() => {
    const { rows, unsignedRows, signedAtSeconds, isWritable, signedRows, anchors } = read()
    for (const { name, size, behindSeconds } of anchors) {
      registry
        .gauge(vitals.audit_anchor_behind_rows)
        .with(name)
        .set(Math.max(0, signedRows - size))
      registry.gauge(vitals.audit_anchor_behind_seconds).with(name).set(behindSeconds)
    }
    registry.counter(vitals.audit_rows_total).with().raiseTo(rows)
    registry
      .gauge(vitals.audit_writable)
      .with()
      .set(isWritable ? 1 : 0)
    registry.gauge(vitals.audit_unsigned_rows).with().set(unsignedRows)
    if (signedAtSeconds !== undefined)
      registry.gauge(vitals.audit_checkpoint_timestamp_seconds).with().set(signedAtSeconds)
  })
}

/** What the ingest counts since it was made; the keys of its records are the values of the label `reason`. */
export interface IngestReadings {
  /** Numbered streams heard of lately. */
  readonly streams: number
  readonly accepted: number
  readonly rejected: Readonly<Record<string, number>>
  /** Posts. */
  readonly refused: Readonly<Record<string, number>>
  readonly dropped: number
}

/** Exposes what the ingest counts, read at every collection. */
export function watchIngest(registry: Registry, read: () => IngestReadings): void {
  registry.onCollect(() => {
    const { streams, accepted, rejected, refused, dropped } = read()
    registry.gauge(vitals.ingest_streams).with().set(streams)
    registry.counter(vitals.ingest_events_accepted_total).with().raiseTo(accepted)
    registry.counter(vitals.ingest_events_dropped_total).with().raiseTo(dropped)
    for (const [reason, count] of Object.entries(rejected))
      registry.counter(vitals.ingest_events_rejected_total).with(reason).raiseTo(count)
    for (const [reason, count] of Object.entries(refused))
      registry.counter(vitals.ingest_posts_refused_total).with(reason).raiseTo(count)
  })
}

/** What alerts tell of themselves; records are by state, and by channel. */
export interface AlertsReadings {
  readonly alerts: Readonly<Record<string, number>>
  readonly sent: Readonly<Record<string, number>>
  readonly failed: Readonly<Record<string, number>>
  readonly waitingMessages: number
  readonly lostMessages: number
  readonly refused: number
  readonly silences: number
  readonly restarts: number
  /** Absent: never. */
  readonly heartbeatAtSeconds?: number
}

/** Exposes what alerts count, read at every collection. */
export function watchAlerts(registry: Registry, read: () => AlertsReadings): void {
  registry.onCollect(() => {
    const { alerts, sent, failed, waitingMessages, lostMessages, refused, silences, restarts, heartbeatAtSeconds } =
      read()
    for (const [state, count] of Object.entries(alerts)) registry.gauge(vitals.alerts).with(state).set(count)
    for (const [channel, count] of Object.entries(sent))
      registry.counter(vitals.alert_messages_sent_total).with(channel).raiseTo(count)
    for (const [channel, count] of Object.entries(failed))
      registry.counter(vitals.alert_messages_failed_total).with(channel).raiseTo(count)
    registry.counter(vitals.alert_messages_lost_total).with().raiseTo(lostMessages)
    registry.gauge(vitals.alert_messages_waiting).with().set(waitingMessages)
    registry.counter(vitals.alerts_refused_total).with().raiseTo(refused)
    registry.gauge(vitals.alert_silences).with().set(silences)
    registry.counter(vitals.alert_restarts_total).with().raiseTo(restarts)
    if (heartbeatAtSeconds !== undefined)
      registry.gauge(vitals.alert_heartbeat_timestamp_seconds).with().set(heartbeatAtSeconds)
  })
}

/** Exposes how many log lines were lost so far, read at every collection. */
export function watchLog(registry: Registry, dropped: () => number): void {
  registry.onCollect(() => registry.counter(vitals.log_lines_dropped_total).with().raiseTo(dropped()))
}

/** Exposes which version runs. */
export function watchBuild(registry: Registry, version: string): void {
  registry.gauge(vitals.build_info).with(version).set(1)
}

/** What is told of the series that are kept for queries. The keys of its records are values of the labels. */
export interface SeriesReadings {
  /** Absent before the first sample. */
  readonly window?: {
    readonly series: number
    readonly samplesTaken: number
    readonly sizeBytes: Readonly<Record<string, number>>
    /** Milliseconds since 1970. */
    readonly oldestMs: Readonly<Record<string, number>>
    readonly dropped: Readonly<Record<string, number>>
    readonly evictedBlocks: number
  }
  readonly skipped: number
  readonly lostBlocks: number
  /** Queries by their result. */
  readonly queries: Readonly<Record<string, number>>
  readonly waiting: number
  readonly restarts: number
}

/** Exposes the series that are kept and what is asked of them, read at every collection. */
export function watchSeries(registry: Registry, read: () => SeriesReadings): void {
  registry.onCollect(() => {
    const { window, skipped, lostBlocks, queries, waiting, restarts } = read()
    registry.counter(vitals.series_collections_skipped_total).with().raiseTo(skipped)
    registry.counter(vitals.series_blocks_lost_total).with('disk').raiseTo(lostBlocks)
    registry.gauge(vitals.queries_waiting).with().set(waiting)
    registry.counter(vitals.engine_restarts_total).with().raiseTo(restarts)
    for (const [result, count] of Object.entries(queries))
      registry.counter(vitals.queries_total).with(result).raiseTo(count)
    if (!window) return
    registry.gauge(vitals.series_kept).with().set(window.series)
    registry.counter(vitals.series_samples_total).with().raiseTo(window.samplesTaken)
    registry.counter(vitals.series_blocks_lost_total).with('memory').raiseTo(window.evictedBlocks)
    for (const [resolution, bytes] of Object.entries(window.sizeBytes))
      registry.gauge(vitals.series_memory_bytes).with(resolution).set(bytes)
    for (const [resolution, timeMs] of Object.entries(window.oldestMs))
      registry
        .gauge(vitals.series_oldest_timestamp_seconds)
        .with(resolution)
        .set(timeMs / 1000)
    for (const [reason, count] of Object.entries(window.dropped))
      registry.counter(vitals.series_samples_dropped_total).with(reason).raiseTo(count)
  })
}

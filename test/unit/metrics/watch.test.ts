import { describe, expect, it } from 'vitest'
import { event } from '../../../packages/instrument/src/event/index.js'
import {
  type AlertsReadings,
  createMetricsFold,
  createRegistry,
  expose,
  type StoreReadings,
  watchAlerts,
  watchBuild,
  watchIngest,
  watchProcess,
  watchPush,
  watchStore,
  watchStream,
} from '../../../packages/instrument/src/metrics/index.js'
import { createStream } from '../../../packages/instrument/src/stream/index.js'
import { sampleValue } from './read-exposition.js'

describe('what is measured elsewhere', () => {
  it('shows the process at the moment of the collection', () => {
    const registry = createRegistry({ prefix: 'shop' })
    let cpuSeconds = 1.5
    watchProcess(registry, {
      cpuSeconds: () => cpuSeconds,
      residentMemoryBytes: () => 4096,
      startTimeSeconds: 1_700_000_000,
    })
    watchBuild(registry, '1.2.3')
    expect(sampleValue(expose(registry), 'process_cpu_seconds_total')).toBe(1.5)
    cpuSeconds = 2
    const text = expose(registry)
    expect(sampleValue(text, 'process_cpu_seconds_total')).toBe(2)
    expect(sampleValue(text, 'process_resident_memory_bytes')).toBe(4096)
    expect(sampleValue(text, 'process_start_time_seconds')).toBe(1_700_000_000)
    expect(sampleValue(text, 'mcp_vitals_build_info', { version: '1.2.3' })).toBe(1)
  })

  it('shows a stream: late events, faults, and what each sink took, lost and has waiting', async () => {
    const registry = createRegistry()
    const broken = { name: 'broken', fold: () => expect.fail('as it should') }
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const stream = createStream({
      folds: [createMetricsFold(registry), broken],
      sinks: [
        { name: 'slow', queueLimit: 2, write: () => held, close: async () => {} },
        { name: 'failing', queueLimit: 9, write: () => Promise.reject(new Error('full')), close: async () => {} },
      ],
      now: () => 1_000_000,
    })
    watchStream(registry, stream.stats)
    const value = (name: string, labels = {}) => sampleValue(expose(registry), `mcp_vitals_${name}`, labels)
    for (const at of [1_000_000, 1_000_000, 1])
      stream.publish(event('webhook', at, { server: 's' }, { kind: 'k' }), 'ingest:key')
    expect(value('events_total', { type: 'webhook' })).toBe(2)
    expect(value('events_late_total')).toBe(1)
    expect(value('fold_faults_total')).toBe(2)
    expect(value('sink_queue_events', { sink: 'slow' })).toBe(2)
    expect(value('sink_events_dropped_total', { sink: 'slow', reason: 'overflow' })).toBe(1)
    release()
    await stream.drain()
    expect(value('sink_queue_events', { sink: 'slow' })).toBe(0)
    expect(value('sink_events_written_total', { sink: 'slow' })).toBe(2)
    expect(value('sink_events_dropped_total', { sink: 'failing', reason: 'failed' })).toBe(3)
    await stream.close()
  })

  it('shows what the ingest took, rejected and refused, reasons at 0 from the start', () => {
    const registry = createRegistry()
    const read = { streams: 2, accepted: 7, rejected: { field: 0 }, refused: { events_per_second: 1 }, dropped: 4 }
    watchIngest(registry, () => read)
    const value = (name: string, labels = {}) => sampleValue(expose(registry), `mcp_vitals_ingest_${name}`, labels)
    expect([value('streams'), value('events_accepted_total'), value('events_dropped_total')]).toEqual([2, 7, 4])
    expect(value('events_rejected_total', { reason: 'field' })).toBe(0)
    expect(value('posts_refused_total', { reason: 'events_per_second' })).toBe(1)
    read.rejected.field = 3
    expect(value('events_rejected_total', { reason: 'field' })).toBe(3)
  })

  it('shows alerts by state, messages by channel, and what was lost', () => {
    const registry = createRegistry()
    const read: AlertsReadings = {
      alerts: { firing: 2, pending: 1 },
      ...{ sent: { slack: 7 }, failed: { slack: 3 }, waitingMessages: 4, lostMessages: 5 },
      ...{ refused: 6, silences: 8, restarts: 9, heartbeatAtSeconds: 1_700_000_000 },
    }
    watchAlerts(registry, () => read)
    const value = (name: string, labels = {}) => sampleValue(expose(registry), `mcp_vitals_${name}`, labels)
    expect([value('alerts', { state: 'firing' }), value('alerts', { state: 'pending' })]).toEqual([2, 1])
    expect(value('alert_messages_sent_total', { channel: 'slack' })).toBe(7)
    expect(value('alert_messages_failed_total', { channel: 'slack' })).toBe(3)
    expect([value('alert_messages_waiting'), value('alert_messages_lost_total')]).toEqual([4, 5])
    expect([value('alerts_refused_total'), value('alert_silences'), value('alert_restarts_total')]).toEqual([6, 8, 9])
    expect(value('alert_heartbeat_timestamp_seconds')).toBe(1_700_000_000)
  })

  it('shows the store once it has told of itself', () => {
    const registry = createRegistry()
    let newest: StoreReadings | undefined
    watchStore(registry, () => newest)
    const value = (name: string, labels = {}) => sampleValue(expose(registry), `mcp_vitals_store_${name}`, labels)
    expect([value('waiting_bytes'), value('restarts_total')]).toEqual([undefined, undefined])
    newest = { waitingBytes: 5, refusedEvents: 2, failedEvents: 3, restarts: 1 }
    expect([value('waiting_bytes'), value('used_bytes'), value('restarts_total')]).toEqual([5, undefined, 1])
    newest = { ...newest, usedBytes: 4096 }
    expect(value('used_bytes')).toBe(4096)
    expect(value('events_lost_total', { reason: 'refused' })).toBe(2)
    expect(value('events_lost_total', { reason: 'failed' })).toBe(3)
  })

  it('shows what is pushed, by receiver', () => {
    const registry = createRegistry()
    const figures = {
      ...{ sentItems: 7, refusedItems: 1, rejectedItems: 2, droppedItems: 3, failedPosts: 4, waitingItems: 5 },
      ...{ spoolBytes: 600, isUp: false, lastSentAtMs: 1_700_000_000_500 },
    }
    watchPush(registry, () => ({ loki: figures, otlp_logs: { ...figures, isUp: true, lastSentAtMs: undefined } }))
    const text = expose(registry)
    const value = (name: string, labels = {}) =>
      sampleValue(text, `mcp_vitals_push_${name}`, { receiver: 'loki', ...labels })
    expect(value('items_sent_total')).toBe(7)
    expect(['room', 'refused', 'rejected'].map((reason) => value('items_lost_total', { reason }))).toEqual([3, 1, 2])
    expect([value('posts_failed_total'), value('items_waiting'), value('spool_bytes')]).toEqual([4, 5, 600])
    expect([value('receiver_up'), value('receiver_up', { receiver: 'otlp_logs' })]).toEqual([0, 1])
    expect(value('last_sent_timestamp_seconds')).toBe(1_700_000_000.5)
    expect(value('last_sent_timestamp_seconds', { receiver: 'otlp_logs' })).toBeUndefined()
  })
})

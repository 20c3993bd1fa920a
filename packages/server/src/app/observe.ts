import type { Event } from '@mcp-vitals/instrument/event'
import {
  createMetricsFold,
  createRegistry,
  type Registry,
  type StoreReadings,
  watchBuild,
  watchProcess,
  watchStore,
  watchStream,
} from '@mcp-vitals/instrument/metrics'
import { createStream, type Sink, type Stream } from '@mcp-vitals/instrument/stream'
import type { Logger } from '../sinks/log/index.js'
import { createVitals, type VitalsFold } from '../state/index.js'
import type { Store } from '../store/index.js'
import { VERSION } from '../version/index.js'

/** Everything behind `publish`: the folds that faces read, and the sinks. */
export interface Observation {
  readonly stream: Stream
  readonly registry: Registry
  readonly vitals: VitalsFold
  /** Folds into the metrics what began before this process, and reaches no sink. */
  restore(events: readonly Event[]): void
}

/** Builds the stream with its folds and sinks, and exposes what they and this process say of themselves. */
export function createObservation(sinks: readonly Sink[], store: Store, logger: Logger): Observation {
  const registry = createRegistry()
  const metrics = createMetricsFold(registry)
  const vitals = createVitals(Date.now)
  const stream = createStream({
    folds: [metrics, vitals],
    sinks,
    now: Date.now,
    onFault: (where, error) =>
      logger.error('stream_fault', `${where}: ${error instanceof Error ? error.message : error}`),
  })
  watchBuild(registry, VERSION)
  watchStream(registry, stream.stats)
  watchProcess(registry, {
    cpuSeconds() {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    },
    residentMemoryBytes: () => process.memoryUsage.rss(),
    startTimeSeconds: Date.now() / 1000 - process.uptime(),
  })
  exposeStore(registry, store)
  return {
    stream,
    registry,
    vitals,
    restore(events) {
      for (const event of events) metrics.fold(event, 'local')
    },
  }
}

/** The store answers from its thread, and a scrape does not wait: it shows what the scrape before asked for. */
function exposeStore(registry: Registry, store: Store): void {
  let newest: StoreReadings | undefined
  registry.onCollect(() => {
    store.stats().then(
      ({ database, ...figures }) => {
        newest = database ? { ...figures, usedBytes: database.usedBytes } : figures
      },
      () => {},
    )
  })
  watchStore(registry, () => newest)
}

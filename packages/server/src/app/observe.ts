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
import { createFaultLog } from './fault-log.js'

/** Everything behind `publish`: the folds that faces read, and the sinks. */
export interface Observation {
  readonly stream: Stream
  readonly registry: Registry
  readonly vitals: VitalsFold
}

/** Builds the stream with its folds and sinks, and exposes what they and this process say of themselves. */
export function createObservation(sinks: readonly Sink[], store: Store, logger: Logger): Observation {
  const registry = createRegistry()
  const vitals = createVitals(Date.now)
  const faults = createFaultLog(logger)
  const stream = createStream({
    folds: [createMetricsFold(registry), vitals],
    sinks: sinks.map(faults.watched),
    now: Date.now,
    onFault: faults.failed,
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
  return { stream, registry, vitals }
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

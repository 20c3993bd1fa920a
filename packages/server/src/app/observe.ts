import {
  createMetricsFold,
  createRegistry,
  type Registry,
  watchBuild,
  watchProcess,
  watchStream,
} from '@mcp-vitals/instrument/metrics'
import { createStream, type Sink, type Stream } from '@mcp-vitals/instrument/stream'
import type { Logger } from '../sinks/log/index.js'
import { createVitals, type VitalsFold } from '../state/index.js'
import { VERSION } from '../version/index.js'

/** Everything behind `publish`: the folds that faces read, and the sinks. */
export interface Observation {
  readonly stream: Stream
  readonly registry: Registry
  readonly vitals: VitalsFold
}

/** Builds the stream with its folds and sinks, and exposes what they and this process say of themselves. */
export function createObservation(sinks: readonly Sink[], logger: Logger): Observation {
  const registry = createRegistry()
  const vitals = createVitals(Date.now)
  const stream = createStream({
    folds: [createMetricsFold(registry), vitals],
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
  return { stream, registry, vitals }
}

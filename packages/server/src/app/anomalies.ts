import { event } from '@mcp-vitals/instrument/event'
import { CATALOGUE, type Registry } from '@mcp-vitals/instrument/metrics'
import type { Fold, Publish } from '@mcp-vitals/instrument/stream'
import type { Config } from '../config/index.js'
import { createDetector, type ToolFinding } from '../detect/index.js'

/** How often silences are looked for, milliseconds. */
const LOOK_MS = 1000
/** A look that comes so late comes after the machine slept, and so did who would have called. */
const SLEPT_MS = 15_000

export interface AnomaliesNeeds {
  readonly options: Config['anomalies']
  readonly publish: Publish
  readonly registry: Registry
}

export interface Anomalies {
  readonly fold: Fold
  /** Lets go of a server that is none of the configuration any more. */
  forget(server: string): void
  stop(): void
}

/** Compares every tool with what is usual of it, and publishes what is not. Does nothing where it is switched off. */
export function startAnomalies({ options, publish, registry }: AnomaliesNeeds): Anomalies {
  const fold = { name: 'anomalies' } as const
  if (!options.enabled) return { fold: { ...fold, fold() {} }, forget() {}, stop() {} }
  const detector = createDetector(options)
  const { anomaly_tools, anomaly_untracked_calls_total } = CATALOGUE.mcp_vitals
  registry.onCollect(() => {
    const { tools, untrackedCalls } = detector.stats()
    registry.gauge(anomaly_tools).with().set(tools)
    registry.counter(anomaly_untracked_calls_total).with().raiseTo(untrackedCalls)
  })
  // After the event that showed it has reached every fold and queue.
  const tell = (findings: readonly ToolFinding[]) => {
    for (const finding of findings) queueMicrotask(() => publish(anomaly(finding, Date.now())))
  }
  let lookedAt = Date.now()
  const timer = setInterval(() => {
    const now = Date.now()
    if (now - lookedAt > SLEPT_MS || now < lookedAt) detector.pause()
    else tell(detector.look(now))
    lookedAt = now
  }, LOOK_MS)
  timer.unref()
  return {
    fold: { ...fold, fold: (seen) => tell(detector.see(seen, Date.now())) },
    forget: (server) => detector.forget(server),
    stop: () => clearInterval(timer),
  }
}

function anomaly(finding: ToolFinding, at: number) {
  const { server, tool, ...shown } = finding
  return event('anomaly', at, { server }, { name: tool, ...shown })
}

import type { Event } from '../event/index.js'
import { vitals } from '../vitals/index.js'
import { CATALOGUE } from './catalogue.js'
import type { Metric } from './declare.js'
import { expose, type Format } from './expose.js'
import { createMetricsFold } from './fold.js'
import { PREFIX } from './names.js'
import { createRegistry, type Registry } from './registry.js'
import { createView, type ViewLabels } from './view.js'

/** Most series of one metric: a server that watches itself shares its memory with what it does. */
const MAX_SERIES_PER_METRIC = 10_000
/**
 * Events that are counted together, or before when somebody looks: a call leaves the processor's caches to its server, and
 * many events in a row are counted in a fraction of the time that each by itself would take.
 */
const COUNTED_TOGETHER = 64

/** The metrics of this process: everything that the library observed in it, and its own program's. */
export interface ProcessMetrics {
  readonly registry: Registry
  /** Metrics that `defineMetrics` made, by name. */
  readonly defined: Map<string, Metric>
  /** A page of them with fewer labels (see `createView`), as text. */
  view(labels: ViewLabels): { expose(format: Format): string }
  /** Counts under OpenTelemetry's names as well from now on. */
  moveOpenTelemetry(): void
  /** Gives a provider metrics of its own. Throws Error where one of them would have the name of another. */
  addProvider(name: string): void
}

/**
 * The metrics of this process, one for all copies of this package in it. Where it is first asked for it begins to
 * listen, and hears what was published before (see `Vitals.attach`). The environment variable `METRICS_PREFIX` replaces
 * `mcp` at the start of the contract's names; `MCP_VITALS_OPENTELEMETRY_NAMES`, where it is `true`, shows OpenTelemetry's
 * names as well. `opentelemetry`: so does this, of what was published before if nobody asked for the metrics yet.
 */
export function processMetrics({
  opentelemetry = false,
}: {
  opentelemetry?: boolean | undefined
} = {}): ProcessMetrics {
  const metrics = vitals().share('metrics', () => {
    // An event of this process says what time it is: each reading of the clock would cost as much as a metric or two.
    let eventAt: number | undefined
    const now = () => eventAt ?? Date.now()
    const hub = vitals()
    const registry = createRegistry({ prefix: prefix(), maxSeriesPerMetric: MAX_SERIES_PER_METRIC, now })
    const waiting = new Array<Event | undefined>(COUNTED_TOGETHER)
    let waits = 0
    const count = () => {
      const all = waits
      waits = 0
      for (let i = 0; i < all; i++) {
        const event = waiting[i]!
        waiting[i] = undefined
        eventAt = event.at
        try {
          fold.fold(event, 'local')
        } catch {
          hub.stats.faults++
        }
      }
      eventAt = undefined
    }
    // Before all others that are asked at a collection.
    registry.onCollect(count)
    const fold = createMetricsFold(registry, {
      now,
      opentelemetry: opentelemetry || env().MCP_VITALS_OPENTELEMETRY_NAMES === 'true',
    })
    hub.attach((event) => {
      waiting[waits++] = event
      if (waits === COUNTED_TOGETHER) count()
    })
    registry.onCollect(() => {
      const { fold_faults_total, sink_events_dropped_total } = CATALOGUE.mcp_vitals
      const { faults, lost } = hub.stats
      registry.counter(fold_faults_total).with().raiseTo(faults)
      // Published before anybody listened, and too many to remember.
      if (lost > 0) registry.counter(sink_events_dropped_total).with('early', 'overflow').raiseTo(lost)
    })
    return {
      registry,
      defined: new Map(),
      view(labels) {
        const source = createView(registry, labels)
        return { expose: (format) => expose(source, format) }
      },
      moveOpenTelemetry() {
        count()
        fold.moveOpenTelemetry()
      },
      addProvider(name) {
        count()
        fold.addProvider(name)
      },
    } satisfies ProcessMetrics
  })
  if (opentelemetry) metrics.moveOpenTelemetry()
  return metrics
}

function prefix(): string {
  const given = env().METRICS_PREFIX ?? ''
  return PREFIX.test(given) ? given : 'mcp'
}

function env(): Readonly<Record<string, string | undefined>> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
  return process?.env ?? {}
}

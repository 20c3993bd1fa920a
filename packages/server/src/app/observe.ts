import { type Event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import {
  CATALOGUE,
  type Collectable,
  createMetricsFold,
  createRegistry,
  createView,
  type Registry,
  type StoreReadings,
  watchBuild,
  watchLog,
  watchProcess,
  watchStore,
  watchStream,
} from '@mcp-vitals/instrument/metrics'
import { createStream, type Fold, type Publish, type Sink, type Stream } from '@mcp-vitals/instrument/stream'
import type { Config } from '../config/index.js'
import { createHost } from '../host/index.js'
import { createPrices } from '../prices/index.js'
import { createMask, type IdMask, redactName } from '../redact/index.js'
import type { Logger } from '../sinks/log/index.js'
import {
  createPlugins,
  createProviderCalls,
  createVitals,
  type PluginsFold,
  type ProviderCalls,
  type VitalsFold,
} from '../state/index.js'
import type { Store } from '../store/index.js'
import { VERSION } from '../version/index.js'
import { startAnomalies } from './anomalies.js'
import { type LiveBudgets, startBudgets } from './budgets.js'
import { createFaultLog } from './fault-log.js'

/** What a check says of now, and so nothing of one that is made no more. */
const CHECK_GAUGES = [CATALOGUE.mcp.probe_up, CATALOGUE.mcp.probe_success, CATALOGUE.mcp.probe_health]

/** Everything behind `publish`: the folds that faces read, and the sinks. */
export interface Observation {
  readonly stream: Stream
  /**
   * Publishes what this process observed, masked and priced as by `enter`. What came by the ingest entered before it was committed,
   * and passes.
   */
  readonly publish: Publish
  /** What becomes of each event once, before a fold, a sink or the store sees it: masked (see redact/) and priced. */
  readonly enter: (event: Event) => Event
  /** Full labels. */
  readonly registry: Registry
  /** The labels that the configuration keeps: what `/metrics` shows. */
  readonly view: Collectable
  /** The same, with OpenTelemetry's metrics where they are counted, shown or not. */
  readonly whole: Collectable
  readonly vitals: VitalsFold
  readonly plugins: PluginsFold
  readonly providerCalls: ProviderCalls
  readonly budgets: LiveBudgets
  /** Folds into the metrics what began before this process, and reaches no sink. */
  restore(events: readonly Event[]): void
  /** Shows this server from now on, and keeps a label for it whatever is ingested. */
  declare(server: string): void
  /** It is none of the configuration any more, and was ended: nothing is shown of it, until an event is of it. */
  forget(server: string): void
  /** This check of a server is made no more: what it said last is shown no more. */
  forgetCheck(server: string, check: string): void
  /** Lets go of what is measured of this process. */
  stop(): void
}

/** What the observation is made of. */
export interface ObservationNeeds {
  /** Folds beside its own. */
  readonly folds: readonly Fold[]
  readonly sinks: readonly Sink[]
  readonly store: Store
  readonly logger: Logger
  /** OpenTelemetry's metrics are counted for others than `/metrics`, too. */
  readonly tellsOpenTelemetry: boolean
  readonly options: Pick<Config, 'metrics' | 'anomalies' | 'budgets' | 'prices'>
  /** The second net for ids. */
  readonly cleanId: IdMask
  /** Names of the providers in the configuration. */
  readonly providers: readonly string[]
}

/** What this process says of itself. */
export const processReadings = {
  pid: process.pid,
  cpuSeconds() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  },
  residentMemoryBytes: () => process.memoryUsage.rss(),
  heapUsedBytes: () => process.memoryUsage().heapUsed,
  uptimeSeconds: () => process.uptime(),
}

/** Builds the stream with its folds and sinks, and exposes what they and this process say of themselves. */
export function createObservation({
  folds,
  sinks,
  store,
  logger,
  options,
  tellsOpenTelemetry,
  cleanId,
  providers,
}: ObservationNeeds): Observation {
  const { prefix, opentelemetry, labels } = options.metrics
  const registry = createRegistry({ prefix })
  const owned = new Set<string>([OWN_SERVER])
  const metrics = createMetricsFold(registry, {
    providers,
    opentelemetry: opentelemetry || tellsOpenTelemetry,
    isOwned: (name) => owned.has(name),
  })
  const vitals = createVitals(Date.now)
  const plugins = createPlugins(Date.now)
  const providerCalls = createProviderCalls(providers)
  const host = createHost(() => performance.now())
  const [mask, maskOwn] = [createMask(cleanId), createMask(cleanId, { isOwn: true })]
  const prices = createPrices(options.prices)
  const enter = (event: Event) => prices.priced(mask(event))
  const enterOwn = (event: Event) => prices.priced(maskOwn(event))
  const faults = createFaultLog(logger)
  const publish: Publish = (event, entrance = 'local') =>
    stream.publish(entrance === 'local' ? enterOwn(event) : event, entrance)
  const budgets = startBudgets({ options: options.budgets, publish, registry })
  const anomalies = startAnomalies({ options: options.anomalies, publish, registry })
  const stream = createStream({
    folds: [metrics, vitals, plugins, providerCalls, host.fold, anomalies.fold, budgets.fold, ...folds],
    sinks: sinks.map(faults.watched),
    now: Date.now,
    onFault: faults.failed,
  })
  host.expose(registry)
  watchBuild(registry, VERSION)
  watchLog(registry, () => logger.dropped)
  watchStream(registry, stream.stats)
  watchProcess(registry, {
    ...processReadings,
    startTimeSeconds: Date.now() / 1000 - processReadings.uptimeSeconds(),
  })
  exposeStore(registry, store)
  registry.onCollect(() => registry.counter(CATALOGUE.mcp_vitals.usage_unpriced_total).with().raiseTo(prices.unpriced))
  const whole = createView(registry, labels)
  return {
    stream,
    publish,
    enter,
    registry,
    view: opentelemetry || !tellsOpenTelemetry ? whole : withoutOpenTelemetry(whole),
    whole,
    vitals,
    plugins,
    providerCalls,
    budgets,
    restore(events) {
      for (const event of events) metrics.fold(event, 'local')
    },
    declare(server) {
      const name = redactName(server)
      owned.add(name)
      vitals.declare(name)
    },
    forget(server) {
      const name = redactName(server)
      owned.delete(name)
      vitals.forget(name)
      host.forget(name)
      metrics.forget(name)
      anomalies.forget(name)
    },
    forgetCheck(server, check) {
      for (const metric of CHECK_GAUGES) registry.remove(metric, redactName(server), redactName(check))
    },
    stop() {
      anomalies.stop()
      budgets.stop()
      host.stop()
    },
  }
}

/** What `/metrics` shows where it was not asked for them. */
function withoutOpenTelemetry(whole: Collectable): Collectable {
  return { collect: () => whole.collect().filter(({ metric }) => metric.scope !== 'otel') }
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

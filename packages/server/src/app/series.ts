import {
  type Collectable,
  type Metric,
  type Registry,
  type ViewLabels,
  viewName,
  watchRules,
  watchSeries,
} from '@mcp-vitals/instrument/metrics'
import type { Config } from '../config/index.js'
import { type Engine, exemplarsOf, openEngine, type TargetState } from '../engine/index.js'
import {
  type ApiTarget,
  createPrometheusFace,
  type PrometheusFace,
  type PrometheusInputs,
} from '../faces/prometheus/index.js'
import type { RuleReport } from '../rules/index.js'
import type { Logger } from '../sinks/log/index.js'
import type { Store } from '../store/index.js'
import { VERSION } from '../version/index.js'
import type { Observation } from './observe.js'
import { tell } from './sources.js'

/** Series over time, with what answers questions about them. */
export interface SeriesService {
  readonly engine: Engine
  readonly face: PrometheusFace
  /** The same with all labels, whatever the configuration keeps: for the dashboard. */
  readonly fullFace: PrometheusFace
  /** Labels of every series, and what `up` says; as they are once it began. */
  readonly labels: () => Readonly<Record<string, string>>
  readonly targets: () => readonly TargetState[]
  /** Begins to sample: metrics are served at this address. */
  start(address: string): void
}

/** Opens the series that are sampled from what `/metrics` shows. */
export function openSeries(needs: {
  readonly config: Config
  readonly observation: Observation
  readonly store: Store
  readonly logger: Logger
  readonly onReport: (report: RuleReport) => void
}): SeriesService {
  const { config, observation, store, logger, onReport } = needs
  const { registry, view, whole, vitals } = observation
  const { job, instance, labels, intervalMs } = config.series
  let address = ''
  const servers = () => vitals.snapshot().servers.filter(({ condition }) => condition !== 'unknown')
  const states = () => servers().map(({ name, condition }) => ({ instance: name, isUp: condition === 'up' }))
  const engine = openEngine({
    options: config.series,
    source: view,
    ...(whole !== registry && { full: narrowedOf(registry, config.metrics.labels) }),
    targets: states,
    store: store.samples,
    now: Date.now,
    onFault: tell(logger),
    onReport,
  })
  watchSeries(registry, () => {
    const { window, groups: _, ...figures } = engine.stats()
    return window ? { ...figures, window: { ...window, oldestMs: { ...window.oldestMs } } } : figures
  })
  watchRules(registry, () => engine.stats().groups)
  const own = () => ({ ...labels, job, instance: instance ?? address })

  function targets(): readonly ApiTarget[] {
    const { sampledAtMs, sampleMs } = engine.stats()
    const when = {
      scrapeUrl: `http://${address}${config.metrics.path}`,
      ...(sampledAtMs !== undefined && { lastSampleMs: sampledAtMs }),
      ...(sampleMs !== undefined && { lastDurationMs: sampleMs }),
    }
    const of = (labels: ApiTarget['labels'], isUp: boolean): ApiTarget => ({ labels, isUp, ...when })
    return [
      of(own(), true),
      ...servers().map(({ name, condition }) => of({ ...own(), instance: name }, condition === 'up')),
    ]
  }

  const inputs: PrometheusInputs = {
    engine,
    metadata: () => metadataOf(registry),
    targets,
    exemplars: () => exemplarsOf(view, own()),
    intervalMs,
    version: VERSION,
    now: Date.now,
  }
  return {
    engine,
    face: createPrometheusFace(inputs),
    fullFace: createPrometheusFace({ ...inputs, labels: 'full' }),
    labels: own,
    targets: states,
    start(found) {
      address = found
      engine.start(own())
    },
  }
}

/** The metrics of which a view keeps fewer labels than they have, with all of them. */
function narrowedOf(registry: Registry, kept: ViewLabels): Collectable {
  const isNarrowed = (metric: Metric) => (kept[viewName(metric)]?.length ?? metric.labels.length) < metric.labels.length
  return { collect: () => registry.collect().filter(({ metric }) => isNarrowed(metric)) }
}

function* metadataOf(registry: Registry) {
  for (const { metric, name } of registry.metrics()) {
    const { type, help, unit = '' } = metric
    yield { name, type, help, unit }
  }
}

import type { Engine, Finding, FoundExemplar, QueryOptions } from '../../engine/index.js'
import { answered, failure, success } from './answers.js'
import { exemplarsData } from './exemplars.js'
import {
  durationOf,
  invalid,
  labelNameOf,
  limitOf,
  parametersOf,
  rangeOf,
  required,
  spanOf,
  timeOf,
} from './parameters.js'
import { alertsData, rulesData } from './rules.js'

/** A metric, as the API's metadata tell of it. */
export interface MetricMetadata {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly unit: string
}

/** Something that is sampled, as the API tells of it. */
export interface ApiTarget {
  readonly labels: Readonly<Record<string, string>>
  readonly isUp: boolean
  readonly scrapeUrl: string
  /** Milliseconds since 1970. */
  readonly lastSampleMs?: number
  readonly lastDurationMs?: number
}

export interface PrometheusInputs {
  readonly engine: Pick<Engine, 'queryBody' | 'labelNames' | 'labelValues' | 'series' | 'rules'>
  readonly metadata: () => Iterable<MetricMetadata>
  readonly targets: () => readonly ApiTarget[]
  readonly exemplars: () => Iterable<FoundExemplar>
  /** Metrics have all their labels, unless a request says `labels=view`. Absent: those of the view, which rules read too. */
  readonly labels?: 'full'
  readonly intervalMs: number
  readonly version: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}

type Handler = (request: Request) => Promise<Response>

export type PrometheusFace = Readonly<
  Record<
    | 'apiQuery'
    | 'apiQueryRange'
    | 'apiLabels'
    | 'apiLabelValues'
    | 'apiSeries'
    | 'apiExemplars'
    | 'apiMetadata'
    | 'apiTargets'
    | 'apiRules'
    | 'apiAlerts'
    | 'apiBuildInfo',
    Handler
  >
>

/** The revision of Prometheus's HTTP API that is spoken: by it, Grafana knows what may be asked. */
const API_VERSION = '3.0.0'

/** Prometheus's HTTP API over the series that are kept: what Grafana and `promtool query` ask. */
export function createPrometheusFace(inputs: PrometheusInputs): PrometheusFace {
  const { engine, metadata, targets, exemplars, intervalMs, version, now } = inputs
  const labelsOf = (parameters: URLSearchParams) =>
    inputs.labels !== undefined && parameters.get('labels') !== 'view' ? { labels: inputs.labels } : {}
  const optionsOf = (parameters: URLSearchParams) => ({ ...limitsOf(parameters), ...labelsOf(parameters) })
  const findingOf = (parameters: URLSearchParams) => ({ ...wantedOf(parameters), ...labelsOf(parameters) })
  return guarded({
    async apiQuery(parameters) {
      const expr = required(parameters, 'query')
      const atMs = timeOf(parameters, 'time') ?? now()
      return answered(await engine.queryBody(expr, { atMs }, optionsOf(parameters)))
    },
    async apiQueryRange(parameters) {
      const expr = required(parameters, 'query')
      return answered(await engine.queryBody(expr, rangeOf(parameters), optionsOf(parameters)))
    },
    apiLabels: async (parameters) => success(await engine.labelNames(findingOf(parameters))),
    async apiLabelValues(parameters, path) {
      const name = labelNameOf(/\/label\/([^/]+)\/values$/.exec(path)?.[1] ?? '')
      return success(await engine.labelValues(name, findingOf(parameters)))
    },
    async apiSeries(parameters) {
      const finding = findingOf(parameters)
      if (finding.selectors.length === 0) throw invalid('match[]', 'at least one is needed, such as match[]=up')
      return success(await engine.series(finding))
    },
    async apiExemplars(parameters) {
      const expr = required(parameters, 'query')
      const span = spanOf(parameters)
      return success(exemplarsData(exemplars(), await engine.series({ selectors: [], expr }), span))
    },
    async apiMetadata(parameters) {
      const wanted = parameters.get('metric')
      const { limit = Number.POSITIVE_INFINITY } = limitOf(parameters)
      const found = [...metadata()].filter(({ name }) => wanted === null || wanted === '' || name === wanted)
      const data = found.slice(0, limit).map(({ name, type, help, unit }) => [name, [{ type, help, unit }]])
      return success(Object.fromEntries(data))
    },
    async apiTargets(parameters) {
      const isActive = ['', 'any', 'active'].includes(parameters.get('state')?.toLowerCase() ?? '')
      const pool = parameters.get('scrapePool') || undefined
      const activeTargets = (isActive ? targets() : [])
        .map((target) => activeTarget(target, intervalMs))
        .filter(({ scrapePool }) => pool === undefined || scrapePool === pool)
      return success({ activeTargets, droppedTargets: [], droppedTargetCounts: {} })
    },
    apiRules: async (parameters) => success(await rulesData(await engine.rules(), parameters)),
    apiAlerts: async () => success(alertsData(await engine.rules())),
    async apiBuildInfo() {
      const about = { version: `${API_VERSION}+mcp-vitals.${version}`, revision: '', branch: '', buildUser: '' }
      return success({ ...about, buildDate: '', goVersion: '' })
    },
  })
}

type Answering = (parameters: URLSearchParams, path: string) => Promise<Response>

function guarded(handlers: Readonly<Record<keyof PrometheusFace, Answering>>): PrometheusFace {
  const entries = Object.entries(handlers).map(([name, handle]) => [
    name,
    async (request: Request) => {
      try {
        return await handle(await parametersOf(request), new URL(request.url).pathname)
      } catch (error) {
        return failure(error)
      }
    },
  ])
  return Object.fromEntries(entries) as PrometheusFace
}

function limitsOf(parameters: URLSearchParams): QueryOptions {
  const timeoutMs = durationOf(parameters, 'timeout')
  const lookbackMs = durationOf(parameters, 'lookback_delta')
  return {
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(lookbackMs !== undefined && { lookbackMs }),
    ...limitOf(parameters),
  }
}

function wantedOf(parameters: URLSearchParams): Finding {
  const startMs = timeOf(parameters, 'start')
  const endMs = timeOf(parameters, 'end')
  return {
    selectors: parameters.getAll('match[]'),
    ...(startMs !== undefined && { startMs }),
    ...(endMs !== undefined && { endMs }),
    ...limitOf(parameters),
  }
}

function activeTarget({ labels, isUp, scrapeUrl, lastSampleMs, lastDurationMs }: ApiTarget, intervalMs: number) {
  const { instance = '', ...others } = labels
  const { job = '' } = labels
  const { protocol, pathname } = new URL(scrapeUrl)
  const interval = `${intervalMs / 1000}s`
  return {
    discoveredLabels: {
      ...others,
      ...{ __address__: instance, __scheme__: protocol.slice(0, -1), __metrics_path__: pathname },
      ...{ __scrape_interval__: interval, __scrape_timeout__: interval },
    },
    labels,
    scrapePool: job,
    scrapeUrl,
    globalUrl: scrapeUrl,
    lastError: isUp ? '' : 'the server does not answer',
    lastScrape: new Date(lastSampleMs ?? 0).toISOString(),
    lastScrapeDuration: (lastDurationMs ?? 0) / 1000,
    health: lastSampleMs === undefined ? 'unknown' : isUp ? 'up' : 'down',
    scrapeInterval: interval,
    scrapeTimeout: interval,
  }
}

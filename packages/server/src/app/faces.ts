import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { CATALOGUE, estimateTokens, NumberSeries } from '@mcp-vitals/instrument/metrics'
import type { Access } from '../access/index.js'
import { findRows, type LateAuditLog, proofOf, rowAt, showRow, wholeOf } from '../audit-log/index.js'
import { type Config, type LoadedConfig, settingsOf } from '../config/index.js'
import { createAuditFace, createLateVerifyFace } from '../faces/audit/index.js'
import { createDashboardFace } from '../faces/dashboard/index.js'
import { createHealthFace } from '../faces/health/index.js'
import { createHeartbeatFace, type HeartbeatInputs } from '../faces/heartbeat/index.js'
import { createHistoryFace } from '../faces/history/index.js'
import { createMetricsFace, createSilentMetricsFace } from '../faces/metrics/index.js'
import { createBadges, createFeeds, createOverview, createStatusFace } from '../faces/status/index.js'
import type { HistoryBook } from '../history/index.js'
import type { SystemReport } from '../monitor/index.js'
import type { Providers } from '../providers/index.js'
import type { Logger } from '../sinks/log/index.js'
import { answerSchema, type Ingest } from '../sources/ingest/index.js'
import type { Store } from '../store/index.js'
import { VERSION } from '../version/index.js'
import type { Addresses } from './addresses.js'
import type { Caller } from './admission.js'
import type { Alerts } from './alerts.js'
import type { CallsService } from './calls.js'
import { createChecks } from './checks.js'
import type { Handlers } from './http.js'
import { type Observation, processReadings } from './observe.js'
import type { SeriesService } from './series.js'

/** What answers requests. Health and its providers follow the configuration. */
export interface Faces {
  readonly handlers: Handlers
  /** The providers of the configuration as it is now. */
  readonly providers: Pick<Providers, 'checked' | 'newest' | 'close'>
  /** Ends answers that last. */
  close(): void
  /** Takes the sections `health`, `status`, `environment` and `providers`. Resolves when the checks before have ended. */
  change(config: Config): Promise<void>
}

/** Builds the faces. */
export function createFaces(needs: {
  readonly config: Config
  /** Where it came from, and each of its values. */
  readonly file: string | undefined
  readonly origin: LoadedConfig['origin'] | undefined
  readonly demo: boolean
  /** The state directory. */
  readonly dataDir: string
  readonly store: Store
  /** The audit log, where one is kept. */
  readonly audit: LateAuditLog | undefined
  readonly observation: Observation
  readonly series: SeriesService
  readonly addresses: Addresses
  readonly ingest: Ingest
  readonly alerts: Pick<Alerts, 'face' | 'twilio' | 'pager'>
  readonly calls: CallsService
  readonly access: Access
  readonly ownerTokenFile: string
  /** How servers and components are, as the monitor judges. */
  readonly system: () => SystemReport
  /** How they were. */
  readonly history: HistoryBook
  readonly heartbeats: HeartbeatInputs
  readonly logger: Logger
  /** Has all that passed looked at, so that the answers know of it. */
  readonly settle: () => void
}): Faces {
  const { config, demo, store, observation, series, addresses, ingest, alerts, logger, settle } = needs
  const about = {
    version: VERSION,
    demoMode: demo,
    vitals: observation.vitals.snapshot,
    system: needs.system,
    workload: observation.plugins.snapshot,
  }
  const checksOf = ({ providers: entries }: Config) => createChecks({ entries, addresses, observation, logger })
  const healthOf = ({ health: options, environment }: Config) =>
    createHealthFace({
      ...about,
      options,
      environment,
      now: Date.now,
      providers,
      store: () => store.health(),
      audit: () => auditHealth(needs.audit, config.audit.policy),
      process: processReadings,
    })

  const heartbeat = createHeartbeatFace(needs.heartbeats)
  let checks = checksOf(config)
  let entries = config.providers
  const providers: Faces['providers'] = {
    checked: () => checks.checked(),
    newest: () => checks.newest(),
    close: () => checks.close(),
  }
  let health = healthOf(config)
  let statusOptions = config.status
  let inForce = config
  // Of values that were read again it is not known.
  let { origin } = needs
  const standing = { options: () => statusOptions, system: needs.system, book: needs.history, now: Date.now }
  const feeds = createFeeds(standing)
  const badges = createBadges(standing)
  const history = createHistoryFace(standing)
  const dashboard = createDashboardFace({
    about: { version: VERSION, environment: config.environment, demo, metricsPrefix: config.metrics.prefix },
    uptimeSeconds: processReadings.uptimeSeconds,
    ...{ vitals: about.vitals, workload: about.workload, system: needs.system },
    ...{ providers: providers.newest, pager: alerts.pager, budgets: observation.budgets.readings },
    ...{ calls: needs.calls.book, queueDepths: needs.calls.queueDepths },
    ...{ store, history: needs.history, startedAt: Math.round(Date.now() - processReadings.uptimeSeconds() * 1000) },
    definitionsOf: (server) => definitionsOf(observation, server),
    tokensOf: (bytes) => estimateTokens('result', bytes),
    settings: async () => ({
      ...(needs.file !== undefined && { file: needs.file }),
      settings: await settingsIn(inForce, origin),
    }),
    active: activeOf(observation),
    access: needs.access,
    ownerTokenFile: needs.ownerTokenFile,
    hasAdminToken: () => inForce.listen.adminToken !== undefined,
    folder: PAGE_FOLDER,
    now: Date.now,
    clock: () => performance.now(),
  })
  let agent: Promise<(request: Request) => Promise<Response>> | undefined
  /** What speaks MCP is loaded when an agent asks for the first time. */
  const askAgent = () => {
    const { dataDir } = needs
    agent ??= import('./agent.js').then(({ createAgent }) =>
      createAgent({ config, dataDir, publish: observation.publish, handlers: () => handlers }),
    )
    return agent
  }
  const handlers: Handlers = {
    status: createStatusFace({
      ...about,
      uptimeSeconds: processReadings.uptimeSeconds,
      providers: providers.newest,
      metricsPath: servedMetrics(config),
      addressOf: addresses.ifServed,
    }),
    overview: createOverview(standing, () => statusOptions.public),
    overviewFull: createOverview(standing, () => false),
    feedRss: feeds.rss,
    feedJson: feeds.json,
    badge: badges.whole,
    badgeUptime: badges.uptime,
    badgeComponent: badges.ofComponent,
    badgeComponentUptime: badges.uptimeOfComponent,
    healthComponents: history.components,
    healthIncidents: history.incidents,
    health: () => health.live(),
    healthReady: () => health.ready(),
    ready: () => health.ready(),
    metrics: config.metrics.enabled ? createMetricsFace(observation.view) : createSilentMetricsFace(),
    ingest: (request) => ingest.handle(request),
    ingestSchema: answerSchema,
    heartbeat,
    heartbeatOutcome: heartbeat,
    ...series.face,
    alerts: alerts.face.list,
    alertsHistory: alerts.face.history,
    alertsAct: (request, { visit }) => alerts.face.act(request, visit?.session.user),
    twilio: alerts.twilio,
    ...dashboard.handlers,
    dashQuery: series.fullFace.apiQuery,
    dashQueryRange: series.fullFace.apiQueryRange,
    dashLabels: series.fullFace.apiLabels,
    dashLabelValues: series.fullFace.apiLabelValues,
    dashSeries: series.fullFace.apiSeries,
    dashMetadata: series.fullFace.apiMetadata,
    dashRules: series.fullFace.apiRules,
    dashComponents: history.components,
    dashIncidents: history.incidents,
    agent: async (request) => (await askAgent())(request),
    agentMcp: async (request) => (await askAgent())(request),
    auditVerify: createLateVerifyFace(
      needs.audit && { store: () => needs.audit!.store(), keys: () => needs.audit!.trusted(), wholeOf },
    ),
    audit: createAuditFace(needs.audit && (() => needs.audit!.store()), { findRows, proofOf, rowAt, showRow }),
  }
  return {
    handlers: settled(handlers, settle),
    providers,
    close: dashboard.close,
    async change(next) {
      inForce = next
      origin = undefined
      health = healthOf(next)
      statusOptions = next.status
      if (isDeepStrictEqual(next.providers, entries)) return
      entries = next.providers
      const before = checks
      checks = checksOf(next)
      void checks.checked()
      await before.close()
    },
  }
}

/** The built page lies beside the programs, whichever of their two folders they run from. */
const PAGE_FOLDER = fileURLToPath(new URL('../../web', import.meta.url))

/** The configuration in force, to be shown: command lines may hold what is secret too. */
async function settingsIn(config: Config, origin: LoadedConfig['origin'] | undefined) {
  const { maskedWords } = await import('../install/index.js')
  return settingsOf(config, origin).map((setting) =>
    /\.(?:args|command)$/.test(setting.path) && setting.value.startsWith('[')
      ? { ...setting, value: JSON.stringify(maskedWords(JSON.parse(setting.value) as string[])) }
      : setting,
  )
}

/** How old the numbers of what is active may be: gauges are set when they are collected, which costs some milliseconds. */
const ACTIVE_FRESH_MS = 5000

/** Agents and voice sessions of now. */
function activeOf(observation: Observation): () => { readonly agents: number; readonly voice: number } {
  let collectedAt = Number.NEGATIVE_INFINITY
  return () => {
    if (performance.now() - collectedAt >= ACTIVE_FRESH_MS) {
      observation.registry.collect()
      collectedAt = performance.now()
    }
    return {
      agents: sumOf(observation, CATALOGUE.mcp.active_agents),
      voice: sumOf(observation, CATALOGUE.mcp.active_voice_sessions),
    }
  }
}

/** What the gauges of a metric come to, of all servers. */
function sumOf({ registry }: Observation, metric: Parameters<Observation['registry']['seriesOf']>[0]): number {
  return registry.seriesOf(metric).reduce((sum, series) => sum + (series instanceof NumberSeries ? series.value : 0), 0)
}

/** What the tools of a server cost a model's context, by the newest whole list of them. */
function definitionsOf({ registry }: Observation, server: string) {
  const of = (metric: Parameters<Observation['registry']['seriesOf']>[0]) => {
    const found = registry.seriesOf(metric).find(({ values }) => values[0] === server)
    return found instanceof NumberSeries ? found.value : undefined
  }
  const { tools_list_size_bytes, tools_list_tokens } = CATALOGUE.mcp
  const [definitionBytes, definitionTokens] = [of(tools_list_size_bytes), of(tools_list_tokens)]
  return {
    ...(definitionBytes !== undefined && { definitionBytes }),
    ...(definitionTokens !== undefined && { definitionTokens }),
  }
}

function auditHealth(log: LateAuditLog | undefined, policy: Config['audit']['policy']) {
  const fault = log?.fault()
  const required = policy === 'closed'
  return log && { ok: fault === undefined, required, ...(fault && { reason: fault.message }) }
}

function settled(handlers: Handlers, settle: () => void): Handlers {
  const entries = Object.entries(handlers).map(([name, handle]) => [
    name,
    (request: Request, caller: Caller) => {
      settle()
      return handle(request, caller)
    },
  ])
  return Object.fromEntries(entries) as Handlers
}

export function servedMetrics({ metrics }: Config): string | undefined {
  return metrics.enabled ? metrics.path : undefined
}

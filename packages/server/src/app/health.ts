import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type EventOf, event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import { CATALOGUE } from '@mcp-vitals/instrument/metrics'
import type { Fold } from '@mcp-vitals/instrument/stream'
import { compileMaintenance } from '../alerts/index.js'
import type { OpenHosted } from '../checks/index.js'
import type { Config } from '../config/index.js'
import { type DataDir, readPrivately, replacePrivately } from '../datadir/index.js'
import { vitalsError } from '../errors/index.js'
import { createAdminCheck } from '../listen/index.js'
import {
  type Beat,
  createHeartbeats,
  createMonitor,
  decodeMemory,
  encodeMemory,
  type Look,
  labelsOf,
  type Monitor,
  type Subject,
  type SystemReport,
  subjectsOf,
  type TrafficWatch,
  targetsOf,
  watchTraffic,
  wordsOf,
} from '../monitor/index.js'
import type { Logger } from '../sinks/log/index.js'
import { type Addresses, baseOf } from './addresses.js'
import type { Observation } from './observe.js'
import { createRemediation, type Remediation, rulesOf } from './remediation.js'
import type { RemedyTools } from './remedy-actions.js'

/** The health of servers and components, looked at all the time. */
export interface Health {
  /** Counts the calls that pass. */
  readonly fold: Fold
  report(): SystemReport
  /** What is watched now. */
  subjects(): readonly Pick<Subject, 'name' | 'type' | 'server'>[]
  /** What was done about the component that an alert with these labels is about: annotations for it. */
  remarksOn(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>>
  /** Who waits for heartbeats, and takes them. */
  readonly heartbeats: Heartbeats
  /** Begins, once it is known where we listen. */
  start(needs: HealthNeeds): Promise<void>
  /** Takes what a configuration has changed, which `refuseHealth` let pass. */
  change(config: Config): Promise<void>
  close(): Promise<void>
}

interface Heartbeats {
  names(): readonly string[]
  /** Whether a caller shows the token of a heartbeat, or needs none since it has none, or there is none of the name. */
  access(name: string, authorization: string | undefined): 'token' | 'open' | 'refused'
  /** `unknown`: none of the name is waited for. `unkept`: it counts, and a restart does not know of it. */
  take(name: string, beat: Beat): Promise<'kept' | 'unkept' | 'unknown'>
}

export interface HealthNeeds {
  readonly addresses: Addresses
  readonly observation: Pick<Observation, 'publish' | 'forgetCheck' | 'registry'>
  readonly dataDir: DataDir
  readonly logger: Logger
  readonly tools: RemedyTools
  /** Opens a connection to a server that is made of plugins. Throws where there is none. */
  readonly openHosted: (server: string) => ReturnType<OpenHosted>
  /** Whether a process that runs of a stdio server answers; undefined: none runs that can be asked. */
  readonly answers: (server: string, timeoutMs: number) => Promise<boolean | undefined>
  /** Port of the metrics server of its own; absent where there is none. */
  readonly metricsPort: number | undefined
}

/** Throws CONFIG_INVALID for a pattern that is none. */
export function refuseHealth(config: Config): void {
  rulesOf(config.monitor)
  maintenanceOf(config)
}

/** `criticalAlerts`: how many alerts that fire are critical, now. */
export function createHealth(first: Config, criticalAlerts: () => number): Health {
  let config = first
  let needs: HealthNeeds | undefined
  let monitor = idle(config)
  let remediation: Remediation | undefined
  let waited = createHeartbeats([], {}, Date.now)
  /** What is being written, and what waits for it. */
  let keeping = Promise.resolve(true)
  let keepsNext: Promise<boolean> | undefined
  const all = watchTraffic()
  /** Of the servers of the configuration alone: of others nobody asks. */
  let byServer = watchesOf(config, new Map())

  function begin(
    { addresses, dataDir, metricsPort: port, ...ways }: HealthNeeds,
    memory: Parameters<typeof createMonitor>[0]['memory'],
    beats: ReturnType<typeof waited.memory>,
  ) {
    waited = createHeartbeats(Object.keys(heartbeatsOf(config)), beats, Date.now)
    const { monitor: options, servers, listen } = config
    const metrics =
      port === undefined
        ? undefined
        : { url: `${baseOf({ host: listen.host, port })}/health`, token: listen.adminToken }
    const isInMaintenance = maintenanceOf(config)
    const enabled = Object.fromEntries(Object.entries(servers).flatMap(([name, entry]) => watchable(name, entry, ways)))
    const tools = {
      addressOf: addresses.of,
      transportOf: addresses.transportOf,
      headersOf: addresses.headersOf,
      clock: () => performance.now(),
    }
    const watched = { options, servers: enabled, metrics, providers: {}, heartbeats: waited, answers: ways.answers }
    monitor = createMonitor({
      subjects: options.enabled ? subjectsOf(watched, tools) : [],
      ...{ options, memory: memory ?? {}, clock: tools.clock, random: Math.random },
      trafficOf: (name) => byServer.get(name)?.lately(Date.now(), options.leastCalls),
      connectivity: options.connectivity.enabled ? { targets: targetsOf(options, tools) } : undefined,
      pauseOf: (subject) => (isInMaintenance(labelsOf(subject)) ? 'maintenance' : undefined),
      onLook(look) {
        tell(look, ways)
        remediation?.look(look)
        if (isNews(look)) void keep(dataDir)
      },
    })
    monitor.start()
  }

  /** Written one after the other, and what comes meanwhile together; what cannot be kept (false) is found out again by the next checks. */
  function keep(dataDir: DataDir): Promise<boolean> {
    keepsNext ??= keeping.then(() => {
      keepsNext = undefined
      const remedies = remediation?.memory() ?? {}
      const text = encodeMemory({ components: monitor.memory(), told: {}, remedies, beats: waited.memory() })
      keeping = replacePrivately(fileIn(dataDir), text).then(
        () => true,
        () => false,
      )
      return keeping
    })
    return keepsNext
  }

  /** A monitor that was replaced meanwhile has no answer; its successor has. */
  async function check(component: string) {
    const asked = monitor
    const result = await asked.check(component)
    return result === undefined && asked !== monitor ? monitor.check(component) : result
  }

  return {
    fold: {
      name: 'health',
      fold(seen) {
        if (seen.type !== 'request.ended' || seen.direction !== 'client_to_server' || seen.side === 'client') return
        if (seen.outcome === 'cancelled') return
        // How a client asks which era a server is of: one of the older does not know it, and is well.
        if (seen.method === 'server/discover' && seen.outcome === 'protocol_error') return
        const isFailure = seen.outcome !== 'ok'
        all.add(seen.at, isFailure, seen.durationMs)
        byServer.get(seen.server)?.add(seen.at, isFailure, seen.durationMs)
      },
    },
    subjects: () => monitor.subjects,
    report() {
      return monitor.report({
        traffic: all.lately(Date.now(), config.monitor.leastCalls),
        criticalAlerts: criticalAlerts(),
      })
    },
    remarksOn: (labels) => remediation?.remarksOn(labels) ?? {},
    heartbeats: {
      names: () => Object.keys(heartbeatsOf(config)),
      access(name, authorization) {
        const found = heartbeatsOf(config)
        const token = Object.hasOwn(found, name) ? found[name]?.token : undefined
        if (token === undefined) return 'open'
        return createAdminCheck(token)(authorization) ? 'token' : 'refused'
      },
      async take(name, beat) {
        const isNews = waited.take(name, beat)
        if (needs === undefined || isNews === undefined) return 'unknown'
        if (isNews) void monitor.hurry(name)
        return (await keep(needs.dataDir)) ? 'kept' : 'unkept'
      },
    },
    async start(given) {
      needs = given
      const { tools, observation, dataDir } = given
      const { components, remedies, beats } = decodeMemory(await readPrivately(fileIn(dataDir)).catch(() => undefined))
      const ways = { tools, check, publish: observation.publish, keep: async () => void (await keep(dataDir)) }
      remediation = createRemediation(config.monitor, remedies, ways)
      begin(given, components, beats)
    },
    async change(next) {
      const before = config
      config = next
      byServer = watchesOf(next, byServer)
      const needsOf = ({ monitor, servers, listen, alerts }: Config) => [monitor, servers, listen, alerts.times]
      const isSame = isDeepStrictEqual(needsOf(next), needsOf(before))
      if (isSame || needs === undefined) return
      const old = monitor
      remediation?.change(next.monitor)
      begin(needs, old.memory(), waited.memory())
      await old.close()
      const kept = new Set(monitor.subjects.map(({ name }) => name))
      for (const subject of old.subjects)
        if (!kept.has(subject.name)) needs.observation.forgetCheck(...checkOf(subject))
    },
    async close() {
      await Promise.all([remediation?.close(), monitor.close()])
      if (needs) await keep(needs.dataDir)
    },
  }
}

function maintenanceOf({ monitor: { maintenance }, alerts: { times } }: Config) {
  try {
    return compileMaintenance(maintenance, times, Date.now)
  } catch (error) {
    throw vitalsError('CONFIG_INVALID', { problems: `\n  monitor.maintenance: ${(error as Error).message}` }, error)
  }
}

const fileIn = (dataDir: DataDir): string => join(dataDir.path, 'health.json')

/** Components that others tell of, while they are watched at all. */
function heartbeatsOf({ monitor: { enabled, components } }: Config) {
  const found = Object.entries(components).flatMap(([name, entry]) =>
    enabled && entry.type === 'heartbeat' ? [[name, entry] as const] : [],
  )
  return Object.fromEntries(found)
}

function idle({ monitor: options }: Config): Monitor {
  return createMonitor({ subjects: [], options, clock: () => 0, random: () => 0, onLook: () => {} })
}

/** A server as it is watched. One that is made of plugins lives in this process, and is asked there: that is no traffic. */
function watchable(name: string, entry: Config['servers'][string], { openHosted }: Pick<HealthNeeds, 'openHosted'>) {
  if (entry.disabled) return []
  return [[name, 'plugins' in entry ? { open: () => openHosted(name) } : entry] as const]
}

function watchesOf({ servers }: Config, before: ReadonlyMap<string, TrafficWatch>): ReadonlyMap<string, TrafficWatch> {
  return new Map(Object.keys(servers).map((name) => [name, before.get(name) ?? watchTraffic()]))
}

const isNews = ({ turn: { went, lost, found, changed, isFirst } }: Look): boolean =>
  went !== undefined || isFirst || lost.length + found.length + changed.length > 0

const MAX_CAUSE_LENGTH = 256

/** Why a check failed, or else why its component is unhealthy. */
function reasonOf({ result, report }: Look): Partial<Pick<EventOf<'probe'>, 'reason' | 'cause'>> {
  const isIll = report.status === 'unhealthy'
  const reason = result.ok ? (isIll ? report.kind : undefined) : result.reason
  return {
    ...(reason !== undefined && { reason }),
    ...(isIll && { cause: report.reasons.join(', ').slice(0, MAX_CAUSE_LENGTH) }),
  }
}

/** The server of whose check events and metrics tell, and the name of that check. */
const checkOf = ({ name, server }: Pick<Subject, 'name' | 'server'>) =>
  (server === undefined ? [OWN_SERVER, name] : [server, 'mcp']) as [string, string]

/** Publishes what a check saw: metrics, rules and alerts come of it. */
function tell(look: Look, { observation, logger }: Pick<HealthNeeds, 'observation' | 'logger'>): void {
  const { subject, result, turn, state, report, lateMs } = look
  const { publish, registry } = observation
  registry
    .histogram(CATALOGUE.mcp_vitals.check_lateness_seconds)
    .with()
    .observe(lateMs / 1000)
  const { name, server } = subject
  const at = Date.now()
  const [of, check] = checkOf(subject)
  const context = { server: of }
  publish(
    event('probe', at, context, {
      ...{ check, ok: result.ok, durationMs: result.latencyMs },
      ...reasonOf(look),
      ...(state && { state }),
      ...{ component: name, status: report.status },
    }),
  )
  if (turn.went === 'down') logger.warning('component_down', `Down: ${name}, ${wordsOf(result)}`, { component: name })
  else if (turn.went === 'up') logger.info('component_up', `Up again: ${name}`, { component: name })
  if (server === undefined || result.tools === undefined) return
  const tools = result.tools.map((tool) => tool.name)
  if (turn.isFirst || turn.lost.length + turn.found.length > 0)
    // Sizes and hashes are of bytes that a client gets; these tools were read by a client of our own.
    publish(event('tools.listed', at, context, { tools, hashes: tools.map(() => ''), sizeBytes: 0, complete: true }))
  if (turn.changed.length > 0)
    publish(event('security', at, context, { kind: 'TOOL_DEFINITION_CHANGED', severity: 'HIGH' }))
}

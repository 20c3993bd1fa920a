import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type EventOf, event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import type { Fold } from '@mcp-vitals/instrument/stream'
import type { Config } from '../config/index.js'
import { type DataDir, readPrivately, replacePrivately } from '../datadir/index.js'
import {
  createMonitor,
  decodeMemory,
  encodeMemory,
  type Look,
  type Monitor,
  type Subject,
  type SystemReport,
  subjectsOf,
  type TrafficWatch,
  watchTraffic,
  wordsOf,
} from '../monitor/index.js'
import type { Logger } from '../sinks/log/index.js'
import type { Addresses } from './addresses.js'
import type { Observation } from './observe.js'

/** The health of servers and components, looked at all the time. */
export interface Health {
  /** Counts the calls that pass. */
  readonly fold: Fold
  report(): SystemReport
  /** What is watched now. */
  subjects(): readonly Pick<Subject, 'name' | 'type' | 'server'>[]
  /** Begins, once it is known where we listen. */
  start(needs: HealthNeeds): Promise<void>
  /** Takes what a configuration has changed. */
  change(config: Config): Promise<void>
  close(): Promise<void>
}

export interface HealthNeeds {
  readonly addresses: Addresses
  readonly observation: Pick<Observation, 'publish'>
  readonly dataDir: DataDir
  readonly logger: Logger
}

/** `criticalAlerts`: how many alerts that fire are critical, now. */
export function createHealth(first: Config, criticalAlerts: () => number): Health {
  let config = first
  let needs: HealthNeeds | undefined
  let monitor = idle(config)
  let keeping = Promise.resolve()
  const all = watchTraffic()
  /** Of the servers of the configuration alone: of others nobody asks. */
  let byServer = watchesOf(config, new Map())

  function begin({ addresses, dataDir, ...ways }: HealthNeeds, memory: Parameters<typeof createMonitor>[0]['memory']) {
    const { monitor: options, servers } = config
    const enabled = Object.fromEntries(Object.entries(servers).filter(([, { disabled }]) => !disabled))
    const tools = {
      addressOf: addresses.of,
      transportOf: addresses.transportOf,
      headersOf: addresses.headersOf,
      clock: () => performance.now(),
    }
    monitor = createMonitor({
      subjects: options.enabled ? subjectsOf({ options, servers: enabled, providers: {} }, tools) : [],
      ...{ options, memory: memory ?? {}, clock: tools.clock, random: Math.random },
      trafficOf: (name) => byServer.get(name)?.lately(Date.now(), options.leastCalls),
      onLook(look) {
        tell(look, ways)
        if (isNews(look)) keep(dataDir)
      },
    })
    monitor.start()
  }

  /** Written one after the other; what cannot be kept is found out again by the next checks. */
  function keep(dataDir: DataDir): void {
    const text = encodeMemory({ components: monitor.memory(), told: {} })
    keeping = keeping.then(() => replacePrivately(fileIn(dataDir), text).catch(() => {}))
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
    async start(given) {
      needs = given
      const { components } = decodeMemory(await readPrivately(fileIn(given.dataDir)).catch(() => undefined))
      begin(given, components)
    },
    async change(next) {
      const before = config
      config = next
      byServer = watchesOf(next, byServer)
      const isSame = isDeepStrictEqual(next.monitor, before.monitor) && isDeepStrictEqual(next.servers, before.servers)
      if (isSame || needs === undefined) return
      const old = monitor
      begin(needs, old.memory())
      await old.close()
    },
    async close() {
      await monitor.close()
      if (needs) keep(needs.dataDir)
      await keeping
    },
  }
}

const fileIn = (dataDir: DataDir): string => join(dataDir.path, 'health.json')

function idle({ monitor: options }: Config): Monitor {
  return createMonitor({ subjects: [], options, clock: () => 0, random: () => 0, onLook: () => {} })
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

/** Publishes what a check saw: metrics, rules and alerts come of it. */
function tell(look: Look, { observation: { publish }, logger }: Pick<HealthNeeds, 'observation' | 'logger'>): void {
  const { subject, result, turn, state, report } = look
  const { name, server } = subject
  const at = Date.now()
  const context = { server: server ?? OWN_SERVER }
  publish(
    event('probe', at, context, {
      ...{ check: server === undefined ? name : 'mcp', ok: result.ok, durationMs: result.latencyMs },
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

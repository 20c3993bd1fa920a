import { isDeepStrictEqual } from 'node:util'
import { event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import { CATALOGUE, type Registry } from '@mcp-vitals/instrument/metrics'
import type { Publish } from '@mcp-vitals/instrument/stream'
import { type Config, refuseUnguarded } from '../config/index.js'
import type { Logger } from '../sinks/log/index.js'
import { doorsSetting, entriesOf } from './entries.js'

const {
  config_last_reload_successful: SUCCESSFUL,
  config_last_reload_success_timestamp_seconds: SUCCEEDED_AT,
  config_restart_pending: PENDING,
} = CATALOGUE.mcp

/** Sections that change while the daemon runs. Every other needs a restart, but for what `quietOf` takes of alerts. */
const LIVE = [
  'servers',
  'doors',
  'listen',
  'gateway',
  'providers',
  'monitor',
  'rules',
  'health',
  'status',
  'dashboard',
  'environment',
  'watch',
] as const satisfies (keyof Config)[]

/** Names of servers, by what became of them. */
export interface ServerChanges {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
}

export interface ReloaderOptions {
  readonly config: Config
  /** Reads and checks the configuration again; throws what is wrong with it. Nothing can be read where absent. */
  readonly load: (() => Config) | undefined
  /**
   * Makes ready all that the new one needs, and changes nothing; rejects where that is not to be had. The result makes it
   * effective, and does not fail.
   */
  readonly prepare: (config: Config, changes: ServerChanges) => Promise<() => Promise<void>>
  /** Reads the rules, and throws what is wrong with them. The result makes them effective; undefined where nothing changed. */
  readonly prepareRules: (config: Config) => Promise<(() => void) | undefined>
  /** Every address that is listened on, those included that are about to be left. */
  readonly hosts: () => readonly string[]
  readonly registry: Registry
  readonly publish: Publish
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Takes changes of the configuration over while the daemon runs, and tells what it took. */
export interface Reloader {
  /** Reads it again, one reading after another. What is not valid leaves everything as it was. Never rejects. */
  reload(): Promise<void>
  /** From now on nothing is read any more. Resolves when a change that began is made. */
  stop(): Promise<void>
}

/** What a configuration that was read comes to. */
interface Plan {
  readonly wanted: Config
  /** Undefined where nothing changes now. */
  readonly apply: (() => Promise<void>) | undefined
  /** Options that differ and need a restart. */
  readonly waiting: readonly string[]
  readonly told: string
}

/** Makes the reloader; the configuration that the daemon started with counts as its first success. */
export function createReloader(options: ReloaderOptions): Reloader {
  const { load, prepare, prepareRules, hosts, registry, publish, logger, now } = options
  let current = options.config
  let last: Promise<void> = Promise.resolve()
  let isOver = false

  function succeeded(): void {
    registry.gauge(SUCCESSFUL).with().set(1)
    registry
      .gauge(SUCCEEDED_AT)
      .with()
      .set(now() / 1000)
  }

  async function planOf(next: Config): Promise<Plan> {
    const live = LIVE.filter((key) => !isDeepStrictEqual(next[key], current[key]))
    const alerts = { ...current.alerts, ...quietOf(current, next) }
    const hasOtherAlerts = !isDeepStrictEqual(alerts, current.alerts)
    const wanted = { ...current, ...Object.fromEntries(live.map((key) => [key, next[key]])), alerts }
    // A place that is left takes requests for a while, so what is taken now has to guard that as well.
    for (const host of [wanted.listen.host, ...hosts()])
      refuseUnguarded({ ...wanted, listen: { ...wanted.listen, host } })
    const changes = serverChanges(entriesOf(current.servers), entriesOf(next.servers))
    const hasOtherDoors = !isDeepStrictEqual(doorsSetting(current), doorsSetting(next))
    const takeRules = await prepareRules(wanted)
    const differs = (key: (typeof LIVE)[number]) =>
      key === 'doors'
        ? hasOtherDoors
        : key === 'rules'
          ? takeRules !== undefined
          : key !== 'servers' && live.includes(key)
    const sections = [...LIVE.filter(differs), ...(hasOtherAlerts ? ['alerts'] : [])]
    const waiting = needRestart(wanted, next, current.providers)
    const takeOthers = live.length > 0 || hasOtherAlerts ? await prepare(wanted, changes) : undefined
    const apply =
      (takeRules ?? takeOthers) &&
      (async () => {
        takeRules?.()
        await takeOthers?.()
      })
    return { wanted, apply, waiting, told: sentence(sections, changes, waiting) }
  }

  async function reload(): Promise<void> {
    if (isOver) return
    if (!load) {
      logger.warning('config_not_reloaded', 'There is no configuration file to read again')
      return
    }
    let plan: Plan
    try {
      plan = await planOf(load())
    } catch (error) {
      registry.gauge(SUCCESSFUL).with().set(0)
      const message = error instanceof Error ? error.message : String(error)
      logger.error('config_rejected', `The configuration was not reloaded, and stays what it was: ${message}`)
      return
    }
    const { wanted, apply, waiting, told } = plan
    if (apply) {
      current = wanted
      await apply()
      publish(event('security', now(), { server: OWN_SERVER }, { kind: 'CONFIG_CHANGED', severity: 'LOW' }))
    }
    succeeded()
    registry.gauge(PENDING).with().set(waiting.length)
    logger.info('config_reloaded', told)
    if (waiting.length > 0) logger.warning('config_needs_restart', `Changes that need a restart: ${waiting.join(', ')}`)
  }

  registry.gauge(PENDING).with().set(0)
  succeeded()
  return {
    reload() {
      last = last
        .then(reload)
        .catch((error) => logger.fault('config_fault', 'The configuration was not reloaded', error))
      return last
    },
    stop() {
      isOver = true
      return last
    },
  }
}

type Entries = ReturnType<typeof entriesOf>

function serverChanges(before: Entries, after: Entries): ServerChanges {
  const isOn = (servers: Entries, name: string) => Object.hasOwn(servers, name) && servers[name]?.disabled === false
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const stays = (name: string) => isOn(before, name) && isOn(after, name)
  return {
    added: names.filter((name) => !isOn(before, name) && isOn(after, name)),
    changed: names.filter((name) => stays(name) && !isDeepStrictEqual(before[name], after[name])),
    removed: names.filter((name) => isOn(before, name) && !isOn(after, name)),
  }
}

/** Of alerts what changes now. A named time that is gone stays as it was, for routes that still name it. */
function quietOf(current: Config, next: Config): Pick<Config['alerts'], 'maintenance' | 'times'> {
  const { maintenance, times } = next.alerts
  return { maintenance, times: { ...current.alerts.times, ...times } }
}

/** Options that differ and cannot change now, such as `store.retentionDays`; and providers whose metrics have no name yet. */
function needRestart(before: Config, after: Config, known: Config['providers']): readonly string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Config)[]
  const differing = keys.filter((key) => !isDeepStrictEqual(before[key], after[key]))
  const options = differing.flatMap((key) => {
    const [one, other]: readonly unknown[] = [before[key], after[key]]
    if (!isGroup(one) || !isGroup(other)) return [key]
    const parts = [...new Set([...Object.keys(one), ...Object.keys(other)])]
    return parts.filter((part) => !isDeepStrictEqual(one[part], other[part])).map((part) => `${key}.${part}`)
  })
  const providers = Object.keys(after.providers).filter((name) => !Object.hasOwn(known, name))
  return [...options, ...providers.map((name) => `metrics named after the provider ${name}`)]
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sentence(sections: readonly string[], changes: ServerChanges, waiting: readonly string[]): string {
  const servers = Object.entries(changes)
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `servers ${what}: ${names.join(', ')}`)
  const told = [...servers, ...(sections.length > 0 ? [`changed: ${sections.join(', ')}`] : [])]
  const nothing = waiting.length > 0 ? 'nothing that can change now' : 'nothing has changed'
  return `Configuration reloaded: ${told.join('; ') || nothing}`
}

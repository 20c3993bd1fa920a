/** Plugins and their queues, folded from the stream: pure memory, bounded, restored by nothing but new events. */
import type { EventOf } from '@mcp-vitals/instrument/event'
import type { Fold } from '@mcp-vitals/instrument/stream'
import { createRecentDurations } from './durations.js'

/** Plugins, and queues, beyond this many are not tracked: names come from authenticated senders. */
export const MAX_PLUGINS = 1000
/** How many executions the error rate looks back on. */
export const ERROR_WINDOW = 100
/** What the processing rate looks back on, in seconds. */
export const RATE_WINDOW_SECONDS = 60

/** `up`: its last command ran well. `failing`: it ran and reported an error. `down`: it could not run to its end. */
export type PluginCondition = 'up' | 'failing' | 'down'

export interface PluginVitals {
  readonly server: string
  readonly plugin: string
  readonly condition: PluginCondition
  /** Milliseconds since 1970; absent before the first. */
  readonly lastExecutionAt?: number
  /** Executions seen since the start. */
  readonly executions: number
  /** Share of the last 100 executions that failed, 0 to 1. One that was cancelled did not. */
  readonly errorRate: number
}

export interface QueueVitals {
  readonly server: string
  readonly plugin: string
  /** Jobs waiting. */
  readonly size: number
  /** Jobs started in the last 60 seconds, per second. */
  readonly processedPerSecond: number
  /** Median and 95th percentile of the last 512 waits; absent before the first. */
  readonly waitP50Ms?: number
  readonly waitP95Ms?: number
}

export interface Workload {
  readonly plugins: readonly PluginVitals[]
  readonly queues: readonly QueueVitals[]
}

export interface PluginsFold extends Fold {
  /** Makes a plugin and its queue known before its first event, and tells whether it can run now. */
  declare(server: string, plugin: string, isAvailable: boolean): void
  /** There is no such plugin any more. */
  forget(server: string, plugin: string): void
  snapshot(): Workload
}

/** Creates the fold that `/health` and the status page read. `now` gives milliseconds since 1970. */
export function createPlugins(now: () => number): PluginsFold {
  const plugins = new Map<string, ReturnType<typeof trackPlugin>>()
  const queues = new Map<string, ReturnType<typeof trackQueue>>()
  return {
    name: 'plugins',
    fold(event) {
      if (event.type === 'plugin') entryOf(plugins, event, trackPlugin)?.see(event)
      if (event.type === 'queue') entryOf(queues, event, trackQueue)?.see(event, now())
    },
    declare(server, plugin, isAvailable) {
      entryOf(plugins, { server, plugin }, trackPlugin)?.declare(isAvailable)
      entryOf(queues, { server, plugin }, trackQueue)
    },
    forget(server, plugin) {
      const key = keyOf({ server, plugin })
      plugins.delete(key)
      queues.delete(key)
    },
    snapshot: () => ({
      plugins: [...plugins.values()].map((plugin) => plugin.present()),
      queues: [...queues.values()].map((queue) => queue.present(now())),
    }),
  }
}

interface Named {
  readonly server: string
  readonly plugin: string
}

function keyOf({ server, plugin }: Named): string {
  return JSON.stringify([server, plugin])
}

function entryOf<T>(map: Map<string, T>, { server, plugin }: Named, make: (named: Named) => T): T | undefined {
  const key = keyOf({ server, plugin })
  const known = map.get(key)
  if (known !== undefined || map.size >= MAX_PLUGINS) return known
  const fresh = make({ server, plugin })
  map.set(key, fresh)
  return fresh
}

function trackPlugin({ server, plugin }: Named) {
  const failed: boolean[] = []
  let executions = 0
  let condition: PluginCondition = 'up'
  let isAvailable = true
  let lastExecutionAt: number | undefined
  return {
    declare(available: boolean): void {
      isAvailable = available
    },
    see({ outcome, at }: EventOf<'plugin'>): void {
      failed[executions++ % ERROR_WINDOW] = outcome !== 'ok' && outcome !== 'cancelled'
      lastExecutionAt = Math.max(lastExecutionAt ?? 0, at)
      if (outcome !== 'cancelled') condition = conditionOf(outcome)
    },
    present(): PluginVitals {
      const errorRate = failed.filter(Boolean).length / Math.max(1, failed.length)
      return {
        ...{ server, plugin, executions, errorRate },
        condition: isAvailable ? condition : 'down',
        ...(lastExecutionAt !== undefined && { lastExecutionAt }),
      }
    },
  }
}

function conditionOf(outcome: EventOf<'plugin'>['outcome']): PluginCondition {
  if (outcome === 'ok') return 'up'
  return outcome === 'tool_error' || outcome === 'protocol_error' ? 'failing' : 'down'
}

function trackQueue({ server, plugin }: Named) {
  const waits = createRecentDurations()
  const started = createRate()
  let size = 0
  return {
    see(event: EventOf<'queue'>, now: number): void {
      size = event.size
      if (event.action !== 'started') return
      started.add(Math.min(event.at, now))
      if (event.waitMs !== undefined) waits.add(event.waitMs)
    },
    present(now: number): QueueVitals {
      const { p50Ms, p95Ms } = waits.quantiles()
      const times = p50Ms === undefined || p95Ms === undefined ? {} : { waitP50Ms: p50Ms, waitP95Ms: p95Ms }
      return { server, plugin, size, processedPerSecond: started.perSecond(now), ...times }
    },
  }
}

/** Counts by second over the last minute, in a ring. */
function createRate() {
  const seconds = new Float64Array(RATE_WINDOW_SECONDS).fill(-1)
  const counts = new Float64Array(RATE_WINDOW_SECONDS)
  return {
    add(at: number): void {
      const second = Math.floor(at / 1000)
      const slot = second % RATE_WINDOW_SECONDS
      if (second < (seconds[slot] as number)) return
      if (second > (seconds[slot] as number)) counts[slot] = 0
      seconds[slot] = second
      counts[slot] = (counts[slot] as number) + 1
    },
    perSecond(now: number): number {
      const current = Math.floor(now / 1000)
      const inWindow = (second: number) => second > current - RATE_WINDOW_SECONDS && second <= current
      const sum = counts.reduce((total, count, slot) => total + (inWindow(seconds[slot] as number) ? count : 0), 0)
      return sum / RATE_WINDOW_SECONDS
    },
  }
}

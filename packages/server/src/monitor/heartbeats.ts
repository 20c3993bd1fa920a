import type { Check, CheckResult } from '../checks/index.js'
import type { HeartbeatOptions } from './heartbeat-options.js'

/** What somebody tells of itself. */
export interface Beat {
  readonly ok: boolean
  /** Its exit status, where it told that. */
  readonly status?: number
}

/** What of one heartbeat is kept over restarts. Times are milliseconds since 1970. */
export interface BeatMemory {
  /** Since when it is waited for. */
  readonly since: number
  /** The newest, and when it came. */
  readonly last?: Beat & { readonly at: number }
  /** One was missing, and none came since. */
  readonly isMissed?: boolean
}

/** Takes heartbeats, and tells which are missing. */
export interface Heartbeats {
  /** Whether it changes what is to be thought of it; undefined: none of the name is waited for. */
  take(name: string, beat: Beat): boolean | undefined
  checkOf(name: string, options: HeartbeatOptions): Check
  memory(): Readonly<Record<string, BeatMemory>>
}

/**
 * `now`: milliseconds since 1970. `names`: those that are waited for. What came due while nobody listened may have come all
 * the same, so that one is waited for from now on.
 */
export function createHeartbeats(
  names: readonly string[],
  kept: Readonly<Record<string, BeatMemory>>,
  now: () => number,
): Heartbeats {
  const begun = now()
  const memories = new Map<string, BeatMemory>(
    names.map((name) => [name, (Object.hasOwn(kept, name) ? kept[name] : undefined) ?? { since: begun }]),
  )

  function look(name: string, { periodMs, graceMs }: HeartbeatOptions): Omit<CheckResult, 'latencyMs'> {
    const memory = memories.get(name) ?? { since: begun }
    const { since, last, isMissed } = memory
    if (last?.ok === false) return { ok: false, reason: 'heartbeat_failed', code: `EXIT_${last.status ?? 1}` }
    const dueAt = (last?.at ?? since) + periodMs + graceMs
    const lateAt = dueAt < begun ? begun + periodMs + graceMs : dueAt
    if (!isMissed && now() < lateAt) return { ok: true }
    if (!isMissed) memories.set(name, { ...memory, isMissed: true })
    return { ok: false, reason: 'heartbeat_late' }
  }

  return {
    take(name, beat) {
      const memory = memories.get(name)
      if (!memory) return undefined
      const { since, last, isMissed = false } = memory
      memories.set(name, { since, last: { ...beat, at: now() } })
      return isMissed || beat.ok !== (last?.ok ?? true)
    },
    checkOf: (name, options) => ({ run: async () => ({ ...look(name, options), latencyMs: 0 }) }),
    memory: () => Object.fromEntries(memories),
  }
}

import type { EventOf } from '@mcp-vitals/instrument/event'
import type { KeptRow } from './rows.js'
import { LEVELS, slotOf } from './track.js'

/** Tokens and money of one day, UTC. */
export interface UsageDay {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costUsd: number
  /** Whether one of the figures is an estimate. */
  readonly estimated: boolean
}

export interface Usage {
  add(event: EventOf<'usage'>, now: number): void
  /** `day`: days since 1970. */
  of(day: number): UsageDay
  restore(row: KeptRow): void
  changes(): readonly KeptRow[]
  giveBack(day: number): void
}

const NOTHING: UsageDay = { inputTokens: 0, outputTokens: 0, costUsd: 0, estimated: false }

/** What was used, by day. */
export function createUsage(): Usage {
  const days = new Map<number, UsageDay>()
  const changed = new Set<number>()

  function put(day: number, added: UsageDay): void {
    const before = days.get(day) ?? NOTHING
    days.set(day, {
      inputTokens: before.inputTokens + added.inputTokens,
      outputTokens: before.outputTokens + added.outputTokens,
      costUsd: before.costUsd + added.costUsd,
      estimated: before.estimated || added.estimated,
    })
  }

  return {
    add({ inputTokens = 0, outputTokens = 0, costUsd = 0, estimated }, now) {
      const day = slotOf('day', now)
      put(day, { inputTokens, outputTokens, costUsd, estimated })
      changed.add(day)
      for (const old of days.keys()) if (old < day - LEVELS.day.kept) days.delete(old)
    },
    of: (day) => days.get(day) ?? NOTHING,
    restore: ({ at, body }) => put(at, JSON.parse(body) as UsageDay),
    changes() {
      const rows = [...changed].flatMap((at): KeptRow[] => {
        const day = days.get(at)
        return day ? [{ level: 'usage', at, server: '', tool: '', body: JSON.stringify(day) }] : []
      })
      changed.clear()
      return rows
    },
    giveBack(day) {
      changed.add(day)
    },
  }
}

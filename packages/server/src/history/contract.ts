import type { HEALTH } from '@mcp-vitals/instrument/event'
import type { HistoryComponent, HistoryDay } from '../store/index.js'

export type { HistoryDay }

export type Health = (typeof HEALTH)[number]

/** What is watched. */
export interface Watched {
  readonly name: string
  readonly type: string
  /** The server of the configuration that it is; absent for what is none. */
  readonly server?: string
}

/** What was done about an incident, and what came of it. */
export type Deed =
  | {
      readonly at: number
      readonly what: 'remediation'
      readonly rule: string
      readonly action: string
      readonly outcome: string
    }
  | { readonly at: number; readonly what: 'acknowledged'; readonly alert: string }
  /** It is not in the configuration any more. */
  | { readonly at: number; readonly what: 'not_watched' }

/** A time in which a component was unhealthy, without a break but for such in which nobody watched. */
export interface Incident {
  /** 16 hexadecimal digits. */
  readonly id: string
  readonly component: string
  readonly server?: string
  /** Milliseconds since 1970. */
  readonly began: number
  /** Absent while it goes on. */
  readonly ended?: number
  /** Out of a bounded list: a reason of a check, `latency`, or `errors`. */
  readonly reason: string
  /** The same in words. */
  readonly cause: string
  /** How much of it nobody watched: the daemon did not run, or could not know. Milliseconds. */
  readonly unwatchedMs: number
  /** The oldest first. */
  readonly done: readonly Deed[]
  /** How often more was done than `done` tells. */
  readonly doneBeyond: number
}

/** What changed: to be kept all of it, or nothing. Rows take the place of those with the same key. */
export interface HistoryChanges {
  readonly components: readonly (HistoryComponent & { readonly status: Health })[]
  readonly days: readonly HistoryDay[]
  readonly incidents: readonly Incident[]
}

/** What was kept: components, their newest day each, and the incidents that go on. */
export type HistoryKept = HistoryChanges

export const DAY_MS = 86_400_000
export const dayOf = (at: number): number => Math.floor(at / DAY_MS)
/** `2026-11-29`. */
export const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10)

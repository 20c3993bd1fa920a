import type { Check, CheckResult } from '../checks/index.js'

/** One thing to watch, and when. */
export interface Subject {
  readonly name: string
  readonly type: string
  /** The server of the configuration that it is; absent for what is none. */
  readonly server?: string
  readonly check: Check
  readonly timeoutMs: number
  readonly intervalMs: number
  readonly retries: number
  /** Where it is asked, beyond loopback; absent for what is on this machine. */
  readonly host?: string | undefined
  /**
   * What is asked instead while the newest check is younger than `everyMs`, as a check that starts a server is dear, and
   * after a check that was well. It must settle in time by itself; undefined: there was nobody to ask, and nothing is known.
   */
  readonly between?: { readonly everyMs: number; readonly ask: () => Promise<CheckResult | undefined> }
  /** How many failures make it down, and successes up; default: as the options say. */
  readonly failureThreshold?: number
  readonly successThreshold?: number
}

/** How one component is (CONTRACT.md, C10). `unknown`: it was not looked at yet, or nothing can be said. `maintenance`: it is not judged. */
export type ComponentStatus = 'healthy' | 'degraded' | 'unhealthy' | 'unknown' | 'maintenance'
/** Why a component is looked at and not judged. */
export type Pause = 'maintenance' | 'cut_off'

/** How the system is (CONTRACT.md, C10). */
export const COLOURS = ['GREEN', 'YELLOW', 'RED'] as const
export type Colour = (typeof COLOURS)[number]

/** Tools of one MCP server: those that it had, and those of them that it does not list any more. */
export interface ToolsReport {
  readonly known: readonly string[]
  readonly missing: readonly string[]
}

/** One component as it is now. */
export interface ComponentReport {
  readonly name: string
  readonly type: string
  readonly status: ComponentStatus
  /** Why it is not healthy, in words; empty where it is. */
  readonly reasons: readonly string[]
  /** The first of the reasons, out of a bounded list: one of a check, `latency`, or `errors` for calls that failed. */
  readonly kind?: string
  /** Of the newest check; absent before the first. */
  readonly latencyMs?: number
  readonly result?: Omit<CheckResult, 'tools'>
  /** How many checks failed one after the other, up to now. */
  readonly failures: number
  /** Of an MCP server whose tools were listed once. */
  readonly tools?: ToolsReport
}

/** What is known of calls that passed lately. */
export interface Traffic {
  /** Share of the calls that failed, 0 to 1. */
  readonly errorRatio: number
  readonly p95Ms: number
}

/** The whole. */
export interface SystemReport {
  readonly colour: Colour
  /** Why it is not GREEN, in words; empty where it is. */
  readonly reasons: readonly string[]
  readonly components: readonly ComponentReport[]
}

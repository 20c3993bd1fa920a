import type { CheckResult } from '../checks/index.js'

/** How one component is (CONTRACT.md, C10). `unknown`: it was not looked at yet. */
export type ComponentStatus = 'healthy' | 'degraded' | 'unhealthy' | 'unknown'
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

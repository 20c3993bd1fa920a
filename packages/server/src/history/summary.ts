import { dateOf, type HistoryDay } from './contract.js'
import { decodeLatencies, type Latencies, mergeLatencies, type Percentiles, percentilesOf } from './latencies.js'

/** How a day was. `none`: nobody watched. `good`: no trouble worth a word. `some`: unhealthy at all, or degraded for long. `bad`: unhealthy for long. */
export type DayColour = 'none' | 'maintenance' | 'good' | 'some' | 'bad'

/** One component on one day. */
export interface DayReport {
  /** `2026-11-29`, UTC. */
  readonly date: string
  readonly colour: DayColour
  readonly watchedSeconds: number
  /** Parts of `watchedSeconds`; up is what was not unhealthy. */
  readonly upSeconds: number
  readonly degradedSeconds: number
  readonly unhealthySeconds: number
  readonly maintenanceSeconds: number
  readonly checks: number
  readonly failures: number
  /** Of the checks that succeeded. */
  readonly latency?: Percentiles
  /** Of the calls that passed to the server that it is; absent without any. */
  readonly calls?: CallsReport
}

export interface CallsReport {
  readonly count: number
  readonly failures: number
  /** 0 to 1. */
  readonly errorRatio: number
  readonly latency?: Percentiles
}

/** One component over the days that are kept. */
export interface ComponentHistory {
  readonly name: string
  /** Share of the watched time in which it was not unhealthy, 0 to 1, by how many days it looks back; absent where nobody watched. */
  readonly uptime: { readonly [D in (typeof UPTIME_DAYS)[number]]?: number }
  /** Of the last `LATENCY_DAYS` days. */
  readonly latency?: Percentiles
  readonly calls?: CallsReport
  /** Every day that was asked for, the oldest first. */
  readonly days: readonly DayReport[]
}

export const UPTIME_DAYS = [1, 7, 30, 90] as const
/** What the percentiles of a component look back on, in days. */
export const LATENCY_DAYS = 30
/** Shares of the watched time from which trouble counts as long. */
const LONG = 0.05
/** Less than this of a day says nothing of it. */
const LEAST_WATCHED_MS = 1_000

/** Writes down what rows say of one component on the `count` days up to `today`, both days since 1970. Rows in any order. */
export function summarize(name: string, rows: readonly HistoryDay[], today: number, count: number): ComponentHistory {
  const byDay = new Map(rows.map((row) => [row.day, row]))
  const days = Array.from({ length: count }, (_, index) => today - count + 1 + index)
  const last = (wanted: number) => rows.filter(({ day }) => day > today - wanted && day <= today)
  const recent = last(LATENCY_DAYS)
  const latency = percentilesOf(merged(recent.map(({ latencies }) => latencies)))
  const calls = callsOf(recent)
  return {
    name,
    uptime: Object.fromEntries(
      UPTIME_DAYS.flatMap((wanted) => {
        const share = uptimeOf(last(wanted))
        return share === undefined ? [] : [[wanted, share]]
      }),
    ),
    ...(latency && { latency }),
    ...(calls && { calls }),
    days: days.map((day) => dayReport(day, byDay.get(day))),
  }
}

/** Share of the watched time that was not unhealthy, 0 to 1; undefined where nobody watched. */
export function uptimeOf(rows: readonly Pick<HistoryDay, 'watchedMs' | 'unhealthyMs'>[]): number | undefined {
  const watchedMs = rows.reduce((sum, row) => sum + row.watchedMs, 0)
  if (watchedMs < LEAST_WATCHED_MS) return undefined
  return 1 - rows.reduce((sum, row) => sum + row.unhealthyMs, 0) / watchedMs
}

function dayReport(day: number, row: HistoryDay | undefined): DayReport {
  const date = dateOf(day)
  const seconds = (ms = 0) => Math.round(ms / 10) / 100
  const { watchedMs = 0, degradedMs = 0, unhealthyMs = 0, maintenanceMs = 0, checks = 0, failures = 0 } = row ?? {}
  const latency = row && percentilesOf(decodeLatencies(row.latencies))
  const calls = row && callsOf([row])
  return {
    ...{ date, colour: colourOf({ watchedMs, degradedMs, unhealthyMs, maintenanceMs }) },
    ...{ watchedSeconds: seconds(watchedMs), upSeconds: seconds(watchedMs - unhealthyMs) },
    ...{ degradedSeconds: seconds(degradedMs), unhealthySeconds: seconds(unhealthyMs) },
    ...{ maintenanceSeconds: seconds(maintenanceMs), checks, failures },
    ...(latency && { latency }),
    ...(calls && { calls }),
  }
}

function colourOf(times: Pick<HistoryDay, 'watchedMs' | 'degradedMs' | 'unhealthyMs' | 'maintenanceMs'>): DayColour {
  const { watchedMs, degradedMs, unhealthyMs, maintenanceMs } = times
  if (watchedMs < LEAST_WATCHED_MS) return maintenanceMs < LEAST_WATCHED_MS ? 'none' : 'maintenance'
  if (unhealthyMs >= LONG * watchedMs) return 'bad'
  return unhealthyMs > 0 || degradedMs >= LONG * watchedMs ? 'some' : 'good'
}

function callsOf(rows: readonly HistoryDay[]): CallsReport | undefined {
  const count = rows.reduce((sum, { calls }) => sum + calls, 0)
  if (count === 0) return undefined
  const failures = rows.reduce((sum, { callFailures }) => sum + callFailures, 0)
  const latency = percentilesOf(merged(rows.map(({ callLatencies }) => callLatencies)))
  return { count, failures, errorRatio: failures / count, ...(latency && { latency }) }
}

function merged(texts: readonly string[]): Latencies {
  const all: Latencies = new Map()
  for (const text of texts) mergeLatencies(all, decodeLatencies(text))
  return all
}

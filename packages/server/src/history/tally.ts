import { DAY_MS, dayOf, type Health, type HistoryDay } from './contract.js'
import { decodeLatencies, encodeLatencies, type Latencies } from './latencies.js'

/** The counts of one component on one day. */
export interface Tally {
  readonly day: number
  watchedMs: number
  degradedMs: number
  unhealthyMs: number
  maintenanceMs: number
  checks: number
  failures: number
  readonly latencies: Latencies
  calls: number
  callFailures: number
  readonly callLatencies: Latencies
}

export function newTally(day: number): Tally {
  const times = { watchedMs: 0, degradedMs: 0, unhealthyMs: 0, maintenanceMs: 0 }
  const counts = { checks: 0, failures: 0, calls: 0, callFailures: 0 }
  return { day, ...times, ...counts, latencies: new Map(), callLatencies: new Map() }
}

export function tallyOf({ component: _, latencies, callLatencies, ...kept }: HistoryDay): Tally {
  return { ...kept, latencies: decodeLatencies(latencies), callLatencies: decodeLatencies(callLatencies) }
}

export function rowOf(component: string, { latencies, callLatencies, ...counts }: Tally): HistoryDay {
  return {
    ...counts,
    component,
    latencies: encodeLatencies(latencies),
    callLatencies: encodeLatencies(callLatencies),
  }
}

/** Adds a time to the days that it lies in. */
export function credit(tallyAt: (day: number) => Tally, status: Health, from: number, to: number): void {
  for (let start = from; start < to; ) {
    const day = dayOf(start)
    const end = Math.min(to, (day + 1) * DAY_MS)
    addTime(tallyAt(day), status, end - start)
    start = end
  }
}

function addTime(tally: Tally, status: Health, ms: number): void {
  if (status === 'maintenance') tally.maintenanceMs += ms
  else tally.watchedMs += ms
  if (status === 'degraded') tally.degradedMs += ms
  if (status === 'unhealthy') tally.unhealthyMs += ms
}

import type { Traffic } from './contract.js'

/** What counts as lately. Milliseconds. */
const WINDOW_MS = 300_000
const SLICES = 30
const SLICE_MS = WINDOW_MS / SLICES
/** Upper bounds of the buckets of durations, milliseconds; the last one has none. */
const BOUNDS = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000] as const

interface Slice {
  readonly index: number
  calls: number
  failures: number
  readonly buckets: number[]
}

/** Counts the calls of the last five minutes, in constant memory. Times are milliseconds since 1970. */
export interface TrafficWatch {
  add(at: number, isFailure: boolean, durationMs: number): void
  /** Undefined where there were fewer than `leastCalls`: of few, a share says nothing. */
  lately(now: number, leastCalls: number): Traffic | undefined
}

export function watchTraffic(): TrafficWatch {
  const slices: (Slice | undefined)[] = Array(SLICES)
  return {
    add(at, isFailure, durationMs) {
      const index = Math.floor(at / SLICE_MS)
      let slice = slices[index % SLICES]
      if (slice === undefined || slice.index < index) {
        slice = { index, calls: 0, failures: 0, buckets: Array(BOUNDS.length + 1).fill(0) as number[] }
        slices[index % SLICES] = slice
      } else if (slice.index > index) return
      slice.calls++
      if (isFailure) slice.failures++
      const bucket = BOUNDS.findIndex((bound) => durationMs < bound)
      slice.buckets[bucket < 0 ? BOUNDS.length : bucket]!++
    },
    lately(now, leastCalls) {
      const oldest = Math.floor(now / SLICE_MS) - SLICES
      const fresh = slices.filter((slice) => slice !== undefined && slice.index > oldest) as readonly Slice[]
      const calls = fresh.reduce((sum, slice) => sum + slice.calls, 0)
      if (calls < Math.max(1, leastCalls)) return undefined
      const failures = fresh.reduce((sum, slice) => sum + slice.failures, 0)
      const buckets = BOUNDS.map((_, index) => fresh.reduce((sum, slice) => sum + slice.buckets[index]!, 0))
      return { errorRatio: failures / calls, p95Ms: quantile(buckets, 0.95 * calls) }
    },
  }
}

/** The value below which `rank` of what was counted lies, as Prometheus's histogram_quantile has it: even within a bucket. */
function quantile(buckets: readonly number[], rank: number): number {
  let below = 0
  for (const [index, count] of buckets.entries()) {
    const lower = index === 0 ? 0 : BOUNDS[index - 1]!
    if (below + count >= rank && count > 0) return lower + ((BOUNDS[index]! - lower) * (rank - below)) / count
    below += count
  }
  return BOUNDS[BOUNDS.length - 1]!
}

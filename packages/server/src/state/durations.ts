/** How many durations the quantiles look back on. */
export const WINDOW = 512

/** The last `WINDOW` durations, in milliseconds, and their nearest-rank quantiles. */
export function createRecentDurations() {
  const ring = new Float64Array(WINDOW)
  let added = 0
  return {
    add(durationMs: number): void {
      ring[added++ % WINDOW] = durationMs
    },
    /** Empty before the first duration. */
    quantiles(): { p50Ms?: number; p95Ms?: number } {
      if (added === 0) return {}
      const sorted = ring.slice(0, Math.min(added, WINDOW)).sort()
      const at = (q: number) => sorted[Math.ceil(q * sorted.length) - 1] as number
      return { p50Ms: at(0.5), p95Ms: at(0.95) }
    },
  }
}

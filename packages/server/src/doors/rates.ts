import type { RateOptions } from './options.js'

/** How often, at most, those who have all their calls back are looked for while there is no room. Milliseconds. */
const SWEEP_MS = 1000
/** Stands for all those for whom there is no room. No id is empty. */
const SHARED = ''
/** What a sum of shares may be off by, of floating point. Milliseconds. */
const TOLERANCE_MS = 1e-6

/** What one caller has left. */
export interface Left {
  /** Calls that would pass now. */
  readonly calls: number
  /** Milliseconds until there is one more; 0 where all are there. */
  readonly nextMs: number
}

/** Counts the calls of many, each against the same limit. */
export interface Rates {
  readonly limit: RateOptions
  /** Milliseconds until this one may call again; 0: now. Counts nothing. */
  waitMs(id: string): number
  /** Counts a call. */
  take(id: string): void
  /** What this one has left; undefined where it shares its calls with others, whose doings are not its own. */
  left(id: string): Left | undefined
  /** From now on this limit holds. Who had used up a number of calls has still used up that many. */
  change(limit: RateOptions, maxTracked: number): void
  /** Calls that were counted for all those together for whom there was no room. */
  readonly shared: number
  readonly tracked: number
}

/**
 * A limit of `calls` in `windowMs`, as a bucket that fills evenly (the generic cell rate algorithm): a caller is one
 * number, the time at which it will have all its calls back. At `maxTracked` callers new ones share one bucket, so that
 * inventing ids gains nothing and evicts nobody. `clock`: monotonic milliseconds.
 */
export function createRates(first: RateOptions, most: number, clock: () => number): Rates {
  const fullAt = new Map<string, number>()
  let limit = first
  let maxTracked = most
  let sweptAt = Number.NEGATIVE_INFINITY
  let shared = 0
  const perCallMs = () => limit.windowMs / limit.calls

  function bucketOf(id: string, now: number): string {
    if (fullAt.has(id) || fullAt.size < maxTracked) return id
    if (now - sweptAt >= SWEEP_MS) {
      sweptAt = now
      for (const [known, at] of fullAt) if (at <= now) fullAt.delete(known)
      if (fullAt.size < maxTracked) return id
    }
    return SHARED
  }

  return {
    get limit() {
      return limit
    },
    waitMs(id) {
      const now = clock()
      const full = fullAt.get(bucketOf(id, now)) ?? now
      // A call puts the time off by its share; the whole may reach one window ahead.
      return Math.max(0, Math.max(full, now) + perCallMs() - limit.windowMs - now - TOLERANCE_MS)
    },
    take(id) {
      const now = clock()
      const bucket = bucketOf(id, now)
      if (bucket === SHARED) shared++
      fullAt.set(bucket, Math.max(fullAt.get(bucket) ?? now, now) + perCallMs())
    },
    left(id) {
      const now = clock()
      const bucket = bucketOf(id, now)
      if (bucket === SHARED) return undefined
      const usedMs = Math.max(0, (fullAt.get(bucket) ?? now) - now)
      const calls = Math.max(0, Math.floor((limit.windowMs - usedMs + TOLERANCE_MS) / perCallMs()))
      const isFull = calls >= limit.calls
      return { calls, nextMs: isFull ? 0 : usedMs - limit.windowMs + (calls + 1) * perCallMs() }
    },
    change(next, nextMaxTracked) {
      maxTracked = nextMaxTracked
      const { calls, windowMs } = limit
      if (next.calls === calls && next.windowMs === windowMs) return
      const now = clock()
      for (const [id, at] of fullAt) {
        const used = Math.max(0, at - now) / perCallMs()
        if (used === 0) fullAt.delete(id)
        else fullAt.set(id, now + Math.min(used, next.calls) * (next.windowMs / next.calls))
      }
      limit = next
    },
    get shared() {
      return shared
    },
    get tracked() {
      return fullAt.size
    },
  }
}

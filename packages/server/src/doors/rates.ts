import type { RateOptions } from './options.js'

/** How often, at most, those who have all their calls back are looked for while there is no room. Milliseconds. */
const SWEEP_MS = 1000
/** Stands for all those for whom there is no room. No id is empty. */
const SHARED = ''

/** Counts the calls of many, each against the same limit. */
export interface Rates {
  /** Milliseconds until this one may call again; 0: now. Counts nothing. */
  waitMs(id: string): number
  /** Counts a call. */
  take(id: string): void
  /** Calls that were counted for all those together for whom there was no room. */
  readonly shared: number
  readonly tracked: number
}

/**
 * A limit of `calls` in `windowMs`, as a bucket that fills evenly (the generic cell rate algorithm): a caller is one
 * number, the time at which it will have all its calls back. At `maxTracked` callers new ones share one bucket, so that
 * inventing ids gains nothing and evicts nobody. `clock`: monotonic milliseconds.
 */
export function createRates({ calls, windowMs }: RateOptions, maxTracked: number, clock: () => number): Rates {
  const fullAt = new Map<string, number>()
  const perCallMs = windowMs / calls
  let sweptAt = Number.NEGATIVE_INFINITY
  let shared = 0

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
    waitMs(id) {
      const now = clock()
      const full = fullAt.get(bucketOf(id, now)) ?? now
      // A call puts the time off by its share; the whole may reach one window ahead. The tolerance is of floating point.
      return Math.max(0, Math.max(full, now) + perCallMs - windowMs - now - 1e-6)
    },
    take(id) {
      const now = clock()
      const bucket = bucketOf(id, now)
      if (bucket === SHARED) shared++
      fullAt.set(bucket, Math.max(fullAt.get(bucket) ?? now, now) + perCallMs)
    },
    get shared() {
      return shared
    },
    get tracked() {
      return fullAt.size
    },
  }
}

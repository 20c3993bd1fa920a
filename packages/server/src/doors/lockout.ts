import type { DoorsOptions } from './options.js'

interface Suspect {
  /** When each wrong key came, oldest first. At most as many as lock. */
  failures: number[]
  lockedUntil: number
}

type LockoutOptions = Pick<DoorsOptions, 'lockout' | 'maxTracked'>

/** Follows wrong keys by the place that they come from. */
export interface Lockout {
  /** Milliseconds until this place may try again; 0: now. */
  waitMs(place: string): number
  /** A wrong key came. True where this one locks the place. */
  failed(place: string): boolean
  /** From now on wrong keys count like this. Who is locked stays locked as long as he was told. */
  change(options: LockoutOptions): void
  /** Places that were forgotten for want of room. */
  readonly forgotten: number
  readonly tracked: number
}

/**
 * Locks a place for `lockMs` at the last of `failures` wrong keys within `windowMs`. At `maxTracked` places the one whose
 * last wrong key is oldest is forgotten; those that are locked go last. `clock`: monotonic milliseconds.
 */
export function createLockout(options: LockoutOptions, clock: () => number): Lockout {
  let { lockout, maxTracked } = options
  // Ordered by the last wrong key. Those that are locked stand apart, so that a flood of others evicts none of them.
  const suspects = new Map<string, Suspect>()
  const locked = new Map<string, Suspect>()
  let forgotten = 0

  function makeRoom(now: number): void {
    for (const [place, { lockedUntil }] of locked) {
      if (lockedUntil > now) break
      locked.delete(place)
    }
    while (suspects.size + locked.size > maxTracked) {
      const from = suspects.size > 0 ? suspects : locked
      from.delete(from.keys().next().value!)
      forgotten++
    }
  }

  return {
    waitMs(place) {
      const found = locked.get(place)
      if (!found) return 0
      const left = found.lockedUntil - clock()
      if (left <= 0) locked.delete(place)
      return Math.max(0, left)
    },
    failed(place) {
      const now = clock()
      const { failures, windowMs, lockMs } = lockout
      const suspect = suspects.get(place) ?? { failures: [], lockedUntil: 0 }
      suspect.failures = [...suspect.failures.filter((at) => now - at < windowMs), now]
      suspects.delete(place)
      const locks = suspect.failures.length >= failures
      if (locks) locked.set(place, { failures: [], lockedUntil: now + lockMs })
      else suspects.set(place, suspect)
      makeRoom(now)
      return locks
    },
    change(next) {
      ;({ lockout, maxTracked } = next)
    },
    get forgotten() {
      return forgotten
    },
    get tracked() {
      return suspects.size + locked.size
    },
  }
}

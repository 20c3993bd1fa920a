/** Longest time that a refused client is told to wait. */
const MAX_RETRY_AFTER_S = 60

/** Who holds a place for a process. */
export interface Tenant {
  /** Milliseconds since anything passed; 0 while somebody waits at a stream or a call. */
  idleMs(): number
  /** Ends it and its process. Resolves when its place is free. */
  end(): Promise<void>
}

/** A bounded number of places for processes. */
export interface Slots {
  readonly used: number
  /** How many places there are. */
  readonly limit: number
  /** Takes a place; false where none is free, and after `close`. */
  take(): boolean
  /**
   * Takes a place, where none is free that of the tenant that was idle longest, once it ended. False where none was
   * idle for long enough, and after `close`.
   */
  claim(): Promise<boolean>
  give(): void
  /** Whole seconds until a claim may succeed, from 1 to 60: it cannot be known when a busy tenant becomes idle. */
  retryAfterSeconds(): number
  /** Gives no place any more. */
  close(): void
}

export interface SlotsOptions {
  readonly limit: number
  /** How long a tenant must have been idle to make room. */
  readonly reclaimIdleMs: number
  /** Those who could make room. One that is ending is none of them any more. */
  readonly tenants: () => readonly Tenant[]
}

/** Creates the places. `options` are read at each use, as they may change. */
export function createSlots(options: SlotsOptions): Slots {
  const { tenants } = options
  let used = 0
  let closed = false

  function take(): boolean {
    if (closed || used >= options.limit) return false
    used++
    return true
  }

  return {
    get used() {
      return used
    },
    get limit() {
      return options.limit
    },
    take,
    async claim() {
      while (!take()) {
        const longest = closed ? undefined : longestIdle(tenants())
        if (!longest || longest.idleMs() < options.reclaimIdleMs) return false
        await longest.end()
      }
      return true
    },
    give() {
      used--
    },
    retryAfterSeconds() {
      const waitsMs = tenants().map((tenant) => options.reclaimIdleMs - tenant.idleMs())
      // The process of one that is no tenant any more is ending.
      const waitMs = waitsMs.length < used ? 0 : Math.min(...waitsMs)
      return Math.min(Math.max(Math.ceil(waitMs / 1000), 1), MAX_RETRY_AFTER_S)
    },
    close() {
      closed = true
    },
  }
}

function longestIdle(tenants: readonly Tenant[]): Tenant | undefined {
  return tenants.reduce<Tenant | undefined>(
    (longest, tenant) => (longest && longest.idleMs() >= tenant.idleMs() ? longest : tenant),
    undefined,
  )
}

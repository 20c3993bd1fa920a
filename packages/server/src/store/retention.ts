import type { StoreOptions } from './options.js'
import type { Sqlite } from './sqlite.js'

const DAY_MS = 86_400_000
/** Days after which the mark of a stream that sent nothing is forgotten, where the events are not kept for longer. */
const STREAM_IDLE_DAYS = 30
/** Rows and pages of one step: a few milliseconds, so that commits never wait long. */
const ROWS_PER_STEP = 500
const PAGES_PER_STEP = 256
/** Free pages that stay in the file for the next events, 4 MiB. */
const SPARE_PAGES = 1024

/** Keeps the store within its bounds, a little at a time. */
export interface Retention {
  /** Does one bounded step; returns whether there is more to do now. */
  step(): boolean
  /** Events removed so far. */
  removed(): number
}

/** Removes what is too old, then the oldest while there is too much, then gives free pages back to the file system. */
export function createRetention(sqlite: Sqlite, options: StoreOptions, now: () => number): Retention {
  let removed = 0

  function remove(condition: string, ...values: number[]): boolean {
    const oldest = `SELECT id FROM events ${condition} ORDER BY at LIMIT ${ROWS_PER_STEP}`
    const changes = sqlite.run(`DELETE FROM events WHERE id IN (${oldest})`, ...values)
    removed += changes
    return changes > 0
  }

  return {
    removed: () => removed,
    step() {
      if (remove('WHERE at < ?', now() - options.retentionDays * DAY_MS)) return true
      const { usedBytes, freePages } = diskUse(sqlite)
      if (usedBytes > options.maxBytes && remove('')) return true
      const idleDays = Math.max(STREAM_IDLE_DAYS, options.retentionDays)
      sqlite.run('DELETE FROM streams WHERE seen_at < ?', now() - idleDays * DAY_MS)
      if (freePages <= SPARE_PAGES) return false
      sqlite.exec(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`)
      return diskUse(sqlite).freePages < freePages
    },
  }
}

/** What the database takes: bytes with content, and pages that are free. */
export function diskUse(sqlite: Sqlite): { usedBytes: number; freePages: number } {
  const pages = Number(sqlite.value('PRAGMA page_count'))
  const freePages = Number(sqlite.value('PRAGMA freelist_count'))
  return { usedBytes: (pages - freePages) * Number(sqlite.value('PRAGMA page_size')), freePages }
}

import type { Sqlite, Value } from '../sqlite/index.js'
import { MAX_BLOCK_SPAN_MS } from './blocks.js'
import { callBytes } from './call-slots.js'
import { historyBytes } from './history.js'
import type { StoreOptions } from './options.js'
import { sampleBytes } from './samples.js'

const DAY_MS = 86_400_000
/** Days after which the mark of a stream that sent nothing is forgotten, where the events are not kept for longer. */
const STREAM_IDLE_DAYS = 30
/** Blocks, events and pages of one step: a few milliseconds, so that commits never wait long. */
const BLOCKS_PER_STEP = 200
const EVENTS_PER_STEP = 1000
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
    const oldest = `SELECT id, events FROM blocks ${condition} ORDER BY last_at, id LIMIT ${BLOCKS_PER_STEP}`
    let events = 0
    sqlite.transaction(() => {
      for (const [id, count] of sqlite.rows(oldest, ...values)) {
        if (events > 0 && events + Number(count) > EVENTS_PER_STEP) break
        removeBlock(sqlite, id!)
        events += Number(count)
      }
    })
    removed += events
    return events > 0
  }

  return {
    removed: () => removed,
    step() {
      if (remove('WHERE last_at < ?', now() - options.retentionDays * DAY_MS)) return true
      const { usedBytes, freePages } = diskUse(sqlite)
      if (usedBytes > options.maxBytes && usedBytes - otherBytes(sqlite) > options.maxBytes && remove('')) return true
      const idleDays = Math.max(STREAM_IDLE_DAYS, options.retentionDays)
      sqlite.run('DELETE FROM streams WHERE seen_at < ?', now() - idleDays * DAY_MS)
      if (freePages <= SPARE_PAGES) return false
      sqlite.exec(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`)
      return diskUse(sqlite).freePages < freePages
    },
  }
}

/** What is no event. Asked only near the bound, as it goes over all rows. */
function otherBytes(sqlite: Sqlite): number {
  return sampleBytes(sqlite) + historyBytes(sqlite) + callBytes(sqlite)
}

function removeBlock(sqlite: Sqlite, id: Value): void {
  sqlite.run(
    `DELETE FROM block_keys WHERE (key, last_at, block) IN
       (SELECT k.value, b.last_at, b.id FROM blocks b, json_each(b.keys) k WHERE b.id = ?)`,
    id,
  )
  sqlite.run('DELETE FROM blocks WHERE id = ?', id)
}

/** Time of the oldest event, milliseconds since 1970; null while there is none. */
export function oldestAt(sqlite: Sqlite): Value | undefined {
  const ends = `(SELECT min(last_at) FROM blocks) + ${MAX_BLOCK_SPAN_MS}`
  return sqlite.value(`SELECT min(first_at) FROM blocks WHERE last_at <= ${ends}`)
}

/** What the database takes: bytes with content, and pages that are free. */
export function diskUse(sqlite: Sqlite): { usedBytes: number; freePages: number } {
  const pages = Number(sqlite.value('PRAGMA page_count'))
  const freePages = Number(sqlite.value('PRAGMA freelist_count'))
  return { usedBytes: (pages - freePages) * Number(sqlite.value('PRAGMA page_size')), freePages }
}

import { closeSync, openSync } from 'node:fs'
import type { Event } from '@mcp-vitals/instrument/event'
import { migrate } from './migrations.js'
import type { Calls, DatabaseStats } from './protocol.js'
import { pageStatement } from './query.js'
import { diskUse } from './retention.js'
import { decodeRow, EVENT_COLUMNS, encodeRow } from './rows.js'
import { openSqlite, type Sqlite } from './sqlite.js'

/** How long a write waits for another program's lock. Milliseconds. */
const BUSY_TIMEOUT_MS = 5000
/** Size that the write-ahead file is cut back to after it grew. 16 MiB. */
const WAL_KEPT_BYTES = 16 * 1_048_576
/** Mode of the database and of the files that SQLite puts beside it. */
const FILE_MODE = 0o600

/** The database is damaged beyond use; `message` says what SQLite found. */
export class DamagedError extends Error {}

/** The events and marks in one SQLite file. Synchronous: for the store's thread. */
export interface EventDatabase {
  readonly sqlite: Sqlite
  /** All of `work`'s writes, or none. */
  transaction<T>(work: () => T): T
  append(events: readonly Event[]): void
  /** Appends what lies above the stream's mark, and raises the mark. `batch` by rising seq, none twice. */
  appendStream(stream: string, batch: readonly Numbered[], now: number): Calls['appendStream']['reply']
  /** The stream's high-water mark, 0 when it is unknown. */
  mark(stream: string): number
  page(request: Calls['page']['request']): Calls['page']['reply']
  stats(): Omit<DatabaseStats, 'commits' | 'committedEvents' | 'removedEvents'>
  /** Moves the write-ahead file's content into the database, so that the file alone holds everything. */
  checkpoint(): void
}

/** An event with its number in its stream, from 1. */
export interface Numbered {
  readonly seq: number
  readonly event: Event
}

/**
 * Opens the event database `file`, making or migrating it.
 * Throws DamagedError, STORE_SCHEMA_NEWER, or what the system says.
 */
export function openDatabase(file: string): EventDatabase {
  closeSync(openSync(file, 'a', FILE_MODE))
  const sqlite = openSqlite(file, BUSY_TIMEOUT_MS)
  try {
    prepareFile(sqlite, file)
  } catch (error) {
    if (isDamage(error)) throw new DamagedError((error as Error).message, { cause: error })
    throw error
  }
  return createDatabase(sqlite)
}

function prepareFile(sqlite: Sqlite, file: string): void {
  // Before the first table: later it would need the whole file rewritten.
  sqlite.exec('PRAGMA auto_vacuum = INCREMENTAL')
  sqlite.exec('PRAGMA journal_mode = WAL')
  sqlite.exec('PRAGMA synchronous = NORMAL')
  sqlite.exec(`PRAGMA journal_size_limit = ${WAL_KEPT_BYTES}`)
  const check = sqlite.value('PRAGMA quick_check(1)')
  if (check !== 'ok') throw new DamagedError(String(check))
  migrate(sqlite, file)
}

function isDamage(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return error instanceof DamagedError || (typeof code === 'string' && /^SQLITE_(NOTADB|CORRUPT)/.test(code))
}

function createDatabase(sqlite: Sqlite): EventDatabase {
  const insert = `INSERT INTO events (${EVENT_COLUMNS}, stream, seq) VALUES (?, ?, ?, ?, ?, ?, ?)`

  function mark(stream: string): number {
    return Number(sqlite.value('SELECT high_water FROM streams WHERE name = ?', stream) ?? 0)
  }

  return {
    sqlite,
    transaction: (work) => sqlite.transaction(work),
    append(events) {
      for (const event of events) sqlite.run(insert, ...encodeRow(event), null, null)
    },
    appendStream(stream, batch, now) {
      const before = mark(stream)
      const highWater = Math.max(before, batch.at(-1)?.seq ?? 0)
      const [streamId] = sqlite.rows(
        `INSERT INTO streams (name, high_water, seen_at) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET high_water = excluded.high_water, seen_at = excluded.seen_at RETURNING id`,
        stream,
        highWater,
        now,
      )[0] as [number]
      for (const { seq, event } of batch) {
        if (seq > before) sqlite.run(insert, ...encodeRow(event), streamId, seq)
      }
      return { before, highWater }
    },
    mark,
    page({ query, size, cursor }) {
      const { sql, values } = pageStatement(query, size, cursor)
      const rows = sqlite.rows(sql, ...values)
      const events = JSON.stringify(rows.map(decodeRow))
      const last = rows.at(-1)
      if (!last || rows.length < size) return { events }
      return { events, next: { at: Number(last[0]), id: Number(last[5]) } }
    },
    stats() {
      const [oldest, newest] = sqlite.rows('SELECT (SELECT min(at) FROM events), (SELECT max(at) FROM events)')[0]!
      return {
        usedBytes: diskUse(sqlite).usedBytes,
        streams: Number(sqlite.value('SELECT count(*) FROM streams')),
        ...(typeof oldest === 'number' ? { oldestAt: oldest } : {}),
        ...(typeof newest === 'number' ? { newestAt: newest } : {}),
      }
    },
    checkpoint: () => sqlite.exec('PRAGMA wal_checkpoint(TRUNCATE)'),
  }
}

import { closeSync, openSync } from 'node:fs'
import { isDamage, migrate, openSqlite, type Sqlite } from '../sqlite/index.js'
import { type Block, cutBlocks } from './blocks.js'
import { MIGRATIONS } from './migrations.js'
import type { Calls, DatabaseStats } from './protocol.js'
import { readPage } from './query.js'
import { diskUse, oldestAt } from './retention.js'

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
  append(blocks: readonly Block[]): void
  /** Appends what lies above the stream's mark, and raises the mark. The blocks by rising seq, none twice. */
  appendStream(stream: string, blocks: readonly Block[], now: number): Calls['appendStream']['reply']
  /** The stream's high-water mark, 0 when it is unknown. */
  mark(stream: string): number
  page(request: Calls['page']['request']): Calls['page']['reply']
  stats(): Omit<DatabaseStats, 'commits' | 'committedEvents' | 'removedEvents'>
  /** Moves the write-ahead file's content into the database, so that the file alone holds everything. */
  checkpoint(): void
}

/** Keys of one INSERT, the most first: of a block with many sessions, a statement for each key cost as much as the block. */
const KEY_INSERTS = [16, 4, 1].map((count) => ({
  count,
  sql: `INSERT INTO block_keys VALUES ${Array(count).fill('(?, ?, ?)').join(', ')}`,
}))

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
    if (!(error instanceof DamagedError) && isDamage(error))
      throw new DamagedError((error as Error).message, { cause: error })
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
  migrate(sqlite, file, MIGRATIONS)
}

function createDatabase(sqlite: Sqlite): EventDatabase {
  function insert({ firstAt, lastAt, events, seqs, keys, body }: Block, stream: number | null): void {
    const numbers = seqs && JSON.stringify(seqs)
    const [id] = sqlite.rows(
      `INSERT INTO blocks (first_at, last_at, events, stream, seqs, keys, body)
       VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
      ...[firstAt, lastAt, events, stream, numbers, JSON.stringify(keys), body],
    )[0] as [number]
    let from = 0
    for (const { count, sql } of KEY_INSERTS)
      for (; keys.length - from >= count; from += count)
        sqlite.run(sql, ...keys.slice(from, from + count).flatMap((key) => [key, lastAt, id]))
  }

  function mark(stream: string): number {
    return Number(sqlite.value('SELECT high_water FROM streams WHERE name = ?', stream) ?? 0)
  }

  return {
    sqlite,
    transaction: (work) => sqlite.transaction(work),
    append(blocks) {
      for (const block of blocks) insert(block, null)
    },
    appendStream(stream, blocks, now) {
      const before = mark(stream)
      const highWater = Math.max(before, blocks.at(-1)?.seqs?.at(-1) ?? 0)
      const [streamId] = sqlite.rows(
        `INSERT INTO streams (name, high_water, seen_at) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET high_water = excluded.high_water, seen_at = excluded.seen_at RETURNING id`,
        stream,
        highWater,
        now,
      )[0] as [number]
      for (const block of blocks.flatMap((block) => above(before, block))) insert(block, streamId)
      return { before, highWater }
    },
    mark,
    page({ query, size, cursor }) {
      const found = readPage(sqlite, query, size, cursor)
      const events = JSON.stringify(found.map(({ event }) => event))
      const last = found.at(-1)
      if (!last || found.length < size) return { events }
      return { events, next: { at: last.at, id: last.id } }
    },
    stats() {
      const oldest = oldestAt(sqlite)
      const newest = sqlite.value('SELECT max(last_at) FROM blocks')
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

/** What of a numbered block lies above the mark. */
function above(mark: number, block: Block): readonly Block[] {
  const seqs = block.seqs ?? []
  if (seqs[0]! > mark) return [block]
  const from = seqs.findIndex((seq) => seq > mark)
  return from < 0 ? [] : cutBlocks(JSON.parse(block.body).slice(from), seqs.slice(from))
}

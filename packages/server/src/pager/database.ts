import { closeSync, openSync } from 'node:fs'
import type { Change, HistoryEntry, Step, Table } from '../alerts/index.js'
import { isDamage, type Migration, migrate, openSqlite, WalCheckpoints } from '../sqlite/index.js'
import type { HistoryQuery } from './protocol.js'

/** How long a write waits for another program's lock. Milliseconds. */
const BUSY_TIMEOUT_MS = 5000
/** Mode of the database and of the files that SQLite puts beside it. */
const FILE_MODE = 0o600
/** Most entries of the history, whatever their age, and those removed at a time. */
const MAX_HISTORY = 100_000
const REMOVED_AT_A_TIME = 1000

const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    up: `
      CREATE TABLE records (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (kind, key)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE history (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        fingerprint TEXT,
        body TEXT NOT NULL
      ) STRICT;
      CREATE INDEX history_at ON history (at);
      CREATE INDEX history_fingerprint ON history (fingerprint, id) WHERE fingerprint IS NOT NULL;
    `,
  },
]

/** The database is damaged beyond use; `message` says what SQLite found. */
export class DamagedError extends Error {}

/** Alerts, groups, silences and messages in one SQLite file. Synchronous: for the pager's thread. */
export interface AlertDatabase {
  /** What was kept. */
  load(): readonly Change[]
  /** Keeps one step, whole: it is on the disk when this returns. */
  save(step: Step): void
  history(query: HistoryQuery): readonly (HistoryEntry & { readonly id: number })[]
  /** Removes some entries of the history from before this time; false: there are no more. */
  removeHistory(before: number): boolean
  close(): void
}

/** Opens the database `file`, making or migrating it. Throws DamagedError, STORE_SCHEMA_NEWER, or what the system says. */
export function openAlertDatabase(file: string, onDisk: (error: unknown) => void): AlertDatabase {
  closeSync(openSync(file, 'a', FILE_MODE))
  const sqlite = openSqlite(file, BUSY_TIMEOUT_MS)
  try {
    sqlite.exec('PRAGMA journal_mode = WAL')
    // A message goes out after its commit: what was told must be known after a power failure too.
    sqlite.exec('PRAGMA synchronous = FULL')
    const check = sqlite.value('PRAGMA quick_check(1)')
    if (check !== 'ok') throw new DamagedError(String(check))
    migrate(sqlite, file, MIGRATIONS)
  } catch (error) {
    if (!(error instanceof DamagedError) && isDamage(error))
      throw new DamagedError((error as Error).message, { cause: error })
    throw error
  }
  const checkpoints = new WalCheckpoints(sqlite, onDisk)

  function write({ table, key, record }: Change): void {
    if (record === undefined) sqlite.run('DELETE FROM records WHERE kind = ? AND key = ?', table, key)
    else sqlite.run('INSERT OR REPLACE INTO records VALUES (?, ?, ?)', table, key, JSON.stringify(record))
  }

  return {
    load: () =>
      sqlite
        .rows('SELECT kind, key, body FROM records')
        .map(
          ([kind, key, body]) =>
            ({ table: kind as Table, key: key as string, record: JSON.parse(body as string) }) as Change,
        ),
    save({ changes, history }) {
      sqlite.transaction(() => {
        for (const change of changes) write(change)
        for (const { at, fingerprint = null, ...rest } of history)
          sqlite.run(
            'INSERT INTO history (at, fingerprint, body) VALUES (?, ?, ?)',
            at,
            fingerprint,
            JSON.stringify(rest),
          )
      })
      checkpoints.committed(changes.length + history.length)
    },
    history({ limit, fingerprint, before = Number.MAX_SAFE_INTEGER }) {
      const where = fingerprint === undefined ? '' : 'AND fingerprint = ?'
      const values = fingerprint === undefined ? [] : [fingerprint]
      return sqlite
        .rows(
          `SELECT id, at, fingerprint, body FROM history WHERE id < ? ${where} ORDER BY id DESC LIMIT ?`,
          ...[before, ...values, limit],
        )
        .map(([id, at, found, body]) => ({
          id: Number(id),
          at: Number(at),
          ...(found !== null && { fingerprint: found as string }),
          ...(JSON.parse(body as string) as Omit<HistoryEntry, 'at' | 'fingerprint'>),
        }))
    },
    removeHistory(before) {
      const removed = sqlite.run(
        `DELETE FROM history WHERE id IN (SELECT id FROM history
           WHERE at < ? OR id <= (SELECT max(id) FROM history) - ? ORDER BY id LIMIT ?)`,
        ...[before, MAX_HISTORY, REMOVED_AT_A_TIME],
      )
      if (removed > 0) checkpoints.committed(removed)
      return removed === REMOVED_AT_A_TIME
    },
    close() {
      checkpoints.close()
      sqlite.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    },
  }
}

import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { beginLog, DAEMON_ORIGIN, type Draft, idIn } from '../../audit/index.js'
import { type VitalsError, vitalsError } from '../../errors/index.js'
import { isDamage, migrate, openSqlite, reasonOf, type Sqlite } from '../../sqlite/index.js'
import { type Break, checkLog } from '../check.js'
import type { LogDatabase } from '../database.js'
import { batchOf, packDrafts } from '../packed-drafts.js'
import type { WorkerData } from '../protocol.js'
import type { Survivors } from '../seal-drafts.js'
import { createSqliteLog, pageOf, readHead, saveHead } from './database.js'
import { repairFile } from './repair.js'
import { MIGRATIONS } from './schema.js'

/** How long a write waits for another program's lock. Milliseconds. */
const BUSY_TIMEOUT_MS = 5000
/** Size that the write-ahead file is cut back to after it grew. 16 MiB. */
const WAL_KEPT_BYTES = 16 * 1_048_576
/** Mode of the database and of the files that SQLite puts beside it. */
const FILE_MODE = 0o600

export interface Opened {
  readonly database: LogDatabase
  /** What was found and mended. */
  readonly told?: VitalsError
}

/** Opens the file to read, while another thread or program may write. */
export function openToRead(file: string): LogDatabase {
  if (!existsSync(file)) throw new Error('there is no such file')
  const sqlite = openSqlite(file, BUSY_TIMEOUT_MS)
  sqlite.exec('PRAGMA query_only = ON')
  return createSqliteLog(sqlite, new Map())
}

/**
 * Opens the file to write, making or migrating it. Rows at its end that are not sound are cut off, with a row
 * LOG_REPAIRED behind the cut; where a checkpoint covers them, the log is refused.
 *
 * @throws VitalsError AUDIT_DAMAGED, STORE_SCHEMA_NEWER; else what the system says
 */
export async function openToWrite(file: string, data: WorkerData): Promise<Opened> {
  makeFile(file)
  let bad: Break | undefined
  let signed = 0
  try {
    const sqlite = prepare(file, data)
    const database = createSqliteLog(sqlite, survivorsOf(sqlite, data))
    ;({ bad, signed } = { bad: undefined, ...(await checkLog(database, data.log, { all: data.afterFault })) })
    if (!bad) return { database }
  } catch (error) {
    if (!isDamage(error)) throw error
    bad = { seq: 0, reason: reasonOf(error) }
  }
  const repaired = repairFile(file, { bad, signed, shown: data.shown, log: data.log })
  const sqlite = prepare(file, data)
  const database = createSqliteLog(sqlite, survivorsOf(sqlite, data))
  await database.add(packDrafts([batchOf([repairDraft(repaired)])]))
  await database.commit()
  const { rows, seq, reason, moved } = repaired
  return { database, told: vitalsError('AUDIT_REPAIRED', { store: data.shown, rows, reason, seq, moved }) }
}

function makeFile(file: string): void {
  closeSync(openSync(file, 'a', FILE_MODE))
  if (process.platform === 'win32') return
  // The name of a new file is as durable as its rows only when its directory is.
  const dir = openSync(dirname(file), 'r')
  try {
    fsyncSync(dir)
  } finally {
    closeSync(dir)
  }
}

function prepare(file: string, { log, afterFault }: WorkerData): Sqlite {
  const sqlite = openSqlite(file, BUSY_TIMEOUT_MS)
  sqlite.exec('PRAGMA journal_mode = WAL')
  sqlite.exec('PRAGMA synchronous = FULL')
  sqlite.exec('PRAGMA wal_autocheckpoint = 0')
  sqlite.exec('PRAGMA secure_delete = ON')
  sqlite.exec(`PRAGMA journal_size_limit = ${WAL_KEPT_BYTES}`)
  migrate(sqlite, file, MIGRATIONS)
  if (sqlite.value('SELECT count(*) FROM log') === 0) saveHead(sqlite, beginLog(log))
  const { log: found } = readHead(sqlite)
  if (found !== log) throw new Error(`it holds the log ${found}, not ${log}`)
  if (afterFault) {
    // What the disk refused once may be in memory alone: it is written again, all of it, and synced. Then a commit is tried.
    sqlite.rows('PRAGMA wal_checkpoint(TRUNCATE)')
    sqlite.transaction(() => saveHead(sqlite, readHead(sqlite)))
  }
  return sqlite
}

/** Rows of drafts that were under way when the last thread ended. */
function survivorsOf(sqlite: Sqlite, { unsure, acknowledged }: WorkerData): Survivors {
  const survivors = new Map<string, number>()
  const wanted = new Set(unsure)
  for (let at = acknowledged; wanted.size > 0; ) {
    const page = pageOf(sqlite, at, Number.MAX_SAFE_INTEGER)
    for (const row of page) {
      const id = idIn(Buffer.from(row.bytes).toString())
      if (wanted.has(id)) survivors.set(id, row.seq)
    }
    if (page.length === 0) break
    at += page.length
  }
  return survivors
}

function repairDraft({ seq, rows, reason, moved }: ReturnType<typeof repairFile>): Draft {
  return {
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    eventType: 'LOG_REPAIRED',
    actor: 'system',
    target: '',
    details: { first_cut: seq, rows_cut: rows, reason: reason.slice(0, 200), damaged_file: basename(moved) },
    origin: DAEMON_ORIGIN,
  }
}

import { existsSync, renameSync, rmSync } from 'node:fs'
import { beginLog, KEPT_LEVELS, parseRow, type StoredRow, type TreeNode } from '../../audit/index.js'
import { vitalsError } from '../../errors/index.js'
import { migrate, openSqlite, reasonOf, type Sqlite, type Value } from '../../sqlite/index.js'
import { type Break, RowCheck } from '../check.js'
import { soughtOf } from '../sought.js'
import { insertRows, pageOf, readHead, readSegments, saveHead } from './database.js'
import { toRow } from './find.js'
import { saveGroup } from './groups.js'
import { MIGRATIONS } from './schema.js'

interface Damage {
  readonly bad: Break
  /** Rows below it are covered by a checkpoint, as far as could be read. */
  readonly signed: number
  readonly shown: string
  readonly log: string
}

export interface Repaired {
  /** The first row that was cut off, and how many there were by the log's own account. */
  readonly seq: number
  readonly rows: number
  readonly reason: string
  /** Where the old file is. */
  readonly moved: string
}

/**
 * Builds the file anew from its sound rows, and moves the old one aside as it is, as evidence. Nothing is given up that
 * a checkpoint was signed of. @throws VitalsError AUDIT_DAMAGED
 */
export function repairFile(file: string, { bad, signed, shown, log }: Damage): Repaired {
  const refuse = ({ seq, reason }: Break) => vitalsError('AUDIT_DAMAGED', { store: shown, seq, reason })
  if (bad.seq < signed) throw refuse(bad)
  const draft = `${file}.repair`
  for (const suffix of ['', '-journal']) rmSync(draft + suffix, { force: true })
  const found = openSqlite(file, 0)
  let end: { readonly sound: number; readonly size: number }
  try {
    end = copySound(found, draft, { log, before: bad.seq })
  } catch (error) {
    throw refuse({ seq: bad.seq, reason: `${bad.reason}; ${reasonOf(error)}` })
  }
  if (end.sound < newestCheckpoint(found)) throw refuse({ seq: end.sound, reason: bad.reason })
  const moved = `${file}.damaged-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`
  for (const suffix of ['-wal', '-shm', '']) if (existsSync(file + suffix)) renameSync(file + suffix, moved + suffix)
  renameSync(draft, file)
  return { seq: end.sound, rows: Math.max(end.size - end.sound, 0), reason: bad.reason, moved }
}

function newestCheckpoint(sqlite: Sqlite): number {
  return Number(sqlite.value('SELECT coalesce(max(size), 0) FROM checkpoints'))
}

/** Copies what is sound below `before` (0: as far as it goes) into a new file. */
function copySound(found: Sqlite, draft: string, { log, before }: { log: string; before: number }) {
  const made = openSqlite(draft, 0)
  made.exec('PRAGMA journal_mode = DELETE')
  made.exec('PRAGMA synchronous = FULL')
  migrate(made, draft, MIGRATIONS)
  const { frontier } = readHead(found)
  const start = readSegments(found).at(-1)?.end ?? beginLog(log)
  const check = new RowCheck(start)
  made.transaction(() => {
    for (const row of soundRows(found, check, start.frontier.size, before || Number.MAX_SAFE_INTEGER, made))
      insertOne(made, row)
    const position = check.position()
    copy(found, made, 'segments', 'true')
    copy(found, made, 'checkpoints', `size <= ${position.frontier.size}`)
    copy(found, made, 'openings', `seq < ${position.frontier.size}`)
    copy(found, made, 'nodes', `(place + 1) << level <= ${start.frontier.size}`)
    saveHead(made, { log, ...position })
  })
  return { sound: check.position().frontier.size, size: frontier.size }
}

function* soundRows(found: Sqlite, check: RowCheck, first: number, before: number, made: Sqlite): Generator<StoredRow> {
  const keep = ({ level, index, hash }: TreeNode) => {
    if (level % KEPT_LEVELS === 0) made.run('INSERT OR REPLACE INTO nodes VALUES (?, ?, ?)', level, index, hash)
  }
  for (let at = first; at < before; ) {
    const page = readable(found, at, before)
    for (const row of page) {
      if (check.take(row, keep)) return
      yield row
    }
    if (page.length === 0) return
    at += page.length
  }
}

/** A page, or, where a part of it cannot be read, what can. */
function readable(found: Sqlite, at: number, before: number): readonly StoredRow[] {
  try {
    return pageOf(found, at, before)
  } catch {
    const rows: StoredRow[] = []
    for (let seq = at; seq < before; seq++) {
      const row = tryRow(found, seq)
      if (!row) break
      rows.push(row)
    }
    return rows
  }
}

function tryRow(found: Sqlite, seq: number): StoredRow | undefined {
  try {
    return found.rows('SELECT seq, bytes, row_hash FROM row_data WHERE seq = ?', seq).map(toRow)[0]
  } catch {
    return undefined
  }
}

function insertOne(made: Sqlite, row: StoredRow): void {
  insertRows(made, [row])
  const { event_type, actor, target, timestamp } = parseRow(row.bytes)
  saveGroup(made, row.seq, row.seq, soughtOf([{ eventType: event_type, actor, target, timestamp }]))
}

function copy(found: Sqlite, made: Sqlite, table: string, condition: string): void {
  for (const values of found.rows(`SELECT * FROM ${table} WHERE ${condition}`) as Value[][])
    made.run(`INSERT OR REPLACE INTO ${table} VALUES (${values.map(() => '?').join(', ')})`, ...values)
}

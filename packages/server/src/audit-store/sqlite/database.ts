import type { AuditHead, CommitmentRef, StoredRow } from '../../audit/index.js'
import type { Sqlite, Value } from '../../sqlite/index.js'
import { ARCHIVED_CHECKPOINT_ROWS, DROP_ROWS, type LogDatabase, PAGE_BYTES, PAGE_ROWS } from '../database.js'
import { type SealedDrafts, type Survivors, sealDrafts } from '../seal-drafts.js'
import { findRows, toRow } from './find.js'
import { saveGroup } from './groups.js'

/** Rows of one INSERT, the most first: fewer steps between us and SQLite. */
const INSERTS = [32, 8, 2, 1].map((rows) => ({
  rows,
  sql: `INSERT INTO row_data (seq, bytes, row_hash) VALUES ${Array(rows).fill('(?, ?, ?)').join(', ')}`,
}))
/** Rows after which the write-ahead file is moved into the database: some 12 MiB of it. Each move waits for the disk twice. */
const WAL_ROWS = 16_000
const WAL_COMMITS = 400
/** Room for the rows that are being saved: those of a part, where they are not exceptionally long. 256 KiB. */
const ROOM_BYTES = 262_144

const THIN_CHECKPOINTS = `DELETE FROM checkpoints WHERE size < ? AND size NOT IN (SELECT size FROM segments)
  AND size NOT IN (SELECT max(size) FROM checkpoints WHERE size < ? GROUP BY size / ${ARCHIVED_CHECKPOINT_ROWS})`

/** The log in an open file. */
export function createSqliteLog(sqlite: Sqlite, survivors: Survivors): LogDatabase {
  let walRows = 0
  let walCommits = 0
  let room: Buffer | undefined
  /** The transaction that is under way: where the log ends in it, and the places of its drafts. */
  let open: { head: AuditHead; readonly seqs: number[] } | undefined

  function save({ rows, nodes, openings, sought, head: end }: SealedDrafts): void {
    insertRows(sqlite, rows)
    saveGroup(sqlite, end.frontier.size - rows.length, end.frontier.size - 1, sought)
    for (const { level, index, hash } of nodes) sqlite.run('INSERT INTO nodes VALUES (?, ?, ?)', level, index, hash)
    for (const { seq, field, salt, value } of openings)
      sqlite.run('INSERT INTO openings VALUES (?, ?, ?, ?)', seq, field, salt, value)
  }

  /** The end is read under the lock: another program may have written behind what this one knows. */
  function begin() {
    sqlite.begin()
    return { head: readHead(sqlite), seqs: [] }
  }

  /** What failed leaves no transaction behind. */
  function orUndo<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      open = undefined
      sqlite.undo()
      throw error
    }
  }

  return {
    add: (drafts) =>
      orUndo(() => {
        open ??= begin()
        room ??= Buffer.allocUnsafeSlow(ROOM_BYTES)
        const sealed = sealDrafts(drafts, open.head, survivors, room)
        for (const seq of sealed.seqs) open.seqs.push(seq)
        if (sealed.rows.length === 0) return
        save(sealed)
        open.head = sealed.head
        walRows += sealed.rows.length
      }),
    commit: () =>
      orUndo(() => {
        const { head, seqs } = open ?? begin()
        saveHead(sqlite, head)
        sqlite.commit()
        open = undefined
        walCommits++
        return { seqs, size: head.frontier.size }
      }),
    settle() {
      if (walRows < WAL_ROWS && walCommits < WAL_COMMITS) return
      walRows = 0
      walCommits = 0
      // SQLite's own checkpoints swallow the disk's refusal; here it is as fatal as that of a commit.
      sqlite.exec('PRAGMA wal_checkpoint(PASSIVE)')
    },
    page: (fromSeq, toSeq) => pageOf(sqlite, fromSeq, toSeq),
    end: () => Number(sqlite.value('SELECT coalesce(max(seq) + 1, 0) FROM row_data')),
    find: (filter) => findRows(sqlite, filter),
    head: () => readHead(sqlite),
    nodes: (level, from, to) =>
      sqlite
        .rows('SELECT hash FROM nodes WHERE level = ? AND place >= ? AND place < ? ORDER BY place', level, from, to)
        .map(([hash]) => String(hash)),
    saveCheckpoint({ size, note }) {
      sqlite.run('INSERT OR REPLACE INTO checkpoints VALUES (?, ?)', size, note)
    },
    newestCheckpoint(upToSize) {
      const sql = 'SELECT size, note FROM checkpoints WHERE size <= ? ORDER BY size DESC LIMIT 1'
      return sqlite.rows(sql, upToSize).map(([size, note]) => ({ size: Number(size), note: String(note) }))[0]
    },
    checkpoints: (fromSize) =>
      sqlite
        .rows('SELECT size, note FROM checkpoints WHERE size >= ? ORDER BY size', fromSize)
        .map(([size, note]) => ({ size: Number(size), note: String(note) })),
    saveSegment({ first, end, rowsFile, leavesFile }) {
      const { size, hashes } = end.frontier
      const values = [first, size, end.lastHash, JSON.stringify(hashes), rowsFile, leavesFile]
      sqlite.run('INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?)', ...values)
    },
    dropArchived() {
      const size = Number(sqlite.value('SELECT coalesce(max(size), 0) FROM segments'))
      const first = Number(sqlite.value('SELECT coalesce(min(seq), 0) FROM row_data'))
      const below = Math.min(first + DROP_ROWS, size)
      sqlite.transaction(() => {
        sqlite.run('DELETE FROM row_data WHERE seq < ?', below)
        sqlite.run('DELETE FROM groups WHERE last < ?', below)
        if (below >= size) sqlite.run(THIN_CHECKPOINTS, size, size)
      })
      walRows += DROP_ROWS
      return below < size
    },
    segments: () => readSegments(sqlite),
    openings: (seq) =>
      sqlite
        .rows('SELECT field, salt, value FROM openings WHERE seq = ? ORDER BY field', seq)
        .map(([field, salt, value]) => ({ field: String(field), salt: salt as Uint8Array, value: String(value) })),
    erase: (refs) => eraseOpenings(sqlite, refs),
    close: () => sqlite.exec('PRAGMA wal_checkpoint(TRUNCATE)'),
    abandon: () => sqlite.undo(),
  }
}

export function readHead(sqlite: Sqlite): AuditHead {
  const [name, size, lastHash, frontier] = sqlite.rows('SELECT name, size, last_hash, frontier FROM log')[0] as Value[]
  return {
    log: String(name),
    lastHash: String(lastHash),
    frontier: { size: Number(size), hashes: JSON.parse(String(frontier)) as string[] },
  }
}

export function saveHead(sqlite: Sqlite, { log, lastHash, frontier }: AuditHead): void {
  const values = [log, frontier.size, lastHash, JSON.stringify(frontier.hashes)]
  sqlite.run('INSERT OR REPLACE INTO log VALUES (1, ?, ?, ?, ?)', ...values)
}

export function insertRows(sqlite: Sqlite, rows: readonly StoredRow[]): void {
  let from = 0
  for (const { rows: many, sql } of INSERTS) {
    for (; rows.length - from >= many; from += many) {
      const values: Value[] = []
      for (let n = from; n < from + many; n++) {
        const { seq, bytes, rowHash } = rows[n] as StoredRow
        values.push(seq, bytes, rowHash)
      }
      sqlite.run(sql, ...values)
    }
  }
}

export function pageOf(sqlite: Sqlite, fromSeq: number, toSeq: number): readonly StoredRow[] {
  const page: StoredRow[] = []
  let sizeBytes = 0
  for (let at = fromSeq; page.length < PAGE_ROWS; ) {
    const sql = 'SELECT seq, bytes, row_hash FROM row_data WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT 100'
    const rows = sqlite.rows(sql, at, toSeq).map(toRow)
    for (const row of rows) {
      if (sizeBytes > PAGE_BYTES) return page
      page.push(row)
      sizeBytes += row.bytes.length
    }
    if (rows.length === 0) break
    at = (rows.at(-1) as StoredRow).seq + 1
  }
  return page
}

export function readSegments(sqlite: Sqlite) {
  const log = String(sqlite.value('SELECT name FROM log'))
  return sqlite
    .rows('SELECT first, size, last_hash, frontier, rows_file, leaves_file FROM segments ORDER BY first')
    .map(([first, size, lastHash, frontier, rowsFile, leavesFile]) => ({
      first: Number(first),
      end: {
        log,
        lastHash: String(lastHash),
        frontier: { size: Number(size), hashes: JSON.parse(String(frontier)) as string[] },
      },
      rowsFile: String(rowsFile),
      leavesFile: String(leavesFile),
    }))
}

/** For good: SQLite overwrites what is deleted (`secure_delete`), and the write-ahead file is emptied. */
function eraseOpenings(sqlite: Sqlite, refs: readonly CommitmentRef[]): number {
  const erased = sqlite.transaction(() =>
    refs.reduce(
      (sum, { seq, field }) => sum + sqlite.run('DELETE FROM openings WHERE seq = ? AND field = ?', seq, field),
      0,
    ),
  )
  sqlite.rows('PRAGMA wal_checkpoint(TRUNCATE)')
  return erased
}

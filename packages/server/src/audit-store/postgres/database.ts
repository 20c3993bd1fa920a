import type { Client } from 'pg'
import { type AuditFilter, type AuditHead, parseRow, readText, type StoredRow } from '../../audit/index.js'
import { ARCHIVED_CHECKPOINT_ROWS, DROP_ROWS, type LogDatabase, PAGE_BYTES, PAGE_ROWS } from '../database.js'
import { limitOf } from '../filter.js'
import type { PackedDrafts } from '../packed-drafts.js'
import { type SealedDrafts, type Survivors, sealDrafts } from '../seal-drafts.js'

export interface StoredRecord {
  readonly seq: string
  readonly bytes: Buffer
  readonly row_hash: string
}

export const toRow = ({ seq, bytes, row_hash }: StoredRecord): StoredRow => ({
  seq: Number(seq),
  bytes,
  rowHash: row_hash,
})

/** A row with the columns by which it is found. */
interface WholeRecord extends StoredRecord {
  readonly id: string
  readonly timestamp: string
  readonly event_type: string
  readonly actor: string
  readonly target: string
}

/** No row's: what verifiers are told of one whose columns say otherwise than its bytes, by which a search would miss it. */
const NO_HASH = '0'.repeat(64)

function toCheckedRow(record: WholeRecord): StoredRow {
  const row = toRow(record)
  return agrees(record) ? row : { ...row, rowHash: NO_HASH }
}

function agrees({ bytes, id, timestamp, event_type, actor, target }: WholeRecord): boolean {
  try {
    const row = parseRow(bytes)
    return (
      row.id === id &&
      row.timestamp === timestamp &&
      row.event_type === event_type &&
      searchable(row.actor) === actor &&
      searchable(row.target) === target
    )
  } catch {
    return false
  }
}

interface HeadRecord {
  readonly size: string
  readonly last_hash: string
  readonly frontier: string[]
}

interface PostgresLog {
  /** Quoted. */
  readonly schema: string
  readonly log: string
  readonly survivors: Survivors
}

/** The log of one name over a connection. Several programs may write it: the row of its end is locked while one does. */
export function createPostgresLog(client: Client, { schema, log, survivors }: PostgresLog): LogDatabase {
  async function query<T extends object>(sql: string, ...values: readonly unknown[]): Promise<readonly T[]> {
    return (await client.query<T>(sql.replaceAll('$S', schema), [log, ...values])).rows
  }

  async function readHead(lock: '' | 'FOR UPDATE' = ''): Promise<AuditHead> {
    const sql = `SELECT size, last_hash, frontier FROM $S.logs WHERE name = $1 ${lock}`
    const [found] = await query<HeadRecord>(sql)
    if (!found) throw new Error(`there is no log ${log}`)
    return { log, lastHash: found.last_hash, frontier: { size: Number(found.size), hashes: found.frontier } }
  }

  async function save({ rows, texts, nodes, openings }: SealedDrafts): Promise<void> {
    const said = texts.map(readText)
    await query(
      `INSERT INTO $S.row_data (log, seq, bytes, row_hash, id, "timestamp", event_type, actor, target)
       SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[])`,
      rows.map(({ seq }) => seq),
      rows.map(({ bytes }) => bytes),
      rows.map(({ rowHash }) => rowHash),
      said.map(({ id }) => id),
      said.map(({ timestamp }) => timestamp),
      said.map(({ event_type }) => event_type),
      said.map(({ actor }) => searchable(actor)),
      said.map(({ target }) => searchable(target)),
    )
    if (nodes.length > 0)
      await query(
        'INSERT INTO $S.nodes SELECT $1, * FROM unnest($2::int[], $3::bigint[], $4::text[])',
        nodes.map(({ level }) => level),
        nodes.map(({ index }) => index),
        nodes.map(({ hash }) => hash),
      )
    if (openings.length > 0)
      await query(
        'INSERT INTO $S.openings SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::bytea[], $5::text[])',
        openings.map(({ seq }) => seq),
        openings.map(({ field }) => field),
        openings.map(({ salt }) => Buffer.from(salt)),
        openings.map(({ value }) => value),
      )
  }

  async function saveHead({ frontier: { size, hashes }, lastHash }: AuditHead): Promise<void> {
    await query('UPDATE $S.logs SET size = $2, last_hash = $3, frontier = $4 WHERE name = $1', size, lastHash, hashes)
  }

  /** What the next commit saves. Nothing is locked for it before, since other machines may write meanwhile. */
  let added: PackedDrafts[] = []

  return {
    add(drafts) {
      added.push(drafts)
    },
    async commit() {
      const parts = added
      added = []
      await client.query('BEGIN')
      const seqs: number[] = []
      let head = await readHead('FOR UPDATE')
      for (const drafts of parts) {
        const sealed = sealDrafts(drafts, head, survivors)
        if (sealed.rows.length > 0) await save(sealed)
        for (const seq of sealed.seqs) seqs.push(seq)
        head = sealed.head
      }
      await saveHead(head)
      await client.query('COMMIT')
      return { seqs, size: head.frontier.size }
    },
    settle() {},
    async page(fromSeq, toSeq) {
      const page: StoredRow[] = []
      let sizeBytes = 0
      for (let at = fromSeq; page.length < PAGE_ROWS && sizeBytes <= PAGE_BYTES; ) {
        const sql = `SELECT seq, bytes, row_hash, id, "timestamp", event_type, actor, target FROM $S.row_data
          WHERE log = $1 AND seq >= $2 AND seq < $3 ORDER BY seq LIMIT 250`
        const rows = (await query<WholeRecord>(sql, at, toSeq)).map(toCheckedRow)
        if (rows.length === 0) break
        page.push(...rows)
        sizeBytes += rows.reduce((sum, { bytes }) => sum + bytes.length, 0)
        at = (rows.at(-1) as StoredRow).seq + 1
      }
      return page
    },
    async end() {
      const sql = 'SELECT coalesce(max(seq) + 1, 0) AS "end" FROM $S.row_data WHERE log = $1'
      const [found] = await query<{ end: string }>(sql)
      return Number(found?.end)
    },
    async find(filter) {
      const limit = limitOf(filter)
      const { where, values } = conditionsOf(filter)
      const sql = `SELECT seq, bytes, row_hash FROM $S.row_data WHERE ${where} ORDER BY seq DESC LIMIT ${limit + 1}`
      const found = (await query<StoredRecord>(sql, ...values)).map(toRow)
      const rows = found.slice(0, limit)
      return { rows, ...(found.length > limit && { next: (rows.at(-1) as StoredRow).seq }) }
    },
    head: () => readHead(),
    nodes: async (level, from, to) => {
      const sql =
        'SELECT hash FROM $S.nodes WHERE log = $1 AND level = $2 AND place >= $3 AND place < $4 ORDER BY place'
      return (await query<{ hash: string }>(sql, level, from, to)).map(({ hash }) => hash)
    },
    async saveCheckpoint({ size, note }) {
      await query(
        'INSERT INTO $S.checkpoints VALUES ($1, $2, $3) ON CONFLICT (log, size) DO UPDATE SET note = excluded.note',
        size,
        note,
      )
    },
    newestCheckpoint: async (upToSize) => {
      const sql = 'SELECT size, note FROM $S.checkpoints WHERE log = $1 AND size <= $2 ORDER BY size DESC LIMIT 1'
      const rows = await query<{ size: string; note: string }>(sql, upToSize)
      return rows.map(({ size, note }) => ({ size: Number(size), note }))[0]
    },
    checkpoints: async (fromSize) => {
      const sql = 'SELECT size, note FROM $S.checkpoints WHERE log = $1 AND size >= $2 ORDER BY size'
      const rows = await query<{ size: string; note: string }>(sql, fromSize)
      return rows.map(({ size, note }) => ({ size: Number(size), note }))
    },
    async saveSegment({ first, end, rowsFile, leavesFile }) {
      const { size, hashes } = end.frontier
      const sql = 'INSERT INTO $S.segments VALUES ($1, $2, $3, $4, $5, $6, $7)'
      await query(sql, first, size, end.lastHash, hashes, rowsFile, leavesFile)
    },
    async dropArchived() {
      const archived = '(SELECT coalesce(max(size), 0) FROM $S.segments WHERE log = $1)'
      const [left] = await query<{ more: boolean }>(
        `WITH first AS (SELECT coalesce(min(seq), 0) AS seq FROM $S.row_data WHERE log = $1),
           dropped AS (DELETE FROM $S.row_data r USING first
             WHERE r.log = $1 AND r.seq < least(first.seq + ${DROP_ROWS}, ${archived}) RETURNING 1)
         SELECT (SELECT count(*) FROM dropped) > 0 AND first.seq + ${DROP_ROWS} < ${archived} AS more FROM first`,
      )
      if (left?.more) return true
      await query(
        `DELETE FROM $S.checkpoints WHERE log = $1 AND size < ${archived}
           AND size NOT IN (SELECT size FROM $S.segments WHERE log = $1)
           AND size NOT IN (SELECT max(size) FROM $S.checkpoints WHERE log = $1 AND size < ${archived}
             GROUP BY size / ${ARCHIVED_CHECKPOINT_ROWS})`,
      )
      return false
    },
    async segments() {
      const rows = await query<HeadRecord & { first: string; rows_file: string; leaves_file: string }>(
        'SELECT first, size, last_hash, frontier, rows_file, leaves_file FROM $S.segments WHERE log = $1 ORDER BY first',
      )
      return rows.map(({ first, size, last_hash, frontier, rows_file, leaves_file }) => ({
        first: Number(first),
        end: { log, lastHash: last_hash, frontier: { size: Number(size), hashes: frontier } },
        rowsFile: rows_file,
        leavesFile: leaves_file,
      }))
    },
    openings: async (seq) =>
      query<{ field: string; salt: Buffer; value: string }>(
        'SELECT field, salt, value FROM $S.openings WHERE log = $1 AND seq = $2 ORDER BY field',
        seq,
      ),
    async erase(refs) {
      const rows = await query(
        `DELETE FROM $S.openings o USING unnest($2::bigint[], $3::text[]) AS gone (seq, field)
         WHERE o.log = $1 AND o.seq = gone.seq AND o.field = gone.field RETURNING 1`,
        refs.map(({ seq }) => seq),
        refs.map(({ field }) => field),
      )
      return rows.length
    },
    close: () => client.end(),
    abandon: () => void client.end().catch(() => {}),
  }
}

/** PostgreSQL's text has no NUL; what is searched by is no part of what is verified. */
const searchable = (text: string): string => text.replaceAll('\0', '\uFFFD')

/** Conditions as SQL; `$1` is the log. */
function conditionsOf({ eventTypes, actor, target, since, until, text, beforeSeq }: AuditFilter) {
  const values: unknown[] = []
  const where = ['log = $1']
  const add = (condition: (place: string) => string, value: unknown) => {
    if (value === undefined) return
    values.push(value)
    where.push(condition(`$${values.length + 1}`))
  }
  add((at) => `event_type = ANY(${at}::text[])`, eventTypes)
  add((at) => `actor = ${at}`, actor && searchable(actor))
  add((at) => `target = ${at}`, target && searchable(target))
  add((at) => `"timestamp" >= ${at}`, since)
  add((at) => `"timestamp" < ${at}`, until)
  add((at) => `seq < ${at}`, beforeSeq)
  add((at) => `position(${at} IN bytes) > 0`, text && Buffer.from(JSON.stringify(text).slice(1, -1)))
  return { where: where.join(' AND '), values }
}

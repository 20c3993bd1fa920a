import { createReadStream } from 'node:fs'
import {
  type ArchivedSegment,
  type AuditFilter,
  type AuditRow,
  type AuditStore,
  formatProof,
  parseRow,
  proveInclusion,
  readRowsFile,
  type StoredRow,
} from '../audit/index.js'
import { vitalsError } from '../errors/index.js'

/** A row as people and programs read it. One whose bytes are no JSON any more shows them alone. */
export type ShownRow = AuditRow | { readonly seq: number; readonly unreadable: string }

export function showRow({ seq, bytes }: StoredRow): ShownRow {
  try {
    return parseRow(bytes)
  } catch {
    return { seq, unreadable: Buffer.from(bytes).toString('base64') }
  }
}

/** What of a store questions need. */
export type Asked = Pick<AuditStore, 'find' | 'read' | 'tree' | 'newestCheckpoint' | 'segments'>

export async function findRows(store: Asked, filter: AuditFilter) {
  const { rows, next } = await store.find(filter)
  return { rows: rows.map(showRow), ...(next !== undefined && { next }) }
}

/** One row, an archived one out of its file. Rejects with AUDIT_ROW_UNKNOWN where there is none, or its file is not there. */
export async function rowAt(store: Asked, seq: number): Promise<StoredRow> {
  for await (const row of store.read({ fromSeq: seq, toSeq: seq + 1 })) return row
  const segment = (await store.segments()).find(({ first, end }) => first <= seq && seq < end.frontier.size)
  const archived = segment && (await archivedRow(segment, seq).catch(() => undefined))
  if (archived) return archived
  throw vitalsError('AUDIT_ROW_UNKNOWN', { seq })
}

/** What lies there in the place of a row. Whether it is the row itself, a proof shows. */
async function archivedRow({ rowsFile, first }: ArchivedSegment, seq: number): Promise<StoredRow | undefined> {
  const { found } = await readRowsFile(createReadStream(rowsFile))
  let at = first
  for await (const evidence of found) {
    if (at === seq && 'bytes' in evidence) {
      const { bytes } = evidence
      return { seq, bytes, rowHash: parseRow(bytes).row_hash }
    }
    at++
  }
  return undefined
}

/** The proof that a row is in the log, by the newest checkpoint. Rejects with AUDIT_ROW_UNKNOWN, or AUDIT_ROW_UNSIGNED. */
export async function proofOf(store: Asked, seq: number): Promise<string> {
  const { bytes } = await rowAt(store, seq)
  const kept = await store.newestCheckpoint()
  if (!kept || kept.size <= seq) throw vitalsError('AUDIT_ROW_UNSIGNED', { seq })
  return formatProof({ bytes, seq, hashes: await proveInclusion(store.tree(), seq, kept.size), note: kept.note })
}

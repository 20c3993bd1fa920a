import {
  type AuditFilter,
  type AuditRow,
  type AuditStore,
  formatProof,
  parseRow,
  proveInclusion,
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
export type Asked = Pick<AuditStore, 'find' | 'read' | 'tree' | 'newestCheckpoint'>

export async function findRows(store: Asked, filter: AuditFilter) {
  const { rows, next } = await store.find(filter)
  return { rows: rows.map(showRow), ...(next !== undefined && { next }) }
}

export async function rowAt(store: Asked, seq: number): Promise<StoredRow> {
  for await (const row of store.read({ fromSeq: seq, toSeq: seq + 1 })) return row
  throw vitalsError('AUDIT_ROW_UNKNOWN', { seq })
}

/** The proof that a row is in the log, by the newest checkpoint. Rejects with AUDIT_ROW_UNKNOWN, or AUDIT_ROW_UNSIGNED. */
export async function proofOf(store: Asked, seq: number): Promise<string> {
  const { bytes } = await rowAt(store, seq)
  const kept = await store.newestCheckpoint()
  if (!kept || kept.size <= seq) throw vitalsError('AUDIT_ROW_UNSIGNED', { seq })
  return formatProof({ bytes, seq, hashes: await proveInclusion(store.tree(), seq, kept.size), note: kept.note })
}

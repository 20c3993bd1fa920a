import type { AuditFilter, StoredRow } from '../../audit/index.js'
import type { Sqlite, Value } from '../../sqlite/index.js'
import { limitOf, matcher } from '../filter.js'
import { groupsBefore } from './groups.js'

/** Groups that are looked up at once. */
const GROUPS = 64
/** Most rows and groups that one search looks at: some tenths of a second. Then it answers with where to go on. */
const MOST_LOOKED_AT = 100_000

export function toRow([seq, bytes, rowHash]: readonly Value[]): StoredRow {
  return { seq: Number(seq), bytes: bytes as Uint8Array, rowHash: String(rowHash) }
}

/** One page of the rows of a filter, newest first. It may be short of its limit and yet not the last. */
export function findRows(sqlite: Sqlite, filter: AuditFilter): { rows: readonly StoredRow[]; next?: number } {
  const limit = limitOf(filter)
  const matches = matcher(filter)
  const rows: StoredRow[] = []
  let before = filter.beforeSeq ?? Number.MAX_SAFE_INTEGER
  for (let lookedAt = 0; lookedAt < MOST_LOOKED_AT; ) {
    const groups = groupsBefore(sqlite, filter, before, GROUPS)
    if (groups.length === 0) return { rows }
    for (const { first, last } of groups) {
      const below = Math.min(last + 1, before)
      const found = sqlite
        .rows('SELECT seq, bytes, row_hash FROM row_data WHERE seq >= ? AND seq < ? ORDER BY seq DESC', first, below)
        .map(toRow)
        .filter(matches)
      const room = limit - rows.length
      rows.push(...found.slice(0, room))
      if (rows.length === limit) return { rows, next: (rows.at(-1) as StoredRow).seq }
      lookedAt += 1 + below - first
      before = first
    }
  }
  return { rows, next: before }
}

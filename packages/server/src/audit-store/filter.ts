import { type AuditFilter, parseRow, type StoredRow } from '../audit/index.js'

export const DEFAULT_LIMIT = 100
export const MAX_LIMIT = 1000

export function limitOf({ limit = DEFAULT_LIMIT }: AuditFilter): number {
  return Math.min(Math.max(Math.trunc(limit), 1), MAX_LIMIT)
}

/** Whether rows are those of a filter, by their bytes. A row that is no JSON any more is none of any, but that of no condition. */
export function matcher(filter: AuditFilter): (row: StoredRow) => boolean {
  const { eventTypes, actor, target, since, until, text } = filter
  const types = eventTypes && new Set<string>(eventTypes)
  const anywhere = text !== undefined && text !== '' ? Buffer.from(JSON.stringify(text).slice(1, -1)) : undefined
  const reads = [types, actor, target, since, until].some((condition) => condition !== undefined)
  return ({ bytes }) => {
    if (anywhere && !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(anywhere)) return false
    if (!reads) return true
    const row = tryParse(bytes)
    return (
      row !== undefined &&
      (types?.has(row.event_type) ?? true) &&
      (actor ?? row.actor) === row.actor &&
      (target ?? row.target) === row.target &&
      (since === undefined || row.timestamp >= since) &&
      (until === undefined || row.timestamp < until)
    )
  }
}

function tryParse(bytes: Uint8Array) {
  try {
    return parseRow(bytes)
  } catch {
    return undefined
  }
}

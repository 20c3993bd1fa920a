import type { EventType } from '@mcp-vitals/instrument/event'
import { EVENT_COLUMNS } from './rows.js'
import type { Value } from './sqlite.js'

/** Which events to read. All conditions must hold. */
export interface EventQuery {
  readonly type?: EventType
  readonly server?: string
  readonly session?: string
  /** Milliseconds since 1970, inclusive. */
  readonly since?: number
  /** Milliseconds since 1970, exclusive. */
  readonly until?: number
  /** Most events; 1 to 10,000, default 1,000. */
  readonly limit?: number
}

export const DEFAULT_LIMIT = 1000
export const MAX_LIMIT = 10_000

/** Where the page before ended: its last event's time and row id. */
export interface Cursor {
  readonly at: number
  readonly id: number
}

/**
 * The statement for one page of at most `size` events of `query`, newest first, after `cursor`: `EVENT_COLUMNS`, then
 * the row id. Every value is a parameter.
 */
export function pageStatement(query: EventQuery, size: number, cursor?: Cursor): { sql: string; values: Value[] } {
  const conditions: string[] = []
  const values: Value[] = []
  function where(condition: string, ...given: (Value | undefined)[]): void {
    if (given.some((value) => value === undefined)) return
    conditions.push(condition)
    values.push(...(given as Value[]))
  }
  where('session = ?', query.session)
  where('server = ?', query.server)
  where('type = ?', query.type)
  where('at >= ?', query.since)
  where('at < ?', query.until)
  where('(at, id) < (?, ?)', cursor?.at, cursor?.id)
  const clause = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  return {
    sql: `SELECT ${EVENT_COLUMNS}, id FROM events ${clause} ORDER BY at DESC, id DESC LIMIT ?`,
    values: [...values, size],
  }
}

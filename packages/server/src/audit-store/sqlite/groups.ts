import type { AuditFilter } from '../../audit/index.js'
import type { Sqlite, Value } from '../../sqlite/index.js'
import { keyOf, type Sought } from '../sought.js'

/**
 * Notes what the rows [first, last], which are saved together, can be found by: one entry behind the other. An index of
 * rows would be written to at as many places as it has keys, and cost more than the rows themselves.
 */
export function saveGroup(sqlite: Sqlite, first: number, last: number, { earliest, latest, keys }: Sought): void {
  sqlite.run('INSERT INTO groups VALUES (?, ?, ?, ?, ?)', last, first, earliest, latest, keys)
}

/** Groups in which rows of a filter may lie, the newest first; all with rows below `before`. */
export function groupsBefore(sqlite: Sqlite, filter: AuditFilter, before: number, limit: number) {
  const conditions = ['first < ?']
  const values: Value[] = [before]
  const where = (condition: string, ...given: Value[]) => {
    conditions.push(condition)
    values.push(...given)
  }
  const { eventTypes, actor, target, since, until } = filter
  if (eventTypes) where(anyOf(eventTypes.length), ...eventTypes.map((type) => keyOf('type', type)))
  if (actor !== undefined) where(anyOf(1), keyOf('actor', actor))
  if (target !== undefined) where(anyOf(1), keyOf('target', target))
  if (since !== undefined) where('latest >= ?', since)
  if (until !== undefined) where('earliest < ?', until)
  const sql = `SELECT first, last FROM groups WHERE ${conditions.join(' AND ')} ORDER BY last DESC LIMIT ?`
  return sqlite.rows(sql, ...values, limit).map(([first, last]) => ({ first: Number(first), last: Number(last) }))
}

/** Keys stand in quotation marks, which they have none of themselves: what is found is a whole key. */
function anyOf(count: number): string {
  return count === 0 ? 'false' : `(${Array(count).fill('instr(keys, ?) > 0').join(' OR ')})`
}

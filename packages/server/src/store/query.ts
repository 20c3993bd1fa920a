import type { Event, EventType } from '@mcp-vitals/instrument/event'
import type { Sqlite, Value } from '../sqlite/index.js'
import { KEY_FIELDS, keyOf, MAX_BLOCK_SPAN_MS } from './blocks.js'

/** Which events to read. All conditions must hold. */
export interface EventQuery {
  readonly type?: EventType
  readonly server?: string
  readonly session?: string
  /** True: only what this daemon saw itself, and nothing that was sent to it. */
  readonly isOwn?: boolean
  /** Milliseconds since 1970, inclusive. */
  readonly since?: number
  /** Milliseconds since 1970, exclusive. */
  readonly until?: number
  /** Most events; 1 to 10,000, default 1,000. */
  readonly limit?: number
}

export const DEFAULT_LIMIT = 1000
export const MAX_LIMIT = 10_000

/** Blocks read at a time: few at first, since most have many events, and more where they turn out small. */
const FIRST_BLOCKS = 4
const MOST_BLOCKS = 64
/** An event's id is its block's times this, plus its place there, as in the view `events`. More than a block has events. */
const IDS_PER_BLOCK = 1024

/** Where the page before ended: its last event's time and id. */
export interface Cursor {
  readonly at: number
  readonly id: number
}

interface Found extends Cursor {
  readonly event: Event
}

/**
 * One page of at most `size` events of `query` after `cursor`: by time, newest first; of one instant, the last saved
 * first. Blocks overlap in time, so an event is given out only when no block that is still unread can have a newer one.
 */
export function readPage(sqlite: Sqlite, query: EventQuery, size: number, cursor?: Cursor): readonly Found[] {
  const page: Found[] = []
  // The newest last.
  let waiting: Found[] = []
  let unread: Cursor | undefined = { at: Number.POSITIVE_INFINITY, id: Number.MAX_SAFE_INTEGER }
  for (let limit = FIRST_BLOCKS; ; limit = Math.min(limit * 2, MOST_BLOCKS)) {
    const blocks = blocksBefore(sqlite, query, cursor, unread, limit)
    unread = blocks.length < limit ? undefined : blocks.at(-1)
    for (const block of blocks) waiting.push(...eventsOf(block, query, cursor))
    waiting = waiting.sort((a, b) => a.at - b.at || a.id - b.id)
    while (page.length < size && waiting.length > 0 && !(unread && waiting.at(-1)!.at <= unread.at))
      page.push(waiting.pop()!)
    if (page.length === size || !unread) return page
  }
}

/** `at`: the time of its last event. */
interface StoredBlock extends Cursor {
  readonly body: string
}

/** Blocks that may have events of the query, the one that ends latest first. Every value is a parameter. */
function blocksBefore(
  sqlite: Sqlite,
  query: EventQuery,
  cursor: Cursor | undefined,
  unread: Cursor,
  limit: number,
): readonly StoredBlock[] {
  const conditions: string[] = []
  const values: Value[] = []
  const where = (condition: string, ...given: Value[]) => {
    conditions.push(condition)
    values.push(...given)
  }
  const keys = KEY_FIELDS.flatMap((field) => (query[field] === undefined ? [] : [keyOf(field, query[field])]))
  const [first, ...others] = keys
  const [from, at, id] =
    first === undefined
      ? ['blocks b', 'b.last_at', 'b.id']
      : ['block_keys k JOIN blocks b ON b.id = k.block', 'k.last_at', 'k.block']
  if (first !== undefined) where('k.key = ?', first)
  for (const key of others)
    where(`EXISTS (SELECT 1 FROM block_keys o WHERE o.key = ? AND o.last_at = ${at} AND o.block = ${id})`, key)
  if (query.isOwn) where('b.stream IS NULL')
  if (query.since !== undefined) where(`${at} >= ?`, query.since)
  for (const end of [query.until, cursor?.at]) {
    if (end !== undefined) where(`${at} <= ? AND b.first_at <= ?`, end + MAX_BLOCK_SPAN_MS, end)
  }
  if (Number.isFinite(unread.at)) where(`(${at}, ${id}) < (?, ?)`, unread.at, unread.id)
  const clause = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const sql = `SELECT ${at}, ${id}, b.body FROM ${from} ${clause} ORDER BY ${at} DESC, ${id} DESC LIMIT ?`
  return sqlite
    .rows(sql, ...values, limit)
    .map(([at, id, body]) => ({ at: Number(at), id: Number(id), body: String(body) }))
}

function eventsOf(block: StoredBlock, query: EventQuery, cursor: Cursor | undefined): readonly Found[] {
  const events = JSON.parse(block.body) as readonly Event[]
  return events
    .map((event, index) => ({ at: event.at, id: block.id * IDS_PER_BLOCK + index, event }))
    .filter(
      ({ at, id, event }) =>
        KEY_FIELDS.every((field) => query[field] === undefined || event[field] === query[field]) &&
        (query.since === undefined || at >= query.since) &&
        (query.until === undefined || at < query.until) &&
        (cursor === undefined || at < cursor.at || (at === cursor.at && id < cursor.id)),
    )
}

import type { Event, EventType } from '@mcp-vitals/instrument/event'
import type { Sqlite, Value } from '../sqlite/index.js'
import { KEY_FIELDS, keyOf, MAX_BLOCK_SPAN_MS } from './blocks.js'

/** Which events to read. All conditions must hold. */
export interface EventQuery {
  readonly type?: EventType
  readonly server?: string
  readonly session?: string
  /** Name of the tool, prompt or resource: found by looking through the blocks, as no index knows it. */
  readonly name?: string
  /**
   * Ends the search after about so many events that were looked at, whether they were asked for or not; a block counts as 32
   * at least. Absent: looks at as many as it takes.
   */
  readonly mostLooked?: number
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
/** What finding a block costs, in events looked at. */
const LEAST_LOOKED = 32
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
  let left = query.mostLooked ?? Number.POSITIVE_INFINITY
  for (let limit = FIRST_BLOCKS; ; limit = Math.min(limit * 2, MOST_BLOCKS)) {
    const blocks = blocksBefore(sqlite, query, cursor, unread, limit)
    for (const { events } of blocks) left -= Math.max(events, LEAST_LOOKED)
    unread = blocks.length < limit || left <= 0 ? undefined : blocks.at(-1)
    for (const block of blocks) waiting.push(...eventsOf(block, query, cursor))
    waiting = waiting.sort((a, b) => a.at - b.at || a.id - b.id)
    while (page.length < size && waiting.length > 0 && !(unread && waiting.at(-1)!.at <= unread.at))
      page.push(waiting.pop()!)
    if (page.length === size || !unread) return page
  }
}

/** `at`: the time of its last event. */
interface StoredBlock extends Cursor {
  readonly events: number
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
  const sql = `SELECT ${at}, ${id}, b.events, b.body FROM ${from} ${clause} ORDER BY ${at} DESC, ${id} DESC LIMIT ?`
  return sqlite
    .rows(sql, ...values, limit)
    .map(([at, id, events, body]) => ({ at: Number(at), id: Number(id), events: Number(events), body: String(body) }))
}

function eventsOf(block: StoredBlock, query: EventQuery, cursor: Cursor | undefined): readonly Found[] {
  const { id, body } = block
  return candidatesOf(body, query)
    .map(({ index, event }) => ({ at: event.at, id: id * IDS_PER_BLOCK + index, event }))
    .filter(
      ({ at, id, event }) =>
        KEY_FIELDS.every((field) => query[field] === undefined || event[field] === query[field]) &&
        (query.name === undefined || ('name' in event && event.name === query.name)) &&
        (query.since === undefined || at >= query.since) &&
        (query.until === undefined || at < query.until) &&
        (cursor === undefined || at < cursor.at || (at === cursor.at && id < cursor.id)),
    )
}

/** An event, and its place in its block. */
interface Candidate {
  readonly index: number
  readonly event: Event
}

/**
 * Events that may be asked for. Where few of a block are, its text is looked through for them, and the others are not parsed:
 * a fifth of the time and less.
 */
function candidatesOf(body: string, { name, session, server }: EventQuery): readonly Candidate[] {
  const marks = Object.entries({ name, session, server }).flatMap(([field, value]) =>
    value === undefined ? [] : [`"${field}":${JSON.stringify(value)}`],
  )
  const [rarest] = marks
  if (rarest === undefined) return (JSON.parse(body) as readonly Event[]).map((event, index) => ({ index, event }))
  const found: Candidate[] = []
  let [from, index] = [1, 0]
  for (let mark = body.indexOf(rarest); mark !== -1; mark = body.indexOf(rarest, from)) {
    let end = endOf(body, from)
    for (; end < mark; end = endOf(body, from)) {
      from = end + 1
      index++
    }
    const text = body.slice(from, end)
    if (marks.every((one) => text.includes(one))) found.push({ index, event: JSON.parse(text) as Event })
    from = end + 1
    index++
  }
  return found
}

/**
 * Where the event that begins at `from` ends, in a JSON array of events, which are flat objects. A quotation mark within a
 * text has a backslash before it, and behind one that ends a text comes no letter: so no name that a stranger chose can
 * look like the end of an event.
 */
function endOf(body: string, from: number): number {
  for (let at = body.indexOf('},{"', from); at !== -1; at = body.indexOf('},{"', at + 1)) {
    const next = body.charCodeAt(at + 4)
    if (next >= 97 && next <= 122) return at + 1
  }
  return body.length - 1
}

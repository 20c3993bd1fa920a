import type { Event } from '@mcp-vitals/instrument/event'

/** Most events of one block: what a reader has to parse for one of them. */
export const MAX_BLOCK_EVENTS = 500
/** Most time between the first and the last event of a block, so that a search by time knows where to end. Milliseconds. */
export const MAX_BLOCK_SPAN_MS = 60_000

/** Columns of an event that blocks can be found by. */
export const KEY_FIELDS = ['session', 'type', 'server'] as const
export type KeyField = (typeof KEY_FIELDS)[number]

/** An event with its number in its stream, from 1. */
export interface Numbered {
  readonly seq: number
  readonly event: Event
}

/**
 * Events that are saved as one row. A row, and an entry in each index, for each event would cost ten times as much as
 * what the event itself takes.
 */
export interface Block {
  /** Earliest and latest time of its events, milliseconds since 1970. */
  readonly firstAt: number
  readonly lastAt: number
  readonly events: number
  /** Numbers of the events in their stream, in the order of `body`; null for events of no stream. */
  readonly seqs: readonly number[] | null
  /** What it can be found by, `keyOf` each, none twice. */
  readonly keys: readonly string[]
  /** JSON of `Event[]`. */
  readonly body: string
}

/** The key of all blocks with an event whose field has this value. */
export function keyOf(field: KeyField, value: string): string {
  return `${field}:${value}`
}

/** Cuts events into blocks, in their order. */
export function cutBlocks(events: readonly Event[], seqs: readonly number[] | null): Block[] {
  const blocks: Block[] = []
  for (let from = 0; from < events.length; ) {
    const block = blockAt(events, seqs, from)
    blocks.push(block)
    from += block.events
  }
  return blocks
}

function blockAt(events: readonly Event[], seqs: readonly number[] | null, from: number): Block {
  let firstAt = events[from]!.at
  let lastAt = firstAt
  const sessions = new Set<string>()
  const types = new Set<string>()
  const servers = new Set<string>()
  let end = from
  for (; end < events.length && end - from < MAX_BLOCK_EVENTS; end++) {
    const event = events[end]!
    const { at } = event
    if (Math.max(lastAt, at) - Math.min(firstAt, at) > MAX_BLOCK_SPAN_MS) break
    if (at < firstAt) firstAt = at
    if (at > lastAt) lastAt = at
    if (event.session !== undefined) sessions.add(event.session)
    types.add(event.type)
    servers.add(event.server)
  }
  return {
    firstAt,
    lastAt,
    events: end - from,
    seqs: seqs?.slice(from, end) ?? null,
    keys: [...keysOf('session', sessions), ...keysOf('type', types), ...keysOf('server', servers)],
    body: JSON.stringify(events.slice(from, end)),
  }
}

function keysOf(field: KeyField, values: ReadonlySet<string>): string[] {
  return Array.from(values, (value) => keyOf(field, value))
}

/** Brings neighbours of no stream together, as far as they fit into one block: many small writes make few rows. */
export function joinBlocks(blocks: readonly Block[]): readonly Block[] {
  const joined: Block[] = []
  let run: Block[] = []
  const end = () => {
    if (run.length > 0) joined.push(run.length === 1 ? run[0]! : join(run))
    run = []
  }
  let [firstAt, lastAt, events] = [0, 0, 0]
  for (const block of blocks) {
    const earliest = Math.min(firstAt, block.firstAt)
    const latest = Math.max(lastAt, block.lastAt)
    const fits = events + block.events <= MAX_BLOCK_EVENTS && latest - earliest <= MAX_BLOCK_SPAN_MS
    if (run.length > 0 && fits) {
      ;[firstAt, lastAt, events] = [earliest, latest, events + block.events]
    } else {
      end()
      ;({ firstAt, lastAt, events } = block)
    }
    run.push(block)
  }
  end()
  return joined
}

function join(blocks: readonly Block[]): Block {
  return {
    firstAt: Math.min(...blocks.map(({ firstAt }) => firstAt)),
    lastAt: Math.max(...blocks.map(({ lastAt }) => lastAt)),
    events: blocks.reduce((sum, { events }) => sum + events, 0),
    seqs: null,
    keys: [...new Set(blocks.flatMap(({ keys }) => keys))],
    body: `[${blocks.map(({ body }) => body.slice(1, -1)).join(',')}]`,
  }
}

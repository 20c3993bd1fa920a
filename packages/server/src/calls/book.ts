import type { Event, EventOf } from '@mcp-vitals/instrument/event'
import { STREAMING_METHODS } from '@mcp-vitals/instrument/mcp'
import { reasonLabel, UNKNOWN_TOOL } from '@mcp-vitals/instrument/metrics'
import type { Fold } from '@mcp-vitals/instrument/stream'
import { Names } from './names.js'
import { decodeRow, encodeRow, type KeptRow } from './rows.js'
import type { Ended } from './slot.js'
import { LEVELS, type Level, slotOf, Track } from './track.js'
import { createUsage, type Usage } from './usage.js'

/** Tools that are told apart; the calls of others are of the tool `other` of no server. Names come from answers of servers alone. */
const MAX_TOOLS = 5_000
const MAX_CLIENTS = 200
const MAX_ERRORS = 500
/** Sessions whose client is remembered; beyond it the oldest is forgotten. */
const MAX_SESSIONS = 20_000
const MAX_SERVERS = 1_000

/** One tool of one server, and its calls. */
export interface ToolTrack {
  readonly server: string
  readonly tool: string
  readonly track: Track
}

/** A client, as it calls itself. */
export interface Client {
  readonly name: string
  readonly version: string
}

/** Calls of tools by minute, hour and day; with what is needed to tell them apart. */
export interface CallBook {
  readonly fold: Fold
  /** All requests of clients. */
  readonly whole: Track
  /** Brings all up to now. */
  pass(now: number): void
  tools(): readonly ToolTrack[]
  toolOf(server: string, tool: string): ToolTrack | undefined
  clientOf(number: number): Client
  /** The type of an error, and its reason. */
  errorOf(number: number): { readonly type: string; readonly reason: string }
  /** Whether a session is open, as far as was heard. */
  isOpen(session: string): boolean
  /** The numbers of the clients of a name, of whatever version. */
  clientNumbers(name: string): ReadonlySet<number>
  clientNames(): readonly string[]
  readonly usage: Usage
  /** Tells what was open before this start, without counting it. */
  remember(events: readonly Event[]): void
  /** Up to when what was restored is whole, milliseconds since 1970; undefined where nothing was. */
  toldUntil(): number | undefined
  /** Counts calls and usage that ended before this start, each at its own time. Openings tell whose they were, and open nothing. */
  replay(events: readonly Event[]): void
  restore(rows: readonly KeptRow[]): void
  /** What is to be kept and was not yet. `isLast`: the minute that goes on too. */
  changes(isLast?: boolean): readonly KeptRow[]
  giveBack(rows: readonly KeptRow[]): void
}

const SEPARATOR = '\u0000'
const keyOf = (server: string, tool: string) => `${server}${SEPARATOR}${tool}`

/** `now`: milliseconds since 1970. */
export function createCallBook(now: () => number): CallBook {
  const whole = new Track()
  const tools = new Map<string, ToolTrack>()
  const known = new Map<string, Set<string>>()
  const clients = new Names(MAX_CLIENTS)
  const errors = new Names(MAX_ERRORS)
  const nobody = clients.numberOf(SEPARATOR)
  const sessions = new Map<string, number>()
  const usage = createUsage()
  let toldUntil: number | undefined

  function learn(server: string, names: readonly string[]): void {
    let found = known.get(server)
    if (found === undefined) {
      if (known.size >= MAX_SERVERS) return
      found = new Set()
      known.set(server, found)
    }
    for (const name of names) if (found.size < MAX_TOOLS) found.add(name)
  }

  function trackOf(server: string, tool: string): ToolTrack {
    const key = keyOf(server, tool)
    const found = tools.get(key)
    if (found) return found
    if (tools.size >= MAX_TOOLS) return tools.get(keyOf('', 'other')) ?? put('', 'other')
    return put(server, tool)
  }

  function put(server: string, tool: string): ToolTrack {
    const fresh = { server, tool, track: new Track() }
    tools.set(keyOf(server, tool), fresh)
    return fresh
  }

  const clientIn = ({ clientName = '', clientVersion = '' }: EventOf<'session.opened'>) =>
    clients.numberOf(`${clientName}${SEPARATOR}${clientVersion}`)

  function opened(event: EventOf<'session.opened'>): void {
    const { session } = event
    if (session === undefined) return
    sessions.delete(session)
    sessions.set(session, clientIn(event))
    if (sessions.size > MAX_SESSIONS) sessions.delete(sessions.keys().next().value!)
  }

  function ended(event: EventOf<'request.ended'>, at: number, owners: ReadonlyMap<string, number>): void {
    const { server, method, name, outcome, session } = event
    if (event.direction !== 'client_to_server' || event.side === 'client' || STREAMING_METHODS.has(method)) return
    const isToolCall = method === 'tools/call'
    // How a client asks which era a server is of: one of the older does not know it, and is well.
    const isQuestion = method === 'server/discover' && outcome === 'protocol_error'
    const isFailure = outcome !== 'ok' && outcome !== 'cancelled' && !isQuestion
    const call: Ended = {
      durationMs: event.durationMs,
      ...{ isFailure, isToolCall, requestBytes: event.requestBytes, responseBytes: event.responseBytes },
      error: isFailure ? errors.numberOf(`${event.errorType ?? outcome}${SEPARATOR}${reasonLabel(event)}`) : undefined,
      client: (session === undefined ? undefined : owners.get(session)) ?? nobody,
    }
    whole.add(call, at)
    if (!isToolCall) return
    if (outcome === 'ok' && name !== undefined && !known.get(server)?.has(name)) learn(server, [name])
    const isKnown = name !== undefined && known.get(server)?.has(name)
    trackOf(server, isKnown ? name : UNKNOWN_TOOL).track.add(call, at)
  }

  function see(event: Event): void {
    if (event.type === 'request.ended') ended(event, now(), sessions)
    else if (event.type === 'usage') usage.add(event, now())
    else if (event.side === 'client') return
    else if (event.type === 'session.opened') opened(event)
    else if (event.type === 'session.closed' && event.session !== undefined) sessions.delete(event.session)
    else if (event.type === 'tools.listed') learn(event.server, event.tools)
  }

  const clientOf = (number: number): Client => {
    const [name = '', version = ''] = clients.textOf(number).split(SEPARATOR)
    return { name, version }
  }
  const names = { clients, errors }

  return {
    fold: { name: 'calls', fold: see },
    whole,
    usage,
    pass(at) {
      whole.pass(at)
      for (const { track } of tools.values()) track.pass(at)
    },
    tools: () => [...tools.values()],
    toolOf: (server, tool) => tools.get(keyOf(server, tool)),
    clientOf,
    errorOf(number) {
      const [type = '', reason = ''] = errors.textOf(number).split(SEPARATOR)
      return { type, reason: reason || type }
    },
    isOpen: (session) => sessions.has(session),
    clientNumbers: (name) =>
      new Set([...clients.all()].filter(([, text]) => text.split(SEPARATOR)[0] === name).map(([number]) => number)),
    clientNames: () => [...new Set([...clients.all()].map(([number]) => clientOf(number).name))].sort(),
    remember(events) {
      for (const event of events) if (event.type === 'session.opened') opened(event)
    },
    toldUntil: () => toldUntil,
    replay(events) {
      const owners = new Map<string, number>()
      for (const event of events)
        if (event.type === 'session.opened' && event.session !== undefined) owners.set(event.session, clientIn(event))
      for (const event of events)
        if (event.type === 'request.ended') ended(event, event.at, owners)
        else if (event.type === 'usage') usage.add(event, event.at)
    },
    restore(rows) {
      for (const row of rows) {
        if (row.level === 'told') toldUntil = Number(row.body)
        else if (row.level === 'usage') usage.restore(row)
        else if (row.server === '' && row.tool === '') whole.restore(row.level, decodeRow(row, names))
        else {
          learn(row.server, row.tool === UNKNOWN_TOOL ? [] : [row.tool])
          trackOf(row.server, row.tool).track.restore(row.level, decodeRow(row, names))
        }
      }
      const at = now()
      for (const { track } of [{ track: whole }, ...tools.values()]) track.cut(at)
    },
    changes(isLast = false) {
      const at = now()
      this.pass(at + (isLast ? LEVELS.minute.ms : 0))
      const all = [{ server: '', tool: '', track: whole }, ...tools.values()]
      const rows = [
        ...all.flatMap(({ server, tool, track }) =>
          track.takeChanges().map(({ level, slot }) => encodeRow({ level, server, tool }, slot, names)),
        ),
        ...usage.changes(),
      ]
      // The minute that goes on is in none of them, unless this is the end.
      const until = isLast ? at : slotOf('minute', at) * LEVELS.minute.ms
      return rows.length === 0 ? [] : [...rows, { level: 'told', at: 0, server: '', tool: '', body: String(until) }]
    },
    giveBack(rows) {
      for (const { level, server, tool, at } of rows)
        if (level === 'told') continue
        else if (level === 'usage') usage.giveBack(at)
        else if (server === '' && tool === '') whole.giveBack(level, at)
        else tools.get(keyOf(server, tool))?.track.giveBack(level, at)
    },
  }
}

/** A span of time in whole slots. */
export interface Span {
  readonly level: Level
  /** The first slot, and the last. */
  readonly first: number
  readonly last: number
}

/** The slots that a time lies in, of the finest level that reaches back so far. */
export function spanOf(from: number, to: number, now: number): Span {
  const reaches = (level: Level) => slotOf(level, from) >= slotOf(level, now) - LEVELS[level].kept
  const level = (['minute', 'hour'] as const).find(reaches) ?? 'day'
  const oldest = slotOf(level, now) - LEVELS[level].kept
  const first = Math.max(slotOf(level, from), oldest)
  return { level, first, last: Math.max(first, Math.min(slotOf(level, to), slotOf(level, now))) }
}

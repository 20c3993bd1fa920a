import { type CallBook, type Span, sumOf, type ToolTrack } from '../../calls/index.js'
import type { ServerVitals, Vitals } from '../../state/index.js'
import type { ServerRow, ServersDocument, ToolRow, ToolsDocument } from './api-views.js'
import { type Asked, rangeOf } from './asked.js'
import { figuresOf, figuresOfClients, type Making } from './figures.js'

export interface TablesSetup {
  readonly calls: CallBook
  readonly vitals: () => Vitals
  /** What the definitions of all tools of a server cost, where its tools were listed. */
  readonly definitionsOf: (server: string) => Definitions
  /** About how many tokens so many bytes are. */
  readonly tokensOf: (bytes: number) => number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface Definitions {
  readonly definitionBytes?: number
  readonly definitionTokens?: number
}

const MAX_TOOLS = 2000

/** A tool of the table, called or only listed. */
interface Known {
  readonly server: string
  readonly tool: string
  readonly track: ToolTrack['track'] | undefined
}

export function serversOf(setup: TablesSetup, asked: Asked): ServersDocument {
  const { calls, vitals, definitionsOf, now } = setup
  const at = now()
  const { span, range } = rangeOf(asked, at)
  const clients = asked.client === undefined ? undefined : calls.clientNumbers(asked.client)
  const byServer = new Map<string, ToolTrack[]>()
  for (const tool of calls.tools()) {
    const found = byServer.get(tool.server)
    if (found) found.push(tool)
    else byServer.set(tool.server, [tool])
  }
  const known = vitals().servers
  const names = new Set(known.map(({ name }) => name))
  const gone = [...byServer.keys()].filter((name) => name !== '' && !names.has(name)).map(unknownServer)
  const servers = [...known, ...gone]
    .filter(({ name }) => asked.server === undefined || name === asked.server)
    .map(
      (server): ServerRow => ({
        ...standing(server),
        ...definitionsOf(server.name),
        ...togetherOf(byServer.get(server.name) ?? [], span, at, clients),
      }),
    )
  return {
    ...{ version: 1, at, range, servers: clients ? servers.filter((row) => row.calls > 0) : servers },
    clients: calls.clientNames(),
  }
}

export function toolsOf(setup: TablesSetup, asked: Asked): ToolsDocument {
  const { calls, vitals, now } = setup
  const at = now()
  const { span, range } = rangeOf(asked, at)
  const clients = asked.client === undefined ? undefined : calls.clientNumbers(asked.client)
  const servers = new Map(vitals().servers.map((server) => [server.name, server]))
  const wanted = asked.tool?.toLowerCase()
  const rows = knownTools(calls, servers)
    .filter(({ server, tool }) => asked.server === undefined || server === asked.server || server + tool === '')
    .filter(({ tool }) => wanted === undefined || tool.toLowerCase().includes(wanted))
    .map((known) => rowOf(known, servers.get(known.server), setup, span, at, clients))
    .filter((row) => clients === undefined || row.calls > 0)
    .sort((one, other) => other.calls - one.calls || rank(one.server, other.server) || rank(one.tool, other.tool))
  return {
    ...{ version: 1, at, range, tools: rows.slice(0, MAX_TOOLS) },
    omitted: Math.max(0, rows.length - MAX_TOOLS),
    servers: [...servers.keys()].sort(),
    clients: calls.clientNames(),
  }
}

const keyOf = ({ server, tool }: Pick<Known, 'server' | 'tool'>) => `${server}\u0000${tool}`

/** Texts by their code units: a table's order needs no language, and is asked for ten thousand times. */
const rank = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

/** Every tool that was called or listed. */
function knownTools(calls: CallBook, servers: ReadonlyMap<string, ServerVitals>): readonly Known[] {
  const all = new Map<string, Known>(calls.tools().map((one) => [keyOf(one), one]))
  for (const { name, tools } of servers.values())
    for (const tool of tools) {
      const one = { server: name, tool, track: undefined }
      const key = keyOf(one)
      if (!all.has(key)) all.set(key, one)
    }
  return [...all.values()]
}

/** The row of one tool. `server`: as it is now, where it is known. */
export function rowOf(
  { server, tool, track }: Known,
  vitals: ServerVitals | undefined,
  { tokensOf }: Pick<TablesSetup, 'tokensOf'>,
  span: Span,
  now: number,
  clients: ReadonlySet<number> | undefined,
): ToolRow {
  const { level, first, last } = span
  const available =
    vitals && vitals.tools.length > 0 ? vitals.condition === 'up' && vitals.tools.includes(tool) : undefined
  if (clients) {
    const lists = track ? [track.slots(level, first, last)] : []
    return {
      ...figuresOfClients(lists, span, now, clients),
      server,
      tool,
      ...(available !== undefined && { available }),
    }
  }
  const sum = track?.sum(level, first, last) ?? sumOf([], first, last)
  const row = figuresOf(sum, track?.lastAt, span, now) as Making<ToolRow>
  row.server = server
  row.tool = tool
  if (available !== undefined) row.available = available
  if (sum.sized > 0) {
    row.meanRequestBytes = Math.round(sum.requestBytes / sum.sized)
    row.meanResponseBytes = Math.round(sum.responseBytes / sum.sized)
    row.maxResponseBytes = sum.maxResponseBytes
    row.meanResponseTokens = tokensOf(sum.responseBytes / sum.sized)
  }
  return row
}

/** What the calls of several tools were, together. */
function togetherOf(tools: readonly ToolTrack[], span: Span, now: number, clients: ReadonlySet<number> | undefined) {
  const { level, first, last } = span
  const lists = tools.map(({ track }) => track.slots(level, first, last))
  if (clients) return figuresOfClients(lists, span, now, clients)
  const ends = tools.flatMap(({ track: { lastAt } }) => (lastAt === undefined ? [] : [lastAt]))
  return figuresOf(sumOf(lists, first, last), ends.length > 0 ? Math.max(...ends) : undefined, span, now)
}

function standing(server: ServerVitals) {
  const { name, condition, reason, transport, era, protocolVersion, implementation } = server
  const { sessions, inFlight, tools, crashes } = server
  return {
    ...{ server: name, condition, sessions, inFlight, tools: tools.length, crashes },
    ...(reason !== undefined && { reason }),
    ...(transport !== undefined && { transport }),
    ...(era !== undefined && { era }),
    ...(protocolVersion !== undefined && { protocolVersion }),
    ...(implementation !== undefined && { implementation }),
  }
}

/** One of which only calls are known, of before this start. */
function unknownServer(name: string): ServerVitals {
  const none = { sessions: 0, inFlight: 0, requests: 0, toolCalls: 0, failures: 0, crashes: 0 }
  return { name, condition: 'unknown', tools: [], ...none }
}

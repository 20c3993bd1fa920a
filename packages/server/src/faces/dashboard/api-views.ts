/** The documents of the dashboard's tables and single things; as in `api.ts`. */
import type { ChangeMark, Counted, Dated, Quantiles } from './api.js'

/** The time that a table looks at: what was asked for, moved out to whole slots of what is kept. */
export interface Range {
  readonly from: number
  readonly to: number
  /** Length of each slot of a sparkline: a minute (of the last hour), an hour (of the last 48) or a day (of the last 30). */
  readonly stepMs: number
}

/** What each row of a table has of calls. */
export interface Figures extends Counted, Quantiles {
  /** Average over the range. */
  readonly callsPerSecond: number
  readonly lastCallAt?: number
  /** One for each slot of the range, the oldest first. */
  readonly sparkCalls: readonly number[]
  readonly sparkFailures: readonly number[]
  /** null: no call ended in the slot. */
  readonly sparkP95Ms: readonly (number | null)[]
}

/**
 * `GET /admin/api/servers?from&to&server&client`. `client` keeps, here and in the other tables, the rows and calls of the
 * clients of that name; quantiles and sizes are then absent, as they are not kept by client.
 */
export interface ServersDocument extends Dated {
  readonly range: Range
  readonly servers: readonly ServerRow[]
  /** Names of clients to filter by. */
  readonly clients: readonly string[]
}

/** Its figures are of calls of tools. */
export interface ServerRow extends Figures {
  readonly server: string
  readonly condition: 'up' | 'down' | 'unknown'
  /** Why it is down: a word out of a bounded list. */
  readonly reason?: string
  readonly transport?: string
  readonly era?: string
  readonly protocolVersion?: string
  /** What it calls itself, with its version. */
  readonly implementation?: string
  readonly sessions: number
  readonly inFlight: number
  readonly tools: number
  /** Processes that ended by failure, since the start of the daemon. */
  readonly crashes: number
  /** What the definitions of all its tools cost a model's context; tokens are estimated from the bytes. */
  readonly definitionBytes?: number
  readonly definitionTokens?: number
}

/** `GET /admin/api/tools?from&to&server&tool&client`; `tool` keeps the tools whose name has it in it. */
export interface ToolsDocument extends Dated {
  readonly range: Range
  readonly tools: readonly ToolRow[]
  /** Rows beyond the 2,000 that one answer has. */
  readonly omitted: number
  /** Names to filter by. */
  readonly servers: readonly string[]
  readonly clients: readonly string[]
}

export interface ToolRow extends Figures {
  readonly server: string
  readonly tool: string
  /** Its server is up and says that it exists; absent where nobody asked it for its tools yet. */
  readonly available?: boolean
  readonly meanRequestBytes?: number
  readonly meanResponseBytes?: number
  readonly maxResponseBytes?: number
  /** Estimated from the bytes. */
  readonly meanResponseTokens?: number
}

/** `GET /admin/api/tools/:server/:tool?from&to&client`: the page of a tool. */
export interface ToolDocument extends Dated {
  readonly range: Range
  readonly row: ToolRow
  /** Of all tools of its server together. */
  readonly definitionBytes?: number
  readonly definitionTokens?: number
  readonly points: readonly ToolPoint[]
  /** Upper bounds of the columns of `ToolPoint.histogram`; one more column holds what took longer. */
  readonly boundsMs: readonly number[]
  /** The whole range in the same columns. */
  readonly histogram: readonly number[]
  /** The most frequent first. */
  readonly errors: readonly ErrorRow[]
  readonly clients: readonly ClientRow[]
  /** The newest first; 50 at most, among the newest 300 of its server. */
  readonly recent: readonly CallRow[]
}

/** One slot of the range. */
export interface ToolPoint extends Quantiles {
  readonly at: number
  readonly calls: number
  readonly failures: number
  /** Calls by how long they took, in the columns of `boundsMs`. */
  readonly histogram: readonly number[]
}

export interface ErrorRow {
  /** The outcome (`tool_error`, `timeout` …), or the error's class where the server's program tells it. */
  readonly type: string
  /** A word for the error code, or the outcome. */
  readonly reason: string
  readonly count: number
}

export interface ClientRow extends Counted {
  /** What it calls itself. Empty: it did not say. */
  readonly name: string
  readonly clientVersion: string
}

export interface CallRow {
  readonly startedAt: number
  readonly durationMs: number
  /** Of it, how long a person was waited for is not part. */
  readonly waitMs?: number
  readonly server: string
  readonly session?: string
  readonly direction: 'client_to_server' | 'server_to_client'
  readonly method: string
  /** Of the tool or prompt. */
  readonly name?: string
  /** `ok`, `tool_error`, `protocol_error`, `cancelled`, `timeout` … */
  readonly outcome: string
  readonly errorCode?: string
  readonly errorType?: string
  readonly requestBytes: number
  readonly responseBytes: number
  /** W3C trace id. */
  readonly traceId?: string
}

/** `GET /admin/api/sessions?from&to&server&client&before`: the newest first, 200 at most. */
export interface SessionsDocument extends Dated {
  readonly sessions: readonly SessionRow[]
  /** Names to filter by. */
  readonly servers: readonly string[]
  readonly clients: readonly string[]
  /** `before` of the next page; absent where there is none. */
  readonly next?: number
}

export interface SessionRow {
  /** Pseudonymous: never the id that the protocol uses. */
  readonly session: string
  readonly server: string
  /** Open now. */
  readonly live: boolean
  readonly clientName?: string
  readonly clientVersion?: string
  readonly agent?: string
  readonly transport?: string
  readonly era?: string
  readonly protocolVersion?: string
  readonly openedAt: number
  /** Absent while it is open, and where its end was not heard. */
  readonly closedAt?: number
  /** Who or what ended it. */
  readonly reason?: string
  readonly durationMs?: number
}

/** `GET /admin/api/sessions/:id`: a session with its calls, the oldest first. */
export interface SessionCallsDocument extends Dated {
  readonly session: SessionRow
  readonly calls: readonly CallRow[]
  /** There were more calls than the newest 1,000. */
  readonly truncated: boolean
}

/**
 * `GET /admin/api/changes?from&to`: marks for charts, the newest first, 500 at most. A deploy is seen between two sessions
 * of a server, among the newest 2,000 sessions of the range.
 */
export interface ChangesDocument extends Dated {
  readonly changes: readonly ChangeMark[]
}

/** `GET /admin/api/settings`: the configuration in force, secrets masked. */
export interface SettingsDocument extends Dated {
  /** Absent where the daemon runs without a file. */
  readonly file?: string
  readonly settings: readonly SettingRow[]
}

export interface SettingRow {
  /** `listen.port`. */
  readonly path: string
  /** As JSON. */
  readonly value: string
  /** `default`, `file mcp.json:3:5`, `environment variable LOG_LEVEL` …; absent where it is not known. */
  readonly origin?: string
}

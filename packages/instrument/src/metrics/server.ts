import { type Activity, type ActivityLimits, createActivity } from './activity.js'
import { CATALOGUE } from './catalogue.js'
import { OVERFLOW } from './family.js'
import type { Registry } from './registry.js'
import { createTools, UNKNOWN_TOOL } from './tools.js'

const { mcp, mcp_vitals: vitals } = CATALOGUE

/** How a tool call ended, as the `status` label says it. All three start at 0 when a tool becomes known. */
export const CALL_STATUSES = ['success', 'error', 'cancelled'] as const

export interface ServerLimits extends ActivityLimits {
  /** Most tools whose names are labels. */
  readonly maxTools: number
}

/** What the metrics remember of one MCP server between events. */
export interface WatchedServer {
  /** Value of the `server` label. */
  readonly label: string
  readonly registry: Registry
  /** An event of the server came, of this session if any. */
  heard(session: string | undefined): void
  sessionOpened(session: string): void
  /** Ends a session and the requests in it. */
  sessionClosed(session: string): void
  requestStarted(session: string | undefined, request: string): void
  requestEnded(session: string | undefined, request: string): void
  /** The server named these tools. */
  toolsListed(tools: readonly string[], complete: boolean): void
  /** A call of this tool succeeded, so there is one. */
  toolWorked(tool: string): void
  /** The server answered that it has no such tool. */
  toolMissing(tool: string): void
  /** Label for a tool that a caller named; `vouched` when the server's answer says that it exists. */
  toolLabel(tool: string | undefined, vouched: boolean): string
  /** The last evidence says that the server is up, or down. */
  setUp(up: boolean): void
  processStarted(process: string): void
  processEnded(process: string): void
  /** Whether a process of it is known to run. */
  hasProcesses(): boolean
  /** Brings the gauges that move with time up to now. */
  refresh(): void
}

/** Remembers nothing yet. `now` gives milliseconds since 1970. */
export function createWatchedServer(
  label: string,
  registry: Registry,
  limits: ServerLimits,
  now: () => number,
): WatchedServer {
  const tools = createTools(limits.maxTools)
  const activity = createActivity(limits, (what) =>
    registry
      .counter(vitals.untracked_total)
      .with(what === 'session' ? mcp.active_sessions.name : mcp.requests_in_flight.name)
      .inc(),
  )
  const tracked = trackActivity(label, registry, activity, now)
  const availability = registry.gauge(mcp.tool_availability)
  let up: boolean | undefined
  let upSince = 0

  function learn(tool: string): void {
    if (tools.learn(tool)) startTool(registry, label, tool)
    if (tools.has(tool)) availability.with(label, tool).set(1)
  }

  return {
    label,
    registry,
    ...tracked,
    toolsListed(listed, complete) {
      for (const tool of tools.page(listed, complete)) endTool(registry, label, tool)
      for (const tool of listed) learn(tool)
    },
    toolWorked: learn,
    toolMissing(tool) {
      if (tools.has(tool)) availability.with(label, tool).set(0)
    },
    toolLabel(tool, vouched) {
      if (tool !== undefined && tools.has(tool)) return tool
      if (!vouched || tool === undefined) return UNKNOWN_TOOL
      registry.overflowed(mcp.tool_calls_total)
      return OVERFLOW
    },
    setUp(isUp) {
      if (up === isUp) return
      up = isUp
      upSince = now()
      registry.gauge(mcp.server_up).with(label).set(Number(up))
      for (const tool of tools.names()) availability.with(label, tool).set(Number(up))
    },
    refresh() {
      activity.sweep(now())
      tracked.show()
      if (up !== undefined) {
        const seconds = up ? Math.max(0, now() - upSince) / 1000 : 0
        registry.gauge(mcp.server_uptime_seconds).with(label).set(seconds)
      }
    },
  }
}

/** The part of a watched server that follows what is open, and shows it at once. */
function trackActivity(label: string, registry: Registry, activity: Activity, now: () => number) {
  function show(): void {
    registry.gauge(mcp.active_sessions).with(label).set(activity.sessions)
    registry.gauge(mcp.requests_in_flight).with(label).set(activity.openRequests)
  }
  return {
    show,
    heard(session: string | undefined): void {
      if (session !== undefined) activity.heard(session, now())
    },
    sessionOpened(session: string): void {
      activity.open(session, now())
    },
    sessionClosed(session: string): void {
      activity.close(session)
    },
    requestStarted(session: string | undefined, request: string): void {
      activity.started(session, request, now())
    },
    requestEnded(session: string | undefined, request: string): void {
      activity.ended(session, request)
    },
    processStarted: activity.processStarted,
    processEnded: activity.processEnded,
    hasProcesses: () => activity.processes > 0,
  }
}

/** A tool that becomes known starts at 0 everywhere, so that its first failure is seen as a rise. */
function startTool(registry: Registry, server: string, tool: string): void {
  for (const status of CALL_STATUSES) registry.counter(mcp.tool_calls_total).with(server, tool, status)
  registry.histogram(mcp.tool_call_duration_seconds).with(server, tool)
  registry.counter(mcp.timeouts_total).with(server, tool)
}

function endTool(registry: Registry, server: string, tool: string): void {
  for (const metric of [
    mcp.tool_calls_total,
    mcp.tool_call_duration_seconds,
    mcp.timeouts_total,
    mcp.errors_total,
    mcp.tool_availability,
  ])
    registry.remove(metric, server, tool)
}

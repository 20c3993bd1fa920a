/** One small function for each type of event: what it moves. A type without one is counted in `events_total` alone. */
import type { EventOf, EventType } from '../event/index.js'
import type { Entrance } from '../stream/index.js'
import { CATALOGUE } from './catalogue.js'
import { httpMethodLabel, isHandshake, isStreaming, mcpMethodLabel, statusLabel } from './methods.js'
import { reasonLabel } from './reasons.js'
import type { CALL_STATUSES, WatchedServer } from './server.js'

const { mcp } = CATALOGUE

/** Moves the metrics of `server` by one event. */
export type EventFold<T extends EventType> = (event: EventOf<T>, server: WatchedServer, entrance: Entrance) => void

/** Event type → its fold. */
export const EVENT_FOLDS: { readonly [T in EventType]?: EventFold<T> } = {
  'session.opened'(event, server) {
    if (event.session !== undefined) server.activity.sessionOpened(event.session)
  },

  'session.closed'(event, server) {
    if (event.session !== undefined) server.activity.sessionClosed(event.session)
    server.registry
      .histogram(mcp.session_duration_seconds)
      .with(server.label)
      .observe(event.durationMs / 1000)
  },

  'request.started'(event, server, entrance) {
    server.activity.requestStarted(event.session, requestKey(event.operation, entrance))
  },

  'request.ended'(event, server, entrance) {
    server.activity.requestEnded(event.session, requestKey(event.operation, entrance))
    if (event.direction === 'client_to_server') takeEvidence(event, server)
    const method = mcpMethodLabel(event.method)
    const { label, registry } = server
    registry.counter(mcp.requests_total).with(label, method, label, statusLabel(event.status)).inc()
    // A request of the server's own waits for the client, often for a person: that is not the server's speed.
    if (event.direction === 'client_to_server' && !isStreaming(event.method))
      registry
        .histogram(mcp.request_duration_seconds)
        .with(label, method, label)
        .observe(event.durationMs / 1000)
    const tool = isToolCall(event) ? foldToolCall(event, server) : ''
    foldFailure(event, server, tool)
  },

  notification(event, { label, registry }) {
    registry.counter(mcp.notifications_total).with(label, mcpMethodLabel(event.method), event.direction).inc()
  },

  'tools.listed'(event, server) {
    server.toolsListed(event.tools, event.complete)
  },

  unreadable(event, { label, registry }) {
    registry.counter(mcp.unreadable_messages_total).with(label, event.direction, event.reason).inc()
  },

  http(event, { label, registry }) {
    const method = httpMethodLabel(event.method)
    registry.counter(mcp.http_requests_total).with(label, method, event.path, statusLabel(event.status)).inc()
    registry
      .histogram(mcp.http_request_duration_seconds)
      .with(label, method, event.path)
      .observe(event.durationMs / 1000)
    registry.histogram(mcp.http_request_size_bytes).with(label, method, event.path).observe(event.requestBytes)
    registry.histogram(mcp.http_response_size_bytes).with(label, method, event.path).observe(event.responseBytes)
  },

  'process.started'(event, server, entrance) {
    const { label, registry } = server
    server.activity.processStarted(processKey(event.pid, entrance))
    registry.counter(mcp.server_process_starts_total).with(label).inc()
    registry.counter(mcp.server_process_crashes_total).with(label)
  },

  'process.ended'(event, server, entrance) {
    server.activity.processEnded(processKey(event.pid, entrance))
    if (event.session !== undefined) server.activity.sessionClosed(event.session)
    if (!event.crashed) return
    server.registry.counter(mcp.server_process_crashes_total).with(server.label).inc()
    // Where every session has a process of its own, one crash leaves the others well.
    if (server.activity.processes === 0) server.setUp(false)
  },

  error(event, server) {
    const tool = event.name === undefined ? '' : server.toolLabel(event.name, false)
    server.registry.counter(mcp.errors_total).with(server.label, tool, event.errorType, event.reason).inc()
  },
}

type RequestEnded = EventOf<'request.ended'>

/** Operations are unique within one stream; many streams may tell of one server. */
function requestKey(operation: string, entrance: Entrance): string {
  return entrance === 'local' ? operation : `${entrance} ${operation}`
}

/** Processes of different hosts may have one id. */
function processKey(pid: number, entrance: Entrance): string {
  return `${entrance} ${pid}`
}

function isToolCall(event: RequestEnded): boolean {
  return event.method === 'tools/call' && event.direction === 'client_to_server'
}

/** Moves what counts tool calls, and returns the tool's label. */
function foldToolCall(event: RequestEnded, server: WatchedServer): string {
  const worked = event.outcome === 'ok'
  if (event.name !== undefined && worked) server.toolWorked(event.name)
  if (event.name !== undefined && event.status === 404) server.toolMissing(event.name)
  const tool = server.toolLabel(event.name, worked)
  const { label, registry } = server
  registry.counter(mcp.tool_calls_total).with(label, tool, callStatus(event)).inc()
  registry
    .histogram(mcp.tool_call_duration_seconds)
    .with(label, tool)
    .observe(event.durationMs / 1000)
  return tool
}

function callStatus(event: RequestEnded): (typeof CALL_STATUSES)[number] {
  if (event.outcome === 'ok') return 'success'
  return isWithdrawn(event) ? 'cancelled' : 'error'
}

/** Whether the asker gave up on it by itself: by a cancellation, or by using its id again. */
function isWithdrawn({ outcome }: RequestEnded): boolean {
  return outcome === 'cancelled' || outcome === 'replaced'
}

function isTimeout({ outcome }: RequestEnded): boolean {
  return outcome === 'timeout' || outcome === 'unanswered'
}

function foldFailure(event: RequestEnded, { label, registry }: WatchedServer, tool: string): void {
  if (event.outcome === 'ok' || isWithdrawn(event)) return
  registry.counter(mcp.errors_total).with(label, tool, event.outcome, reasonLabel(event)).inc()
  if (isTimeout(event)) registry.counter(mcp.timeouts_total).with(label, tool).inc()
}

/** Any answer, a refusal included, says that the server is up; a broken connection or a silent handshake that it is not. */
function takeEvidence(event: RequestEnded, server: WatchedServer): void {
  switch (event.outcome) {
    case 'ok':
    case 'tool_error':
    case 'protocol_error':
      server.setUp(true)
      break
    case 'transport_error':
      server.setUp(false)
      break
    case 'timeout':
    case 'unanswered':
      if (isHandshake(event.method)) server.setUp(false)
      break
  }
}

/** One small function for each type of event: what it moves. A type without one is counted in `events_total` alone. */
import type { EventOf, EventType } from '../event/index.js'
import { STREAMING_METHODS } from '../mcp/index.js'
import { CATALOGUE } from './catalogue.js'
import { httpMethodLabel, mcpMethodLabel, statusLabel } from './methods.js'
import { reasonLabel } from './reasons.js'
import type { CALL_STATUSES, WatchedServer } from './server.js'

const { mcp } = CATALOGUE

/** Moves the metrics of `server` by one event. */
export type EventFold<T extends EventType> = (event: EventOf<T>, server: WatchedServer) => void

/** Event type → its fold. */
export const EVENT_FOLDS: { readonly [T in EventType]?: EventFold<T> } = {
  'session.closed'(event, server) {
    server.registry
      .histogram(mcp.session_duration_seconds)
      .with(server.label)
      .observe(event.durationMs / 1000)
  },

  'request.ended'(event, server) {
    const method = mcpMethodLabel(event.method)
    const { label, registry } = server
    registry.counter(mcp.requests_total).with(label, method, label, statusLabel(event.status)).inc()
    // A request of the server's own waits for the client, often for a person: that is not the server's speed.
    if (event.direction === 'client_to_server' && !STREAMING_METHODS.has(event.method))
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
    registry
      .counter(mcp.unreadable_messages_total)
      .with(label, event.direction, event.reason)
      .inc(event.count ?? 1)
  },

  http(event, { label, registry }) {
    const method = httpMethodLabel(event.method)
    registry.counter(mcp.http_requests_total).with(label, method, event.path, statusLabel(event.status)).inc()
    if (event.durationMs !== undefined)
      registry
        .histogram(mcp.http_request_duration_seconds)
        .with(label, method, event.path)
        .observe(event.durationMs / 1000)
    registry.histogram(mcp.http_request_size_bytes).with(label, method, event.path).observe(event.requestBytes)
    registry.histogram(mcp.http_response_size_bytes).with(label, method, event.path).observe(event.responseBytes)
  },

  'process.started'(_, { label, registry }) {
    registry.counter(mcp.server_process_starts_total).with(label).inc()
    registry.counter(mcp.server_process_crashes_total).with(label)
  },

  'process.ended'(event, { label, registry }) {
    if (event.crashed) registry.counter(mcp.server_process_crashes_total).with(label).inc()
  },

  error(event, server) {
    const tool = event.name === undefined ? '' : server.toolLabel(event.name, false)
    server.registry.counter(mcp.errors_total).with(server.label, tool, event.errorType, event.reason).inc()
  },
}

type RequestEnded = EventOf<'request.ended'>

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

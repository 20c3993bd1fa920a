/** One small function for each type of event: what it moves. A type without one is counted in `events_total` alone. */
import type { EventOf } from '../event/index.js'
import { STREAMING_METHODS } from '../mcp/index.js'
import type { AnswerSeries } from './answers.js'
import { CATALOGUE } from './catalogue.js'
import type { EventFolds } from './event-fold.js'
import { OVERFLOW } from './family.js'
import { APP_FOLDS } from './folds-app.js'
import { httpMethodLabel, mcpMethodLabel, statusLabel } from './methods.js'
import { reasonLabel, toldReasonLabel } from './reasons.js'
import { callStatus, isToolCall, isWithdrawn } from './requests.js'
import type { WatchedServer } from './server.js'
import { estimateTokens } from './tokens.js'

const { mcp, mcp_vitals: vitals } = CATALOGUE

/** Event type → its fold. */
export const EVENT_FOLDS: EventFolds = {
  ...APP_FOLDS,

  'session.closed'(event, server) {
    server.registry
      .histogram(mcp.session_duration_seconds)
      .with(server.label)
      .observe(event.durationMs / 1000, event)
  },

  'request.ended'(event, server) {
    const method = mcpMethodLabel(event.method)
    const answers = server.answersTo(method)
    if (method === OVERFLOW) server.registry.overflowed(mcp.requests_total)
    answers.count(event.status).inc(1, event)
    // A request of the server's own waits for the client, often for a person: that is not the server's speed.
    if (event.direction === 'client_to_server' && !STREAMING_METHODS.has(event.method)) foldAnswer(event, answers)
    const tool = isToolCall(event) ? foldToolCall(event, server) : ''
    foldFailure(event, server, tool)
  },

  notification(event, { label, registry }) {
    const method = mcpMethodLabel(event.method)
    if (method === OVERFLOW) registry.overflowed(mcp.notifications_total)
    registry.counter(mcp.notifications_total).with(label, method, event.direction).inc()
  },

  'tools.listed'(event, server) {
    server.toolsListed(event.tools, event.complete)
    if (event.sizeBytes === 0) return
    const size = server.listSize.page(event.session, event.sizeBytes, event.complete)
    if (size === undefined) return
    const { label, registry } = server
    registry.gauge(mcp.tools_list_size_bytes).with(label).set(size)
    registry.gauge(mcp.tools_list_tokens).with(label, 'true').set(estimateTokens('tools', size))
  },

  unreadable(event, { label, registry }) {
    registry
      .counter(mcp.unreadable_messages_total)
      .with(label, event.direction, event.reason)
      .inc(event.count ?? 1)
  },

  http(event, { label, registry, values }) {
    const method = httpMethodLabel(event.method)
    if (method === OVERFLOW) registry.overflowed(mcp.http_requests_total)
    const path = values.of(mcp.http_requests_total, 'path', event.path)
    registry.counter(mcp.http_requests_total).with(label, method, path, statusLabel(event.status)).inc(1, event)
    if (event.durationMs !== undefined)
      registry
        .histogram(mcp.http_request_duration_seconds)
        .with(label, method, path)
        .observe(event.durationMs / 1000, event)
    registry.histogram(mcp.http_request_size_bytes).with(label, method, path).observe(event.requestBytes, event)
    registry.histogram(mcp.http_response_size_bytes).with(label, method, path).observe(event.responseBytes, event)
  },

  'process.started'({ restart }, { label, registry }) {
    registry.counter(mcp.server_process_starts_total).with(label).inc()
    registry.counter(mcp.server_process_crashes_total).with(label)
    registry
      .counter(mcp.server_restarts_total)
      .with(label)
      .inc(restart ? 1 : 0)
  },

  'process.ended'(event, { label, registry }) {
    if (event.crashed) registry.counter(mcp.server_process_crashes_total).with(label).inc()
  },

  derivation(event, { registry }) {
    registry.counter(vitals.derivations_total).with(event.result).inc()
  },

  error(event, server) {
    const tool = event.name === undefined ? '' : server.toolLabel(event.name, false)
    const { label, registry, values } = server
    const type = values.of(mcp.errors_total, 'error type', event.errorType)
    registry.counter(mcp.errors_total).with(label, tool, type, toldReasonLabel(event.reason)).inc(1, event)
  },
}

type RequestEnded = EventOf<'request.ended'>

/** Times a client's request and measures it, and what came back. */
function foldAnswer(event: RequestEnded, answers: AnswerSeries): void {
  answers.duration.observe(event.durationMs / 1000, event)
  if (event.requestBytes > 0) answers.requestSize.observe(event.requestBytes)
  if (event.responseBytes > 0) answers.responseSize.observe(event.responseBytes)
}

/** The tool's label of a tool call; empty for any other request. */
export function toolOf(event: RequestEnded, server: WatchedServer): string {
  return isToolCall(event) ? server.toolLabel(event.name, event.outcome === 'ok') : ''
}

/** Moves what counts tool calls, and returns the tool's label. */
function foldToolCall(event: RequestEnded, server: WatchedServer): string {
  if (event.name !== undefined && event.outcome === 'ok') server.toolWorked(event.name)
  if (event.name !== undefined && event.status === 404) server.toolMissing(event.name)
  const tool = toolOf(event, server)
  const calls = server.callsOf(tool)
  calls.count(callStatus(event)).inc(1, event)
  calls.duration.observe(event.durationMs / 1000, event)
  // A protocol error is the client's business, which shows it to a model or not.
  if (event.responseBytes > 0 && (event.outcome === 'ok' || event.outcome === 'tool_error'))
    calls.result(event.responseBytes)
  return tool
}

function isTimeout({ outcome }: RequestEnded): boolean {
  return outcome === 'timeout' || outcome === 'unanswered'
}

function foldFailure(event: RequestEnded, { label, registry, values }: WatchedServer, tool: string): void {
  if (event.outcome === 'ok' || isWithdrawn(event)) return
  const { errorType, outcome } = event
  const type = errorType === undefined ? outcome : values.of(mcp.errors_total, 'error type', errorType)
  registry.counter(mcp.errors_total).with(label, tool, type, reasonLabel(event)).inc(1, event)
  if (isTimeout(event)) registry.counter(mcp.timeouts_total).with(label, tool).inc(1, event)
}

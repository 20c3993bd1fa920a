/** Moves the metrics that have OpenTelemetry's names (semantic-conventions-genai, all in development). */
import type { Event, EventOf } from '../event/index.js'
import { STREAMING_METHODS } from '../mcp/index.js'
import { CATALOGUE } from './catalogue.js'
import { toolOf } from './folds.js'
import { mcpMethodLabel } from './methods.js'
import type { WatchedServer } from './server.js'

const { otel } = CATALOGUE
const PROTOCOL_VERSION = /^\d{4}-\d\d-\d\d$/

/** Folds `request.ended` and `session.closed`, of a session that spoke `protocolVersion`; other events move nothing. */
export function foldOpenTelemetry(event: Event, server: WatchedServer, protocolVersion: string | undefined): void {
  if (event.type === 'request.ended' && !STREAMING_METHODS.has(event.method))
    foldOperation(event, server, versionLabel(protocolVersion, server))
  if (event.type === 'session.closed') foldSession(event, server, versionLabel(protocolVersion, server))
}

function foldOperation(event: EventOf<'request.ended'>, server: WatchedServer, version: string): void {
  const metric =
    event.direction === 'client_to_server'
      ? otel.mcp_server_operation_duration_seconds
      : otel.mcp_client_operation_duration_seconds
  const tool = toolOf(event, server)
  // A code in a tool's own text is no answer's.
  const code =
    event.errorCode === undefined || event.outcome !== 'protocol_error'
      ? ''
      : server.values.of(metric, 'rpc_response_status_code', event.errorCode)
  server.registry
    .histogram(metric)
    .with(
      server.label,
      mcpMethodLabel(event.method),
      tool,
      errorTypeOf(event, code),
      tool && 'execute_tool',
      code,
      version,
      networkOf(event),
    )
    .observe(event.durationMs / 1000, event)
}

function foldSession(event: EventOf<'session.closed'>, server: WatchedServer, version: string): void {
  server.registry
    .histogram(otel.mcp_server_session_duration_seconds)
    .with(server.label, event.reason === 'lost' ? 'lost' : '', version, networkOf(event))
    .observe(event.durationMs / 1000, event)
}

/** The JSON-RPC code as text, or `tool_error`, as the conventions have it; else how the request ended. Empty: well. */
function errorTypeOf({ outcome }: EventOf<'request.ended'>, code: string): string {
  if (outcome === 'ok') return ''
  return code || outcome
}

function versionLabel(version: string | undefined, { values }: WatchedServer): string {
  if (version === undefined) return ''
  return PROTOCOL_VERSION.test(version)
    ? values.of(otel.mcp_server_operation_duration_seconds, 'mcp_protocol_version', version)
    : 'other'
}

function networkOf({ transport }: Event): string {
  if (transport === undefined || transport === 'memory') return ''
  return transport === 'stdio' ? 'pipe' : 'tcp'
}

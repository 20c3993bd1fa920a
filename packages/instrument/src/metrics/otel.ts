/** Moves the metrics that have OpenTelemetry's names (semantic-conventions-genai, all in development). */
import type { Event, EventOf } from '../event/index.js'
import { STREAMING_METHODS } from '../mcp/index.js'
import { CATALOGUE } from './catalogue.js'
import type { LabelValues } from './labels.js'
import { mcpMethodLabel } from './methods.js'
import type { Registry } from './registry.js'

const { otel } = CATALOGUE
const PROTOCOL_VERSION = /^\d{4}-\d\d-\d\d$/

/** Whom an event tells of. */
interface Told {
  readonly label: string
  readonly registry: Registry
  readonly values: LabelValues
}

/**
 * Folds `request.ended` and `session.closed`, of a session that spoke `protocolVersion`; other events move nothing.
 * `tool`: its label, empty for what is no call of one.
 */
export function foldOpenTelemetry(event: Event, server: Told, tool: string, protocolVersion: string | undefined): void {
  if (event.type === 'request.ended' && !STREAMING_METHODS.has(event.method))
    foldOperation(event, server, tool, versionLabel(protocolVersion, server))
  if (event.type === 'session.closed') foldSession(event, server, versionLabel(protocolVersion, server))
}

function foldOperation(event: EventOf<'request.ended'>, server: Told, tool: string, version: string): void {
  const metric =
    (event.direction === 'client_to_server') === (event.side !== 'client')
      ? otel.mcp_server_operation_duration_seconds
      : otel.mcp_client_operation_duration_seconds
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

function foldSession(event: EventOf<'session.closed'>, server: Told, version: string): void {
  const { mcp_client_session_duration_seconds, mcp_server_session_duration_seconds } = otel
  server.registry
    .histogram(event.side === 'client' ? mcp_client_session_duration_seconds : mcp_server_session_duration_seconds)
    .with(server.label, event.reason === 'lost' ? 'lost' : '', version, networkOf(event))
    .observe(event.durationMs / 1000, event)
}

/** The JSON-RPC code as text, or `tool_error`, as the conventions have it; else how the request ended. Empty: well. */
function errorTypeOf({ outcome }: EventOf<'request.ended'>, code: string): string {
  if (outcome === 'ok') return ''
  return code || outcome
}

function versionLabel(version: string | undefined, { values }: Told): string {
  if (version === undefined) return ''
  return PROTOCOL_VERSION.test(version)
    ? values.of(otel.mcp_server_operation_duration_seconds, 'mcp_protocol_version', version)
    : 'other'
}

function networkOf({ transport }: Event): string {
  if (transport === undefined || transport === 'memory') return ''
  return transport === 'stdio' ? 'pipe' : 'tcp'
}

import { ERROR_REASONS, type EventOf } from '../event/index.js'

/**
 * JSON-RPC's and MCP's error codes in words (JSON-RPC 2.0, section 5.1; MCP 2025-11-25 and 2026-07-28). -32002 was
 * MCP's until 2026-07-28.
 */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['-32700', 'parse_error'],
  ['-32600', 'invalid_request'],
  ['-32601', 'method_not_found'],
  ['-32602', 'invalid_params'],
  ['-32603', 'internal_error'],
  ['-32002', 'resource_not_found'],
  ['-32020', 'header_mismatch'],
  ['-32021', 'missing_client_capability'],
  ['-32022', 'unsupported_protocol_version'],
  ['-32042', 'url_elicitation_required'],
])

/**
 * The `reason` of a failed request: a word for its error code, `server_error` for the rest of JSON-RPC's range for
 * servers (-32000 to -32099), `other` for codes that a server made up, and the outcome itself where there is no code.
 */
export function reasonLabel({ errorCode, outcome }: Pick<EventOf<'request.ended'>, 'errorCode' | 'outcome'>): string {
  if (errorCode === undefined) return outcome
  return REASONS.get(errorCode) ?? (/^-320\d\d$/.test(errorCode) ? 'server_error' : 'other')
}

const TOLD: ReadonlySet<string> = new Set(ERROR_REASONS)

/** The `reason` of an error that was told of by hand: itself where it is one that there is, else `other`. */
export function toldReasonLabel(reason: string): string {
  return TOLD.has(reason) ? reason : 'other'
}

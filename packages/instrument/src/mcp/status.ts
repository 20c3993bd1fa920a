import type { EventOf } from '../event/index.js'

/** How a request ended. */
export type Outcome = EventOf<'request.ended'>['outcome']

const BAD_ARGUMENTS: ReadonlySet<string> = new Set([
  '-32602', // Invalid params
  '-32600', // Invalid request
  '-32700', // Parse error
  '-32020', // Header mismatch
  '-32021', // Missing client capability
  '-32022', // Unsupported protocol version
])
const UNKNOWN: ReadonlySet<string> = new Set([
  '-32601', // Method not found
  '-32002', // Resource not found, before 2026-07-28
])

const STATUS: Readonly<Record<Outcome, number>> = {
  ok: 200,
  tool_error: 500,
  protocol_error: 500,
  cancelled: 499,
  timeout: 504,
  unanswered: 504,
  replaced: 499,
  transport_error: 502,
  process_exit: 502,
}

/**
 * An outcome as an HTTP-like number, equal on every transport. Result 200; bad arguments 400; unknown 404: an unknown
 * method or resource, or an error answer about a name that the server does not have (`unknownName`), since servers
 * disagree on how they say so. A code counts alike in an error answer and in the text of a result that is an error, where
 * some SDKs put it; cancelled and replaced 499; time-out and never answered 504; failed connection
 * or process 502; all other errors 500.
 */
export function statusOf(outcome: Outcome, errorCode?: string, unknownName = false): number {
  if (outcome === 'tool_error' && unknownName) return 404
  if ((outcome === 'protocol_error' || outcome === 'tool_error') && errorCode !== undefined) {
    if (unknownName || UNKNOWN.has(errorCode)) return 404
    if (BAD_ARGUMENTS.has(errorCode)) return 400
  }
  return STATUS[outcome]
}

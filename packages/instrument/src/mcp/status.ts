import type { EventOf } from '../event/index.js'

/** How a request ended. */
export type Outcome = EventOf<'request.ended'>['outcome']

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  '-32602': 400, // Invalid params
  '-32600': 400, // Invalid request
  '-32700': 400, // Parse error
  '-32020': 400, // Header mismatch
  '-32021': 400, // Missing client capability
  '-32022': 400, // Unsupported protocol version
  '-32601': 404, // Method not found
  '-32002': 404, // Resource not found, before 2026-07-28
}

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
  const isToolError = outcome === 'tool_error'
  if (unknownName && (isToolError || (outcome === 'protocol_error' && errorCode !== undefined))) return 404
  const ofCode = isToolError || outcome === 'protocol_error' ? STATUS_OF_CODE[errorCode ?? ''] : undefined
  return ofCode ?? STATUS[outcome]
}

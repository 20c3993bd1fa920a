import type { ChildExit } from '../../children/index.js'
import { ERRORS, type ErrorCode, type ErrorValues, vitalsError } from '../../errors/index.js'
import type { Hold } from './backoff.js'
import type { ServerContext, Startable } from './context.js'
import { CODES, errorMessage, type Refusal } from './respond.js'

/** A registered error as an answer to a client: with the next step, and its code in `data`. */
function failure<C extends ErrorCode>(status: number, code: C, values: ErrorValues<C>): Refusal {
  return {
    status,
    code: CODES.internalError,
    message: `${vitalsError(code, values).message} ${ERRORS[code].next}`,
    data: { code },
  }
}

/** What a client is told when the process it talks to ended, or never ran. */
export function processFailure(server: string, { command }: Startable, exit: ChildExit): Refusal {
  if (exit.startFailure === 'not_found') return failure(502, 'SERVER_NOT_FOUND', { server, command })
  if (exit.startFailure !== undefined) return failure(502, 'SERVER_NOT_STARTED', { server, command })
  const how = exit.signal ? `signal ${exit.signal}` : `exit status ${exit.code}`
  return failure(502, 'SERVER_ENDED', { server, how })
}

/** What a client is told of a server that was started and does not answer `initialize`. */
export function silence(server: string, timeoutMs: number): Refusal {
  return failure(504, 'SERVER_SILENT', { server, seconds: timeoutMs / 1000 })
}

/** What a client gets in place of an answer that is longer than the gateway takes, as one line. */
export function tooLongAnswer(server: string, id: string, limitBytes: number): { code: number; message: Buffer } {
  const refusal = failure(502, 'ANSWER_TOO_LONG', { server, limitBytes })
  return { code: refusal.code, message: Buffer.from(errorMessage({ ...refusal, id })) }
}

/** What a client is told when no further process may be started. */
export function tooManyChildren({ server, slots }: ServerContext): Refusal {
  const headers = { 'retry-after': String(slots.retryAfterSeconds()) }
  return { ...failure(503, 'TOO_MANY_CHILDREN', { server, limit: slots.limit }), headers }
}

/** What a client is told when the server's processes fail one after another, and the next start is not due. */
export function heldBack({ server }: ServerContext, { failure: last, failures, waitMs }: Hold): Refusal {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  const refusal = failure(503, 'SERVER_HELD_BACK', { server, failures, seconds })
  return {
    ...refusal,
    message: `${refusal.message} The last failure: ${last.message}`,
    data: { ...(refusal.data as object), retryAfterSeconds: seconds, cause: (last.data as { code?: string })?.code },
    headers: { 'retry-after': String(seconds) },
  }
}

/** How the connection to an HTTP server failed before its answer began; `reason` is a code or a few words of ours. */
export type LinkFault =
  | { readonly kind: 'connect timeout' | 'answer timeout' }
  | { readonly kind: 'unreachable' | 'broken off' | 'unreadable'; readonly reason: string }

/** What keeps a certificate from being trusted, by the code of the error (Node's tls, OpenSSL's x509_verify). */
const UNTRUSTED: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not known here',
  UNABLE_TO_GET_ISSUER_CERT: 'its authority is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not known here, or the server does not send the whole chain',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another name than that of `url`',
}

/** What a client is told when an HTTP server could not be reached, or gave no answer. */
export function linkFailure({ server, options }: ServerContext, fault: LinkFault): Refusal {
  switch (fault.kind) {
    case 'connect timeout': {
      const reason = `no connection within ${options.connectTimeoutMs / 1000} s`
      return failure(504, 'UPSTREAM_UNREACHABLE', { server, reason })
    }
    case 'answer timeout':
      return failure(504, 'UPSTREAM_SILENT', { server, seconds: (options.responseTimeoutMs ?? 0) / 1000 })
    case 'unreachable':
      if (Object.hasOwn(UNTRUSTED, fault.reason))
        return failure(502, 'UPSTREAM_UNTRUSTED', { server, reason: UNTRUSTED[fault.reason]! })
      return failure(502, 'UPSTREAM_UNREACHABLE', { server, reason: fault.reason })
    case 'broken off':
      return failure(502, 'UPSTREAM_BROKEN_OFF', { server, reason: fault.reason })
    case 'unreadable':
      return failure(502, 'UPSTREAM_UNREADABLE', { server, reason: fault.reason })
  }
}

/** What a client is told whose session ended, or never was. */
export const NO_SESSION: Refusal = {
  status: 404,
  code: CODES.sessionNotFound,
  message: 'Session not found: begin a new one with `initialize`.',
}

/** What a client of HTTP+SSE is told whose event stream ended, or never was. */
export const NO_STREAM: Refusal = {
  status: 404,
  code: CODES.sessionNotFound,
  message:
    'Session not found: its event stream has ended. Begin a new one with GET, and POST to the address that it gives.',
}

/** What a client of HTTP+SSE is told where the server's stream names no address for POSTs that the gateway may use. */
export function endpointRefused(server: string, reason: string): Refusal {
  return failure(502, 'ENDPOINT_REFUSED', { server, reason })
}

/** What a client is told while the gateway stops. */
export const STOPPING: Refusal = {
  status: 503,
  code: CODES.transport,
  message: 'The gateway is stopping.',
  headers: { 'retry-after': '5', connection: 'close' },
}

/** What a client is told whose path leads out of what the configuration opens. */
export const OUTSIDE: Refusal = {
  status: 404,
  code: CODES.transport,
  message: 'This path leads out of the address of the server, so nothing is served there.',
}

/** What a client is told when a server reads its input too slowly. */
export const OVERLOADED: Refusal = {
  status: 503,
  code: CODES.transport,
  message: 'The server does not read what it was sent.',
  headers: { 'retry-after': '1' },
}

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { shareWithPage } from './cors.js'
import type { Exchange } from './exchange.js'

/** A refusal or failure, told to the client as a JSON-RPC error over HTTP. */
export interface Refusal {
  readonly status: number
  /** JSON-RPC error code. */
  readonly code: number
  readonly message: string
  /** The request's id as raw JSON text; `null` where unknown. */
  readonly id?: string | undefined
  readonly data?: unknown
  readonly headers?: OutgoingHttpHeaders
  /** It refuses a notification, which JSON-RPC gives no response: the HTTP status alone says so. */
  readonly isMute?: boolean
}

/** JSON-RPC's own codes, and those that the MCP SDKs use for transports. */
export const CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  transport: -32000,
  sessionNotFound: -32001,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const

/** What a client is told where the gateway itself failed. */
export const FAULT: Refusal = {
  status: 500,
  code: CODES.internalError,
  message: 'The gateway failed at this request.',
}

/** The JSON text of an error answer. */
export function errorMessage({
  code,
  message,
  id = 'null',
  data,
}: Pick<Refusal, 'code' | 'message' | 'id' | 'data'>): string {
  return `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify({ code, message, data })}}`
}

/** Answers with an error body, or without one where nobody may be answered. Once an answer has begun, the connection is cut instead: the client must see a break. */
export function refuse(exchange: Exchange, refusal: Refusal): void {
  const { res } = exchange
  if (res.headersSent) {
    if (!res.writableEnded) res.destroy()
    return
  }
  shareWithPage(exchange)
  if (refusal.isMute) {
    res.writeHead(refusal.status, { ...refusal.headers, 'content-length': 0 }).end()
    return
  }
  const body = Buffer.from(errorMessage(refusal))
  exchange.responseBytes += body.length
  res.writeHead(refusal.status, {
    ...refusal.headers,
    'content-type': 'application/json',
    'content-length': body.length,
  })
  res.end(body)
}

/** Answers without a body. */
export function acknowledge(exchange: Exchange, status: number): void {
  if (!exchange.res.headersSent) exchange.res.writeHead(status, { 'content-length': 0 }).end()
}

/** Closes a connection; resolves when everybody who listens has heard of it. */
export function cut(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (res.closed) resolve()
    else res.once('close', resolve).destroy()
  })
}

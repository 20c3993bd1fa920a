import type { IncomingHttpHeaders } from 'node:http'
import { decodedHeader, headerOf } from './http-headers.js'
import { jsonOf, type Message } from './message.js'
import { CODES, type Refusal } from './respond.js'

/** Revisions that open a session with `initialize`. */
export const LEGACY_VERSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const
/** First of the revisions without sessions. Revisions are dates, so they compare as text. */
export const FIRST_MODERN_VERSION = '2026-07-28'

/** Where one POST to a stdio server goes. */
export type Route =
  | { readonly to: 'refusal'; readonly refusal: Refusal }
  /** The shared process of the modern era; always one message. */
  | { readonly to: 'shared'; readonly message: Message }
  | { readonly to: 'new session' }
  | { readonly to: 'session'; readonly id: string }

/** Decides by what the body says of itself first, and by the headers where it says nothing. */
export function route(headers: IncomingHttpHeaders, messages: readonly Message[], batch: boolean): Route {
  const version = headerOf(headers, 'mcp-protocol-version')
  const session = headerOf(headers, 'mcp-session-id')
  const claimed = messages.find((message) => message.modern)?.protocolVersion
  // A body that names a revision in `_meta` is of the modern era, whichever revision that is: the server tells which it has.
  const modern =
    claimed === undefined
      ? session === undefined && isModern(version)
      : !(LEGACY_VERSIONS as readonly string[]).includes(claimed)
  if (modern) {
    const refusal = batch
      ? refused(CODES.invalidRequest, 'This revision has no batches.')
      : mismatch(headers, messages[0]!, version)
    return refusal
      ? { to: 'refusal', refusal: { ...refusal, id: messages[0]!.id } }
      : { to: 'shared', message: messages[0]! }
  }
  const opens = messages.some(({ kind, method }) => kind === 'request' && method === 'initialize')
  if (session === undefined && opens) return { to: 'new session' }
  if (version !== undefined && !(LEGACY_VERSIONS as readonly string[]).includes(version))
    return refusal(`Unsupported protocol version (supported: ${LEGACY_VERSIONS.join(', ')}).`, messages)
  if (session === undefined) return refusal('The Mcp-Session-Id header is missing: begin with `initialize`.', messages)
  return { to: 'session', id: session }
}

/** True for a revision without sessions. */
export function isModern(version: string | undefined): boolean {
  return version !== undefined && /^\d{4}-\d\d-\d\d/.test(version) && version >= FIRST_MODERN_VERSION
}

function refusal(message: string, messages: readonly Message[]): Route {
  return { to: 'refusal', refusal: { ...refused(CODES.transport, `Bad Request: ${message}`), id: messages[0]?.id } }
}

function refused(code: number, message: string): Refusal {
  return { status: 400, code, message }
}

/** What every modern request carries in its `_meta`. */
const PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion'
const CLIENT_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'

/** What `Mcp-Name` repeats, by method. */
const NAMED: Readonly<Record<string, 'name' | 'uri' | 'taskId'>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
}

/** The modern rule that headers repeat the body and may not disagree with it; a request must carry them. */
function mismatch(headers: IncomingHttpHeaders, message: Message, version: string | undefined): Refusal | undefined {
  if (message.kind === 'response') return refused(CODES.invalidRequest, 'This revision has no requests of the server.')
  if (message.kind === 'notification') return undefined
  const params = paramsOf(message)
  for (const field of [PROTOCOL_VERSION, CLIENT_CAPABILITIES]) {
    if (params?._meta?.[field] === undefined)
      return refused(CODES.invalidParams, `\`params._meta\` must carry ${field}.`)
  }
  const source = NAMED[message.method ?? '']
  const expected: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['MCP-Protocol-Version', version, message.protocolVersion],
    ['Mcp-Method', headerOf(headers, 'mcp-method'), message.method],
    ...(source ? [['Mcp-Name', decodedHeader(headerOf(headers, 'mcp-name')), textOf(params?.[source])] as const] : []),
  ]
  for (const [name, header, body] of expected) {
    if (body !== undefined && header !== body)
      return refused(CODES.headerMismatch, `Bad Request: the ${name} header must repeat what the body says.`)
  }
  return undefined
}

interface Params extends Partial<Record<'name' | 'uri' | 'taskId', unknown>> {
  readonly _meta?: Readonly<Record<string, unknown>>
}

/** The parameters in full: the reader of heads cuts long names. */
function paramsOf(message: Message): Params | undefined {
  return (jsonOf(message) as { params?: Params }).params
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** HTTP status that goes with a modern JSON-RPC answer: errors of the protocol itself have one, a server's own have 200. */
export function statusOf(errorCode: string | undefined): number {
  switch (Number(errorCode)) {
    case CODES.methodNotFound:
      return 404
    case CODES.parseError:
    case CODES.invalidRequest:
    case CODES.headerMismatch:
    case CODES.missingCapability:
    case CODES.unsupportedVersion:
      return 400
    default:
      return 200
  }
}

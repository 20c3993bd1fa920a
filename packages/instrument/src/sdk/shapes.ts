/** What we need of the SDKs' objects, by shape: nothing of an SDK is imported, and any version that has this will do. */
import type { EventOf } from '../event/index.js'

/** How client and server are connected. */
export type TransportKind = NonNullable<EventOf<'request.started'>['transport']>

/** A transport of any SDK, as its interface `Transport` has it. */
export interface TransportLike {
  send: (...args: never[]) => unknown
  onmessage?: unknown
  onclose?: unknown
  sessionId?: string | undefined
}

/** A `Server` or `Client` of any SDK, or a `McpServer`, which has one. */
export interface Instrumentable {
  connect(...args: never[]): Promise<unknown>
}

/** What connects and closes: of a `McpServer`, the server in it. */
export interface Peer {
  connect: (...args: unknown[]) => unknown
  close?: ((...args: unknown[]) => unknown) | undefined
  /** The transport that it is connected to. */
  readonly transport?: unknown
}

/** The one that speaks MCP; `undefined` where there is none. */
export function peerOf(target: unknown): Peer | undefined {
  if (!isObject(target)) return undefined
  const inner = target.server
  if (isObject(inner) && typeof inner.connect === 'function') return inner as unknown as Peer
  return typeof target.connect === 'function' ? (target as unknown as Peer) : undefined
}

/** What a server or client calls itself; `undefined` where it does not say. */
export function ownName(peer: Peer): string | undefined {
  const { _serverInfo: info } = peer as { _serverInfo?: unknown }
  const name = isObject(info) ? info.name : undefined
  return typeof name === 'string' && name !== '' ? name : undefined
}

/** How a transport connects, by what it can do; any that is none of the SDKs' own counts as `memory`. */
export function kindOfTransport(transport: object): TransportKind {
  // Of servers: `handleRequest` (Streamable HTTP), `handleMessage` (SSE takes a POST; v2 serves one exchange by it).
  if ('handlePostMessage' in transport) return 'sse'
  if ('handleRequest' in transport || 'handleMessage' in transport) return 'http'
  if ('_stdin' in transport || '_process' in transport || 'wire' in transport || '_wire' in transport) return 'stdio'
  // Of clients.
  if ('terminateSession' in transport) return 'http'
  return '_endpoint' in transport || '_eventSource' in transport ? 'sse' : 'memory'
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

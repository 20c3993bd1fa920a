import type { Exchange } from './exchange.js'
import { isModern } from './routing.js'

/** Names the stream in the address of its POSTs. */
const SESSION_PARAMETER = 'sessionId'

/** What follows `/mcp/<name>`, cut before its query, which keeps its question mark. */
export function parsePath(rest: string): { readonly path: string; readonly query: string } {
  const at = rest.indexOf('?')
  return at < 0 ? { path: rest, query: '' } : { path: rest.slice(0, at), query: rest.slice(at) }
}

/**
 * The address for the POSTs of one stream, as the path of a URL at the same origin: every client takes that, and a reverse
 * proxy before us needs to know of nothing but `/mcp/`. `url`: of the GET that opened it.
 */
export function messageAddress(url: string | undefined, key: string): string {
  const [base] = /^\/mcp\/[^/?#]+/.exec(url ?? '') ?? ['']
  return `${base}/message?${SESSION_PARAMETER}=${key}`
}

/** The key of the stream that a POST names in its query; empty where there is none. */
export function keyIn(query: string): string {
  return new URLSearchParams(query).get(SESSION_PARAMETER) ?? ''
}

/**
 * True for the GET with which a client of the deprecated HTTP+SSE transport begins: at `/sse`, or at the server's own
 * address where it asks for an event stream by name and shows none of the headers of later revisions.
 */
export function opensOldStream({ req, header }: Exchange, path: string): boolean {
  if (req.method !== 'GET') return false
  if (path === '/sse') return !isModern(header('mcp-protocol-version'))
  const later = ['mcp-session-id', 'mcp-protocol-version', 'last-event-id']
  if (later.some((name) => header(name) !== undefined)) return false
  return /text\/event-stream/i.test(header('accept') ?? '')
}

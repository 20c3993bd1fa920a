import type { ServerToTry } from '../contract.js'
import { type Answered, ask, type Unanswered } from '../shared/web.js'

export type WebServer = Extract<ServerToTry, { readonly url: string }>

/** What a client of the legacy era asks first. */
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'mcp-vitals', version: '1' } },
})

/** Asks for a session of Streamable HTTP, as a client does. */
export function initialize({ url, headers }: WebServer, signal: AbortSignal): Promise<Answered | Unanswered> {
  return ask(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: INITIALIZE,
    signal,
    until: (text) => /^data:.*\r?\n\r?\n/m.test(text),
  })
}

/** Opens the stream of HTTP+SSE, as a client does, and reads its first event. */
export function openStream({ url, headers }: WebServer, signal: AbortSignal): Promise<Answered | Unanswered> {
  return ask(url, {
    headers: { ...headers, accept: 'text/event-stream' },
    signal,
    until: (text) => /^event: ?endpoint\b[\s\S]*?\r?\n\r?\n/m.test(text),
  })
}

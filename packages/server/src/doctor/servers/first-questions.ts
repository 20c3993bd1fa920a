import type { Patient, ServerToTry } from '../contract.js'
import { type Answered, ask, type Unanswered } from '../shared/web.js'

export type WebServer = Extract<ServerToTry, { readonly url: string }>

/** Most time that one question by hand may take, whatever a session may. Milliseconds. */
const PATIENCE_MS = 5_000

/** How long a question may take, and what ends it before. */
export interface Limits {
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

export const limitsOf = ({ signal, asked }: Pick<Patient, 'signal' | 'asked'>): Limits => ({
  signal,
  timeoutMs: Math.min(PATIENCE_MS, asked.timeoutMs),
})

/** What a client of the legacy era asks first. */
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'mcp-vitals', version: '1' } },
})

/** Asks for a session of Streamable HTTP, as a client does. */
export function initialize({ url, headers }: WebServer, limits: Limits): Promise<Answered | Unanswered> {
  return ask(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: INITIALIZE,
    ...limits,
    until: (text) => /^data:.*\r?\n\r?\n/m.test(text),
  })
}

/** Opens the stream of HTTP+SSE, as a client does, and reads its first event. */
export function openStream({ url, headers }: WebServer, limits: Limits): Promise<Answered | Unanswered> {
  return ask(url, {
    headers: { ...headers, accept: 'text/event-stream' },
    ...limits,
    until: (text) => /^event: ?endpoint\b[\s\S]*?\r?\n\r?\n/m.test(text),
  })
}

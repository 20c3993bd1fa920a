/** What is measured: a server of each SDK major, and a bare client that speaks to it over an in-memory pair. */
import { InMemoryTransport as ModernPair } from '@modelcontextprotocol/client'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { McpServer as ModernServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

const TEXT = 'x'.repeat(32 * 1024)
/** 32 KB of rows, as a tool that reads a table gives them. */
const ROWS = Array.from({ length: 420 }, (_, i) => ({
  id: i,
  title: `row ${i} of the table`,
  ok: i % 2 === 0,
  score: i / 7,
}))
const RESULTS = {
  echo: (text) => ({ content: [{ type: 'text', text }] }),
  text: () => ({ content: [{ type: 'text', text: TEXT }] }),
  rows: () => ({ content: [{ type: 'text', text: 'see below' }], structuredContent: { rows: ROWS } }),
}

/** The three tools, and `more` others that nobody calls. `around(name, handler)`: what is put around each by hand. */
export function makeServer(major, { more = 0, around = (_name, handler) => handler } = {}) {
  const server = new (major === 1 ? McpServer : ModernServer)({ name: 'bench', version: '1.0.0' })
  const inputSchema = major === 1 ? { text: z.string() } : z.object({ text: z.string() })
  const names = [...Object.keys(RESULTS), ...Array.from({ length: more }, (_, i) => `more_${i}`)]
  for (const name of names) {
    const make = RESULTS[name] ?? RESULTS.echo
    server.registerTool(
      name,
      { inputSchema },
      around(name, async ({ text }) => make(text)),
    )
  }
  return server
}

/**
 * Plays the client over a bare transport: the cheapest client there is, so that what is measured is the server. Resolves
 * with the answer to each request.
 */
export async function connect(major, server) {
  const [near, far] = (major === 1 ? InMemoryTransport : ModernPair).createLinkedPair()
  await server.connect(far)
  const waiting = new Map()
  near.onmessage = (message) => {
    waiting.get(message.id)?.(message)
    waiting.delete(message.id)
  }
  await near.start()
  let id = 0
  const ask = (method, params) =>
    new Promise((resolve) => {
      waiting.set(++id, resolve)
      void near.send({ jsonrpc: '2.0', id, method, params })
    })
  await ask('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1' },
  })
  void near.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  return { ask, close: () => near.close() }
}

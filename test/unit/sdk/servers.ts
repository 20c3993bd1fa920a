/** Servers and clients of both SDK majors over in-memory pairs, and what is said of them. */
import { Client as ModernClient, InMemoryTransport as ModernPair } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { McpServer as ModernServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Event, EventOf, EventType } from '../../../packages/instrument/src/event/index.js'
import { vitals } from '../../../packages/instrument/src/index.js'
import { Definitions } from '../../../packages/instrument/src/node/definitions.js'

const definitions = new Definitions()

/** Everything that is published from now on, until `stop`, with hashes as they are shipped. */
export function listen() {
  const events: Event[] = []
  vitals().hashOf = (definition) => definitions.hashOf(definition)
  const stop = vitals().attach((event) => events.push(event))
  events.length = 0
  const of = <T extends EventType>(type: T) => events.filter((event) => event.type === type) as unknown as EventOf<T>[]
  return { events, of, stop }
}

/** A server of the major with one tool that says what it hears, one that fails and one that throws. */
export function shop(major: 1 | 2) {
  const info = { name: 'shop', version: '1.2.3' }
  const schema = { text: z.string() }
  const say = async ({ text }: { text: string }) => ({ content: [{ type: 'text' as const, text }] })
  const fail = async () => ({ content: [{ type: 'text' as const, text: 'sold out' }], isError: true })
  const burst = async () => {
    throw new Error('burst pipe')
  }
  if (major === 1) {
    const server = new McpServer(info)
    server.registerTool('echo', { inputSchema: schema }, say)
    server.registerTool('fail', {}, fail)
    server.registerTool('burst', {}, burst)
    return server
  }
  const server = new ModernServer(info)
  server.registerTool('echo', { inputSchema: z.object(schema) }, say)
  server.registerTool('fail', {}, fail)
  server.registerTool('burst', {}, burst)
  return server
}

/** What connects a server and a client of the major. */
export const PAIRS = {
  1: { pair: () => InMemoryTransport.createLinkedPair(), client: () => new Client({ name: 'me', version: '9' }) },
  2: { pair: () => ModernPair.createLinkedPair(), client: () => new ModernClient({ name: 'me', version: '9' }) },
} as const

/** A client connected to a shop of the major, after `prepare`. */
export async function connected(major: 1 | 2, prepare: <T extends ReturnType<typeof shop>>(server: T) => T) {
  const server = shop(major)
  const [near, transport] = PAIRS[major].pair()
  prepare(server)
  await server.connect(transport)
  const client = PAIRS[major].client()
  await client.connect(near as never)
  return { server, client, transport }
}

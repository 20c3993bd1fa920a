/** Servers that are instrumented behind real transports. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from '@modelcontextprotocol/client'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createMcpHandler, type McpServer as ModernServer } from '@modelcontextprotocol/server'
import { afterEach, expect, it } from 'vitest'
import type { Event } from '../../../packages/instrument/src/event/index.js'
import { instrument } from '../../../packages/instrument/src/index.js'
import { createConversation, createServerMemory } from '../../../packages/instrument/src/mcp/index.js'
import { until } from '../../fixtures/until.js'
import { listen, shop } from './servers.js'

const CHANCE = ['at', 'durationMs', 'operation', 'session', 'sizeBytes', 'requestBytes', 'responseBytes', 'caller']
const essence = (events: readonly Event[]) =>
  events.map((event) => Object.fromEntries(Object.entries(event).filter(([key]) => !CHANCE.includes(key))))

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  closers.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  await once(server, 'listening')
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)
}

it('says of a stdio session what its bytes say', async () => {
  const child = spawn(process.execPath, [
    fileURLToPath(new URL('../../fixtures/instrumented-stdio.mjs', import.meta.url)),
  ])
  const outside: Event[] = []
  const conversation = createConversation({
    origin: { server: 'inside', session: 's', transport: 'stdio' },
    publish: (event) => outside.push(event),
    now: Date.now,
    clock: () => performance.now(),
    server: createServerMemory(),
  })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    err += chunk
  })
  const asked = conversation.lines('client_to_server')
  const answered = conversation.lines('server_to_client')
  let answers = ''
  child.stdout.on('data', (chunk: Buffer) => {
    answered.feed(chunk)
    answers += chunk
  })
  const requests = [
    {
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
    },
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/list' },
    {
      id: 3,
      method: 'tools/call',
      params: {
        name: 'echo',
        arguments: { text: 'é' },
        _meta: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
      },
    },
    { id: 4, method: 'tools/call', params: { name: 'fail' } },
    { id: 5, method: 'nothing/there' },
  ]
  for (const request of requests) {
    const line = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...request })}\n`)
    asked.feed(line)
    child.stdin.write(line)
    // One after the other, since the order of the two directions is not to be seen from outside.
    const token = `"id":${request.id}`
    if (request.id)
      await until(
        () => answers.includes(token),
        20_000,
        () => `no answer to ${token}: ${answers}${err}`,
      )
  }
  child.stdin.end()
  await once(child, 'close')
  conversation.close('cancelled', 'server')
  const inside = err
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)
  expect(essence(inside)).toEqual(essence(outside))
  expect(inside.find(({ traceId }) => traceId !== undefined)).toMatchObject({ traceId: 'a'.repeat(32) })
})

it('knows a session over HTTP, from its first request to its DELETE', async () => {
  const heard = listen()
  let transport: StreamableHTTPServerTransport | undefined
  const url = await serve(async (request, response) => {
    if (!transport) {
      transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => 'the-id' })
      await instrument(shop(1)).connect(transport as never)
    }
    await transport.handleRequest(request, response)
  })
  const link = new StreamableHTTPClientTransport(url)
  const client = new Client({ name: 'me', version: '1' })
  await client.connect(link as never)
  await client.callTool({ name: 'echo', arguments: { text: 'a' } })
  await link.terminateSession()
  await client.close()
  heard.stop()
  const [opened] = heard.of('session.opened')
  expect(opened).toMatchObject({ transport: 'http', era: 'legacy', clientName: 'me' })
  expect(opened?.session).not.toContain('the-id')
  expect(new Set(heard.events.map(({ session }) => session)).size).toBe(1)
  expect(heard.of('session.closed')).toMatchObject([{ reason: 'client' }])
  expect(heard.of('request.ended').map(({ method }) => method)).toEqual(['initialize', 'tools/call'])
})

it('has no sessions where each request has a server of its own', async () => {
  const heard = listen()
  const legacy = await serve(async (request, response) => {
    const transport = new StreamableHTTPServerTransport({})
    await instrument(shop(1)).connect(transport as never)
    await transport.handleRequest(request, response)
  })
  const client = new Client({ name: 'me', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(legacy) as never)
  await client.callTool({ name: 'echo', arguments: { text: 'a' } })
  await client.close()
  const modern = await serve(
    toNodeHandler(createMcpHandler(() => instrument(shop(2)) as unknown as ModernServer)) as RequestListener,
  )
  const newer = new ModernClient({ name: 'me', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  await newer.connect(new ModernHttp(modern))
  await newer.callTool({ name: 'fail', arguments: {} })
  await newer.callTool({ name: 'nothing', arguments: {} }).catch(() => {})
  await newer.close()
  heard.stop()
  const ended = heard
    .of('request.ended')
    .map(({ method, name, outcome, transport }) => [method, name, outcome, transport])
  expect(ended).toContainEqual(['tools/call', 'echo', 'ok', 'http'])
  expect(ended).toContainEqual(['tools/call', 'fail', 'tool_error', 'http'])
  expect(ended).toContainEqual(['tools/call', 'nothing', 'protocol_error', 'http'])
  expect(heard.of('request.started')).toHaveLength(ended.length)
  expect(heard.events.filter(({ session }) => session !== undefined)).toEqual([])
})

import { createServer, type Server, type ServerResponse } from 'node:http'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterEach, expect, test } from 'vitest'
import { type Harness, listen, serve, until, url } from './gateway-harness.js'

let harness: Harness
let server: Server
afterEach(async () => {
  await harness.stop()
  server.closeAllConnections()
  server.close()
})

/** An HTTP server with sessions, whose tool calls are left to `onCall`. */
function sessions(onCall: (res: ServerResponse, id: unknown) => void): Server {
  return createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', () => {
      const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString() || '{}')
      if (method === 'tools/call') return onCall(res, id)
      if (id === undefined) return res.writeHead(req.method === 'POST' ? 202 : 405).end()
      const about = { capabilities: { tools: {} }, serverInfo: { name: 'slow', version: '1' } }
      const result = { protocolVersion: params.protocolVersion, ...about }
      const headers = { 'content-type': 'application/json', 'mcp-session-id': 'session-1' }
      res.writeHead(200, headers).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    })
  })
}

async function connectV1(): Promise<Client> {
  const client = new Client({ name: 'test-client', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(harness.address('slow')))
  return client
}

const stream = (res: ServerResponse) => res.writeHead(200, { 'content-type': 'text/event-stream' })

// The grace is longer than any test: a stop that waited it out would not pass.
const LONG_MS = 86_400_000

test.each([
  ['before its answer', () => {}],
  ['in its stream', (res: ServerResponse) => stream(res).flushHeaders()],
])('a stop does not wait for a call that its client cancelled %s', async (_, onCall) => {
  server = sessions(onCall)
  harness = await serve({ slow: url(await listen(server)) }, { stopGraceMs: LONG_MS })
  const client = await connectV1()
  const taking = new AbortController()
  const call = client.callTool({ name: 'hang', arguments: {} }, undefined, { signal: taking.signal })
  const taken = expect(call).rejects.toThrow('taken back')
  await until(() => harness.ofType('request.started').some(({ name }) => name === 'hang'), 'it is in flight')
  taking.abort('taken back')
  await taken
  await until(() => harness.ofType('request.ended').some(({ outcome }) => outcome === 'cancelled'), 'it is cancelled')
  await until(() => harness.gateway.stats().inFlight === 1, 'the call alone is open')
  await harness.gateway.stop()
  await client.close()
})

test('a stop waits for the answer of a call, and not for what its stream might bring afterwards', async () => {
  let answer: (() => void) | undefined
  server = sessions((res, id) => {
    stream(res).flushHeaders()
    answer = () => res.write(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } })}\n\n`)
  })
  harness = await serve({ slow: url(await listen(server)) }, { stopGraceMs: LONG_MS })
  const client = await connectV1()
  const call = client.callTool({ name: 'slow', arguments: {} })
  await until(() => answer !== undefined, 'the call is in flight')
  const stopped = harness.gateway.stop()
  answer?.()
  expect(await call).toMatchObject({ content: [] })
  await stopped
  await client.close()
})

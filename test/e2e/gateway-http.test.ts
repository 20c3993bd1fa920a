import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { exchangeRaw } from '../fixtures/wire.js'
import { promises } from '../requirements.js'
import {
  callText,
  connect,
  fixture,
  type Harness,
  listen,
  REAL,
  serve,
  startHttpServer,
  until,
  url,
} from './gateway-harness.js'

type Handler = (req: IncomingMessage, res: ServerResponse, body: string) => void

let harness: Harness
let everything: Awaited<ReturnType<typeof startHttpServer>>
let fastmcp: Awaited<ReturnType<typeof startHttpServer>>
let raw: Server
let answer: Handler

beforeAll(async () => {
  everything = await startHttpServer(
    () => [REAL.everything, 'streamableHttp'],
    (port) => ({ PORT: String(port) }),
  )
  fastmcp = await startHttpServer((port) => [fixture('fastmcp-server.mjs'), String(port)])
  raw = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', () => answer(req, res, Buffer.concat(chunks).toString()))
  })
  const address = await listen(raw)
  harness = await serve(
    {
      everything: url(everything.address),
      fastmcp: url(fastmcp.address),
      raw: { ...url(`${address}/base/mcp?fixed=1`), headers: { 'X-Own': 'entry', 'X-Both': 'entry' } },
      refused: url('http://127.0.0.1:1/mcp'),
    },
    { connectTimeoutMs: 5_000 },
  )
})
afterAll(async () => {
  await harness.stop()
  raw.closeAllConnections()
  raw.close()
  everything.process.kill()
  fastmcp.process.kill()
})
beforeEach(() => {
  harness.events.length = 0
})

test('everything over its own HTTP, with both clients', async () => {
  const { client, transport, call } = await connect(harness.address('everything'))
  expect(await call('echo', { message: 'hello' })).toBe('Echo: hello')
  const progress: number[] = []
  await client.callTool(
    { name: 'trigger-long-running-operation', arguments: { duration: 0.2, steps: 4 } },
    { onprogress: (notice) => progress.push(notice.progress) },
  )
  expect(progress).toEqual([1, 2, 3, 4])
  await transport.terminateSession()
  await client.close()
  const old = new ClientV1({ name: 'v1', version: '1.0.0' })
  await old.connect(new TransportV1(harness.address('everything')))
  expect(await callText(old, 'echo', { message: 'v1' })).toBe('Echo: v1')
  await old.close()
})

test('fastmcp over its own HTTP', async () => {
  const { client, call } = await connect(harness.address('fastmcp'))
  expect(await call('add', { a: 2, b: 3 })).toBe('5')
  await client.close()
})

/** Sends exact header lines, and gives the answer as it came. */
function send(path: string, headers: string[], body = '', method = 'POST') {
  return new Promise<{ status: number; headers: string[]; body: Buffer }>((resolve, reject) => {
    const sent = request(`${harness.origin}${path}`, { method, headers }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk) => chunks.push(chunk))
      res.on('end', () => resolve({ status: res.statusCode!, headers: res.rawHeaders, body: Buffer.concat(chunks) }))
      res.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

test('headers, path, query and body pass as they are; those of one connection do not', async () => {
  let seen: { url?: string | undefined; headers: string[]; body: string } = { headers: [], body: '' }
  answer = (req, res, body) => {
    seen = { url: req.url, headers: req.rawHeaders, body }
    res.writeHead(207, 'Odd Reason', [
      'X-One',
      '1',
      'Set-Cookie',
      'a=1',
      'Set-Cookie',
      'b=2',
      'x-ONE',
      '2',
      'Content-Length',
      '3',
    ])
    res.end('abc')
  }
  const sent = ['Host', 'localhost', 'X-Odd-CASE', 'a', 'mcp-PARAM-x', 'b', 'X-Odd-CASE', 'c', 'X-Both', 'client']
  const dropped = ['Keep-Alive', 'timeout=9', 'X-Hop', 'h', 'Connection', 'X-Hop']
  const got = await send('/mcp/raw/more?q=1', [...sent, ...dropped, 'Content-Length', '2'], '{}')
  expect(seen.url).toBe('/base/mcp/more?fixed=1&q=1')
  const host = seen.headers[1]
  expect(host).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(seen.headers).toEqual([
    ...sent.with(1, host!),
    'Content-Length',
    '2',
    'X-Own',
    'entry',
    'Connection',
    'keep-alive',
  ])
  expect(seen.body).toBe('{}')
  expect(got.status).toBe(207)
  expect(got.headers.slice(0, 10)).toEqual([
    'X-One',
    '1',
    'Set-Cookie',
    'a=1',
    'Set-Cookie',
    'b=2',
    'x-ONE',
    '2',
    'Content-Length',
    '3',
  ])
  expect(got.body.toString()).toBe('abc')
})

test('401 and its challenge pass untouched', async () => {
  answer = (_, res) => res.writeHead(401, { 'WWW-Authenticate': 'Bearer resource_metadata="x"' }).end('no')
  const got = await send('/mcp/raw', ['Host', 'localhost', 'Content-Length', '2'], '{}')
  expect([got.status, got.headers.slice(0, 2), got.body.toString()]).toEqual([
    401,
    ['WWW-Authenticate', 'Bearer resource_metadata="x"'],
    'no',
  ])
})

test('each event passes when it is written, not when the stream ends', async () => {
  let upstream: ServerResponse | undefined
  answer = (_, res) => {
    upstream = res
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  }
  const response = await fetch(harness.address('raw'), { method: 'POST', body: '{}' })
  const reader = response.body!.getReader()
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    upstream!.write(event)
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(event)
  }
  upstream!.end()
  expect((await reader.read()).done).toBe(true)
})

test('a client that leaves takes its upstream request with it', async () => {
  let closed = false
  answer = (_, res) => {
    res.on('close', () => {
      closed = true
    })
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  }
  const stop = new AbortController()
  await fetch(harness.address('raw'), { method: 'POST', body: '{}', signal: stop.signal })
  stop.abort()
  await until(() => closed, 'the upstream request was closed')
})

const CALL = JSON.stringify({ jsonrpc: '2.0', id: 'c-1', method: 'tools/call', params: { name: 'add', arguments: {} } })
const RESULT = JSON.stringify({ jsonrpc: '2.0', id: 'c-1', result: { content: [] } })
const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: CALL }

test.each([
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
  ['deflate', deflateSync],
])('a compressed answer (%s) passes as it is, and its copy is understood', async (encoding, compress) => {
  const compressed = compress(RESULT)
  answer = (_, res) =>
    res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding }).end(compressed)
  const got = await send('/mcp/raw', ['Host', 'localhost', 'Content-Length', String(CALL.length)], CALL)
  expect(got.body).toEqual(compressed)
  await until(() => harness.ofType('request.ended').length === 1, 'the call was understood')
  expect(harness.ofType('request.ended')[0]).toMatchObject({ name: 'add', outcome: 'ok' })
})

test('what is compressed for its way alone passes to who knows of ways, and is understood', async () => {
  const compressed = gzipSync(RESULT)
  answer = (_, res) =>
    res.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'gzip, chunked' }).end(compressed)
  const got = await send('/mcp/raw', ['Host', 'localhost', 'Content-Length', String(CALL.length)], CALL)
  expect(got.headers).toContain('gzip, chunked')
  expect(got.body).toEqual(compressed)
  await until(() => harness.ofType('request.ended').length === 1, 'the call was understood')
  expect(harness.ofType('request.ended')[0]).toMatchObject({ name: 'add', outcome: 'ok' })

  const head = `POST /mcp/raw HTTP/1.0\r\nHost: localhost\r\nContent-Length: ${CALL.length}\r\n\r\n`
  const old = await exchangeRaw(Number(new URL(harness.origin).port), Buffer.from(head + CALL))
  expect(old.toString('latin1')).toMatch(/^HTTP\/1\.1 502 .*its head could not be written/s)
  expect(old.toString('latin1').toLowerCase()).not.toContain('transfer-encoding')
})

test.each([
  ['Application/JSON; Charset=UTF-8', RESULT],
  ['application/json ;charset=utf-8', RESULT],
  ['Text/Event-Stream;charset=utf-8', `data: ${RESULT}\n\n`],
])('an answer of the type %s is understood', async (type, body) => {
  answer = (_, res) => res.writeHead(200, { 'content-type': type }).end(body)
  await send('/mcp/raw', ['Host', 'localhost', 'Content-Length', String(CALL.length)], CALL)
  await until(() => harness.ofType('request.ended').length === 1, 'the call was understood')
  expect(harness.ofType('request.ended')[0]).toMatchObject({ name: 'add', outcome: 'ok' })
})

test.each([
  ['an unknown encoding', 'zstd'],
  ['a broken one', 'gzip'],
])('%s passes, and is told as unreadable', async (_, encoding) => {
  answer = (_req, res) =>
    res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding }).end('not compressed')
  const got = await send('/mcp/raw', ['Host', 'localhost', 'Content-Length', String(CALL.length)], CALL)
  expect(got.body.toString()).toBe('not compressed')
  await until(() => harness.ofType('request.ended').length === 1, 'the call ended')
  expect(harness.ofType('unreadable')).toMatchObject([{ reason: 'encoding' }])
  expect(harness.ofType('request.ended')).toMatchObject([{ outcome: 'transport_error' }])
})

test('lists of tools tell apart whom they were shown to, by a pseudonym of what the server got', async () => {
  answer = (_, res) =>
    res
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"add"}]}}')
  const list = (shown: string, capabilities: object) => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } })
    const own = ['MCP-Protocol-Version', '2026-07-28', 'Authorization', shown]
    return send('/mcp/raw', ['Host', 'localhost', 'Content-Length', String(body.length), ...own], body)
  }
  for (const shown of ['Bearer ada', 'Bearer bob', 'Bearer ada']) await list(shown, {})
  await list('Bearer ada', { elicitation: {} })
  await until(() => harness.ofType('tools.listed').length === 4, 'the lists were seen')
  const callers = harness.ofType('tools.listed').map(({ caller }) => caller!)
  expect(callers[2]).toBe(callers[0])
  expect(new Set(callers).size).toBe(3)
  expect(callers.join()).not.toMatch(/ada|bob/)
})

test('a session is opened once, named by a pseudonym, and closed by DELETE', async () => {
  const { client, transport, call } = await connect(harness.address('everything'))
  const id = transport.sessionId!
  await call('echo', { message: 'hello' })
  await transport.terminateSession()
  await client.close()
  await until(() => harness.ofType('session.closed').length === 1, 'the session is closed')
  const [opened] = harness.ofType('session.opened')
  expect(opened).toMatchObject({ server: 'everything', transport: 'http', era: 'legacy', clientName: 'test-client' })
  expect(harness.ofType('session.closed')).toMatchObject([{ session: opened!.session, reason: 'client' }])
  expect(JSON.stringify(harness.events)).not.toContain(id)
  const calls = harness.ofType('request.ended').filter(({ method }) => method === 'tools/call')
  expect(calls).toMatchObject([{ name: 'echo', outcome: 'ok', session: opened!.session }])
  const http = harness.ofType('http')
  expect(http.filter(({ durationMs }) => durationMs === undefined).map(({ method }) => method)).toEqual(['GET'])
  expect(http.find(({ method }) => method === 'DELETE')).toMatchObject({ path: '/mcp/everything', status: 200 })
})

test('a server that refuses the connection is 502 with a reason and the call’s id', async () => {
  const response = await fetch(harness.address('refused'), json)
  expect(response.status).toBe(502)
  expect(await response.json()).toMatchObject({
    jsonrpc: '2.0',
    error: {
      message: expect.stringMatching(/refused could not be reached.*ECONNREFUSED/),
      data: { code: 'UPSTREAM_UNREACHABLE' },
    },
  })
  await until(() => harness.ofType('request.ended').length === 1, 'the call ended')
  expect(harness.ofType('request.ended')).toMatchObject([{ outcome: 'transport_error' }])
})

test('a server that breaks off in its answer breaks off the client’s', async () => {
  answer = (_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write(': begun\n\n', () => res.destroy())
  }
  const response = await fetch(harness.address('raw'), json)
  await expect(response.text()).rejects.toThrow()
  await until(() => harness.ofType('request.ended').length === 1, 'the call ended')
  expect(harness.ofType('request.ended')).toMatchObject([{ outcome: 'transport_error' }])
})

/** Begins a call of a session, and leaves once the answer began with these bytes. */
async function leaveCall(begun: string): Promise<void> {
  answer = (_, res) => res.writeHead(200, { 'content-type': 'text/event-stream' }).write(begun)
  const stop = new AbortController()
  const response = await fetch(harness.address('raw'), { ...json, headers: inSession, signal: stop.signal })
  await response.body!.getReader().read()
  stop.abort()
  await until(() => harness.ofType('http').length === 1, 'the exchange is over')
}
const inSession = { ...json.headers, 'mcp-session-id': 'known' }

test('a client that leaves a call of a session leaves it open where the answer may be fetched later', async () => {
  await leaveCall('id: 1\ndata:\n\n')
  expect(harness.ofType('request.ended')).toEqual([])
  answer = (_, res) => res.writeHead(404).end()
  const body = '{"jsonrpc":"2.0","method":"x"}'
  await fetch(harness.address('raw'), { method: 'POST', headers: inSession, body })
  await until(() => harness.ofType('request.ended').length === 1, 'the end of the session ends it')
})

test('a client that leaves a call of a session cancels it where nothing can be fetched later', async () => {
  await leaveCall(': begun\n\n')
  expect(harness.ofType('request.ended')).toMatchObject([{ name: 'add', outcome: 'cancelled' }])
})

test(promises('F3.http.post-duration'), async () => {
  let upstream: ServerResponse | undefined
  answer = (_, res) => {
    upstream = res
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${RESULT}\n\n`)
  }
  const began = performance.now()
  const response = await fetch(harness.address('raw'), json)
  const reader = response.body!.getReader()
  await reader.read()
  const answered = performance.now()
  // The server holds the stream open for more, which is no part of the answer.
  upstream!.write(': later\n\n')
  await reader.read()
  await until(() => performance.now() > answered + 5, 'time passed')
  upstream!.end()
  await reader.read()
  await until(() => harness.ofType('http').length === 1, 'the exchange is over')
  expect(harness.ofType('http')[0]!.durationMs).toBeLessThanOrEqual(answered - began)
})

/** What a browser asks of the gateway on behalf of a page, and what the page may read. */
import { createServer, request, type Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { listen } from './gateway-harness.js'

const LEGACY = fileURLToPath(new URL('../fixtures/legacy-server.mjs', import.meta.url))
const PAGE = 'https://inspector.example'

let daemon: RunningDaemon
let upstream: Server

beforeAll(async () => {
  upstream = createServer((req, res) =>
    res.writeHead(req.method === 'OPTIONS' ? 204 : 200, { 'access-control-allow-origin': 'the-server-s-own' }).end(),
  )
  daemon = await startDaemon({
    config: {
      listen: { allowedOrigins: [PAGE] },
      servers: {
        legacy: { command: process.execPath, args: [LEGACY] },
        http: { url: await listen(upstream) },
        dead: { url: 'http://127.0.0.1:1/mcp' },
      },
    },
  })
})
afterAll(async () => {
  await daemon.stop()
  upstream.closeAllConnections()
  upstream.close()
})

/** A browser sets these headers itself, so fetch would not let us. */
function ask(server: string, method: string, headers: Record<string, string>, body = '') {
  return new Promise<{ status: number; cors: Record<string, unknown>; headers: Record<string, unknown> }>((resolve) => {
    const sent = request(`${daemon.url}/mcp/${server}`, { method, headers }, (res) => {
      const cors = Object.entries(res.headers).filter(([name]) => name.startsWith('access-control-'))
      res
        .resume()
        .once('end', () => resolve({ status: res.statusCode!, cors: Object.fromEntries(cors), headers: res.headers }))
    })
    sent.end(body)
  })
}

const PREFLIGHT = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'content-type,mcp-session-id,mcp-param-region',
}
const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'page', version: '1' } },
})
const EXPOSED = 'Mcp-Session-Id, WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy'

test.each([['http://localhost:6274'], [PAGE]])('a page of %s may open a session and read its id', async (origin) => {
  const preflight = await ask('legacy', 'OPTIONS', { origin, ...PREFLIGHT })
  expect(preflight).toMatchObject({ status: 204, headers: { vary: 'Origin' } })
  expect(preflight.cors).toEqual({
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, POST, DELETE',
    'access-control-allow-headers': 'content-type,mcp-session-id,mcp-param-region',
    'access-control-expose-headers': EXPOSED,
    'access-control-max-age': '600',
  })
  const shared = { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED }
  const opened = await ask('legacy', 'POST', { origin, ...JSON_HEADERS }, INITIALIZE)
  expect([opened.status, opened.cors]).toEqual([200, shared])
  const session = { 'mcp-session-id': String(opened.headers['mcp-session-id']) }
  const ended = await ask('legacy', 'DELETE', { origin, ...session })
  expect([ended.status, ended.cors]).toEqual([200, shared])
  // Our own errors are for the page to read as well, in front of whatever server.
  const refused = await ask(
    'legacy',
    'POST',
    { origin, ...JSON_HEADERS, ...session },
    INITIALIZE.replace('initialize', 'ping'),
  )
  expect([refused.status, refused.cors]).toEqual([404, shared])
  const dead = await ask('dead', 'POST', { origin, ...JSON_HEADERS }, INITIALIZE)
  expect([dead.status, dead.cors]).toEqual([502, shared])
})

test('a page of another origin is refused before anything runs, and can read nothing', async () => {
  for (const method of ['OPTIONS', 'POST'])
    expect(await ask('legacy', method, { origin: 'https://evil.example', ...PREFLIGHT })).toMatchObject({
      status: 403,
      cors: {},
    })
})

test('a program sends no origin, and gets no headers for pages; OPTIONS is no method of MCP', async () => {
  const opened = await ask('legacy', 'POST', JSON_HEADERS, INITIALIZE)
  expect([opened.status, opened.cors, opened.headers.vary]).toEqual([200, {}, undefined])
  expect((await ask('legacy', 'OPTIONS', {})).status).toBe(405)
})

test('an HTTP server answers for itself', async () => {
  const own = { 'access-control-allow-origin': 'the-server-s-own' }
  const origin = 'http://localhost:6274'
  expect((await ask('http', 'OPTIONS', { origin, ...PREFLIGHT })).cors).toEqual(own)
  expect((await ask('http', 'POST', { origin, ...JSON_HEADERS }, INITIALIZE)).cors).toEqual(own)
})

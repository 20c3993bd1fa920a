/** The daemon's own first look at its servers, where these do not do what it hopes for. */

import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { daemonOfTest, type RunningDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { code, listen } from './gateway-harness.js'

let server: Server
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** Starts a server whose answers are `serve`'s; gives its address, and the requests that it got. */
async function serverWith(serve: (method: string, id: unknown, req: IncomingMessage, res: ServerResponse) => void) {
  const got: string[] = []
  server = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { id?: unknown; method?: string }
    const asked = method ?? String(req.method)
    got.push(asked)
    serve(asked, id, req, res)
  })
  return { url: `${await listen(server)}/mcp`, got }
}

function greet(id: unknown, res: ServerResponse, capabilities: object): void {
  const result = { protocolVersion: '2025-06-18', capabilities, serverInfo: { name: 'slow', version: '1' } }
  const headers = { 'content-type': 'application/json', 'mcp-session-id': 'session-1' }
  res.writeHead(200, headers).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
}

const events = (daemon: RunningDaemon) => daemon.lines().map(({ event }) => event)

/** Stops a daemon in the middle of its look. What waited for the look's own time-out would say of it that nobody answered. */
async function stopsAtOnce(daemon: RunningDaemon): Promise<void> {
  const stderr = daemon.stderr()
  expect(await daemon.stop()).toEqual({ code: 0, signal: null })
  expect(events(daemon)).not.toContain('server_silent')
  expect(daemon.stderr()).toBe(stderr)
}

test.each(['http', 'sse'])('a stop does not wait for a server over %s that never answers', async (transport) => {
  const { url, got } = await serverWith(() => {})
  const daemon = await daemonOfTest({ config: { servers: { mute: { url, transport } } } })
  await until(
    () => got.length > 0,
    20_000,
    () => 'it was never looked at',
  )
  await stopsAtOnce(daemon)
})

test('nor for a stdio server that never answers', async () => {
  const daemon = await daemonOfTest({ config: { servers: { mute: code('process.stdin.resume()') } } })
  await until(
    () => events(daemon).includes('process_started'),
    20_000,
    () => 'it was never started',
  )
  await stopsAtOnce(daemon)
})

test('nor for one that hangs over its tools, and over the end of its session', async () => {
  const { url, got } = await serverWith((method, id, _, res) => {
    if (method === 'initialize') greet(id, res, { tools: {} })
    else if (method === 'server/discover' || method === 'GET') res.writeHead(404).end()
    else if (method.startsWith('notifications/')) res.writeHead(202).end()
  })
  const daemon = await daemonOfTest({ config: { servers: { mute: { url } } } })
  await until(
    () => got.includes('tools/list'),
    20_000,
    () => `it was never asked for its tools: ${got.join(', ')}`,
  )
  await stopsAtOnce(daemon)
  expect(got).toContain('DELETE')
})

test('a server without tools has none, and the log stays one of JSON lines', async () => {
  const { url } = await serverWith((method, id, _, res) => {
    if (method === 'initialize') greet(id, res, {})
    else if (method === 'server/discover' || method === 'GET') res.writeHead(404).end()
    else res.writeHead(202).end()
  })
  const daemon = await daemonOfTest({ config: { servers: { bare: { url } } } })
  await until(
    () => daemon.stdout().includes('Server bare answers: 0 tools'),
    20_000,
    () => daemon.stdout(),
  )
  await daemon.stop()
  expect(daemon.lines().length).toBeGreaterThan(0)
})

test('a wrong address is told by its status; a server that is changed meanwhile is looked at as it is now, once', async () => {
  let isCut = false
  const { url } = await serverWith(async (method, id, req, res) => {
    if (req.url === '/mute') {
      res.once('close', () => {
        isCut = true
      })
      return
    }
    if (req.url !== '/mcp' || method === 'server/discover' || method === 'GET') return void res.writeHead(404).end('no')
    if (method !== 'initialize') return void res.writeHead(202).end()
    await until(
      () => isCut,
      20_000,
      () => 'the first look went on',
    )
    greet(id, res, {})
  })
  const at = (path: string) => ({ url: new URL(path, url).href })
  const config = (path: string) => ({
    gateway: { stopGraceMs: 1 },
    servers: { wrong: at('/elsewhere'), moved: at(path) },
  })
  const daemon = await daemonOfTest({ config: config('/mute') })
  const said = (text: string) =>
    until(
      () => daemon.stdout().includes(text),
      20_000,
      () => daemon.stdout(),
    )
  await said('Server wrong does not answer: it answered the first questions with HTTP 404. Check')
  writeFileSync(join(daemon.home, 'config.json'), JSON.stringify(config('/mcp')))
  await said('Server moved answers: 0 tools')
  await daemon.stop()
  expect(events(daemon).filter((event) => event === 'server_silent')).toHaveLength(1)
})

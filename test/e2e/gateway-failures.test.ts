import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createHttpServer } from '../../packages/server/src/app/http.js'
import { createGateway, gatewayOptions } from '../../packages/server/src/sources/http-proxy/index.js'
import { code, connect, fixture, type Harness, listen, runs, script, serve, until, url } from './gateway-harness.js'

let harness: Harness
afterEach(() => harness.stop())

const legacy = script(fixture('legacy-server.mjs'))

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 'i-1',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
}
const post = (server: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(harness.address(server), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
async function openSession(server: string): Promise<Record<string, string>> {
  const opened = await post(server, INITIALIZE)
  await opened.text()
  return { 'mcp-session-id': opened.headers.get('mcp-session-id')!, 'mcp-protocol-version': '2025-11-25' }
}

test('servers that cannot run, die, talk junk or say nothing fail with a reason, and the others go on', async () => {
  const servers = {
    missing: { ...legacy, command: '/nowhere/no-such-server' },
    forbidden: { ...legacy, command: '/etc/passwd' },
    dies: code('console.error("x".repeat(9000) + "the cause"); process.exit(3)'),
    silent: code('process.stdin.resume()'),
    junk: code(
      'console.log("Server listening on stdio!"); console.log("{"); process.stdin.on("data", () => process.exit(1))',
    ),
    deaf: code('setInterval(() => {}, 1000)'),
    good: legacy,
  }
  harness = await serve(servers, { childGraceMs: 100 })
  const good = await connect(harness.address('good'))
  const expected: [string, number, RegExp, string][] = [
    ['missing', 502, /missing could not be started: there is no command \/nowhere\/no-such-server/, 'SERVER_NOT_FOUND'],
    ['forbidden', 502, /forbidden could not be started: the system refused/, 'SERVER_NOT_STARTED'],
    ['dies', 502, /dies ended before it answered \(exit status 3\)/, 'SERVER_ENDED'],
    ['junk', 502, /junk ended before it answered \(exit status 1\)/, 'SERVER_ENDED'],
    ['silent', 504, /silent did not answer `initialize` within 1.5 s/, 'SERVER_SILENT'],
    ['deaf', 504, /deaf did not answer/, 'SERVER_SILENT'],
  ]
  const fails = async ([server, status, message, registered]: (typeof expected)[number]) => {
    const answer = await post(server, INITIALIZE)
    expect([server, answer.status, answer.headers.get('mcp-session-id')]).toEqual([server, status, null])
    expect(await answer.json()).toEqual({
      jsonrpc: '2.0',
      id: 'i-1',
      error: { code: -32603, message: expect.stringMatching(message), data: { code: registered } },
    })
  }
  await Promise.all(expected.slice(0, 4).map(fails))
  // Those that do start were given all the time that a busy machine needs.
  await harness.gateway.change({ servers, options: gatewayOptions.parse({ startTimeoutMs: 1500, childGraceMs: 100 }) })
  await Promise.all(expected.slice(4).map(fails))
  expect(Number(await good.call('pid'))).toBeGreaterThan(0)
  await good.client.close()
  expect(harness.gateway.lastWords('dies')).toMatch(/^x{4086}the cause\n$/)
  expect(JSON.stringify(harness.events)).not.toContain('the cause')
  await until(() => harness.ofType('process.ended').length === 6, 'the failed processes are gone')
  const ends = Object.fromEntries(harness.ofType('process.ended').map((ended) => [ended.server, ended]))
  expect(ends).toMatchObject({
    missing: { reason: 'not_found', crashed: true },
    forbidden: { reason: 'not_executable', crashed: true },
    dies: { exitCode: 3, crashed: true },
    junk: { exitCode: 1, crashed: true },
    silent: { crashed: false },
    deaf: { crashed: false },
  })
  expect(harness.ofType('process.started').map(({ server }) => server)).not.toContain('missing')
  expect(harness.ofType('unreadable').filter(({ server }) => server === 'junk')).toHaveLength(2)
  expect(harness.gateway.stats()).toMatchObject({ sessions: 1, processes: 1, junkLines: 2, observerFaults: 0 })
})

test('kill -9 of a process: the call in flight fails with a reason, the session is gone, a new one works', async () => {
  harness = await serve({ legacy })
  const { client, call } = await connect(harness.address('legacy'))
  const pid = Number(await call('pid'))
  const hanging = client.callTool({ name: 'hang', arguments: {} })
  const failed = expect(hanging).rejects.toThrow(/legacy ended before it answered \(signal SIGKILL\)/)
  await until(() => harness.ofType('request.started').some(({ name }) => name === 'hang'), 'the call began')
  process.kill(pid, 'SIGKILL')
  await failed
  await expect(client.listTools()).rejects.toThrow(/[Ss]ession not found/)
  expect(harness.ofType('request.ended').find(({ name }) => name === 'hang')).toMatchObject({ outcome: 'process_exit' })
  expect(harness.ofType('session.closed')).toMatchObject([{ reason: 'server' }])
  expect(harness.ofType('process.ended')).toMatchObject([{ pid, crashed: true, signal: 'SIGKILL' }])
  await client.close()
  const again = await connect(harness.address('legacy'))
  expect(Number(await again.call('pid'))).not.toBe(pid)
  await again.client.close()
})

test('no process is left after stop, nor what one started, and each session is closed by an event', async () => {
  const parent = code(`
    const { spawn } = require('node:child_process')
    spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id } = JSON.parse(line)
      const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'parent', version: '1' } }
      if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
    })
    process.on('SIGTERM', () => {})
    setInterval(() => {}, 1000)`)
  harness = await serve(
    { parent, legacy, modern: script(fixture('modern-server.mjs'), 'stdio') },
    { childGraceMs: 200 },
  )
  await openSession('parent')
  const one = await connect(harness.address('legacy'))
  const two = await connect(harness.address('modern'), { versionNegotiation: { mode: 'auto' } })
  const group = harness.ofType('process.started').map(({ pid }) => pid)
  expect(group).toHaveLength(3)
  const all = group.flatMap((pid) => [pid, ...descendants(pid)])
  expect(all.length).toBeGreaterThan(3)
  await harness.gateway.stop()
  for (const pid of all) await until(() => !runs(pid), `process ${pid} is gone`)
  expect(harness.ofType('session.closed').map(({ reason }) => reason)).toEqual(['shutdown', 'shutdown'])
  expect(harness.ofType('process.ended').every(({ crashed }) => !crashed)).toBe(true)
  expect(harness.gateway.stats()).toMatchObject({ sessions: 0, processes: 0 })
  await Promise.allSettled([one.client.close(), two.client.close()])
})

test('stop lets a call in flight finish, refuses new ones, and cuts what takes too long', async () => {
  harness = await serve({ modern: script(fixture('modern-server.mjs'), 'stdio') }, { stopGraceMs: 3_000 })
  const { client, call } = await connect(harness.address('modern'), { versionNegotiation: { mode: 'auto' } })
  const slow = call('slow', { ms: 500 })
  const never = expect(client.callTool({ name: 'wait', arguments: {} })).rejects.toThrow()
  await until(() => harness.gateway.stats().inFlight === 2, 'both calls are in flight')
  const stopped = harness.gateway.stop()
  expect((await post('modern', INITIALIZE)).status).toBe(503)
  expect(await slow).toBe('done')
  await stopped
  await never
  await client.close()
})

test('beyond the cap a session is refused with 503 and Retry-After, and one that ended makes room', async () => {
  harness = await serve({ legacy }, { maxChildren: 1 })
  const session = await openSession('legacy')
  const refused = await post('legacy', INITIALIZE)
  expect(refused.status).toBe(503)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60)
  expect(await refused.json()).toMatchObject({ id: 'i-1', error: { data: { code: 'TOO_MANY_CHILDREN' } } })
  await fetch(harness.address('legacy'), { method: 'DELETE', headers: session })
  await until(() => harness.gateway.stats().processes === 0, 'there is room again')
  expect((await openSession('legacy'))['mcp-session-id']).toBeTruthy()
})

test('beyond the cap what is idle longest makes room, also over servers and eras; what is in use stays', async () => {
  const modern = script(fixture('modern-server.mjs'), 'stdio')
  harness = await serve({ legacy, modern }, { maxChildren: 2, reclaimIdleMs: 1 })
  const watching = await openSession('legacy')
  const stream = await fetch(harness.address('legacy'), { headers: { ...watching, accept: 'text/event-stream' } })
  const abandoned = await openSession('legacy')
  const { client } = await connect(harness.address('modern'), { versionNegotiation: { mode: 'auto' } })
  expect(harness.ofType('session.closed')).toMatchObject([{ reason: 'idle' }])
  expect((await post('legacy', { jsonrpc: '2.0', id: 2, method: 'ping' }, abandoned)).status).toBe(404)
  const waiting = expect(client.callTool({ name: 'wait', arguments: {} })).rejects.toThrow()
  await until(() => harness.ofType('request.started').some(({ name }) => name === 'wait'), 'the call is open')
  expect((await post('legacy', INITIALIZE)).status).toBe(503)
  expect((await post('legacy', { jsonrpc: '2.0', id: 3, method: 'ping' }, watching)).status).toBe(200)
  await stream.body!.cancel()
  await until(() => harness.ofType('http').some(({ method }) => method === 'GET'), 'the stream is closed')
  await openSession('legacy')
  expect(harness.gateway.stats()).toMatchObject({ sessions: 1, processes: 2 })
  await client.close()
  await waiting
})

test('an idle session ends; one with an open stream does not', async () => {
  harness = await serve({ legacy }, { sessionIdleMs: 300 })
  const watching = await openSession('legacy')
  const stream = await fetch(harness.address('legacy'), {
    headers: { ...watching, accept: 'text/event-stream' },
  })
  await openSession('legacy')
  await until(() => harness.ofType('session.closed').length === 1, 'the idle session ended')
  expect(harness.ofType('session.closed')).toMatchObject([{ reason: 'idle' }])
  expect(harness.gateway.stats().sessions).toBe(1)
  await stream.body!.cancel()
  await until(() => harness.gateway.stats().sessions === 0, 'the other one too, once its stream is closed')
})

test('what the protocol forbids is refused by its own status', async () => {
  harness = await serve({ legacy })
  const session = await openSession('legacy')
  const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' }
  const get = (headers: Record<string, string>) => fetch(harness.address('legacy'), { headers })
  const events = { accept: 'text/event-stream' }
  const statuses = {
    noSession: (await post('legacy', list)).status,
    unknownSession: (await post('legacy', list, { 'mcp-session-id': 'x' })).status,
    version: (await post('legacy', list, { ...session, 'mcp-protocol-version': '1999-01-01' })).status,
    noJson: (await post('legacy', '{', session)).status,
    noJsonRpc: (await post('legacy', { a: 1 }, session)).status,
    newlineInText: (await post('legacy', '{"jsonrpc":"2.0","id":3,"method":"a\nb"}', session)).status,
    type: (await post('legacy', list, { ...session, 'content-type': 'text/plain' })).status,
    accept: (await post('legacy', list, { ...session, accept: 'text/html' })).status,
    notification: (await post('legacy', { jsonrpc: '2.0', method: 'notifications/initialized' }, session)).status,
    put: (await fetch(harness.address('legacy'), { method: 'PUT', body: '{}' })).status,
    unknownServer: (await post('nobody', list)).status,
    getWithoutSession: (await get({ ...events, 'mcp-protocol-version': '2025-06-18' })).status,
    getWithoutAccept: (await get({ ...session, accept: 'application/json' })).status,
  }
  expect(statuses).toEqual({
    noSession: 400,
    unknownSession: 404,
    version: 400,
    noJson: 400,
    noJsonRpc: 400,
    newlineInText: 400,
    type: 415,
    accept: 406,
    notification: 202,
    put: 405,
    unknownServer: 404,
    getWithoutSession: 400,
    getWithoutAccept: 406,
  })
  const first = await get({ ...session, ...events })
  expect([first.status, (await get({ ...session, ...events })).status]).toEqual([200, 409])
  await first.body!.cancel()
  const ended = await fetch(harness.address('legacy'), { method: 'DELETE', headers: session })
  expect([ended.status, (await post('legacy', list, session)).status]).toEqual([200, 404])
})

test('a body that is too large is refused, and a pretty-printed one is one line to the server', async () => {
  harness = await serve({ legacy }, { maxBodyBytes: 2000 })
  const session = await openSession('legacy')
  const large = { jsonrpc: '2.0', id: 2, method: 'tools/list', params: { x: 'y'.repeat(3000) } }
  expect((await post('legacy', large, session)).status).toBe(413)
  const pretty = JSON.stringify({ jsonrpc: '2.0', id: 3, method: 'tools/list' }, null, 2).replaceAll('\n', '\r\n')
  const answer = await (await post('legacy', pretty, session)).text()
  expect(JSON.parse(answer)).toMatchObject({ id: 3, result: { tools: expect.any(Array) } })
})

test('a batch of an older revision is answered whole, however the server cuts its answers', async () => {
  const answering = (cut: string) =>
    code(`
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const parsed = JSON.parse(line)
      const asked = [parsed].flat().filter(({ id }) => id !== undefined)
      const results = asked.map(({ id }) => ({ jsonrpc: '2.0', id, result: {} }))
      ${cut}
    })`)
  harness = await serve({
    array: answering('console.log(JSON.stringify(Array.isArray(parsed) ? results : results[0]))'),
    lines: answering('for (const result of results) console.log(JSON.stringify(result))'),
  })
  const batch = [
    { jsonrpc: '2.0', id: 1, method: 'ping' },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 'two', method: 'ping' },
  ]
  const expected = [1, 'two'].map((id) => ({ jsonrpc: '2.0', id, result: {} }))
  for (const server of ['array', 'lines']) {
    const session = { ...(await openSession(server)), 'mcp-protocol-version': '2025-03-26' }
    const whole = await post(server, batch, { ...session, accept: 'application/json' })
    expect(JSON.parse(await whole.text())).toEqual(expected)
    const streamed = await post(server, batch, session)
    expect(streamed.headers.get('content-type')).toBe('text/event-stream')
    const data = [...(await streamed.text()).matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json!))
    expect(data).toEqual(expected)
  }
})

test('foreign Host and Origin are 403 at the listener, in front of the gateway', async () => {
  harness = await serve({})
  const gateway = createGateway({
    servers: { legacy },
    publish: () => {},
    now: Date.now,
    clock: () => performance.now(),
    options: gatewayOptions.parse({}),
  })
  const none = () => new Response()
  const faces = {
    status: none,
    health: none,
    healthReady: none,
    ready: none,
    metrics: none,
    ingest: none,
    ingestSchema: none,
  }
  const listener = createHttpServer({ handlers: faces, gateway: (name, req, res) => gateway.handle(name, req, res) })
  const origin = await listen(listener)
  const status = (headers: Record<string, string>) =>
    new Promise<[number, string]>((resolve) => {
      const body = JSON.stringify(INITIALIZE)
      request(
        `${origin}/mcp/legacy`,
        { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
        (res) => {
          let text = ''
          res.on('data', (chunk) => {
            text += chunk
          })
          res.on('end', () => resolve([res.statusCode!, text]))
        },
      ).end(body)
    })
  for (const headers of [{ host: 'evil.example' }, { origin: 'https://evil.example' }]) {
    const [code, body] = await status(headers)
    expect(code).toBe(403)
    expect(JSON.parse(body)).toMatchObject({ jsonrpc: '2.0', error: {} })
  }
  expect((await status({ origin: 'http://localhost:5173' }))[0]).toBe(200)
  await gateway.stop()
  listener.closeAllConnections()
  await new Promise((resolve) => listener.close(resolve))
})

test('an address where nobody completes the connection is given up as 504', async () => {
  const mute = createNetServer(() => {})
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  const { port } = mute.address() as AddressInfo
  harness = await serve({ mute: url(`https://127.0.0.1:${port}/mcp`) }, { connectTimeoutMs: 200 })
  const answer = await post('mute', INITIALIZE)
  expect(answer.status).toBe(504)
  expect(JSON.parse(await answer.text())).toMatchObject({
    id: 'i-1',
    error: { data: { code: 'UPSTREAM_UNREACHABLE' } },
  })
  mute.close()
})

test('an observer that throws harms no call', async () => {
  const server = createServer((_, res) => res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  const address = await listen(server)
  harness = await serve({ legacy, http: url(address) }, {}, () => {
    throw new Error('a fault of a sink')
  })
  const { client, call } = await connect(harness.address('legacy'))
  expect(Number(await call('pid'))).toBeGreaterThan(0)
  expect((await post('http', INITIALIZE)).status).toBe(200)
  await client.close()
  server.closeAllConnections()
  server.close()
})

function descendants(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { promises } from '../requirements.js'
import {
  code,
  connect,
  fixture,
  type Harness,
  REAL,
  runs,
  script,
  serve,
  startHttpServer,
  until,
} from './gateway-harness.js'

let harness: Harness
let http: Awaited<ReturnType<typeof startHttpServer>>
const auto = { versionNegotiation: { mode: 'auto' as const } }
const modern = fixture('modern-server.mjs')

beforeAll(async () => {
  http = await startHttpServer(() => [modern, 'http'])
  harness = await serve({
    stdio: script(modern, 'stdio', 'strict'),
    dual: script(modern, 'stdio'),
    http: { url: http.address, headers: {}, transport: 'http', disabled: false },
    legacy: script(REAL.memory),
  })
})
afterAll(async () => {
  await harness.stop()
  http.process.kill()
})

test.each(['stdio', 'http'])('over %s: tools, failures, progress and input_required', async (server) => {
  const { client, transport, call } = await connect(harness.address(server), {
    ...auto,
    capabilities: { elicitation: { form: {} } },
  })
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }))
  expect(client.getProtocolEra()).toBe('modern')
  expect(transport.sessionId).toBeUndefined()
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('greet')
  expect(await call('echo', { text: 'grüße "\\' })).toBe('grüße "\\')
  expect((await client.callTool({ name: 'fail', arguments: {} })).isError).toBe(true)
  expect(await call('slow', { ms: 50 })).toBe('done')
  expect(await call('greet')).toBe('Hello Ada')
  const progress: number[] = []
  await client.callTool(
    { name: 'steps', arguments: { steps: 5 } },
    { onprogress: (notice) => progress.push(notice.progress) },
  )
  expect(progress).toEqual([1, 2, 3, 4, 5])
  await client.close()
})

test('clients with the same ids share one process, and each gets its own answers and progress', async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect(harness.address('stdio'), auto)))
  const pids = await Promise.all(clients.map(({ call }) => call('pid')))
  expect(new Set(pids).size).toBe(1)
  const answers = await Promise.all(
    clients.map(async ({ client, call }, at) => {
      const steps: number[] = []
      const total = at + 1
      await client.callTool(
        { name: 'steps', arguments: { steps: total } },
        { onprogress: ({ total }) => steps.push(total!) },
      )
      return [await call('echo', { text: `client ${at}` }), steps] as const
    }),
  )
  expect(answers).toEqual(clients.map((_, at) => [`client ${at}`, Array.from({ length: at + 1 }, () => at + 1)]))
  await Promise.all(clients.map(({ client }) => client.close()))
})

test('junk on standard output is told as unreadable, and goes to nobody', async () => {
  const { client, call } = await connect(harness.address('stdio'), auto)
  const before = harness.ofType('unreadable').length
  expect(await call('junk')).toBe('said')
  expect(harness.ofType('unreadable').slice(before)).toMatchObject([{ reason: 'invalid_json', server: 'stdio' }])
  await client.close()
})

test('another credential has a process of its own', async () => {
  const init = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
  const one = await connect(harness.address('stdio'), auto, init('one'))
  const same = await connect(harness.address('stdio'), auto, init('one'))
  const two = await connect(harness.address('stdio'), auto, init('two'))
  const [a, b, c] = await Promise.all([one.call('pid'), same.call('pid'), two.call('pid')])
  expect(a).toBe(b)
  expect(a).not.toBe(c)
  await Promise.all([one, same, two].map(({ client }) => client.close()))
})

test('a client that leaves a call cancels it, and nobody else’s', async () => {
  const { client, call } = await connect(harness.address('stdio'), auto)
  const other = await connect(harness.address('stdio'), auto)
  const began = () => harness.ofType('request.started').filter(({ name }) => name === 'wait' || name === 'slow')
  const already = began().length
  const stop = new AbortController()
  const leaving = client.callTool({ name: 'wait', arguments: {} }, { signal: stop.signal })
  const staying = other.client.callTool({ name: 'slow', arguments: { ms: 1000 } })
  await until(() => began().length === already + 2, 'both calls began')
  const before = Number(await call('cancelled'))
  stop.abort()
  await expect(leaving).rejects.toThrow()
  let cancelled = before
  const deadline = Date.now() + 20_000
  while (cancelled === before && Date.now() < deadline) cancelled = Number(await call('cancelled'))
  expect(cancelled).toBe(before + 1)
  expect(JSON.stringify(await staying)).toContain('done')
  await Promise.all([client.close(), other.client.close()])
})

describe.each(['stdio', 'http'])('a subscription over %s', (server) => {
  test(`is a stream of its own. ${promises('F3.http.no-duration-for-subscriptions')}`, async () => {
    const heard: string[] = []
    const { client, call } = await connect(harness.address(server), auto)
    client.setNotificationHandler('notifications/tools/list_changed', () => void heard.push('changed'))
    const subscription = await client.listen({ toolsListChanged: true })
    if (server === 'stdio') {
      await call('grow')
      await until(() => heard.length > 0, 'the change was heard')
    }
    await subscription.close()
    expect(await call('echo', { text: 'after' })).toBe('after')
    await client.close()
    const streams = () =>
      harness.ofType('http').filter((http) => http.server === server && http.durationMs === undefined)
    await until(() => streams().length === 1, 'the stream ended')
    expect(streams()).toMatchObject([{ method: 'POST', path: `/mcp/${server}`, status: 200 }])
  })
})

const post = (server: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(harness.address(server), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify(body),
  })
const meta = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  },
}
const headersFor = (method: string) => ({ 'mcp-protocol-version': '2026-07-28', 'mcp-method': method })

test('a method that the server does not have is 404 with its own -32601 and the client’s id', async () => {
  const answer = await post(
    'stdio',
    { jsonrpc: '2.0', id: 'mine-7', method: 'no/such', params: meta },
    headersFor('no/such'),
  )
  expect(answer.status).toBe(404)
  expect(await answer.json()).toMatchObject({ id: 'mine-7', error: { code: -32601 } })
})

test.each([
  ['method', { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' }],
  ['version', { 'mcp-protocol-version': '2025-11-25', 'mcp-method': 'tools/list' }],
  ['no version', { 'mcp-method': 'tools/list' }],
])('a header that disagrees with the body is -32020 (%s)', async (_, headers) => {
  const answer = await post('stdio', { jsonrpc: '2.0', id: 1, method: 'tools/list', params: meta }, headers)
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ id: 1, error: { code: -32020 } })
})

test.each(['server/discover', 'tools/list'])(
  'a revision that a stdio server does not have is -32022 (%s)',
  async (method) => {
    const version = '2031-01-01'
    const strange = { _meta: { ...meta._meta, 'io.modelcontextprotocol/protocolVersion': version } }
    const headers = { ...headersFor(method), 'mcp-protocol-version': version }
    const answer = await post('dual', { jsonrpc: '2.0', id: 'v', method, params: strange }, headers)
    expect(answer.status).toBe(400)
    const data = { supported: ['2026-07-28'], requested: version }
    expect(await answer.json()).toMatchObject({ id: 'v', error: { code: -32022, data } })
  },
)

test('an argument that a stdio server wants in a header is compared with it, once a client has listed the tools', async () => {
  const call = (headers: Record<string, string>) =>
    post(
      'stdio',
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'marked', arguments: { region: 'eu' }, ...meta } },
      { ...headersFor('tools/call'), 'mcp-name': 'marked', ...headers },
    )
  await post('stdio', { jsonrpc: '2.0', id: 1, method: 'tools/list', params: meta }, headersFor('tools/list'))
  expect((await call({ 'mcp-param-region': 'eu' })).status).toBe(200)
  const wrong = await call({ 'mcp-param-region': 'us' })
  expect([wrong.status, await wrong.json()]).toMatchObject([400, { id: 1, error: { code: -32020 } }])
  expect((await call({})).status).toBe(400)
})

test('GET and DELETE are no methods of this era', async () => {
  for (const method of ['GET', 'DELETE']) {
    const answer = await fetch(harness.address('stdio'), { method, headers: { 'mcp-protocol-version': '2026-07-28' } })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  }
})

test('a legacy server is asked once; afterwards the answer needs no process', async () => {
  const discover = { jsonrpc: '2.0', id: 1, method: 'server/discover', params: meta }
  for (let time = 0; time < 3; time++) {
    const answer = await post('legacy', discover, headersFor('server/discover'))
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ id: 1, error: { code: -32601 } })
  }
  const other = await post(
    'legacy',
    { jsonrpc: '2.0', id: 2, method: 'tools/list', params: meta },
    headersFor('tools/list'),
  )
  expect(other.status).toBe(400)
  expect(await other.json()).toMatchObject({ id: 2, error: { code: -32022 } })
  expect(harness.ofType('process.started').filter(({ server }) => server === 'legacy')).toHaveLength(1)
  await until(
    () => harness.ofType('process.ended').some(({ server }) => server === 'legacy'),
    'the asked process is gone',
  )
  expect(harness.ofType('process.ended').find(({ server }) => server === 'legacy')).toMatchObject({ crashed: false })
})

test('a server of both eras serves both: a session of its own, and the shared process', async () => {
  const legacy = await connect(harness.address('dual'))
  const current = await connect(harness.address('dual'), auto)
  expect([legacy.client.getProtocolEra(), current.client.getProtocolEra()]).toEqual(['legacy', 'modern'])
  expect(await legacy.call('pid')).not.toBe(await current.call('pid'))
  await Promise.all([legacy.client.close(), current.client.close()])
})

test('when the shared process dies, its calls fail with a reason, and the next one starts it anew', async () => {
  const { client, call } = await connect(harness.address('dual'), auto)
  const pid = Number(await call('pid'))
  const waiting = client.callTool({ name: 'wait', arguments: {} })
  const failed = expect(waiting).rejects.toThrow(/dual ended before it answered \(signal SIGKILL\)/)
  await until(() => harness.gateway.stats().inFlight > 0, 'the call is in flight')
  process.kill(pid, 'SIGKILL')
  await failed
  expect(runs(pid)).toBe(false)
  expect(Number(await call('pid'))).not.toBe(pid)
  await client.close()
})

/** As long as a busy machine may take to start a server that then answers or ends. */
const PATIENCE_MS = 20_000

test.each([
  ['never answers what it does not know', 300, `if (method !== 'initialize') return`],
  ['ends at what it does not know', PATIENCE_MS, `if (method !== 'initialize') process.exit(1)`],
  [
    'refuses what comes before initialize',
    PATIENCE_MS,
    `if (method !== 'initialize') return console.log(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32602, message: 'not initialized' } }))`,
  ],
])('a legacy server that %s is found out, and the client falls back', async (_, probeTimeoutMs, unknown) => {
  const own = await serve(
    {
      old: code(`
        require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
          const { id, method } = JSON.parse(line)
          if (id === undefined) return
          ${unknown}
          const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'old', version: '1' } }
          console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
        })`),
    },
    { probeTimeoutMs },
  )
  const { client } = await connect(own.address('old'), auto)
  expect(client.getProtocolEra()).toBe('legacy')
  expect(client.getServerVersion()?.name).toBe('old')
  // Who answers goes on with the session: nothing is started twice to be asked one thing.
  expect(own.ofType('process.started')).toHaveLength(unknown.includes('console.log') ? 1 : 2)
  await client.close()
  await own.stop()
})

test('a process that was asked its era makes room for another server, and is not waited for', async () => {
  const old = script(fixture('legacy-server.mjs'))
  const own = await serve({ one: old, two: old }, { maxChildren: 1 })
  const discover = { jsonrpc: '2.0', id: 1, method: 'server/discover', params: meta }
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headersFor('server/discover') } }
  await fetch(own.address('one'), { ...init, body: JSON.stringify(discover) })
  expect(own.gateway.stats().processes).toBe(1)
  const { client } = await connect(own.address('two'))
  expect(own.ofType('process.started').map(({ server }) => server)).toEqual(['one', 'two'])
  expect(own.ofType('process.ended')).toMatchObject([{ server: 'one', crashed: false }])
  await client.close()
  await own.stop()
})

test('a client that leaves while the era is found out leaves nothing behind', async () => {
  const own = await serve({ slow: code('setInterval(() => {}, 1000)') }, { probeTimeoutMs: 400, childGraceMs: 50 })
  const stop = new AbortController()
  const list = fetch(own.address('slow'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headersFor('tools/list') },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: meta }),
    signal: stop.signal,
  })
  await until(() => own.ofType('process.started').length === 1, 'the probe began')
  stop.abort()
  await expect(list).rejects.toThrow()
  await until(() => own.ofType('process.ended').length === 1, 'the probe is over')
  expect(own.gateway.stats()).toMatchObject({ inFlight: 0, processes: 0 })
  expect(own.ofType('http')).toMatchObject([{ status: 499 }])
  await own.stop()
})

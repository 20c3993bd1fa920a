import { afterEach, expect, test } from 'vitest'
import { code, connect, fixture, type Harness, runs, script, serve, until } from './gateway-harness.js'

let harness: Harness
afterEach(() => harness.stop())

const LATE_MS = 60_000
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
    body: JSON.stringify(body),
  })
const starts = () => harness.ofType('process.started')

test('a shared process that keeps dying is started again with growing delays, which its callers are told', async () => {
  harness = await serve(
    { modern: script(fixture('modern-server.mjs'), 'stdio') },
    { restartDelayMs: LATE_MS, restartMaxDelayMs: LATE_MS },
  )
  const { client, call } = await connect(harness.address('modern'), { versionNegotiation: { mode: 'auto' } })
  await expect(call('die')).rejects.toThrow(/modern ended before it answered \(exit status 9\)/)
  const second = Number(await call('pid'))
  expect(starts()).toMatchObject([{}, { pid: second, restart: true }])
  await expect(call('die')).rejects.toThrow()
  await until(() => !runs(second), 'the second is gone')
  const list = { jsonrpc: '2.0', id: 7, method: 'tools/list', params: META }
  const held = await post('modern', list, { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' })
  expect(held.status).toBe(503)
  const retryAfter = Number(held.headers.get('retry-after'))
  expect(retryAfter).toBeGreaterThan(LATE_MS / 1000 - 20)
  expect(retryAfter).toBeLessThanOrEqual((LATE_MS * 1.25) / 1000)
  expect(await held.json()).toEqual({
    jsonrpc: '2.0',
    id: 7,
    error: {
      code: -32603,
      message: expect.stringMatching(
        new RegExp(`modern failed 2 times one after another.* ${retryAfter} s .*exit status 9`),
      ),
      data: { code: 'SERVER_HELD_BACK', cause: 'SERVER_ENDED', retryAfterSeconds: retryAfter },
    },
  })
  expect(starts()).toHaveLength(2)
  await client.close()
})

test('once its delay is over, a server that was held back is started again', async () => {
  harness = await serve(
    { modern: script(fixture('modern-server.mjs'), 'stdio') },
    { restartDelayMs: 200, restartMaxDelayMs: 200 },
  )
  const { client, call } = await connect(harness.address('modern'), { versionNegotiation: { mode: 'auto' } })
  for (const _ of [1, 2]) await expect(call('die')).rejects.toThrow()
  let pid = 0
  await until(() => {
    if (pid === 0)
      call('pid').then(
        (answer) => {
          pid = Number(answer)
        },
        () => {},
      )
    return pid > 0
  }, 'it answers again')
  expect(starts().at(-1)).toMatchObject({ pid, restart: true })
  await client.close()
})

test('sessions of a server whose processes die at the start are held back; the death of a good one holds nothing', async () => {
  harness = await serve(
    { dies: code('process.exit(3)'), legacy: script(fixture('legacy-server.mjs')) },
    { restartDelayMs: LATE_MS, restartMaxDelayMs: LATE_MS },
  )
  expect((await post('dies', INITIALIZE)).status).toBe(502)
  expect((await post('dies', INITIALIZE)).status).toBe(502)
  const held = await post('dies', INITIALIZE)
  expect([held.status, held.headers.get('mcp-session-id')]).toEqual([503, null])
  expect(await held.json()).toMatchObject({ id: 'i-1', error: { data: { code: 'SERVER_HELD_BACK' } } })
  for (let round = 1; round <= 3; round++) {
    const { client, call } = await connect(harness.address('legacy'))
    const pid = Number(await call('pid'))
    process.kill(pid, 'SIGKILL')
    await until(() => harness.ofType('process.ended').some((ended) => ended.pid === pid), 'it is gone')
    await client.close()
  }
  const ofLegacy = starts().filter(({ server }) => server === 'legacy')
  expect(ofLegacy.map(({ restart }) => restart === true)).toEqual([false, true, true])
  expect(starts().filter(({ server }) => server === 'dies')).toHaveLength(2)
})

test('who ends the processes of a server holds himself back, and nobody else, in both eras and over HTTP+SSE', async () => {
  harness = await serve(
    { fragile: code(FRAGILE), modern: script(fixture('modern-server.mjs'), 'stdio') },
    { restartDelayMs: LATE_MS, restartMaxDelayMs: LATE_MS },
  )
  const opening = (name: string) => ({ ...INITIALIZE, params: { ...INITIALIZE.params, clientInfo: { name } } })
  const by = (who: string) => ({ authorization: `Bearer ${who}` })
  const statuses = async (who: string, name: string) => (await post('fragile', opening(name), by(who))).status
  expect([
    await statuses('hostile', 'die'),
    await statuses('hostile', 'die'),
    await statuses('hostile', 'die'),
  ]).toEqual([502, 502, 503])
  expect([await statuses('good', 'fine'), await statuses('hostile', 'fine')]).toEqual([200, 503])
  const stream = (who: string) => fetch(`${harness.address('fragile')}/sse`, { headers: { ...SSE, ...by(who) } })
  const open = [await stream('good'), await stream('hostile')]
  expect(open.map(({ status }) => status)).toEqual([200, 503])
  await Promise.all(open.map(({ body }) => body!.cancel()))
  const call = async (who: string, tool: string) => {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {}, ...META } }
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': tool, ...by(who) }
    return (await post('modern', body, headers)).status
  }
  expect([await call('hostile', 'die'), await call('hostile', 'die'), await call('hostile', 'pid')]).toEqual([
    502, 502, 503,
  ])
  expect(await call('good', 'pid')).toBe(200)
})

const SSE = { accept: 'text/event-stream' }
/** Answers `initialize`, unless its client has the name of what it does then. */
const FRAGILE = `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, params } = JSON.parse(line)
  if (params?.clientInfo.name === 'die') process.exit(3)
  const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'fragile', version: '1' } }
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
})`

const META = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  },
}

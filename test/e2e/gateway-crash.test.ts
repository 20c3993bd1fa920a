/** A server process that dies in many calls: each of its callers is told, by the id that he gave, and nobody else. */
import { afterEach, expect, test } from 'vitest'
import { fixture, type Harness, runs, script, serve, until } from './gateway-harness.js'

let harness: Harness
afterEach(() => harness.stop())

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}
const MODERN = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' }

async function post(server: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(harness.address(server), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  return { response, message: text === '' ? undefined : JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text) }
}
const rpc = (id: unknown, method: string, params: object) => ({ jsonrpc: '2.0', id, method, params })
const call = (id: unknown, name: string, more: object = {}) => rpc(id, 'tools/call', { name, arguments: {}, ...more })
const callModern = (id: unknown, name: string, headers: Record<string, string> = {}) =>
  post('modern', call(id, name, { _meta: META }), { ...MODERN, 'mcp-name': name, ...headers })

const told = (id: unknown, server: string) => ({
  jsonrpc: '2.0',
  id,
  error: {
    code: -32603,
    message: expect.stringContaining(`${server} ended before it answered (signal SIGKILL)`),
    data: { code: 'SERVER_ENDED' },
  },
})
const begun = (name: string, times: number) =>
  until(
    () => harness.ofType('request.started').filter((event) => event.name === name).length === times,
    `${name} began`,
  )
const outcomes = (name: string) =>
  harness.ofType('request.ended').flatMap((event) => (event.name === name ? [event.outcome] : []))

test('a shared process: clients with the same ids each get their own error, and the next call a new process', async () => {
  harness = await serve({ modern: script(fixture('modern-server.mjs'), 'stdio') })
  const pid = Number((await callModern(1, 'pid')).message.result.content[0].text)
  const ids = [7, 7, '7', 'last']
  const waiting = ids.map((id) => callModern(id, 'wait'))
  await begun('wait', ids.length)
  process.kill(pid, 'SIGKILL')
  expect((await Promise.all(waiting)).map(({ message }) => message)).toEqual(ids.map((id) => told(id, 'modern')))
  expect(outcomes('wait')).toEqual(ids.map(() => 'process_exit'))
  expect(runs(pid)).toBe(false)
  const next = Number((await callModern(7, 'pid')).message.result.content[0].text)
  expect(next).not.toBe(pid)
  expect(harness.ofType('process.started').at(-1)).toMatchObject({ pid: next, restart: true })
  expect(harness.gateway.stats()).toMatchObject({ inFlight: 0, processes: 1 })
})

test('a session: all of its calls get their own error, it is over, and another is as it was', async () => {
  harness = await serve({ legacy: script(fixture('legacy-server.mjs')) })
  const open = async () => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'crash', version: '1' } }
    const { response } = await post('legacy', rpc('i', 'initialize', params))
    const session = { 'mcp-session-id': response.headers.get('mcp-session-id')! }
    const pid = await post('legacy', call('pid', 'pid'), session)
    return { session, pid: Number(pid.message.result.content[0].text) }
  }
  const [one, other] = [await open(), await open()]
  const ids = [7, '7', 'last']
  const waiting = ids.map((id) => post('legacy', call(id, 'hang'), one.session))
  const spared = post('legacy', call(7, 'hang'), other.session)
  await begun('hang', ids.length + 1)
  process.kill(one.pid, 'SIGKILL')
  expect((await Promise.all(waiting)).map(({ message }) => message)).toEqual(ids.map((id) => told(id, 'legacy')))
  expect(outcomes('hang')).toEqual(ids.map(() => 'process_exit'))
  expect((await post('legacy', call(8, 'pid'), one.session)).response.status).toBe(404)
  expect((await post('legacy', call(8, 'pid'), other.session)).message.result.content[0].text).toBe(String(other.pid))
  expect(harness.gateway.stats()).toMatchObject({ sessions: 1, processes: 1 })
  process.kill(other.pid, 'SIGKILL')
  expect((await spared).message).toEqual(told(7, 'legacy'))
})

test('beyond the cap another credential is refused with 503 and Retry-After while the process is in use', async () => {
  harness = await serve({ modern: script(fixture('modern-server.mjs'), 'stdio') }, { maxChildren: 1, reclaimIdleMs: 1 })
  const pid = Number((await callModern(1, 'pid')).message.result.content[0].text)
  const waiting = callModern(7, 'wait')
  await begun('wait', 1)
  const { response, message } = await callModern('mine', 'pid', { authorization: 'Bearer other' })
  expect(response.status).toBe(503)
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(message).toMatchObject({ id: 'mine', error: { data: { code: 'TOO_MANY_CHILDREN' } } })
  process.kill(pid, 'SIGKILL')
  await waiting
  expect((await callModern('mine', 'pid', { authorization: 'Bearer other' })).response.status).toBe(200)
})

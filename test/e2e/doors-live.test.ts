/** Doors that are set, and set anew, while calls pass. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { daemonOfTest, metric, type RunningDaemon } from '../fixtures/daemon.js'
import { ask, call, makeKey, rpc } from '../fixtures/door-clients.js'
import { until } from '../fixtures/until.js'
import { connect, fixture, script } from './gateway-harness.js'

const WAIT_MS = 20_000
const notes = script(fixture('legacy-server.mjs'))
const other = script(fixture('modern-server.mjs'), 'stdio')

/** Writes another configuration, and waits until it was taken. */
async function take(daemon: RunningDaemon, config: object): Promise<string> {
  const taken = () => daemon.lines().filter(({ event }) => event === 'config_reloaded')
  const before = taken().length
  writeFileSync(join(daemon.home, 'config.json'), JSON.stringify(config))
  await until(
    () => taken().length > before,
    WAIT_MS,
    () => daemon.stdout(),
  )
  return String(taken().at(-1)!.message)
}

test('take hold without an end to sessions and calls, and keep what was counted', async () => {
  const daemon = await daemonOfTest({ config: { servers: { notes, other } } })
  const at = (server: string) => `${daemon.url}/mcp/${server}`
  const ping = (server = 'other', headers: Record<string, string> = {}) =>
    ask(at(server), { headers, body: rpc(1, 'server/discover') })
  const { call: use, client } = await connect(new URL(at('notes')))
  const pid = await use('pid')
  const modern = await connect(new URL(at('other')), { versionNegotiation: { mode: 'auto' } })
  const slow = modern.call('slow', { ms: 5000 })
  await until(
    async () => (await metric(daemon.url, 'mcp_requests_in_flight', { server: 'other' })) === 1,
    WAIT_MS,
    () => 'no call is in flight',
  )
  expect((await ping()).headers).not.toHaveProperty('ratelimit-policy')

  const own = { limits: { server: { calls: 2, windowMs: 3_600_000 } } }
  const limited = { notes, other: { ...other, doors: own } }
  expect(await take(daemon, { servers: limited })).toBe('Configuration reloaded: changed: doors')
  expect((await ping()).headers).toMatchObject({ 'ratelimit-policy': '"server";q=2;w=3600' })
  await ping()
  const refused = await ping()
  expect(refused).toMatchObject({ status: 429, headers: { ratelimit: '"server";r=0;t=1800', 'retry-after': '1800' } })
  expect(await metric(daemon.url, 'mcp_rate_limit_hits_total', { server: 'other', limit_type: 'server' })).toBe(1)
  await until(
    () => daemon.lines().some(({ event, limitType }) => event === 'limit_hit' && limitType === 'server'),
    WAIT_MS,
    () => daemon.stdout(),
  )

  // Another door is set, and this one is drawn tighter: what was used up stays so.
  const tighter = { limits: { server: { calls: 1, windowMs: 3_600_000 } } }
  const tools = { tools: ['pid'] }
  await take(daemon, { servers: { notes: { ...notes, doors: tools }, other: { ...other, doors: tighter } } })
  expect((await ping()).status).toBe(429)
  expect(await use('pid')).toBe(pid)
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['pid'])
  await expect(use('environment')).rejects.toThrow(/may be called here/)
  expect(
    await metric(daemon.url, 'mcp_validation_failures_total', { server: 'notes', reason: 'tool_not_allowed' }),
  ).toBe(1)
  expect(await slow).toBe('done')

  // Keys are asked for: a session that nobody opened with one is over.
  await take(daemon, { doors: { keys: true, checkArguments: true }, servers: { notes, other } })
  await expect(use('pid')).rejects.toThrow()
  expect((await ping()).status).toBe(401)
  const { key } = makeKey(daemon.dataDir, '--agent', 'anna')
  // Asked for before the daemon knows it, it would be a guess.
  await until(
    () => daemon.stdout().includes('KEY_CREATED'),
    WAIT_MS,
    () => 'the key was never seen',
  )
  expect((await ping('other', { 'X-MCP-Vitals-Key': key })).status).not.toBe(401)
  await take(daemon, { servers: { notes, other } })
  expect((await ping()).status).not.toBe(401)
  expect((await ask(at('notes'), { body: call(1, 'pid') })).status).not.toBe(401)
  expect(await metric(daemon.url, 'mcp_config_last_reload_successful')).toBe(1)
})

const ADMIN = 'admin-token-0123456789-0123456789-abcdef'

test('who may call is set anew at once', async () => {
  const daemon = await daemonOfTest({ config: { servers: {} } })
  const named = async (host: string) => (await ask(`${daemon.url}/health`, { method: 'GET', headers: { host } })).status
  expect(await named('one.example')).toBe(403)
  expect(await take(daemon, { listen: { allowedHosts: ['one.example'] } })).toBe(
    'Configuration reloaded: changed: listen',
  )
  expect([await named('one.example'), await named('two.example')]).toEqual([200, 403])
  await take(daemon, { listen: { allowedHosts: ['two.example'] } })
  expect([await named('one.example'), await named('two.example')]).toEqual([403, 200])
  expect(await metric(daemon.url, 'mcp_config_restart_pending')).toBe(0)
})

test('keys are not taken away from an address that other machines still reach', async () => {
  const config = { listen: { host: '0.0.0.0', adminToken: ADMIN }, doors: { keys: true }, servers: { notes } }
  const daemon = await daemonOfTest({ config })
  const at = `${daemon.url}/mcp/notes`
  expect((await ask(at, { body: rpc(1, 'ping') })).status).toBe(401)
  writeFileSync(join(daemon.home, 'config.json'), JSON.stringify({ servers: { notes } }))
  await until(
    () =>
      daemon.lines().some(({ event, message }) => event === 'config_rejected' && /doors\.keys/.test(String(message))),
    WAIT_MS,
    () => daemon.stdout(),
  )
  expect((await ask(at, { body: rpc(1, 'ping') })).status).toBe(401)
  expect(await metric(daemon.url, 'mcp_config_last_reload_successful')).toBe(0)
})

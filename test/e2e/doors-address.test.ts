/** The table of routes, walked from this machine's loopback address and from one of its own that is none. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Credential, ROUTES, type Route } from '../../packages/server/src/app/routes.js'
import { type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { ask, makeKey, rpc } from '../fixtures/door-clients.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'
import { fixture, script } from './gateway-harness.js'

const ADMIN = 'admin-token-0123456789-0123456789-abcdef'
const BORROWED = '192.0.2.77'

/** An address of this machine off the loopback interface; where it has none, one is lent to `lo`. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)
  if (found) return found.address
  execFileSync('ip', ['addr', 'add', `${BORROWED}/32`, 'dev', 'lo'])
  return BORROWED
}

let daemon: RunningDaemon
let key: string
let token: string
let port: string
const address = ownAddress()

beforeAll(async () => {
  const config = {
    listen: { host: '0.0.0.0', adminToken: ADMIN },
    doors: { keys: true },
    servers: { notes: script(fixture('legacy-server.mjs')) },
  }
  daemon = await startDaemon({ config })
  port = new URL(daemon.url).port
  token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  key = makeKey(daemon.dataDir, '--agent', 'walker').key
  await until(
    async () =>
      (await ask(`${daemon.url}/mcp/notes`, { headers: { 'X-MCP-Vitals-Key': key }, body: rpc(1, 'ping') })).status !==
      401,
    10_000,
    () => 'the key never opened',
  )
}, 60_000)

afterAll(async () => {
  await daemon?.stop()
  if (address === BORROWED) execFileSync('ip', ['addr', 'del', `${BORROWED}/32`, 'dev', 'lo'])
})

type Shown = 'none' | 'wrong' | 'ingest token' | 'admin token' | 'admin password' | 'key'
const SHOWN: readonly Shown[] = ['none', 'wrong', 'ingest token', 'admin token', 'admin password', 'key']

function headersOf(shown: Shown): Record<string, string> {
  switch (shown) {
    case 'none':
      return {}
    case 'wrong':
      return {
        authorization: `Bearer ${ADMIN.replace('a', 'b')}`,
        'x-mcp-vitals-key': `mcpv_000000000000_${'a'.repeat(43)}`,
      }
    case 'ingest token':
      return { authorization: `Bearer ${token}` }
    case 'admin token':
      return { authorization: `Bearer ${ADMIN}` }
    case 'admin password':
      return { authorization: `Basic ${Buffer.from(`me:${ADMIN}`).toString('base64')}` }
    case 'key':
      return { 'x-mcp-vitals-key': key }
  }
}

const OPENED_BY: Readonly<Record<Credential, readonly Shown[]>> = {
  none: SHOWN,
  'ingest token': ['ingest token'],
  'admin token': ['admin token', 'admin password'],
  'admin token or open scrape': ['admin token', 'admin password'],
  key: ['key'],
  'key where doors.keys is set': ['key'],
}

async function statusOf(base: string, { method, path }: Route, shown: Shown): Promise<number> {
  const verb = method === 'any' ? 'POST' : method
  const body = path === '/v1/events' ? { events: [] } : rpc(1, 'ping')
  const headers = headersOf(shown)
  const url = `${base}${path.replace(':name', 'notes')}`
  return (await ask(url, { method: verb, headers, ...(verb === 'POST' && { body }) })).status
}

describe.each(['loopback', 'elsewhere'] as const)('from %s', (where) => {
  test.each(Object.entries(ROUTES))(
    `route %s asks for what the table says. ${promises('F10.network.rest-needs-token')}`,
    async (_, route: Route) => {
      const base = `http://${where === 'loopback' ? '127.0.0.1' : address}:${port}`
      const opens = OPENED_BY[where === 'loopback' ? route.here : route.elsewhere]
      for (const shown of SHOWN) {
        const status = await statusOf(base, route, shown)
        // Past the credential any answer will do, such as 400 for an empty post.
        expect(opens.includes(shown) ? status !== 401 : status === 401, `${shown}: ${status}`).toBe(true)
      }
    },
  )

  test('what is not in the table is not told of elsewhere', async () => {
    const base = `http://${where === 'loopback' ? '127.0.0.1' : address}:${port}`
    for (const path of ['/nothing', '/%6detrics', '/metrics/', '//metrics', '/health/../metrics', '/v1/events/x'])
      if (where === 'elsewhere') expect((await ask(`${base}${path}`, { method: 'GET' })).status, path).toBe(401)
    const { status } = await ask(`${base}/nothing`, { method: 'GET' })
    expect(status).toBe(where === 'loopback' ? 404 : 401)
  })

  test('another name in Host is refused, whatever is shown', async () => {
    const base = `http://${where === 'loopback' ? '127.0.0.1' : address}:${port}`
    const headers = { ...headersOf('admin token'), ...headersOf('key'), host: 'evil.example' }
    for (const { path } of Object.values(ROUTES))
      expect((await ask(`${base}${path.replace(':name', 'notes')}`, { method: 'GET', headers })).status).toBe(403)
  })
})

test('our own look at a server goes through its door, and the admin token is in no log and no configuration shown', async () => {
  await until(
    () => daemon.lines().some(({ event }) => event === 'server_found'),
    20_000,
    () => daemon.stdout(),
  )
  expect(daemon.stdout() + daemon.stderr()).not.toContain(ADMIN)
  expect(daemon.lines()).toContainEqual(expect.objectContaining({ event: 'auth', reason: 'admin_token_missing' }))
})

test(`the dust preset is scraped by name and by address without a token, and by nothing else. ${promises('F10.network.scrape-without-token', 'F10.network.dust-preset')}`, async () => {
  const dust = await startDaemon({
    config: { preset: 'dust', listen: { host: '0.0.0.0' } },
    env: { MCP_VITALS_ADMIN_TOKEN: ADMIN, MCP_VITALS_KEYS: 'true' },
  })
  onTestFinished(async () => void (await dust.stop()))
  const base = `http://${address}:${new URL(dust.url).port}`
  for (const host of ['mcp-dust-server:5001', new URL(base).host]) {
    for (const path of ['/health', '/metrics'])
      expect((await ask(`${base}${path}`, { method: 'GET', headers: { host } })).status).toBe(200)
    for (const path of ['/health/ready', '/ready'])
      expect([200, 503]).toContain((await ask(`${base}${path}`, { method: 'GET', headers: { host } })).status)
    for (const path of ['/', '/v1/events/schema'])
      expect((await ask(`${base}${path}`, { method: 'GET', headers: { host } })).status).toBe(401)
  }
})

test.each([
  [{}, '`listen.adminToken`'],
  [{ MCP_VITALS_ADMIN_TOKEN: ADMIN }, '`doors.keys: true`'],
  [{ MCP_VITALS_KEYS: 'true' }, '`listen.adminToken`'],
  [{ MCP_VITALS_KEYS: 'true', MCP_VITALS_ADMIN_TOKEN: 'short' }, 'listen.adminToken'],
])('off loopback with %j the start is refused, and what to add is named', async (env, words) => {
  await expect(startDaemon({ config: { listen: { host: '0.0.0.0' } }, env })).rejects.toThrow(words)
})

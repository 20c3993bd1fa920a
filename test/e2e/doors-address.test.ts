/** The table of routes, walked from this machine's loopback address and from one of its own that is none. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Opener, ROUTES, type Route, UNLISTED } from '../../packages/server/src/app/routes.js'
import { type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { ask, makeKey, rpc } from '../fixtures/door-clients.js'
import { lendAddress } from '../fixtures/own-address.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'
import { fixture, script } from './gateway-harness.js'

const ADMIN = 'admin-token-0123456789-0123456789-abcdef'
let daemon: RunningDaemon
let key: string
let token: string
let ownerToken: string
let session: Readonly<Record<string, string>> = {}
let port: string
const { address, giveBack } = lendAddress()

beforeAll(async () => {
  const config = {
    listen: { host: '0.0.0.0', adminToken: ADMIN },
    doors: { keys: true },
    servers: { notes: script(fixture('legacy-server.mjs')) },
    gateway: { front: 'notes' },
    monitor: { components: { job: { type: 'heartbeat', periodMs: 3_600_000, token: JOB } } },
  }
  daemon = await startDaemon({ config })
  port = new URL(daemon.url).port
  token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  ownerToken = readFileSync(join(daemon.dataDir, 'owner-token'), 'utf8').trim()
  key = makeKey(daemon.dataDir, '--agent', 'walker').key
  session = await logIn()
  await until(
    async () =>
      (await ask(`${daemon.url}/mcp/notes`, { headers: { 'X-MCP-Vitals-Key': key }, body: rpc(1, 'ping') })).status !==
      401,
    10_000,
    () => 'the key never opened',
  )
})

afterAll(async () => {
  await daemon?.stop()
  giveBack()
})

const JOB = 'heartbeat-token-of-this-test'
type Shown =
  | 'none'
  | 'wrong'
  | 'heartbeat token'
  | 'ingest token'
  | 'owner token'
  | 'admin token'
  | 'admin password'
  | 'admin session'
  | 'key'
const SHOWN: readonly Shown[] = [
  ...(['none', 'wrong', 'ingest token', 'owner token', 'heartbeat token'] as const),
  ...(['admin token', 'admin password', 'admin session', 'key'] as const),
]

function headersOf(shown: Shown): Record<string, string> {
  switch (shown) {
    case 'none':
      return {}
    case 'wrong':
      return {
        authorization: `Bearer ${ADMIN.replace('a', 'b')}`,
        'x-mcp-vitals-key': `mcpv_000000000000_${'a'.repeat(43)}`,
      }
    case 'heartbeat token':
      return { authorization: `Bearer ${JOB}` }
    case 'ingest token':
      return { authorization: `Bearer ${token}` }
    case 'owner token':
      return { authorization: `Bearer ${ownerToken}` }
    case 'admin token':
      return { authorization: `Bearer ${ADMIN}` }
    case 'admin password':
      return { authorization: `Basic ${Buffer.from(`me:${ADMIN}`).toString('base64')}` }
    case 'admin session':
      return { ...session }
    case 'key':
      return { 'x-mcp-vitals-key': key }
  }
}

/** What each opener is shown as, at a daemon with keys and without open scrape. */
const OPENED_BY: Readonly<Record<Opener, readonly Shown[]>> = {
  nothing: SHOWN,
  'nothing, with listen.openScrape': [],
  'nothing, with status.public': [],
  'nothing, without doors.keys': [],
  'ingest token': ['ingest token'],
  'owner token': ['owner token'],
  'heartbeat token': ['heartbeat token'],
  // The job that is asked for has one.
  'nothing, without a heartbeat token': [],
  'admin token': ['admin token', 'admin password'],
  'session viewer': ['admin session'],
  'session admin': ['admin session'],
  // Twilio's alone, of a message and an address that it was given.
  signature: [],
  key: ['key'],
}

/** By what each token is called where one is asked for. */
const NAMED: Partial<Readonly<Record<Opener, RegExp>>> = {
  'owner token': /owner-token/,
  'admin token': /listen\.adminToken/,
  'heartbeat token': /this heartbeat/,
}

async function answerOf(base: string, { method, path }: Pick<Route, 'method' | 'path'>, shown: Shown) {
  const verb = method === 'any' ? 'POST' : method.split(', ')[0]!
  const body = path === '/v1/events' ? { events: [] } : rpc(1, 'ping')
  const headers = headersOf(shown)
  // A stream does not end: its headers are enough.
  const asked = path === ROUTES.dashboardStream.path ? 'HEAD' : verb
  const answer = await ask(`${base}${path}`, { method: asked, headers, ...(asked === 'POST' && { body }) })
  if (path === ROUTES.logout.path) session = await logIn()
  return answer
}

/** What shows a session of an administrator. */
async function logIn(): Promise<Readonly<Record<string, string>>> {
  const { headers, text } = await ask(`http://127.0.0.1:${port}/admin/api/login`, { body: { token: ADMIN } })
  const cookie = String(headers['set-cookie']).split(';', 1)[0]!
  return { cookie, 'x-csrf-token': (JSON.parse(text) as { readonly csrf: string }).csrf }
}

/** A heartbeat by the name that there is. */
function ofJob(route: Route): Route {
  return { ...route, path: route.path.replace(/^\/heartbeat\/:name/, '/heartbeat/job').replace(':outcome', 'fail') }
}

const NOTES = { ...ROUTES.gateway, path: '/mcp/notes' }
/** Each row of the table that is there with a server at the front; and what a server that is not there, and a path that is no route, are like. */
const ROWS: readonly Route[] = [
  ...Object.values<Route>(ROUTES)
    .filter(({ when }) => when !== 'without gateway.front')
    .map((route) => (route === ROUTES.gateway ? NOTES : ofJob(route))),
  { ...ROUTES.gateway, path: '/mcp/nobody' },
  ...['/nothing', '/%6detrics', '/metrics/', '//metrics', '/v1/events/x', '/mcp/'].map((path) => ({
    ...UNLISTED,
    method: 'GET' as const,
    path,
  })),
]

describe.each(['loopback', 'elsewhere'] as const)('from %s', (where) => {
  test.each(ROWS.map((row) => [row.path, row] as const))(
    `%s asks for what the table says. ${promises('F10.network.rest-needs-token')}`,
    async (_, route) => {
      const base = `http://${where === 'loopback' ? '127.0.0.1' : address}:${port}`
      const openers: readonly Opener[] = where === 'loopback' ? route.here : route.elsewhere
      const opens = openers.flatMap((opener) => OPENED_BY[opener])
      const named = Object.entries(NAMED).filter(([opener]) => openers.includes(opener as Opener))
      for (const shown of SHOWN) {
        const { status, text } = await answerOf(base, route, shown)
        // Past the credential any answer will do, such as 400 for an empty post.
        expect(opens.includes(shown) ? status !== 401 : status === 401, `${shown}: ${status}`).toBe(true)
        if (status === 401 && text !== '' && named.length > 0)
          expect(Object.entries(NAMED).filter(([, name]) => name.test(text))).toEqual(named)
      }
    },
  )

  test('who has no key learns of no server, neither by name nor by another answer', async () => {
    const base = `http://${where === 'loopback' ? '127.0.0.1' : address}:${port}`
    const to = (name: string, shown: Shown) =>
      ask(`${base}/mcp/${name}`, { headers: headersOf(shown), body: rpc(1, 'x') })
    const [known, unknown] = [await to('notes', 'none'), await to('nobody', 'none')]
    expect({ ...unknown, headers: { ...unknown.headers, date: '' }, rawHeaders: [] }).toMatchObject({
      status: known.status,
      text: known.text,
      headers: { ...known.headers, date: '' },
    })
    const keyed = await to('nobody', 'key')
    expect(keyed.status).toBe(404)
    expect(keyed.text).not.toContain('notes')
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

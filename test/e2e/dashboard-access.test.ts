/** Who may look at the dashboard: a real daemon, asked as people, programs and hostile pages would ask it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePasswordHash } from '../../packages/server/src/access/index.js'
import type { SessionDocument } from '../../packages/server/src/faces/dashboard/api.js'
import { cheapHash } from '../fixtures/cheap-hash.js'
import { type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { type Asking, ask } from '../fixtures/door-clients.js'
import { lendAddress } from '../fixtures/own-address.js'
import { sendRaw } from '../fixtures/raw-request.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const ADMIN = 'admin-token-0123456789-0123456789-abcdef'
const PASSWORD = 'a horse of many colours'
const PEOPLE = { kim: 'admin', lee: 'viewer', locked: 'viewer' } as const
const FAILURES = 3
let daemon: RunningDaemon
let here: string
let elsewhere: string
const { address, giveBack } = lendAddress()

beforeAll(async () => {
  const hashes = { kim: await makePasswordHash(PASSWORD), lee: cheapHash(PASSWORD), locked: cheapHash(PASSWORD) }
  daemon = await startDaemon({
    config: {
      listen: { host: '0.0.0.0', adminToken: ADMIN, allowedHosts: [address] },
      monitor: {
        components: { job: { type: 'heartbeat', periodMs: 3_600_000, token: 'heartbeat-token-of-this-test' } },
      },
      doors: { keys: true, trustedProxies: ['127.0.0.1'] },
      dashboard: {
        users: Object.entries(PEOPLE).map(([name, role]) => ({
          ...{ name, role, passwordHash: hashes[name as keyof typeof hashes] },
        })),
        lockout: { failures: FAILURES },
      },
    },
  })
  const { port } = new URL(daemon.url)
  here = `http://127.0.0.1:${port}`
  elsewhere = `http://${address}:${port}`
})
afterAll(async () => {
  await daemon?.stop()
  giveBack()
})

type Headers = Readonly<Record<string, string>>
const get = (base: string, path: string, headers: Headers = {}) => ask(`${base}${path}`, { method: 'GET', headers })
const post = (path: string, body: unknown, headers: Headers = {}, base = elsewhere) =>
  ask(`${base}${path}`, { body, headers })
/** From an address of its own, so that nobody else's failures lock it. */
const logIn = (shown: unknown, headers: Headers = {}) => post('/admin/api/login', shown, headers)
const cookieIn = ({ headers }: Awaited<ReturnType<typeof ask>>) => String(headers['set-cookie']).split(';', 1)[0]!

/** Headers of a session of somebody. */
async function sessionOf(user: keyof typeof PEOPLE): Promise<{ readonly cookie: string; readonly csrf: string }> {
  const answer = await logIn({ user, password: PASSWORD })
  const { csrf = '' } = JSON.parse(answer.text) as SessionDocument
  return { cookie: cookieIn(answer), csrf }
}
const standing = async (headers: Headers, base = elsewhere) =>
  JSON.parse((await get(base, '/admin/api/session', headers)).text) as SessionDocument

/** An act that a viewer may not do, and that changes nothing: there is no such alert. */
const act = (headers: Headers, asking: Asking = {}) =>
  ask(`${elsewhere}/admin/api/alerts/act`, { body: { do: 'acknowledge', fingerprint: '0123' }, headers, ...asking })

describe('logging in', () => {
  test('says who one is, before and after, and how one can', async () => {
    expect(await standing({})).toMatchObject({ role: 'none', login: { user: true, adminToken: true } })
    const { cookie, csrf } = await sessionOf('lee')
    expect(await standing({ cookie })).toMatchObject({ role: 'viewer', user: 'lee', by: 'session', csrf })
    expect(await standing({ authorization: `Bearer ${ADMIN}` })).toMatchObject({ role: 'admin', by: 'token' })
    expect(await standing({}, here)).toMatchObject({ role: 'viewer', by: 'loopback' })
  })

  test('gives a cookie that no script reads and no other site sends, Secure behind TLS', async () => {
    const answer = await logIn({ token: ADMIN }, { 'x-forwarded-proto': 'https' })
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^mcp_vitals_session=[\w-]{43}; Path=\/admin; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/,
      ),
    ])
    expect(String((await logIn({ token: ADMIN })).headers['set-cookie'])).not.toContain('Secure')
  })

  test('begins a session that nobody knew before, and ends the one that was shown', async () => {
    const planted = `mcp_vitals_session=${'A'.repeat(43)}`
    const first = cookieIn(await logIn({ token: ADMIN }, { cookie: planted }))
    expect(first).not.toBe(planted)
    expect(await standing({ cookie: planted })).toMatchObject({ role: 'none' })
    const second = cookieIn(await logIn({ token: ADMIN }, { cookie: first }))
    expect(second).not.toBe(first)
    expect(await standing({ cookie: first })).toMatchObject({ role: 'none' })
    expect(await standing({ cookie: second })).toMatchObject({ role: 'admin' })
    // Of two cookies nobody can say which was set here.
    expect(await standing({ cookie: `${planted}; ${second}` })).toMatchObject({ role: 'none' })
  })

  test('takes the owner’s token on this machine alone', async () => {
    const token = readFileSync(join(daemon.dataDir, 'owner-token'), 'utf8').trim()
    expect((await post('/admin/api/login', { token }, {}, here)).status).toBe(200)
    const forwarded = { 'x-forwarded-for': '192.0.2.20' }
    expect((await post('/admin/api/login', { token }, forwarded, here)).status).toBe(401)
  })

  test('ends by logging out: this session, or all of the user', async () => {
    const [one, two, other] = [await sessionOf('lee'), await sessionOf('lee'), await sessionOf('kim')]
    const out = (session: typeof one, body: object) =>
      post('/admin/api/logout', body, { cookie: session.cookie, 'x-csrf-token': session.csrf })
    const answer = await out(one, {})
    expect(answer.headers['set-cookie']).toEqual([expect.stringContaining('Max-Age=0')])
    expect([await standing(one), await standing(two)]).toMatchObject([{ role: 'none' }, { role: 'viewer' }])
    const three = await sessionOf('lee')
    await out(three, { everywhere: true })
    expect([await standing(two), await standing(three)]).toMatchObject([{ role: 'none' }, { role: 'none' }])
    expect(await standing(other)).toMatchObject({ role: 'admin' })
    const nobody = await post('/admin/api/logout', {}, {}, here)
    expect([nobody.status, nobody.text]).toEqual([401, expect.stringContaining('session: log in at /admin/dashboard.')])
  })
})

describe('roles', () => {
  test('a viewer reads and does not act; an administrator does both', async () => {
    const [viewer, admin] = [await sessionOf('lee'), await sessionOf('kim')]
    for (const { cookie } of [viewer, admin])
      for (const path of ['/admin/api/dashboard', '/admin/api/alerts', '/admin/api/audit'])
        expect((await get(elsewhere, path, { cookie })).status, path).toBe(200)
    expect(await act({ cookie: viewer.cookie, 'x-csrf-token': viewer.csrf })).toMatchObject({ status: 403 })
    // Past the door: there is no such alert.
    expect(await act({ cookie: admin.cookie, 'x-csrf-token': admin.csrf })).toMatchObject({ status: 404 })
    expect(await act({ authorization: `Bearer ${ADMIN}` })).toMatchObject({ status: 404 })
  })

  test('without a login this machine looks on, and tells nobody who did what', async () => {
    expect((await get(here, '/admin/api/dashboard')).status).toBe(200)
    for (const path of ['/admin/api/alerts', '/admin/api/audit']) expect((await get(here, path)).status).toBe(401)
    expect(await ask(`${here}/admin/api/alerts/act`, { body: {} })).toMatchObject({ status: 401 })
  })

  test('what a proxy on this machine passes on comes from elsewhere', async () => {
    for (const header of [{ 'x-forwarded-for': '192.0.2.7' }, { forwarded: 'for=192.0.2.7' }])
      expect((await get(here, '/admin/api/dashboard', header)).status).toBe(401)
  })

  test('an address that leads to a route by another spelling opens no more than the route', async () => {
    const paths = [
      '/x/../admin/api/alerts',
      '/x/%2e%2e/admin/api/alerts',
      '/admin/api/alert%73',
      '/metrics/../admin/api/audit',
      '/x/../heartbeat/job',
    ]
    for (const path of paths) expect((await sendRaw(Number(new URL(here).port), 'GET', path)).status, path).toBe(401)
  })

  test('who acts by a session is named by it, whatever they say', async () => {
    const { cookie, csrf } = await sessionOf('kim')
    const silence = { do: 'silence', matchers: ['server="nobody"'], durationMs: 60_000, by: 'somebody else' }
    const headers = { cookie, 'x-csrf-token': csrf }
    expect((await post('/admin/api/alerts/act', silence, headers)).status).toBe(200)
    const { silences } = JSON.parse((await get(elsewhere, '/admin/api/alerts', headers)).text) as {
      readonly silences: readonly { readonly by: string }[]
    }
    expect(silences.map(({ by }) => by)).toEqual(['kim'])
  })
})

describe('pages of other sites', () => {
  test('act on nothing by somebody’s cookie', async () => {
    const { cookie, csrf } = await sessionOf('kim')
    const origin = elsewhere
    const right = { cookie, 'x-csrf-token': csrf, origin, 'sec-fetch-site': 'same-origin' }
    expect((await act(right)).status).toBe(404)
    const { 'x-csrf-token': _, ...without } = right
    for (const headers of [
      without,
      { ...right, 'x-csrf-token': `${csrf}x` },
      { ...right, 'sec-fetch-site': 'cross-site' },
      { ...right, 'sec-fetch-site': 'same-site' },
      // Another server of this machine is another site, though it may call the gateway.
      { ...right, origin: 'http://localhost:3000' },
    ])
      expect((await act(headers)).status, JSON.stringify(headers)).toBe(403)
    expect((await act({ ...right, 'content-type': 'text/plain' })).status).toBe(400)
  })

  test('log nobody in', async () => {
    const body = { token: ADMIN }
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'http://localhost:3000' }])
      expect((await logIn(body, headers)).status).toBe(403)
    expect((await logIn(body, { 'content-type': 'text/plain' })).status).toBe(400)
  })

  test('come to nothing under a name of their own (DNS rebinding)', async () => {
    const { cookie } = await sessionOf('kim')
    for (const path of ['/admin/dashboard', '/admin/api/session', '/admin/api/dashboard']) {
      const answer = await get(elsewhere, path, { cookie, host: 'evil.example' })
      expect(answer).toMatchObject({ status: 403, headers: { 'x-frame-options': 'DENY' } })
    }
  })
})

test('every answer below /admin forbids what it should, whatever it says', async () => {
  const asked = [
    get(elsewhere, '/admin/api/session'),
    get(elsewhere, '/admin/api/dashboard'),
    get(elsewhere, '/admin/api/nothing', { authorization: `Bearer ${ADMIN}` }),
    get(elsewhere, '/admin/dashboard'),
    get(elsewhere, '/admin/dashboard/tools/%00%0d%0aset-cookie:x=1'),
    get(here, '/admin/api/alerts'),
    post('/admin/api/dashboard', {}, { authorization: `Bearer ${ADMIN}` }),
    ask(`${elsewhere}/admin/api/login`, { body: 'no json' }),
  ]
  for (const { status, headers } of await Promise.all(asked))
    expect(headers, String(status)).toMatchObject({
      'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
      'cache-control': expect.stringMatching(/no-store|no-cache/),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    })
})

test('a browser’s script is not asked for a password in a window of its own', async () => {
  const { headers } = await get(elsewhere, '/admin/api/dashboard', { 'sec-fetch-mode': 'cors' })
  expect(headers['www-authenticate']).toBe('Bearer realm="mcp-vitals"')
})

describe('guessing', () => {
  test(`locks the name, and the place that it comes from, and tells an auditor. ${promises('A8.trigger.auth-failure', 'A8.trigger.brute-force')}`, async () => {
    const guess = (user: string, place: string, password = 'a guess that is wrong') =>
      post('/admin/api/login', { user, password }, { 'x-forwarded-for': place }, here)
    for (let tries = 0; tries < FAILURES; tries++)
      expect((await guess('locked', `192.0.2.${tries + 1}`)).status).toBe(401)
    // The name is locked wherever one comes from, with the right password too, and nobody else is.
    expect(await guess('locked', '198.51.100.1', PASSWORD)).toMatchObject({
      status: 429,
      headers: { 'retry-after': expect.stringMatching(/^\d+$/) },
    })
    expect((await guess('kim', '198.51.100.1', PASSWORD)).status).toBe(200)
    // The place is locked whichever names are tried; names that nobody has count as well.
    for (let tries = 0; tries < FAILURES; tries++)
      expect((await guess(`nobody${tries}`, '203.0.113.9')).status).toBe(401)
    expect((await guess('kim', '203.0.113.9', PASSWORD)).status).toBe(429)

    const headers = { authorization: `Bearer ${ADMIN}` }
    const rows = async () =>
      JSON.parse(
        (
          await get(
            elsewhere,
            '/admin/api/audit?type=AUTH_FAILURE&type=AUTH_LOCKOUT&type=ADMIN_LOGIN&limit=500',
            headers,
          )
        ).text,
      )
    let seen: { readonly rows: readonly { event_type: string; actor: string; details: { reason?: string } }[] } = {
      rows: [],
    }
    await until(
      async () => {
        seen = await rows()
        return seen.rows.filter(({ event_type }) => event_type === 'AUTH_LOCKOUT').length === 2
      },
      10_000,
      () => JSON.stringify(seen),
    )
    const of = (type: string) => seen.rows.filter(({ event_type }) => event_type === type)
    expect(of('AUTH_FAILURE').filter(({ details }) => details.reason === 'login_password').length).toBe(2 * FAILURES)
    expect(of('ADMIN_LOGIN').map(({ actor, details }) => `${actor} ${details.reason}`)).toEqual(
      expect.arrayContaining(['kim admin_password', 'lee viewer_password', 'admin admin_token']),
    )
    let alerts = ''
    await until(
      async () => {
        alerts = (await get(elsewhere, '/admin/api/alerts', headers)).text
        return alerts.includes('"BruteForce"')
      },
      10_000,
      () => alerts,
    )
    // Nobody finds out by what is kept who tried what.
    expect(alerts + JSON.stringify(seen)).not.toMatch(/a guess|nobody\d|203\.0\.113/)
  })
})

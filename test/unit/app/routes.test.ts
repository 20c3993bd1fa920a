/** The table of routes is what the server goes by, and says what was promised: any other cell is found. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createHttpServer, type Handlers, listen } from '../../../packages/server/src/app/http.js'
import { type Opener, ROUTES, type Route, type RouteName } from '../../../packages/server/src/app/routes.js'
import { ask } from '../../fixtures/door-clients.js'
import { lendAddress } from '../../fixtures/own-address.js'

type Table = Readonly<Record<RouteName, Route>>
const SCRAPED: readonly RouteName[] = ['health', 'healthReady', 'ready', 'metrics']
const ASKED: readonly RouteName[] = [
  'apiQuery',
  'apiQueryRange',
  'apiLabels',
  'apiLabelValues',
  'apiSeries',
  'apiExemplars',
  'apiMetadata',
  'apiTargets',
  'apiRules',
  'apiAlerts',
  'apiBuildInfo',
]
const PUBLISHED: readonly RouteName[] = [
  ...(['overview', 'feedRss', 'feedJson', 'badge', 'badgeUptime', 'badgeComponent', 'badgeComponentUptime'] as const),
]
const SHOWN: readonly RouteName[] = [
  'status',
  'overviewFull',
  'healthComponents',
  'healthIncidents',
  'ingestSchema',
  ...ASKED,
]
const FACES: readonly RouteName[] = [...SCRAPED, ...PUBLISHED, ...SHOWN]
const SERVED: readonly RouteName[] = ['gateway', 'frontMcp', 'frontSse', 'frontMessage']
const OWNED: readonly RouteName[] = ['alerts', 'alertsHistory', 'dashSettings']
const VIEWED: readonly RouteName[] = [
  ...(['dashboardData', 'dashboardStream', 'dashServers', 'dashTools', 'dashTool', 'dashSessions'] as const),
  ...(['dashSession', 'dashChanges', 'dashQuery', 'dashQueryRange', 'dashLabels', 'dashLabelValues'] as const),
  ...(['dashSeries', 'dashMetadata', 'dashRules', 'dashComponents', 'dashIncidents'] as const),
]
const OPEN: readonly RouteName[] = ['session', 'login', 'dashboard', 'dashboardView', 'dashboardAsset']
const OPENERS: readonly Opener[] = [
  'nothing',
  'nothing, with listen.openScrape',
  'nothing, with status.public',
  'nothing, without doors.keys',
  'admin token',
  'owner token',
  'session viewer',
  'session admin',
  'signature',
  'ingest token',
  'heartbeat token',
  'nothing, without a heartbeat token',
  'key',
]

/** What the contract (F10) and docs/doors.md promise of a table, in their own words. */
function broken(table: Table): readonly string[] {
  const is = (found: readonly Opener[], ...wanted: Opener[]) => [...found].sort().join() === wanted.sort().join()
  const rules: Readonly<Record<string, boolean>> = {
    'on this machine every face is open': FACES.every((name) => is(table[name].here, 'nothing')),
    'elsewhere health and metrics take the admin token, or nothing where the operator says so': SCRAPED.every((name) =>
      is(table[name].elsewhere, 'admin token', 'nothing, with listen.openScrape'),
    ),
    'elsewhere the status page takes the admin token, or nothing where the operator says so': PUBLISHED.every((name) =>
      is(table[name].elsewhere, 'admin token', 'nothing, with status.public'),
    ),
    'elsewhere all other faces take the admin token': SHOWN.every((name) => is(table[name].elsewhere, 'admin token')),
    'the audit log takes the admin token or a login, on this machine too': [table.audit, table.auditVerify].every(
      ({ here, elsewhere }) =>
        is(here, 'admin token', 'session viewer') && is(elsewhere, 'admin token', 'session viewer'),
    ),
    'events come with the ingest token, on this machine too':
      is(table.ingest.here, 'ingest token') && is(table.ingest.elsewhere, 'ingest token'),
    'servers are open on this machine unless keys are asked for, and elsewhere never': SERVED.every(
      (name) => is(table[name].here, 'key', 'nothing, without doors.keys') && is(table[name].elsewhere, 'key'),
    ),
    'alerts and settings are the owner’s and the administrator’s, on this machine too, and shown to who logged in':
      OWNED.every(
        (name) =>
          is(table[name].here, 'owner token', 'admin token', 'session viewer') &&
          is(table[name].elsewhere, 'admin token', 'session viewer'),
      ),
    'who acts on alerts is their owner or an administrator':
      is(table.alertsAct.here, 'owner token', 'admin token', 'session admin') &&
      is(table.alertsAct.elsewhere, 'admin token', 'session admin'),
    'what the dashboard reads is shown on this machine, and elsewhere to who logged in or has the token': VIEWED.every(
      (name) => is(table[name].here, 'nothing') && is(table[name].elsewhere, 'admin token', 'session viewer'),
    ),
    'agents ask with the token of the owner or of the administrator, on this machine too': [
      table.agent,
      table.agentMcp,
    ].every(({ here, elsewhere }) => is(here, 'owner token', 'admin token') && is(elsewhere, 'admin token')),
    'the page and the way in are open': OPEN.every(
      (name) => is(table[name].here, 'nothing') && is(table[name].elsewhere, 'nothing'),
    ),
    'only who is in gets out': is(table.logout.here, 'session viewer') && is(table.logout.elsewhere, 'session viewer'),
    'heartbeats come with their token, and on this machine with none where they have none': (
      ['heartbeat', 'heartbeatOutcome'] as const
    ).every(
      (name) =>
        is(table[name].here, 'heartbeat token', 'nothing, without a heartbeat token') &&
        is(table[name].elsewhere, 'heartbeat token'),
    ),
    'word of deliveries is signed': is(table.twilio.here, 'signature') && is(table.twilio.elsewhere, 'signature'),
  }
  return Object.keys(rules).filter((rule) => !rules[rule])
}

/** Every table that differs in one cell by one opener. */
function* mutants(): Generator<readonly [name: RouteName, address: 'here' | 'elsewhere', opener: Opener, Table]> {
  for (const name of Object.keys(ROUTES) as RouteName[])
    for (const address of ['here', 'elsewhere'] as const)
      for (const opener of OPENERS) {
        const before: readonly Opener[] = ROUTES[name][address]
        const after = before.includes(opener) ? before.filter((one) => one !== opener) : [...before, opener]
        yield [name, address, opener, { ...ROUTES, [name]: { ...ROUTES[name], [address]: after } }]
      }
}

describe('the table', () => {
  test('keeps every promise', () => expect(broken(ROUTES)).toEqual([]))

  test('keeps them no more with any other opener in any cell', () => {
    const missed = [...mutants()].filter(([, , , table]) => broken(table).length === 0)
    expect(missed.map(([name, address, opener]) => `${name}, ${address}, ${opener}`)).toEqual([])
  })
})

const { address, giveBack } = lendAddress()
const running: Server[] = []
afterAll(() => {
  for (const server of running) server.close()
  giveBack()
})

const TOKEN = 'Bearer let-me-in'

/** Serves a table, to a caller with the token as administrator. */
async function serve(table: Table, openScrape: boolean, isPublic: boolean): Promise<number> {
  const handlers = Object.fromEntries(FACES.map((name) => [name, () => new Response(name)])) as Partial<Handlers>
  const isAdmin = (shown: string | undefined) => shown === TOKEN
  const admission = { isAdmin, isScrapeOpen: () => openScrape, isStatusPublic: () => isPublic }
  const server = createHttpServer({ handlers, gateway: () => {}, table, admission })
  running.push(server)
  await listen(server, '0.0.0.0', 0)
  return (server.address() as AddressInfo).port
}

describe('the server', () => {
  test('goes by the table, whatever it says', async () => {
    const own = fc.subarray<Opener>([
      'nothing',
      'nothing, with listen.openScrape',
      'nothing, with status.public',
      'admin token',
    ])
    const cells = fc.record(Object.fromEntries(FACES.map((name) => [name, fc.record({ here: own, elsewhere: own })])))
    await fc.assert(
      fc.asyncProperty(cells, fc.boolean(), fc.boolean(), async (changed, openScrape, isPublic) => {
        const rows = Object.entries(changed).map(([name, row]) => [name, { ...ROUTES[name as RouteName], ...row }])
        const table = { ...ROUTES, ...Object.fromEntries(rows) } as Table
        const port = await serve(table, openScrape, isPublic)
        for (const name of FACES)
          for (const from of ['here', 'elsewhere'] as const)
            for (const authorization of [TOKEN, 'Bearer guess', undefined]) {
              const openers = table[name][from]
              const opens =
                openers.includes('nothing') ||
                (openScrape && openers.includes('nothing, with listen.openScrape')) ||
                (isPublic && openers.includes('nothing, with status.public')) ||
                (authorization === TOKEN && openers.includes('admin token'))
              const url = `http://${from === 'here' ? '127.0.0.1' : address}:${port}${table[name].path.replace(':name', 'notes')}`
              const { status } = await ask(url, { method: 'GET', headers: authorization ? { authorization } : {} })
              expect(status, `${name} ${from} ${authorization}`).toBe(opens ? 200 : 401)
            }
      }),
      { numRuns: 10 },
    )
  })
})

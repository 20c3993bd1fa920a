/** What a real daemon keeps and shows of health: incidents and uptime over its own death, the public page, feeds, badges, and the command. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CLI, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { ask } from '../fixtures/door-clients.js'
import { lendAddress } from '../fixtures/own-address.js'
import { until } from '../fixtures/until.js'

const PATIENCE_MS = 60_000
const ADMIN = 'admin-token-0123456789-0123456789-abcdef'
const SLOW = { latencyMs: 60_000 }
let daemon: RunningDaemon
let siteStatus = 200
let site: Server
const dataDir = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
const { address, giveBack } = lendAddress()

const start = () =>
  startDaemon({
    dataDir,
    config: {
      listen: { host: '0.0.0.0', adminToken: ADMIN, allowedHosts: [address] },
      doors: { keys: true },
      status: { title: 'Our tools' },
      monitor: {
        ...{
          intervalMs: 1000,
          timeoutMs: 2000,
          healthy: SLOW,
          degraded: SLOW,
          failureThreshold: 2,
          successThreshold: 1,
        },
        components: { site: { type: 'http', url: `http://127.0.0.1:${(site.address() as AddressInfo).port}/secret` } },
      },
    },
  })

beforeAll(async () => {
  site = createServer((_, response) => response.writeHead(siteStatus).end())
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  daemon = await start()
}, PATIENCE_MS)
afterAll(async () => {
  await daemon?.stop()
  await new Promise((resolve) => site.close(resolve))
  rmSync(dataDir, { recursive: true, force: true })
  giveBack()
})

interface Incident {
  readonly id: string
  readonly component: string
  readonly ended: string | null
  readonly cause: string
  readonly unwatchedSeconds: number
}
const get = async <T>(path: string) => (await (await fetch(`${daemon.url}${path}`)).json()) as T
const incidents = async () =>
  (await get<{ readonly incidents: readonly Incident[] }>('/api/health/incidents?component=site')).incidents
const siteNow = async () =>
  (
    await get<{
      readonly components: readonly {
        readonly status: string
        readonly days: readonly {
          readonly checks: number
          readonly upSeconds: number
          readonly unhealthySeconds: number
        }[]
      }[]
    }>('/api/health/components?component=site&days=1')
  ).components[0]

async function comesTo(status: string): Promise<void> {
  let seen: string | undefined
  await until(
    async () => {
      seen = (await siteNow())?.status
      return seen === status
    },
    PATIENCE_MS,
    () => `site is ${seen}, not ${status}`,
  )
}

test(
  'an incident outlives kill -9 of the daemon, whose absence is told, and ends with the trouble',
  async () => {
    await comesTo('healthy')
    siteStatus = 500
    await comesTo('unhealthy')
    const [began] = await incidents()
    expect(began).toMatchObject({ component: 'site', ended: null, cause: 'HTTP status 500' })
    const before = await siteNow()
    await daemon.stop('SIGKILL')

    daemon = await start()
    expect((await incidents()).map(({ id, ended }) => [id, ended])).toEqual([[began?.id, null]])
    siteStatus = 200
    await comesTo('healthy')
    const [over, ...others] = await incidents()
    expect(others).toEqual([])
    expect(over).toMatchObject({ id: began?.id, ended: expect.stringMatching(/Z$/) })
    expect(over?.unwatchedSeconds).toBeGreaterThan(0)
    const after = await siteNow()
    expect(after?.days[0]?.checks).toBeGreaterThan(before?.days[0]?.checks ?? Number.NaN)
    expect(after?.days[0]?.upSeconds).toBeGreaterThan(0)
    expect(after?.days[0]?.unhealthySeconds).toBeGreaterThan(0)

    const told = (...words: string[]) =>
      spawnSync(process.execPath, [CLI, 'status', '--incidents', '--data', dataDir, ...words], { encoding: 'utf8' })
    expect(told().stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}site: HTTP status 500, over after \d+ s/)
    expect(told('--component', 'nobody').stdout).toBe('No incident.\n')
    expect(JSON.parse(told('--json').stdout)).toMatchObject({ total: 1 })
  },
  4 * PATIENCE_MS,
)

test(
  'the public page tells everybody how it is, and nobody else why',
  async () => {
    const elsewhere = (path: string, token?: string) =>
      ask(`http://${address}:${new URL(daemon.url).port}${path}`, {
        method: 'GET',
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      })
    const published = [
      '/status',
      '/status/feed.rss',
      '/status/feed.json',
      '/status/badge.svg',
      '/status/badge/site.svg',
    ]
    for (const path of published) expect((await elsewhere(path)).status, path).toBe(401)
    expect((await elsewhere('/status', ADMIN)).status).toBe(200)
    expect(await (await fetch(`${daemon.url}/status`)).text()).toContain('HTTP status 500')

    const file = join(daemon.home, 'config.json')
    const config = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...config, status: { ...config.status, public: true } }))
    await until(
      async () => (await elsewhere('/status')).status === 200,
      PATIENCE_MS,
      () => daemon.stdout(),
    )
    for (const path of published) expect((await elsewhere(path)).status, path).toBe(200)
    for (const path of ['/', '/status/full', '/api/health/incidents', '/api/health/components', '/health'])
      expect((await elsewhere(path)).status, path).toBe(401)
    const page = await (await fetch(`${daemon.url}/status`)).text()
    expect(page).toContain('<h1>Our tools</h1>')
    expect(page).toContain('site')
    for (const path of published)
      expect(await (await fetch(`${daemon.url}${path}`)).text(), path).not.toMatch(
        /HTTP status|secret|127\.0\.0\.1:\d+\/secret/,
      )
    expect(await (await fetch(`${daemon.url}/status/full`)).text()).toContain('HTTP status 500')
  },
  2 * PATIENCE_MS,
)

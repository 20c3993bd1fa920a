/** Somebody goes from view to view of the dashboard again and again: neither the browser nor the daemon keeps what is over. */
import { readFileSync } from 'node:fs'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { CDPSession, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { PROVE, record } from '../faults/prove.js'
import { ADMIN_TOKEN, logIn, looking, REAL_MEMORY } from './looking.js'

const PROOF = 'dashboard soak'
/** Rounds through all views before anything is measured: caches fill, code is compiled. */
const WARM_UP = PROVE ? 8 : 1
const ROUNDS = PROVE ? 60 : 1
const PATIENCE_MS = PROVE ? 3_600_000 : 120_000
/** Growth that is none: what a collector leaves for its next time. */
const SLACK = { heapMb: 3, nodes: 400, listeners: 60, daemonMb: 40 }

const VIEWS = ['Servers', 'Tools', 'Sessions', 'Alerts', 'Audit', 'Query', 'Providers', 'Settings', 'Overview']

const here = looking({ config: { servers: { memory: REAL_MEMORY }, listen: { adminToken: ADMIN_TOKEN } } })

interface Held {
  readonly heapMb: number
  readonly nodes: number
  readonly listeners: number
  readonly daemonMb: number
}

async function held(devtools: CDPSession): Promise<Held> {
  for (let time = 0; time < 3; time++) await devtools.send('HeapProfiler.collectGarbage')
  const { metrics } = await devtools.send('Performance.getMetrics')
  const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN
  const status = readFileSync(`/proc/${here.daemon().process.pid}/status`, 'utf8')
  return {
    heapMb: of('JSHeapUsedSize') / 1024 ** 2,
    nodes: of('Nodes'),
    listeners: of('JSEventListeners'),
    daemonMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
  }
}

async function round(page: Page, client: Client): Promise<void> {
  for (const view of VIEWS) {
    await client.callTool({ name: 'read_graph', arguments: {} })
    await page.getByRole('navigation').getByRole('link', { name: view, exact: true }).click()
    await page.getByRole('heading', { name: view, level: 1 }).waitFor()
    await page.waitForFunction(() => !document.body.textContent?.includes('Loading …'))
  }
}

test(
  'a page that is used for long holds no more than one that was just opened',
  async () => {
    const client = new Client({ name: 'soak', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${here.daemon().url}/mcp/memory`)))
    const page = await here.open('')
    await logIn(page)
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Performance.enable')
    for (let time = 0; time < WARM_UP; time++) await round(page, client)
    const before = await held(devtools)
    for (let time = 0; time < ROUNDS; time++) await round(page, client)
    const after = await held(devtools)
    await client.close()
    record(PROOF, 'views looked at', ROUNDS * VIEWS.length)
    for (const name of Object.keys(SLACK) as (keyof Held)[]) {
      record(PROOF, `${name}, before and after`, `${Math.round(before[name])} → ${Math.round(after[name])}`)
      expect(after[name] - before[name], name).toBeLessThan(SLACK[name])
    }
  },
  PATIENCE_MS,
)

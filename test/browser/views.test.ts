import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Download, Page } from 'playwright-core'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'
import {
  ADMIN_TOKEN,
  barriers,
  HOSTILE_SERVER,
  logIn,
  looking,
  overhang,
  PATIENCE_MS,
  REAL_MEMORY,
  tell,
} from './looking.js'

const here = looking({
  config: {
    servers: { memory: REAL_MEMORY, hostile: HOSTILE_SERVER },
    providers: { disk: { type: 'disk', path: '/' } },
    series: { intervalMs: 1000 },
    listen: { adminToken: ADMIN_TOKEN },
  },
})

const HOSTILE = JSON.parse(
  readFileSync(new URL('../fixtures/hostile-names.json', import.meta.url), 'utf8'),
) as readonly string[]
/** The name of a client that means no good. */
const CLIENT = '\u202e<b/onclick=alert(1)>client</b>'

async function clientOf(server: string, name = CLIENT): Promise<Client> {
  const client = new Client({ name, version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${here.daemon().url}/mcp/${server}`)))
  return client
}

/** How many series there are of the calls that are made below. */
async function sampledCalls(): Promise<number> {
  const query = encodeURIComponent('mcp_tool_calls_total{tool="read_graph",status="success"} > 0')
  const answer = await fetch(`${here.daemon().url}/admin/api/v1/query?query=${query}`)
  return ((await answer.json()) as { data: { result: readonly unknown[] } }).data.result.length
}

beforeAll(async () => {
  const [memory, hostile] = await Promise.all([clientOf('memory'), clientOf('hostile')])
  await memory.callTool({ name: 'read_graph', arguments: {} })
  await memory.callTool({ name: 'add_observations', arguments: { observations: [{ entityName: 'no', contents: [] }] } })
  await hostile.listTools()
  for (const name of [...HOSTILE, `long-${'x'.repeat(100_000)}`]) await hostile.callTool({ name, arguments: {} })
  await Promise.all([memory.close(), hostile.close()])
  await until(
    async () => (await sampledCalls()) > 0,
    PATIENCE_MS,
    () => 'the calls were not sampled',
  )
  await tell(here.daemon(), {
    type: 'plugin',
    server: 'memory',
    plugin: 'botfather',
    command: 'send',
    outcome: 'ok',
    durationMs: 12,
  })
})

/** Each view, with a text that it shows of what happened above. */
const VIEWS: readonly (readonly [path: string, shows: string])[] = [
  ['', 'Requests a second'],
  ['/servers', 'memory'],
  ['/tools', 'read_graph'],
  ['/tools/memory/read_graph', 'Durations over time'],
  ['/sessions', 'memory'],
  ['/alerts', 'ServerUnreachable'],
  ['/audit', 'TOOL_CALLED'],
  ['/query?query=sum(mcp_tool_calls_total)', 'Over time'],
  ['/providers', 'disk'],
  ['/work', 'botfather'],
  ['/settings', 'listen.adminToken'],
]

describe('every view', () => {
  test(promises('A9.dashboard.page'), async () => {
    const page = await here.open('')
    await logIn(page)
    for (const [path, shows] of VIEWS) {
      await page.setViewportSize({ width: 1280, height: 900 })
      await page.emulateMedia({ colorScheme: 'light' })
      await page.goto(`${here.daemon().url}/admin/dashboard${path}`)
      await page.getByRole('main').getByText(shows).filter({ visible: true }).first().waitFor()
      expect(await barriers(page), `${path}, light and wide`).toEqual([])
      expect(await overhang(page), path).toBe(0)
      await page.setViewportSize({ width: 360, height: 740 })
      await page.emulateMedia({ colorScheme: 'dark' })
      expect(await barriers(page, 'looks'), `${path}, dark and narrow`).toEqual([])
      expect(await overhang(page), path).toBe(0)
    }
    expect(await page.getByText(ADMIN_TOKEN).count()).toBe(0)
  }, 180_000)
})

describe('the overview', () => {
  test(
    promises(
      'A9.dashboard.system-health',
      'A9.dashboard.provider-status',
      'A9.dashboard.active-agents',
      'A9.dashboard.usage-summary',
      'A9.dashboard.recent-alerts',
    ),
    async () => {
      const page = await here.open('')
      await page
        .getByRole('region', { name: 'Health' })
        .getByText(/^(GREEN|YELLOW|RED)$/)
        .waitFor()
      await page.getByRole('region', { name: 'Providers' }).getByText('disk').waitFor()
      await page
        .getByRole('region', { name: 'Usage' })
        .getByRole('row', { name: /^Calls [1-9]/ })
        .waitFor()
      await page.getByRole('region', { name: 'Recent alerts' }).getByText(/./).first().waitFor()
      await page.getByText('Agents', { exact: true }).waitFor()
    },
  )

  test('what happens is shown without being asked for', async () => {
    const page = await here.open('?refresh=off')
    const tile = page.locator('.tile', { has: page.getByText('Sessions', { exact: true }) })
    const sessions = tile.locator('b')
    await page.getByText('live', { exact: true }).waitFor()
    const before = Number(await sessions.textContent())
    const client = await clientOf('memory', 'a-third-client')
    onTestFinished(() => client.close())
    await page
      .locator('.tile', { hasText: 'Sessions' })
      .getByText(String(before + 1), { exact: true })
      .waitFor()
  })

  test(promises('A9.dashboard.refresh-30s'), async () => {
    const page = await here.open('?refresh=off', { quiet: true })
    await page.getByRole('region', { name: 'Health' }).waitFor()
    await page.route('**/admin/api/stream', (route) => route.abort())
    await page.clock.install()
    await page.reload()
    await page.getByText('stream cut').waitFor()
    await page.getByRole('region', { name: 'Health' }).waitFor()
    const asked = page.waitForRequest('**/admin/api/dashboard')
    await page.clock.fastForward(30_000)
    await asked
  })
})

describe('an address', () => {
  test('holds range, refresh, filters and order, and can be shared', async () => {
    const page = await here.open('/tools?range=6h&refresh=off&server=memory&tool=graph&sort=tool')
    await page.getByRole('link', { name: 'read_graph' }).waitFor()
    expect(await page.getByRole('row').count()).toBe(2)
    expect(await page.getByLabel('Range').inputValue()).toBe('6h')
    expect(await page.getByLabel('Refresh', { exact: true }).inputValue()).toBe('off')
    expect(await page.getByLabel('Server').inputValue()).toBe('memory')
    await page.getByRole('button', { name: 'clear' }).click()
    await page.getByRole('link', { name: 'create_entities' }).waitFor()
    await page.getByRole('button', { name: 'Calls' }).click()
    await page
      .getByRole('columnheader', { name: 'Calls', exact: true })
      .and(page.locator('[aria-sort=descending]'))
      .waitFor()
    expect(new URL(page.url()).search).toBe('?range=6h&refresh=off&sort=-calls')
    await page.getByRole('link', { name: 'read_graph' }).click()
    await page.getByRole('heading', { name: 'Tool', exact: true }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/admin/dashboard/tools/memory/read_graph')
    await page.goBack()
    await page.getByRole('link', { name: 'create_entities' }).waitFor()
  })

  test('every view is reached by keys', async () => {
    const page = await here.open('')
    await page.getByRole('region', { name: 'Health' }).waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).getByText('Sessions').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const tools = page.getByRole('heading', { name: 'Tools' })
    // The second key counts for a second and a half after the first, in which a busy machine may not come to press it.
    await until(
      async () => {
        await page.keyboard.press('g')
        await page.keyboard.press('t')
        return tools.isVisible()
      },
      20_000,
      () => 'the tools never came',
    )
    await page.getByRole('link', { name: 'read_graph' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('graph')
    await page.getByText('1 of 1', { exact: true }).waitFor()
  })
})

describe('names that strangers chose', () => {
  test('are text alone, with nothing in them hidden', async () => {
    const page = await here.open('/tools?server=hostile')
    await page.getByRole('link', { name: '<img/src=x' }).waitFor()
    const table = page.getByRole('region', { name: 'table of tools' })
    await table.getByText('"><script>document.title').waitFor()
    await table.getByText('⟨U+202E⟩gnp.exe').waitFor()
    await table.getByText('⟨U+200B⟩').waitFor()
    const text = (await table.textContent()) ?? ''
    expect(text.length).toBeLessThan(3000)
    expect(text).not.toMatch(/\p{Cc}|\p{Cf}/u)
    await page.getByRole('link', { name: '<img/src=x' }).click()
    await page.getByText('Recent calls').waitFor()
    await page.getByText('⟨U+202E⟩<b/onclick').filter({ visible: true }).first().waitFor()
    expect(await page.title()).toBe('Tool · mcp-vitals')
    await page.goto(`${here.daemon().url}/admin/dashboard/sessions?server=hostile`)
    await page.getByText('⟨U+202E⟩<b/onclick').filter({ visible: true }).first().waitFor()
    expect(await page.locator('main img, main script, main b[onclick]').count()).toBe(0)
  })
})

describe('what is shown can be taken away', () => {
  test('a table as CSV, in which no name is a formula; a chart as CSV and PNG', async () => {
    const page = await here.open('/tools')
    await page.getByRole('link', { name: 'read_graph' }).waitFor()
    const table = (await taken(page, 'tools as CSV')).toString()
    expect(table).toMatch(/^Tool,Server,State,Calls,/)
    expect(table).toMatch(/\r\nread_graph,memory,available,1,/)
    expect(table).toMatch(/\r\n"?'=/)
    expect(table).toContain('⟨U+202E⟩gnp.exe')
    expect(table).not.toContain('\u202e')
    await page.goto(`${here.daemon().url}/admin/dashboard/query?query=sum(mcp_tool_calls_total)`)
    const chart = (await taken(page, 'Over time as CSV')).toString()
    expect(chart).toMatch(/^time,value\r\n/)
    const picture = await taken(page, 'Over time as PNG')
    expect(picture.subarray(1, 4).toString()).toBe('PNG')
  })
})

async function taken(page: Page, button: string): Promise<Buffer> {
  const [download] = await Promise.all([
    page.waitForEvent('download') as Promise<Download>,
    page.getByRole('button', { name: button }).click(),
  ])
  return readFile(await download.path())
}

describe('the query box', () => {
  test('offers the names that there are, and Enter runs what stands in it', async () => {
    const page = await here.open('/query', { quiet: true })
    const box = page.getByRole('textbox', { name: 'Query' }).and(page.locator('.cm-content'))
    await box.click()
    await page.keyboard.type('mcp_tool_calls')
    await page.getByRole('option', { name: 'mcp_tool_calls_total' }).first().click()
    await box.getByText('mcp_tool_calls_total', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Enter')
    await page.getByText('{server="memory", status="success", tool="read_graph"}').first().waitFor()
    expect(new URL(page.url()).searchParams.get('query')).toBe('mcp_tool_calls_total')
    await page.goto(`${here.daemon().url}/admin/dashboard/query?query=sum(`)
    await page.getByRole('alert').first().waitFor()
  })
})

/** What somebody does with the dashboard: log in as a user, turn its pickers, mark out a time, point at cells, follow addresses. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { cheapHash } from '../fixtures/cheap-hash.js'
import { until } from '../fixtures/until.js'
import { ADMIN_TOKEN, barriers, frontOf, looking, overhang, PATIENCE_MS, REAL_MEMORY } from './looking.js'

const PASSWORD = 'a horse of many colours'
const here = looking({
  config: {
    servers: { memory: REAL_MEMORY },
    series: { intervalMs: 1000 },
    listen: { adminToken: ADMIN_TOKEN },
    dashboard: {
      users: [
        { name: 'kim', role: 'admin', passwordHash: cheapHash(PASSWORD) },
        { name: 'lee', role: 'viewer', passwordHash: cheapHash(PASSWORD) },
        { name: 'lou', role: 'viewer', passwordHash: cheapHash(PASSWORD) },
      ],
      lockout: { failures: 3, lockMs: 600_000 },
    },
  },
})

let session = ''
beforeAll(async () => {
  const client = new Client({ name: 'a-client', version: '2.1.0' })
  const transport = new StreamableHTTPClientTransport(new URL(`${here.daemon().url}/mcp/memory`))
  await client.connect(transport)
  for (let call = 0; call < 3; call++) await client.callTool({ name: 'read_graph', arguments: {} })
  await client.callTool({ name: 'add_observations', arguments: { observations: [{ entityName: 'no', contents: [] }] } })
  await client.close()
  await until(
    async () => {
      const answer = await fetch(`${here.daemon().url}/admin/api/sessions?client=a-client`)
      const [found] = ((await answer.json()) as { sessions: readonly { session: string }[] }).sessions
      const rate = await fetch(
        `${here.daemon().url}/admin/api/v1/query?query=mcp_tool_calls_total{tool="read_graph"}>2`,
      )
      session = found?.session ?? ''
      return session !== '' && ((await rate.json()) as { data: { result: readonly unknown[] } }).data.result.length > 0
    },
    PATIENCE_MS,
    () => 'the calls are not there',
  )
})

async function enter(page: Page, user: string, password: string): Promise<void> {
  await page.getByLabel('User', { exact: true }).last().fill(user)
  await page.getByLabel('Password').fill(password)
  await Promise.all([page.waitForResponse('**/admin/api/login'), page.getByRole('button', { name: 'Log in' }).click()])
}

describe('a user', () => {
  test('logs in with a password, sees what the role may, and is logged out everywhere from anywhere', async () => {
    const page = await here.open('/login', { quiet: true })
    expect(await barriers(page)).toEqual([])
    await enter(page, 'lee', 'a horse of one colour')
    await page.getByRole('alert').first().waitFor()
    await enter(page, 'lee', PASSWORD)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.locator('summary', { hasText: 'lee' }).click()
    await page.getByText('Role: viewer').waitFor()
    // The guess above is an alert, which a viewer reads and leaves as it is.
    await page.goto(`${here.daemon().url}/admin/dashboard/alerts`)
    await page.getByRole('region', { name: 'table of alerts' }).getByText('AuthenticationFailure').first().waitFor()
    expect(await page.getByRole('button', { name: /^(acknowledge|silence)$/ }).count()).toBe(0)
    await page.goto(`${here.daemon().url}/admin/dashboard/audit`)
    await page.getByRole('main').getByText('TOOL_CALLED').first().waitFor()
    const other = await here.open('/login', { quiet: true })
    await enter(other, 'lee', PASSWORD)
    await other.getByRole('heading', { name: 'Overview' }).waitFor()
    await other.locator('summary', { hasText: 'lee' }).click()
    await other.getByRole('button', { name: 'Log out everywhere' }).click()
    await other.getByRole('link', { name: 'Log in' }).waitFor()
    await page.goto(`${here.daemon().url}/admin/dashboard`)
    await page.getByRole('link', { name: 'Log in' }).waitFor()
  })

  test('whose password was guessed at is locked, with the right password too, and others are not', async () => {
    // From an address of its own each time this would be told apart by the name; here it is both.
    const page = await here.open('/login', { quiet: true })
    for (let guess = 0; guess < 3; guess++) await enter(page, 'lou', `guess-${guess}`)
    await enter(page, 'lou', PASSWORD)
    await page
      .getByRole('alert')
      .getByText(/Try again in \d+ (s|min)/)
      .waitFor()
    expect(await page.getByRole('heading', { name: 'Overview' }).count()).toBe(0)
  })
})

describe('the pickers', () => {
  test('a time of one’s own is shown, stands in the address, and charts and tables are of it', async () => {
    const page = await here.open('/tools?refresh=off')
    await page.getByRole('link', { name: 'read_graph' }).waitFor()
    await page.getByLabel('Range').selectOption('own')
    await page.getByLabel('from', { exact: true }).fill('2026-01-02T03:04')
    await page.getByLabel('to', { exact: true }).fill('2026-01-02T02:00')
    expect(await page.getByRole('button', { name: 'show', exact: true }).isDisabled()).toBe(true)
    await page.getByLabel('to', { exact: true }).fill('2026-01-02T05:04')
    const asked = page.waitForRequest(/\/admin\/api\/tools\?.*from=/)
    await page.getByRole('button', { name: 'show', exact: true }).click()
    const { searchParams } = new URL((await asked).url())
    expect(Number(searchParams.get('to')) - Number(searchParams.get('from'))).toBe(2 * 3_600_000)
    const params = new URL(page.url()).searchParams
    expect([params.get('range'), params.get('from')?.slice(0, 10)]).toEqual([null, '2026-01-02'])
    await page.reload()
    expect(await page.getByLabel('Range').inputValue()).toBe('own')
    expect(await page.getByLabel('from', { exact: true }).inputValue()).toBe('2026-01-02T03:04')
  })

  test('colours are those that were chosen, whatever the system has, after a reload as well', async () => {
    const page = await here.open('', { colorScheme: 'light' })
    await page.getByRole('region', { name: 'Health' }).waitFor()
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const [light, line] = [await ground(), await lineOf(page)]
    await page.getByLabel('Colours').selectOption('dark')
    await expect.poll(ground, { timeout: PATIENCE_MS }).not.toBe(light)
    expect(await barriers(page), 'dark by choice').toEqual([])
    await expect.poll(() => lineOf(page), { timeout: PATIENCE_MS }).not.toEqual(line)
    const dark = await ground()
    await page.reload()
    await page.getByRole('region', { name: 'Health' }).waitFor()
    expect(await ground()).toBe(dark)
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.getByLabel('Colours').selectOption('light')
    await expect.poll(ground, { timeout: PATIENCE_MS }).toBe(light)
    await page.getByLabel('Colours').selectOption('system')
    await expect.poll(ground, { timeout: PATIENCE_MS }).toBe(dark)
  })
})

/** Colours that a chart is drawn with: those of its canvas that are neither clear nor mixed. */
const lineOf = (page: Page) =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.plot canvas')
    if (!canvas) return []
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
    const found = new Set<string>()
    for (let at = 0; at < data.length; at += 4)
      if (data[at + 3] === 255) found.add(`${data[at]},${data[at + 1]},${data[at + 2]}`)
    return [...found].sort().slice(0, 50)
  })

describe('the pointer', () => {
  test('marks out a time on a chart, which the address then holds; back leads back', async () => {
    const page = await here.open('/query?refresh=off&range=15m&query=sum(mcp_tool_calls_total)')
    const plot = page.locator('.u-over').first()
    await plot.waitFor()
    const box = (await plot.boundingBox())!
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2, { steps: 5 })
    await page.mouse.up()
    await page.waitForURL(/from=/)
    const { searchParams } = new URL(page.url())
    const seconds = (Date.parse(searchParams.get('to') ?? '') - Date.parse(searchParams.get('from') ?? '')) / 1000
    expect(seconds).toBeGreaterThan(120)
    expect(seconds).toBeLessThan(240)
    expect(searchParams.get('query')).toBe('sum(mcp_tool_calls_total)')
    await page.goBack()
    await page.waitForURL(/range=15m/)
    expect(await page.getByLabel('Range').inputValue()).toBe('15m')
  })

  test('on the heatmap says how many calls took how long', async () => {
    const page = await here.open('/tools/memory/read_graph?refresh=off&range=15m')
    const cells = page.locator('.heatmap canvas')
    await cells.waitFor()
    await cells.scrollIntoViewIfNeeded()
    const box = (await cells.boundingBox())!
    // The calls were made in the last minutes: they are in the columns at the right.
    let calls = 0
    for (let x = 0.5; x < box.width / 4; x += 2)
      for (let y = 2; y < box.height; y += 12) {
        await page.mouse.move(box.x + box.width - x, box.y + y)
        const text = (await page.locator('.heatmap .when').textContent()) ?? ''
        calls = Math.max(calls, Number(/: (\d+) calls, [≤>] \S+/.exec(text)?.[1] ?? 0))
      }
    expect(calls).toBeGreaterThan(0)
    expect(calls).toBeLessThanOrEqual(3)
  })
})

describe('an address', () => {
  /** With a text that is shown only where the filter was taken. */
  const ADDRESSES: readonly (readonly [path: string, shows: string, hides?: string])[] = [
    ['?range=6h&refresh=off', 'Requests a second'],
    ['/servers?client=a-client', 'memory'],
    ['/tools?server=memory&tool=read', 'read_graph', 'create_entities'],
    ['/tools?client=nobody-of-that-name', 'client', 'read_graph'],
    ['/tools/memory/add_observations?range=24h', 'tool_error'],
    ['/sessions?server=memory&client=a-client', 'a-client'],
    ['/alerts?tab=rules', 'ServerUnreachable'],
    ['/query?range=3h&query=sum+by+(tool)+(mcp_tool_calls_total)', 'read_graph'],
  ]
  test('of each view with its filters shows the same to whoever opens it, without an error', async () => {
    const page = await here.open('')
    for (const [path, shows, hides] of ADDRESSES) {
      await page.goto(`${here.daemon().url}/admin/dashboard${path}`)
      const main = page.getByRole('main')
      await main.getByText(shows).filter({ visible: true }).first().waitFor()
      await page.waitForFunction(() => !document.body.textContent?.includes('Loading …'))
      if (hides !== undefined) expect(await main.getByText(hides, { exact: true }).count(), path).toBe(0)
    }
  })

  test('of a session shows its calls over time, which nobody is kept from reading, light and dark', async () => {
    const page = await here.open(`/sessions/${session}`)
    await page.locator('.waterfall').getByText('add_observations').filter({ visible: true }).first().waitFor()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await barriers(page), colorScheme).toEqual([])
    }
    await page.setViewportSize({ width: 360, height: 740 })
    expect(await overhang(page)).toBe(0)
    expect(await barriers(page, 'looks')).toEqual([])
  })

  test('that leads nowhere says so, and the way back', async () => {
    const page = await here.open('/tools/memory/no_such_tool', { quiet: true })
    await page.getByText(/There is no such tool/).waitFor()
    await page.goto(`${here.daemon().url}/admin/dashboard/no-such-view`)
    await page.getByRole('link', { name: 'Overview' }).first().waitFor()
  })
})

test('any view stays while the daemon does not answer, and goes on by itself', async () => {
  const front = await frontOf(here.daemon())
  const page = await here.open('/tools?refresh=5s', { base: front.url, quiet: true })
  await page.getByRole('link', { name: 'read_graph' }).waitFor()
  front.cut()
  await page.locator('.offline').waitFor()
  await page.getByRole('link', { name: 'read_graph' }).waitFor()
  front.mend()
  await page.locator('.offline').waitFor({ state: 'detached' })
  const asked = page.waitForResponse((response) => response.url().includes('/admin/api/tools') && response.ok())
  await asked
})

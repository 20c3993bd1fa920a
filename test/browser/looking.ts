/** A browser that looks at a daemon's dashboard, as a person does. One browser and one daemon for a test file. */
import { readFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { type DaemonSettings, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'

/** Where Debian has it. */
const CHROMIUM = '/usr/bin/chromium'
/** No sandbox: CI is a container and its user root. Nothing but loopback is asked for. */
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
]
export const ADMIN_TOKEN = 'admin-token-of-the-browser-tests-0123456789'
/** How long a page may take on a machine that has much else to do. */
export const PATIENCE_MS = 60_000

export interface Looking {
  readonly daemon: () => RunningDaemon
  /** A page of a new context, in which nobody is logged in. What it logs as an error fails the test that asked for it. */
  open(
    path: string,
    options?: BrowserContextOptions & { readonly base?: string; readonly quiet?: boolean },
  ): Promise<Page>
}

/** A browser without a window. */
export const launched = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: FLAGS })

/** Starts both before the tests of a file and ends them after. */
export function looking(settings: DaemonSettings): Looking {
  let browser: Browser
  let daemon: RunningDaemon
  beforeAll(async () => {
    const { buildWeb } = (await import('../../scripts/web.mjs' as string)) as { buildWeb(): Promise<void> }
    await buildWeb()
    ;[browser, daemon] = await Promise.all([launched(), startDaemon(settings)])
  })
  afterAll(async () => {
    await browser?.close()
    await daemon?.stop()
  })
  return {
    daemon: () => daemon,
    async open(path, { base = daemon.url, quiet = false, ...options } = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
      context.setDefaultTimeout(PATIENCE_MS)
      onTestFinished(() => context.close())
      const page = await context.newPage()
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(String(error)))
      // Of these are refusals of the page's own rules, and answers that failed.
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text())
      })
      const elsewhere: string[] = []
      page.on('request', (request) => {
        if (!request.url().startsWith(base) && !/^(?:data|blob):/.test(request.url())) elsewhere.push(request.url())
      })
      onTestFinished(() => {
        expect(elsewhere, 'requests to others').toEqual([])
        if (!quiet) expect(faults, 'errors of the page').toEqual([])
      })
      await page.goto(`${base}/admin/dashboard${path}`)
      return page
    },
  }
}

/** Logs in with the admin token, and goes to a view. */
export async function logIn(page: Page, path = ''): Promise<void> {
  const { origin } = new URL(page.url())
  await page.goto(`${origin}/admin/dashboard/login`)
  await page.getByLabel('Admin token').fill(ADMIN_TOKEN)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  if (path !== '') await page.goto(`${origin}/admin/dashboard${path}`)
}

/** Rules that the size and the colours of a page decide. */
const OF_LOOKS = ['color-contrast', 'target-size', 'scrollable-region-focusable']

/** What axe finds wrong with what the page shows: by all its rules, or `looks`: by those alone that size and colours decide. */
export async function barriers(page: Page, what: 'all' | 'looks' = 'all'): Promise<readonly string[]> {
  // By the debugger's way in, which the page's own rules do not bind.
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate(
    async (rules) => {
      const { axe: tool } = globalThis as unknown as { axe: typeof axe }
      const only = rules ? { runOnly: { type: 'rule' as const, values: rules } } : {}
      return await tool.run(document, { resultTypes: ['violations'], ...only })
    },
    what === 'looks' ? OF_LOOKS : undefined,
  )
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}

/** By how many pixels the page is wider than its window. */
export const overhang = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

export const REAL_MEMORY = {
  command: process.execPath,
  args: [fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-memory/dist/index.js'))],
}
export const HOSTILE_SERVER = {
  command: process.execPath,
  args: [fileURLToPath(new URL('../fixtures/hostile-names.mjs', import.meta.url))],
}

/** Posts events to the daemon, as an application does. */
export async function tell(daemon: RunningDaemon, ...events: readonly object[]): Promise<void> {
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const answer = await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sender: { kind: 'script', name: 'app', version: '1' }, events }),
  })
  expect(await answer.json()).toEqual({ accepted: events.length, rejected: [] })
}

/** Stands before a daemon; what goes through it can be cut and let through again. */
export interface Front {
  readonly url: string
  cut(): void
  mend(): void
}

export async function frontOf(daemon: RunningDaemon): Promise<Front> {
  const sockets = new Set<Socket>()
  const { hostname, port } = new URL(daemon.url)
  let isCut = false
  const server: Server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(Number(port), hostname)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    cut,
    mend() {
      isCut = false
    },
  }
}

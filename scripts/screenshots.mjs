/**
 * `npm run screenshots`: what the dashboard looks like, into docs/images. Runs the demo for ten minutes (or as many as
 * are given: `npm run screenshots -- 3`), has something fire, and looks at it with Debian's Chromium.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { setUp } from './setup.mjs'
import { ROOT } from './steps.mjs'

const IMAGES = join(ROOT, 'docs/images')
const MINUTES = Number(process.argv[2] ?? 10)
const ADMIN_TOKEN = 'admin-token-of-the-screenshots-0123456789'
const WIDE = { width: 1280, height: 860 }
const LOW = { width: 1280, height: 640 }
const PHONE = { width: 390, height: 844 }

/** File → what it shows: view, colours, size, and what is to be there first. */
const PICTURES = {
  'dashboard-overview': { path: '?range=15m', colours: 'light', size: WIDE, shows: 'Recent alerts' },
  'dashboard-overview-dark': { path: '?range=15m', colours: 'dark', size: WIDE, shows: 'Recent alerts' },
  'dashboard-tools': { path: '/tools', colours: 'light', size: LOW, shows: 'read_graph' },
  'dashboard-tool': { path: '/tools/everything/get-sum?range=15m', colours: 'dark', size: WIDE, shows: 'Durations' },
  'dashboard-alerts': { path: '/alerts?range=15m', colours: 'light', size: WIDE, shows: 'AuthenticationFailure' },
  'dashboard-query': {
    path: `/query?range=15m&query=${encodeURIComponent('sum by (tool) (rate(mcp_tool_calls_total[2m])) > 0')}`,
    colours: 'dark',
    size: WIDE,
    shows: 'Over time',
  },
  'dashboard-phone': { path: '?range=15m', colours: 'dark', size: PHONE, shows: 'Recent alerts' },
}

if (!(await setUp())) process.exit(1)
const state = mkdtempSync(join(tmpdir(), 'mcp-vitals-screenshots-'))
const daemon = spawn(
  process.execPath,
  [join(ROOT, 'packages/server/packed/cli/main.js'), 'up', '--demo', '--port', '0'],
  { env: { ...process.env, MCP_VITALS_DATA: state, MCP_VITALS_ADMIN_TOKEN: ADMIN_TOKEN }, stdio: 'ignore' },
)
try {
  const url = await addressOf()
  await sleep(MINUTES * 60_000)
  await alarm(url)
  await sleep(5000)
  mkdirSync(IMAGES, { recursive: true })
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  for (const [name, picture] of Object.entries(PICTURES)) await take(browser, url, name, picture)
  await browser.close()
} finally {
  daemon.kill('SIGTERM')
  await new Promise((resolve) => daemon.once('close', resolve))
  rmSync(state, { recursive: true, force: true })
}

async function addressOf() {
  for (;;) {
    try {
      return JSON.parse(readFileSync(join(state, 'daemon.json'), 'utf8')).url
    } catch {
      if (daemon.exitCode !== null) throw new Error(`the daemon ended with ${daemon.exitCode}`)
      await sleep(200)
    }
  }
}

/** Has an alert fire, by what an application tells. */
async function alarm(url) {
  const token = readFileSync(join(state, 'token'), 'utf8').trim()
  const events = [{ type: 'auth', server: 'memory', action: 'refused', reason: 'unknown' }]
  await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sender: { kind: 'script', name: 'app', version: '1' }, events }),
  })
}

async function take(browser, url, name, { path, colours, size, shows }) {
  const page = await browser.newPage({ viewport: size, colorScheme: colours })
  await page.goto(`${url}/admin/dashboard/login`)
  await page.getByLabel('Admin token').fill(ADMIN_TOKEN)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.goto(`${url}/admin/dashboard${path}`)
  await page.getByRole('main').getByText(shows).first().waitFor()
  // All answers are here, and drawn.
  await page
    .waitForFunction(() => document.querySelectorAll('.plot > .nothing').length === 0, undefined, {
      timeout: 5000,
    })
    .catch(() => {})
  await page.waitForTimeout(1000)
  await page.screenshot({ path: join(IMAGES, `${name}.png`) })
  await page.close()
  process.stdout.write(`docs/images/${name}.png\n`)
}

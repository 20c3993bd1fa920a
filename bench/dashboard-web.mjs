/**
 * Fifty live charts of the dashboard in Debian's Chromium, three lines of 240 points each, beside fifty of uPlot alone on a
 * page without anything else: until all fifty show something newer, and frames a second while each gets something newer
 * every second. Then the dashboard itself, of a daemon whose servers are called, over loopback, by a browser that has never
 * seen it: from the navigation until the overview shows how it is and has drawn its charts, and until a click has brought
 * the table of tools, beside a page with as many charts of uPlot alone and nothing to ask for. Without a graphics card, as
 * the browser of a test machine is.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { build } from 'vite'
import { median } from './support/measure.mjs'

const ROUNDS = 30
const SECONDS = 8
const VISITS = 15
const folder = join(import.meta.dirname, 'charts')

async function built() {
  const { output } = await build({
    configFile: join(import.meta.dirname, '../packages/web/vite.config.mjs'),
    root: folder,
    base: '/',
    build: { write: false, rolldownOptions: { input: [join(folder, 'index.html'), join(folder, 'bare.html')] } },
  })
  return new Map(output.map(({ fileName, code, source }) => [`/${fileName}`, code ?? source]))
}

const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css' }
const files = await built()
const server = createServer(({ url }, response) => {
  const { pathname } = new URL(url, 'http://here')
  const content = files.get(pathname)
  const type = TYPES[pathname.slice(pathname.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
  response.writeHead(content === undefined ? 404 : 200, { 'content-type': type }).end(content)
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })

async function measure(file) {
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } })
  await page.goto(`http://127.0.0.1:${server.address().port}/${file}`)
  await page.waitForFunction('globalThis.bench !== undefined')
  await page.evaluate('bench.allAtOnce(10)')
  const times = await page.evaluate(`bench.allAtOnce(${ROUNDS})`)
  const { perSecond, longestMs } = await page.evaluate(`bench.framesASecond(${SECONDS})`)
  await page.close()
  return { all: median(times), perSecond, longestMs }
}

const rows = []
for (const [name, file] of [
  ['uPlot alone', 'bare.html'],
  ['the dashboard', 'index.html'],
])
  rows.push({ name, ...(await measure(file)) })
const [bare] = rows
console.log('| fifty charts | all newer (ms) | ratio | frames a second, live | longest frame (ms) |')
console.log('| --- | ---: | ---: | ---: | ---: |')
for (const { name, all, perSecond, longestMs } of rows)
  console.log(
    `| ${name} | ${all.toFixed(1)} | ${(all / bare.all).toFixed(2)} | ${perSecond.toFixed(1)} | ${longestMs.toFixed(0)} |`,
  )

const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-bench-'))
const cli = join(import.meta.dirname, '../packages/server/packed/cli/main.js')
const daemon = spawn(process.execPath, [cli, 'up', '--demo', '--port', '0'], {
  env: { ...process.env, MCP_VITALS_DATA: dir },
  stdio: 'ignore',
})

/** Waits until the daemon listens and has something to draw. */
async function addressOf() {
  for (; ; await delay(500)) {
    if (daemon.exitCode !== null) throw new Error(`the daemon ended with ${daemon.exitCode}`)
    try {
      const { url } = JSON.parse(readFileSync(join(dir, 'daemon.json'), 'utf8'))
      const answer = await fetch(`${url}/admin/api/v1/query?query=rate(mcp_tool_calls_total[1m])`)
      if ((await answer.json()).data.result.length > 0) return url
    } catch {
      // Not yet.
    }
  }
}

/** Counted by the page itself, from the begin of the navigation, looked at once a frame. */
const WATCH = (condition) => `
  globalThis.usableAt = new Promise((resolve) => {
    const look = () => ((${condition})() ? resolve(performance.now()) : requestAnimationFrame(look))
    requestAnimationFrame(look)
  })`
const isUsable = () => {
  const plots = [...document.querySelectorAll('.plot')]
  const isDrawn =
    plots.length > 0 && plots.every((plot) => plot.querySelector('canvas') || plot.querySelector('.nothing'))
  const isWaiting = document.body?.textContent.includes('Loading …')
  return isDrawn && !isWaiting && /GREEN|YELLOW|RED/.test(document.querySelector('main')?.textContent ?? '')
}

/** One visit in a context of its own, which has nothing in its cache. */
async function visit(address, condition, then) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } })
  const page = await context.newPage()
  await page.addInitScript(WATCH(condition))
  await page.goto(address)
  const usable = await page.evaluate('usableAt')
  const result = { usable, charts: await page.locator('.plot').count(), clicked: await then?.(page) }
  await context.close()
  return result
}

async function clickTools(page) {
  const from = performance.now()
  await page.getByRole('navigation').getByRole('link', { name: 'Tools', exact: true }).click()
  await page.getByRole('main').getByRole('table').getByRole('link').first().waitFor()
  return performance.now() - from
}

try {
  const url = await addressOf()
  const visits = []
  for (let round = 0; round < VISITS; round++) {
    const ours = await visit(`${url}/admin/dashboard`, isUsable, clickTools)
    const address = `http://127.0.0.1:${server.address().port}/bare.html?charts=${ours.charts}`
    const bare = await visit(address, () => globalThis.bench !== undefined)
    visits.push({ ours: ours.usable, clicked: ours.clicked, bare: bare.usable, charts: ours.charts })
  }
  const of = (name) => visits.map((one) => one[name])
  const line = (name, times, base) =>
    console.log(
      `| ${name} | ${median(times).toFixed(0)} | ${Math.max(...times).toFixed(0)} | ${(median(times) / base).toFixed(2)} |`,
    )
  console.log(`\n| first visit, ${visits[0].charts} charts | median (ms) | slowest of ${VISITS} (ms) | ratio |`)
  console.log('| --- | ---: | ---: | ---: |')
  line('uPlot alone, drawn', of('bare'), median(of('bare')))
  line('the overview, usable', of('ours'), median(of('bare')))
  line('a click on Tools, until its table is there', of('clicked'), median(of('bare')))
} finally {
  await browser.close()
  server.close()
  daemon.kill('SIGTERM')
  await new Promise((resolve) => (daemon.exitCode === null ? daemon.once('close', resolve) : resolve()))
  rmSync(dir, { recursive: true, force: true })
}

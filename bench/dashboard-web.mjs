/**
 * Fifty live charts of the dashboard in Debian's Chromium, three lines of 240 points each, beside fifty of uPlot alone on a
 * page without anything else: until all fifty show something newer, and frames a second while each gets something newer
 * every second. Without a graphics card, as the browser of a test machine is.
 */
import { createServer } from 'node:http'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { build } from 'vite'
import { median } from './support/measure.mjs'

const ROUNDS = 30
const SECONDS = 8
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
  const content = files.get(url)
  const type = TYPES[url.slice(url.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
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
await browser.close()
server.close()

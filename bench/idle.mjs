/**
 * What a daemon costs while nothing happens: CPU milliseconds a second, by the operating system's account, of
 * `mcp-vitals up` without traffic, not scraped and scraped every 15 s, beside a Node that only waits. All run at the
 * same time.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** How long start-up lasts, with the collections of garbage that V8 makes some eight seconds after the last work. */
const SETTLE_MS = 20_000
/** A whole number of scrapes. */
const MEASURED_MS = 45_000
const SCRAPE_EVERY_MS = 15_000
/** Above this a daemon does something while nothing happens. Measured: 0.1 unscraped, 0.7 to 1.0 scraped. */
const MOST_MS_A_SECOND = 2

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-idle-'))
const cli = fileURLToPath(new URL('../packages/server/packed/cli/main.js', import.meta.url))
const start = (name, args) => ({
  name,
  child: spawn(process.execPath, args, {
    cwd: home,
    stdio: 'ignore',
    env: { ...process.env, MCP_VITALS_DATA: join(home, name) },
  }),
})
/** Of all threads that live, to the nanosecond: clock ticks would be as long as what is measured. */
const cpuMs = ({ child }) =>
  readdirSync(`/proc/${child.pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${child.pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6)
    .reduce((sum, ms) => sum + ms, 0)

const waiting = start('a Node that waits', ['-e', 'setInterval(() => {}, 1e9)'])
const alone = start('mcp-vitals up', [cli, 'up', '--port', '0'])
const scraped = start('the same, scraped', [cli, 'up', '--port', '0'])
const all = [waiting, alone, scraped]

async function scrape() {
  const { url } = JSON.parse(readFileSync(join(home, scraped.name, 'daemon.json'), 'utf8'))
  await (await fetch(`${url}/metrics`)).text()
}

await sleep(SETTLE_MS / 2)
const scraping = setInterval(scrape, SCRAPE_EVERY_MS)
await scrape()
await sleep(SETTLE_MS)
const before = all.map(cpuMs)
await sleep(MEASURED_MS)
const spent = all.map((each, index) => ((cpuMs(each) - before[index]) / MEASURED_MS) * 1000)
clearInterval(scraping)
const gone = all.map(({ child }) => new Promise((resolve) => child.once('exit', resolve)))
for (const { child } of all) child.kill()
await Promise.all(gone)
rmSync(home, { recursive: true, force: true })

console.log('\nCPU milliseconds a second while nothing happens')
for (const [index, { name }] of all.entries())
  console.log(`  ${name.padEnd(18)} ${spent[index].toFixed(2).padStart(7)}`)
if (Math.max(...spent) > MOST_MS_A_SECOND) {
  console.error(`  more than ${MOST_MS_A_SECOND} ms a second`)
  process.exitCode = 1
}

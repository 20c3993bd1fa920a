/**
 * What it costs to watch 500 servers: `mcp-vitals up` checks each every 30 seconds (a session, the list of tools, the end
 * of the session; half of the servers with sessions, half without). CPU of one core and memory by the operating system's
 * account, the latter also while Prometheus scrapes every 15 seconds. How late checks began against their plan is what the
 * daemon's own histogram tells, to the bounds of its buckets; beside it stands the longest time between two lists of one
 * server's tools, as the server saw it. The floor is a loop of node's fetch that sends the same requests as often, and
 * reads nothing of the answers.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { cpuMicros, memoryMb } from './support/account.mjs'

const SERVERS = Number(process.env.MCP_VITALS_BENCH_SERVERS ?? 500)
const INTERVAL_MS = 30_000
/** The first look at 500 servers, the first checks, and the collections of garbage after them. */
const SETTLE_MS = 60_000
const MEASURED_MS = 90_000
/** A scrape's page is some megabytes, so memory is looked at after several. */
const SCRAPES = 4
const SCRAPE_EVERY_MS = 15_000
/** What it is to take at most; of memory it takes more, which is told; beyond FAIL_MB something became worse. */
const MOST = { cpuPercent: 20, memoryMb: 200, lateMs: 2_000 }
const FAIL_MB = 330

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-monitor-'))
const cli = fileURLToPath(new URL('../packages/server/packed/cli/main.js', import.meta.url))

/** A farm of servers of its own for each candidate, so that it knows who asked. */
async function startFarm() {
  const farm = spawn(process.execPath, [fileURLToPath(new URL('support/mcp-farm.mjs', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [port] = await once(farm.stdout.setEncoding('utf8'), 'data')
  return {
    urlOf: (n) => `http://127.0.0.1:${port.trim()}/${n}/mcp`,
    /** Figures since it was asked last. */
    async figures() {
      const told = once(farm.stdout, 'data')
      farm.kill('SIGUSR2')
      return JSON.parse((await told)[0])
    },
    stop: () => farm.kill(),
  }
}

async function startDaemon(farm) {
  const servers = Object.fromEntries(Array.from({ length: SERVERS }, (_, n) => [`server-${n}`, { url: farm.urlOf(n) }]))
  const file = join(home, 'config.json')
  writeFileSync(file, JSON.stringify({ servers, monitor: { intervalMs: INTERVAL_MS }, log: { level: 'error' } }))
  const child = spawn(process.execPath, [cli, 'up', '--port', '0', '--config', file], {
    cwd: home,
    stdio: ['ignore', 'inherit', 'ignore'],
    env: { ...process.env, MCP_VITALS_DATA: join(home, 'state') },
  })
  return child
}

/** The requests of one check, by server: as the daemon sends them. */
const FLOOR = `
const servers = ${SERVERS}, every = ${INTERVAL_MS}
const base = process.argv[1]
const post = async (url, method, id) => {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', ...(id && { id }), method, params: {} }) })
  await answer.arrayBuffer()
}
async function check(n) {
  const url = base.replace('#', n)
  await post(url, 'server/discover', 1)
  if (n % 2 === 0) { await post(url, 'initialize', 2); await post(url, 'notifications/initialized') }
  await post(url, 'tools/list', 3)
  if (n % 2 === 0) await (await fetch(url, { method: 'DELETE' })).arrayBuffer()
}
for (let n = 0; n < servers; n++) setTimeout(() => { check(n); setInterval(check, every, n) }, (every * n) / servers)
`

/** Upper bound in seconds → checks that began at most so late, since the daemon started. By a query, as a scrape takes memory. */
async function latenessOf(url) {
  const asked = `${url}/api/v1/query?query=mcp_vitals_check_lateness_seconds_bucket`
  const { data } = await (await fetch(asked)).json()
  const found = data.result.map(({ metric, value }) => [
    Number(metric.le.replace('+Inf', 'Infinity')),
    Number(value[1]),
  ])
  return new Map(found.sort(([one], [other]) => one - other))
}

/** The least bound, in milliseconds, under which a share (0 to 1) of the checks between two readings began. */
function lateMsOf(share, before, after) {
  const since = [...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)])
  const all = since.at(-1)?.[1] ?? 0
  return 1000 * (since.find(([, count]) => count > 0 && count >= share * all)?.[0] ?? Number.POSITIVE_INFINITY)
}

const farms = [await startFarm(), await startFarm()]
const daemon = await startDaemon(farms[0])
const floor = spawn(process.execPath, ['-e', FLOOR, farms[1].urlOf('#')], { stdio: 'inherit' })
await sleep(SETTLE_MS)
const { url } = JSON.parse(readFileSync(join(home, 'state/daemon.json'), 'utf8'))
const latenessBefore = await latenessOf(url)
await Promise.all(farms.map((farm) => farm.figures()))
const before = [daemon, floor].map(({ pid }) => cpuMicros(pid))
const begun = performance.now()
await sleep(MEASURED_MS)
const elapsedMicros = (performance.now() - begun) * 1000
const cpuPercent = [daemon, floor].map(({ pid }, index) => (100 * (cpuMicros(pid) - before[index])) / elapsedMicros)
const memory = [daemon, floor].map(({ pid }) => memoryMb(pid).now)
const [{ count, worstGapMs }, { count: floorCount }] = await Promise.all(farms.map((farm) => farm.figures()))
const latenessAfter = await latenessOf(url)
const { system } = await (await fetch(`${url}/health`)).json()
let pageBytes = 0
for (let scrape = 0; scrape < SCRAPES; scrape++) {
  pageBytes = (await (await fetch(`${url}/metrics`)).arrayBuffer()).byteLength
  await sleep(SCRAPE_EVERY_MS)
}
const scrapedMb = memoryMb(daemon.pid).now

const gone = [daemon, floor].map((child) => once(child, 'exit'))
for (const child of [daemon, floor]) child.kill()
await Promise.all(gone)
for (const farm of farms) farm.stop()
rmSync(home, { recursive: true, force: true })

const [halfMs, lateMs] = [0.5, 1].map((share) => lateMsOf(share, latenessBefore, latenessAfter))
console.log(
  `\n${SERVERS} servers, each checked every ${INTERVAL_MS / 1000} s, over ${MEASURED_MS / 1000} s: ${system.status}`,
)
const row = (name, checks, cpu, mb, scraped) =>
  console.log(
    `  ${name.padEnd(16)} ${checks.padStart(8)} ${cpu.padStart(14)} ${mb.padStart(6)} ${scraped.padStart(12)}`,
  )
row('', 'checks', '% of one core', 'MB', 'MB, scraped')
row('mcp-vitals up', String(count), cpuPercent[0].toFixed(1), memory[0].toFixed(0), scrapedMb.toFixed(0))
row('bare fetch loop', String(floorCount), cpuPercent[1].toFixed(1), memory[1].toFixed(0), '')
console.log(`  begun after their plan: half of the checks within ${halfMs} ms, all within ${lateMs} ms`)
console.log(
  `  longest time between two lists of one server: ${(worstGapMs / 1000).toFixed(1)} s (the interval strays by 5 %)`,
)
console.log(`  a page of /metrics has ${(pageBytes / 1e6).toFixed(1)} MB`)
const mostMb = Math.max(memory[0], scrapedMb)
if (mostMb > MOST.memoryMb) console.log(`  more than the ${MOST.memoryMb} MB that it is to take`)
const problems = [
  cpuPercent[0] > MOST.cpuPercent && `more than ${MOST.cpuPercent} % of a core`,
  mostMb > FAIL_MB && `more than ${FAIL_MB} MB`,
  lateMs > MOST.lateMs && `a check was more than ${MOST.lateMs} ms late`,
  count < (0.9 * SERVERS * MEASURED_MS) / INTERVAL_MS && 'checks are missing',
  system.status !== 'GREEN' && `the system is ${system.status}`,
].filter(Boolean)
if (problems.length > 0) {
  console.error(`  ${problems.join(', ')}`)
  process.exitCode = 1
}

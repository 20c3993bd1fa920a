/**
 * How long the dashboard's API takes to answer: a daemon that keeps 30 days of 100 servers with 10 tools each, ten million
 * calls rolled up, asked over loopback one request after another while calls come in. `first` is the first request of its
 * kind, and of a time that nobody asked for before, which nothing can be remembered for; `CPU` what a request costs the daemon,
 * all its threads, by the operating system's account, which a busy machine changes least. Beside each stands a bare node:http
 * server that makes JSON of an object of the same size, the floor.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { event } from '../packages/instrument/dist/event/index.js'
import { createCallBook } from '../packages/server/dist/calls/index.js'
import { openStore, storeOptions } from '../packages/server/dist/store/index.js'

const SERVERS = 100
const TOOLS = 10
const DAYS = 30
const CALLS = Number(process.env.BENCH_CALLS ?? 10_000_000)
const REQUESTS = 100
const EVENTS = 50_000
const BURST = 32
const CLI = join(import.meta.dirname, '../packages/server/packed/cli/main.js')

const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-bench-'))
const names = Array.from({ length: SERVERS * TOOLS }, (_, index) => [
  `server-${Math.floor(index / TOOLS)}`,
  `tool-${index % TOOLS}`,
])

/** Always the same numbers. */
function random(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** A call as the gateway tells it: of each tool in turn. */
function callAt(at, next) {
  const [server, tool] = names[at % names.length]
  const failed = next() < 0.02
  return event(
    'request.ended',
    at,
    { server, session: `session-${Math.floor(next() * 50)}`, transport: 'http' },
    {
      ...{ direction: 'client_to_server', method: 'tools/call', name: tool, operation: `op-${at}` },
      ...{ outcome: failed ? 'tool_error' : 'ok', status: failed ? 500 : 200 },
      ...{ durationMs: Math.exp(next() * 8), requestBytes: 200, responseBytes: Math.floor(next() * 20_000) },
    },
  )
}

/** Fills the state directory; how long the fold took for each call, in nanoseconds. */
async function fill() {
  const next = random(7)
  const end = Date.now()
  const begin = end - DAYS * 86_400_000
  let now = begin
  const book = createCallBook(() => now)
  for (let server = 0; server < SERVERS; server++) {
    const tools = names.filter(([name]) => name === `server-${server}`).map(([, tool]) => tool)
    const listed = { tools, hashes: tools.map(() => ''), sizeBytes: 1000, complete: true }
    book.fold.fold(event('tools.listed', begin, { server: `server-${server}` }, listed), 'local')
  }
  // The same few thousand calls again and again: making them is not what is measured.
  const calls = Array.from({ length: 5000 }, (_, index) => callAt(begin + index, next))
  const from = performance.now()
  // Tools are called in bursts, as a client's turn does.
  for (let index = 0; index < CALLS; index++) {
    if (index % BURST === 0) now = begin + Math.floor(((end - begin) * index) / CALLS)
    book.fold.fold(calls[Math.floor(index / BURST) % calls.length], 'local')
  }
  const nanoseconds = ((performance.now() - from) * 1e6) / CALLS
  const store = await openStore({ dir, options: storeOptions.parse({}) })
  const rows = book.changes(true)
  for (let at = 0; at < rows.length; at += 5000) await store.calls.keep({ rows: rows.slice(at, at + 5000), firsts: {} })
  for (let at = 0; at < EVENTS; at += 500)
    await store.append(Array.from({ length: 500 }, (_, index) => ({ event: callAt(end - EVENTS + at + index, next) })))
  await store.close()
  return { nanoseconds, rows: rows.length }
}

function startDaemon() {
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ listen: { port: 0 }, audit: { enabled: false } }))
  const args = [CLI, 'up', '--config', join(dir, 'config.json'), '--data', dir]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text
      const address = /status page +(http:\S+)\//.exec(said)?.[1]
      if (address) resolve({ child, address })
    })
    child.once('exit', () => reject(new Error(said)))
  })
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
function ask(url) {
  const from = performance.now()
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.once('end', () => {
        const body = Buffer.concat(chunks)
        resolve({ ms: performance.now() - from, status: response.statusCode, body })
      })
    }).on('error', reject)
  })
}

const LIVE_EVERY_MS = 100

/** Calls that go on while the daemon is asked, ten a second, each of another tool; ends them. */
function live(address) {
  const token = readFileSync(join(dir, 'token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const next = random(11)
  let number = 0
  const timer = setInterval(async () => {
    const { v: _, ...told } = callAt(number++ * 7, next)
    const events = [{ ...told, at: Date.now() }]
    const sender = { kind: 'script', name: 'bench', version: '1' }
    const answer = await fetch(`${address}/v1/events`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ sender, events }),
    })
    // A daemon that has too much to do says so, and that is no fault.
    const { rejected = [] } = await answer.json()
    if (rejected.length > 0) throw new Error(JSON.stringify(rejected))
  }, LIVE_EVERY_MS)
  return () => clearInterval(timer)
}

/** Processor time of a process so far, in milliseconds; of Linux alone. */
function cpuMs(pid) {
  const [, rest] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const fields = rest.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Percentiles of many requests, one after the other. */
async function measure(urlOf) {
  const times = []
  let [last, first] = []
  for (let index = 0; index < REQUESTS + 5; index++) {
    last = await ask(urlOf(index))
    if (last.status !== 200) throw new Error(`${last.status} ${last.body}`)
    first ??= last.ms
    if (index >= 5) times.push(last.ms)
  }
  times.sort((one, other) => one - other)
  return { first, p50: times[Math.floor(REQUESTS * 0.5)], p95: times[Math.floor(REQUESTS * 0.95)], body: last.body }
}

async function floorOf(body) {
  const value = JSON.parse(body)
  const server = createServer((_, response) => {
    const text = JSON.stringify(value)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const figures = await measure(() => `http://127.0.0.1:${server.address().port}/`)
  server.close()
  return figures
}

const ROUTES = [
  ['overview', 'dashboard?'],
  ['servers, 24 hours', 'servers?'],
  ['servers, 30 days', 'servers?days'],
  ['tools, 24 hours', 'tools?'],
  ['tools, 30 days', 'tools?days'],
  ['tools of a client, 30 days', 'tools?client=nobody&days'],
  ['one tool, 24 hours', 'tools/server-7/tool-3?'],
  ['one tool, 30 days', 'tools/server-7/tool-3?days'],
  ['sessions', 'sessions?'],
  ['changes', 'changes?'],
]

let [slowest, slowestFirst] = [0, 0]
try {
  const { nanoseconds, rows } = await fill()
  console.log(
    `${CALLS.toLocaleString('en')} calls folded, ${Math.round(nanoseconds)} ns each; ${rows.toLocaleString('en')} rows kept`,
  )
  const { child, address } = await startDaemon()
  try {
    const days = `from=${Date.now() - DAYS * 86_400_000}`
    // What was kept is read behind the start.
    for (let tools = []; tools.length < names.length; await delay(100))
      tools = JSON.parse(
        (await ask(`${address}/admin/api/tools?from=${Date.now() - (DAYS - 1) * 86_400_000}&n=${performance.now()}`))
          .body,
      ).tools
    const end = live(address)
    console.log('route                          bytes    first ms    p50 ms    p95 ms    CPU ms  floor p95 ms   ratio')
    for (const [name, path] of ROUTES) {
      const url = `${address}/admin/api/${path.replace('days', days)}`
      const before = cpuMs(child.pid)
      const { first, p50, p95, body } = await measure((index) => `${url}&n=${index}`)
      const cpu = (cpuMs(child.pid) - before) / (REQUESTS + 5)
      const floor = await floorOf(body)
      slowest = Math.max(slowest, p95)
      slowestFirst = Math.max(slowestFirst, first)
      const columns = [
        first.toFixed(2),
        p50.toFixed(2),
        p95.toFixed(2),
        cpu.toFixed(2),
        floor.p95.toFixed(2),
        (p95 / floor.p95).toFixed(1),
      ]
      console.log(
        `${name.padEnd(28)} ${String(body.length).padStart(8)} ${columns.map((text) => text.padStart(10)).join('')}`,
      )
    }
    end()
  } finally {
    child.removeAllListeners('exit')
    child.kill()
    await new Promise((resolve) => child.once('exit', resolve))
  }
} finally {
  agent.destroy()
  rmSync(dir, { recursive: true, force: true })
}
console.log(`slowest p95: ${slowest.toFixed(1)} ms; slowest first: ${slowestFirst.toFixed(1)} ms`)

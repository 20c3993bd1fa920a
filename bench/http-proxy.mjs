/**
 * What a proxy adds to a call over Streamable HTTP, at 1 and at 32 sessions: latency, and CPU a call by the operating
 * system's account, of the proxy alone. Ours with everything on (metrics, log, store), beside thirty lines of Node that
 * look at nothing (the floor), and beside mcp-proxy and supergateway at the work that they do: HTTP in front of stdio.
 * All candidates live at the same time and are called in turns, after 24,000 calls each that do not count: a proxy runs for
 * weeks, and V8 goes on compiling what is often run for some ten thousand calls. `BENCH_ONLY=supergateway,stdio` runs those alone whose
 * names hold one of these words, beside direct and floor, and `BENCH_SESSIONS=32` that number of sessions alone.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { cpuMicros, memoryMb } from './support/account.mjs'
import { median } from './support/measure.mjs'
import { labelled, peer } from './support/peers.mjs'
import { freePort } from './support/ports.mjs'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 9)
const CALLS = Number(process.env.BENCH_CALLS ?? 1_600)
/** Calls of each candidate before those that count, for a row. */
const WARM_UP = Number(process.env.BENCH_WARM_UP ?? 24_000)
const SESSIONS = (process.env.BENCH_SESSIONS ?? '1,32').split(',').map(Number)
const ONLY = (process.env.BENCH_ONLY ?? '').split(',')

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-bench-'))
const path = (file) => fileURLToPath(new URL(file, import.meta.url))
const node = process.execPath
const stdioServer = path('./proxies/echo-stdio.mjs')
const cli = path('../packages/server/packed/cli/main.js')

const children = []
/** Starts a program, and resolves when something listens at `port`. */
async function start(port, args, env = {}) {
  const child = spawn(node, args, { cwd: home, env: { ...process.env, ...env }, stdio: 'ignore' })
  children.push(child)
  for (let tries = 0; tries < 300; tries++) {
    const answered = await new Promise((resolve) => {
      request({ host: '127.0.0.1', port, path: '/', method: 'GET' }, (answer) =>
        answer.resume().on('end', () => resolve(true)),
      )
        .on('error', () => resolve(false))
        .end()
    })
    if (answered) return child
    await sleep(100)
  }
  throw new Error(`nothing listens at ${port} for ${args.join(' ')}`)
}

const ports = Object.fromEntries(
  await Promise.all(
    ['echo', 'floor', 'ours', 'mcp-proxy', 'supergateway'].map(async (name) => [name, await freePort()]),
  ),
)
const config = join(home, 'mcp-vitals.json')
writeFileSync(
  config,
  JSON.stringify({
    listen: { port: ports.ours },
    gateway: { maxChildren: 64 },
    servers: {
      http: { url: `http://127.0.0.1:${ports.echo}/mcp` },
      stdio: { command: node, args: [stdioServer] },
    },
  }),
)
const echo = await start(ports.echo, [path('./proxies/echo-http.mjs'), String(ports.echo)])
const floor = await start(ports.floor, [path('./proxies/floor-http.mjs'), String(ports.floor), String(ports.echo)])
const ours = await start(ports.ours, [cli, 'up', '--config', config], { MCP_VITALS_DATA: join(home, 'state') })
const supergatewayArgs = ['--outputTransport', 'streamableHttp', '--stateful', '--logLevel', 'none']
const mcpProxyArgs = ['--host', '127.0.0.1', '--server', 'stream']

/** Name, port, path, and what starts it, where it does not run yet; those that nobody asked for do not start. */
const every = [
  { name: 'direct', port: ports.echo, path: '/mcp', start: () => echo },
  { name: 'floor → HTTP', port: ports.floor, path: '/mcp', start: () => floor },
  { name: 'mcp-vitals → HTTP', port: ports.ours, path: '/mcp/http', start: () => ours },
  { name: 'mcp-vitals → stdio', port: ports.ours, path: '/mcp/stdio', start: () => ours },
  {
    name: `${labelled('mcp-proxy')} → stdio`,
    port: ports['mcp-proxy'],
    path: '/mcp',
    start: (port) => start(port, [peer('mcp-proxy'), ...mcpProxyArgs, '--port', String(port), '--', node, stdioServer]),
  },
  {
    name: `${labelled('supergateway')} → stdio`,
    port: ports.supergateway,
    path: '/mcp',
    start: (port) => {
      const behind = ['--stdio', `${node} ${stdioServer}`, '--port', String(port)]
      return start(port, [peer('supergateway'), ...behind, ...supergatewayArgs])
    },
  },
]
const candidates = []
for (const [index, { start: begin, ...candidate }] of every.entries()) {
  // Direct and floor are what the others are measured by.
  if (index > 1 && !ONLY.some((word) => candidate.name.includes(word))) continue
  candidates.push({ ...candidate, child: await begin(candidate.port) })
}

function post({ port, path: at }, agent, session, body) {
  const text = JSON.stringify(body)
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'mcp-protocol-version': '2025-11-25',
    ...(session && { 'mcp-session-id': session }),
  }
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: at, method: 'POST', agent, headers }, (answer) => {
      answer.resume().on('end', () => {
        if (answer.statusCode < 300) resolve(answer.headers['mcp-session-id'])
        else reject(new Error(`${at} at ${port} answered ${answer.statusCode}`))
      })
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

let id = 0
const ask = (method, params) => ({ jsonrpc: '2.0', id: ++id, method, params })
const call = () => ask('tools/call', { name: 'echo', arguments: { text: 'sixteen bytes ok' } })

async function open(candidate, count) {
  const agent = new Agent({ keepAlive: true })
  const sessions = []
  for (let index = 0; index < count; index++) {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } }
    const session = await post(candidate, agent, undefined, ask('initialize', params))
    await post(candidate, agent, session, { jsonrpc: '2.0', method: 'notifications/initialized' })
    sessions.push(session)
  }
  agent.destroy()
  return { candidate, sessions, latency: [], cpu: [], rate: [] }
}

/** Its connections live as long as it does: while the others are called, a server may close what is idle, under a call. */
async function run({ candidate, sessions }, calls) {
  const agent = new Agent({ keepAlive: true })
  const times = []
  await Promise.all(
    sessions.map(async (session) => {
      for (let count = 0; count < calls / sessions.length; count++) {
        const start = process.hrtime.bigint()
        await post(candidate, agent, session, call())
        times.push(Number(process.hrtime.bigint() - start) / 1000)
      }
    }),
  )
  agent.destroy()
  return times
}

for (const count of SESSIONS) {
  const opened = []
  for (const candidate of candidates) opened.push(await open(candidate, count))
  for (const one of opened) await run(one, WARM_UP)
  for (let round = 0; round < ROUNDS; round++) {
    for (const one of opened) {
      const cpu = cpuMicros(one.candidate.child.pid)
      const began = process.hrtime.bigint()
      const times = await run(one, CALLS)
      one.rate.push(CALLS / (Number(process.hrtime.bigint() - began) / 1e9))
      // What was put off until after the calls belongs to them.
      await sleep(400)
      one.cpu.push((cpuMicros(one.candidate.child.pid) - cpu) / CALLS)
      one.latency.push(median(times))
    }
  }
  const direct = median(opened[0].latency)
  const floorAdded = median(opened[1].latency) - direct
  const floorCpu = median(opened[1].cpu)
  console.log(`\n${count} session${count > 1 ? 's' : ''}, one call in flight in each (medians)`)
  console.log(`${''.padEnd(30)}  calls/s  p50 ms  added ms  of floor  CPU µs  of floor  RSS MB`)
  for (const { candidate, latency, cpu, rate } of opened) {
    const added = median(latency) - direct
    const isProxy = candidate.child !== echo
    const figures = [
      median(rate).toFixed(0).padStart(7),
      (median(latency) / 1000).toFixed(2).padStart(6),
      (isProxy ? (added / 1000).toFixed(2) : '').padStart(8),
      (isProxy ? `${(added / floorAdded).toFixed(2)}x` : '').padStart(8),
      median(cpu).toFixed(0).padStart(6),
      (isProxy ? `${(median(cpu) / floorCpu).toFixed(2)}x` : '').padStart(8),
      memoryMb(candidate.child.pid).now.toFixed(0).padStart(6),
    ]
    console.log(`${candidate.name.padEnd(30)}  ${figures.join('  ')}`)
  }
}
for (const child of children) child.kill()
await Promise.all(children.map((child) => child.exitCode ?? new Promise((resolve) => child.once('exit', resolve))))
rmSync(home, { recursive: true, force: true })

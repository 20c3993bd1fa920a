/**
 * What `mcp-vitals wrap` adds to a call over stdio: microseconds of latency and of CPU, and memory, beside a bare Node
 * pass-through, one that also cuts and parses, and no proxy at all. The wrap is the one file that `npm pack` makes of it. A
 * daemon runs and takes the events, as in use. All candidates live at the same time and are called in turns; one call is in
 * flight; the text is 16 bytes. All are held to one processor where `taskset` can: where the system places a proxy and its
 * server decides over as much as the proxy.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { cpuMicros, memoryMb } from './support/account.mjs'
import { median } from './support/measure.mjs'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 15)
const CALLS = Number(process.env.BENCH_CALLS ?? 1_000)
const TEXT = 'sixteen bytes ok'

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-bench-'))
const env = { ...process.env, MCP_VITALS_DATA: join(home, 'state') }
const path = (file) => fileURLToPath(new URL(file, import.meta.url))
const cli = path('../packages/server/packed/cli/main.js')
const echo = [process.execPath, path('./proxies/echo-stdio.mjs')]
const floor = path('./proxies/floor-stdio.mjs')

const daemon = spawn(process.execPath, [cli, 'up', '--port', '0'], {
  cwd: home,
  env,
  stdio: ['ignore', 'pipe', 'pipe'],
})
daemon.stdout.resume()
await new Promise((resolve) => daemon.stderr.once('data', resolve))
daemon.stderr.resume()

const candidates = {
  direct: echo,
  'pass-through': [process.execPath, floor, ...echo],
  'pass-through that parses': [process.execPath, floor, '--read', ...echo],
  'mcp-vitals wrap': [process.execPath, cli, 'wrap', '--name', 'echo', '--', ...echo],
}

const pinned = spawnSync('taskset', ['-c', '0', 'true']).status === 0 ? ['taskset', '-c', '0'] : []

/** Starts a candidate; `call` resolves when its answer came. */
function open(line) {
  const [command, ...args] = [...pinned, ...line]
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  let id = 0
  let rest = ''
  let answered
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    rest += chunk
    if (!rest.endsWith('\n')) return
    rest = ''
    answered()
  })
  const ask = (method, params) =>
    new Promise((resolve) => {
      answered = resolve
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params })}\n`)
    })
  return { child, ask, call: () => ask('tools/call', { name: 'echo', arguments: { text: TEXT } }) }
}

const opened = Object.entries(candidates).map(([name, command]) => ({ name, ...open(command), latency: [], cpu: [] }))
for (const { ask, child, call } of opened) {
  await ask('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1' },
  })
  child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
  for (let warm = 0; warm < 3_000; warm++) await call()
}
for (let round = 0; round < ROUNDS; round++) {
  for (const candidate of opened) {
    const times = []
    const cpu = cpuMicros(candidate.child.pid)
    for (let count = 0; count < CALLS; count++) {
      const start = process.hrtime.bigint()
      await candidate.call()
      times.push(Number(process.hrtime.bigint() - start) / 1000)
    }
    // What was put off until after the calls belongs to them.
    await sleep(300)
    candidate.cpu.push((cpuMicros(candidate.child.pid) - cpu) / CALLS)
    candidate.latency.push(median(times))
  }
}

const rows = opened.map(({ name, latency, cpu, child }) => ({
  name,
  latency: median(latency),
  cpu: median(cpu),
  ...memoryMb(child.pid),
}))
const [direct, bare] = rows
console.log('\nstdio, 16 bytes, one call in flight (medians)')
console.log(`${''.padEnd(26)}  p50 µs  added µs  of floor  CPU µs  of floor  RSS MB  peak MB`)
for (const { name, latency, cpu, now, peak } of rows) {
  const isProxy = name !== 'direct'
  const added = latency - direct.latency
  const figures = [
    latency.toFixed(1).padStart(6),
    (isProxy ? added.toFixed(1) : '').padStart(8),
    (isProxy ? `${(added / (bare.latency - direct.latency)).toFixed(2)}x` : '').padStart(8),
    (isProxy ? cpu.toFixed(1) : '').padStart(6),
    (isProxy ? `${(cpu / bare.cpu).toFixed(2)}x` : '').padStart(8),
    (isProxy ? now.toFixed(0) : '').padStart(6),
    (isProxy ? peak.toFixed(0) : '').padStart(7),
  ]
  console.log(`${name.padEnd(26)}  ${figures.join('  ')}`)
}
for (const { child } of opened) child.stdin.end()
daemon.kill()
await new Promise((resolve) => daemon.once('exit', resolve))
rmSync(home, { recursive: true, force: true })

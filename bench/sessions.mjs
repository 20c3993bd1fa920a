/**
 * Whether memory stays flat while clients open sessions and never end them: 100,000 in front of an HTTP server, 500 in
 * front of a stdio server (a process each, at most 32 at a time). Prints the daemon's resident memory on the way.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { memoryMb } from './support/account.mjs'
import { freePort } from './support/ports.mjs'

const HTTP_SESSIONS = Number(process.env.BENCH_HTTP_SESSIONS ?? 100_000)
const STDIO_SESSIONS = Number(process.env.BENCH_STDIO_SESSIONS ?? 500)
const STEPS = 10
const AT_ONCE = 16

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-bench-'))
const path = (file) => fileURLToPath(new URL(file, import.meta.url))
const [echoPort, port] = [await freePort(), await freePort()]
const config = join(home, 'mcp-vitals.json')
writeFileSync(
  config,
  JSON.stringify({
    listen: { port },
    gateway: { reclaimIdleMs: 1 },
    servers: {
      http: { url: `http://127.0.0.1:${echoPort}/mcp` },
      stdio: { command: process.execPath, args: [path('./proxies/echo-stdio.mjs')] },
    },
  }),
)
const echo = spawn(process.execPath, [path('./proxies/echo-http.mjs'), String(echoPort)], { stdio: 'ignore' })
const daemon = spawn(process.execPath, [path('../packages/server/packed/cli/main.js'), 'up', '--config', config], {
  cwd: home,
  env: { ...process.env, MCP_VITALS_DATA: join(home, 'state') },
  stdio: ['ignore', 'ignore', 'pipe'],
})
await new Promise((resolve) => daemon.stderr.once('data', resolve))
daemon.stderr.resume()
await sleep(2_000)

const agent = new Agent({ keepAlive: true })
let refused = 0
function post(server, session, body) {
  const text = JSON.stringify(body)
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(session && { 'mcp-session-id': session }),
  }
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: `/mcp/${server}`, method: 'POST', agent, headers },
      (answer) => {
        if (answer.statusCode === 503) refused++
        answer.resume().on('end', () => resolve(answer.headers['mcp-session-id']))
      },
    )
    sent.on('error', reject)
    sent.end(text)
  })
}
const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } }
async function abandon(server) {
  const session = await post(server, undefined, { jsonrpc: '2.0', id: 1, method: 'initialize', params })
  if (session === undefined) return
  await post(server, session, { jsonrpc: '2.0', method: 'notifications/initialized' })
  await post(server, session, { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'echo', arguments: {} } })
}

function children() {
  return readdirSync(`/proc/${daemon.pid}/task`)
    .map((thread) => readFileSync(`/proc/${daemon.pid}/task/${thread}/children`, 'utf8').trim())
    .flatMap((line) => (line === '' ? [] : line.split(' '))).length
}

async function run(server, sessions) {
  console.log(`\n${sessions} abandoned sessions → ${server}`)
  console.log('sessions  RSS MB  processes  refused')
  for (let step = 1; step <= STEPS; step++) {
    const each = sessions / STEPS / AT_ONCE
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let count = 0; count < each; count++) await abandon(server)
      }),
    )
    const figures = [(sessions / STEPS) * step, memoryMb(daemon.pid).now.toFixed(0), children(), refused]
    console.log(figures.map((figure, at) => String(figure).padStart([8, 6, 9, 7][at])).join('  '))
  }
}
await run('http', HTTP_SESSIONS)
await run('stdio', STDIO_SESSIONS)

agent.destroy()
for (const child of [daemon, echo]) child.kill()
await new Promise((resolve) => (daemon.exitCode === null ? daemon.once('exit', resolve) : resolve()))
rmSync(home, { recursive: true, force: true })

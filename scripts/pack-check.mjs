/**
 * What a user gets: packs both packages, installs the results into an empty folder, passes a message through
 * `npx mcp-vitals wrap` there, runs `npx mcp-vitals up`, asks it for /health and /metrics, and stops it with SIGTERM. `node scripts/pack-check.mjs`; the last line is
 * `N passed, N failed`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setUp } from './setup.mjs'
import { capture, step } from './steps.mjs'

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000
const PACKAGES = ['@mcp-vitals/instrument', 'mcp-vitals']

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-pack-'))
let passed = 0
let failed = 0

/** Counts one check and says what it found. */
function verdict(name, problem) {
  if (problem === undefined) passed++
  else failed++
  process.stdout.write(
    `${problem === undefined ? 'ok  ' : 'FAIL'} ${name}${problem === undefined ? '' : `: ${problem}`}\n`,
  )
}

/** A port that nobody holds now. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Packs and installs. @returns the folder of the installation, or undefined when a step failed */
async function install() {
  const tarballs = join(home, 'tarballs')
  const user = join(home, 'user')
  for (const folder of [tarballs, user]) mkdirSync(folder)
  const workspaces = PACKAGES.flatMap((name) => ['--workspace', name])
  // A machine may be set to run no scripts: ours makes one file each of the library's main entry and of the command.
  const pack = ['pack', '--ignore-scripts=false', '--pack-destination', tarballs, ...workspaces]
  if (!(await step('npm pack', 'npm', pack))) return undefined
  writeFileSync(join(user, 'package.json'), '{ "private": true }\n')
  const files = readdirSync(tarballs).map((file) => join(tarballs, file))
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...files]
  return (await step('npm install into an empty folder', 'npm', args, { cwd: user })) ? user : undefined
}

/** Passes a message to a server that says it again, without a daemon. @returns what is wrong, or undefined */
function wrap(user) {
  const state = mkdtempSync(join(home, 'state-'))
  const input = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
  const env = { ...process.env, MCP_VITALS_DATA: state }
  const args = ['--no-install', 'mcp-vitals', 'wrap', '--name', 'echo', '--', 'cat']
  const { status, stdout, stderr } = spawnSync('npx', args, { cwd: user, env, input, encoding: 'utf8' })
  if (status !== 0 || stdout !== input) return `status ${status}, ${JSON.stringify(stdout)}\n${stderr}`
  return readdirSync(join(state, 'spool')).length > 0 ? undefined : 'it kept no event'
}

/** Starts the daemon as a user does, asks it, stops it; one verdict for each. */
async function run(user, args) {
  const port = await freePort()
  const name = `npx ${args.join(' ')}`
  const env = { ...process.env, MCP_VITALS_DATA: mkdtempSync(join(home, 'state-')) }
  const daemon = spawn('npx', ['--no-install', ...args, '--port', String(port)], {
    cwd: user,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [daemon.stdout, daemon.stderr])
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk
    })
  const ended = new Promise((resolve) => daemon.on('close', (status, signal) => resolve(signal ?? status)))

  const health = await ask(`http://127.0.0.1:${port}/health`, START_TIMEOUT_MS, () => daemon.exitCode !== null)
  verdict(`${name}: /health answers 200`, health.ok ? undefined : `${health.problem}\n${output}`)
  const metrics = await ask(`http://127.0.0.1:${port}/metrics`, 1000, () => false)
  verdict(
    `${name}: /metrics shows metrics`,
    /^# TYPE \w+ /m.test(metrics.body) ? undefined : metrics.problem || 'no metric in it',
  )
  stop(daemon, env.MCP_VITALS_DATA)
  const end = await Promise.race([ended, sleep(STOP_TIMEOUT_MS, 'not stopped', { ref: false })])
  verdict(`${name}: SIGTERM stops it with status 0`, end === 0 ? undefined : `${end}\n${output}`)
  if (end === 'not stopped') process.kill(-daemon.pid, 'SIGKILL')
}

/** Sends SIGTERM to the daemon itself, by the account that it gives of itself: npx would not hand it on. */
function stop(npx, state) {
  try {
    process.kill(JSON.parse(readFileSync(join(state, 'daemon.json'), 'utf8')).pid, 'SIGTERM')
  } catch {
    if (npx.exitCode === null) process.kill(-npx.pid, 'SIGTERM')
  }
}

/** Asks until the answer is 200, the time is over or `hopeless()`. */
async function ask(url, timeoutMs, hopeless) {
  const deadline = Date.now() + timeoutMs
  let problem = 'never asked'
  do {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
      const body = await response.text()
      if (response.status === 200) return { ok: true, body, problem: '' }
      problem = `${url} answered ${response.status}`
    } catch (error) {
      problem = `${url}: ${error.cause?.message ?? error.message}`
    }
    await sleep(100)
  } while (Date.now() < deadline && !hopeless())
  return { ok: false, body: '', problem }
}

try {
  const user = (await setUp()) ? await install() : undefined
  verdict('packed and installed', user === undefined ? 'see above' : undefined)
  if (user !== undefined) {
    const reading = ['index.js', 'record.js'].filter((name) => {
      const entry = readFileSync(join(user, 'node_modules/@mcp-vitals/instrument/dist', name), 'utf8')
      return /(^|;)(import|export)\b[^;]*\bfrom\b/m.test(entry)
    })
    verdict('the library is one file an entry', reading.length > 0 ? `${reading} reads others` : undefined)
    const use = [
      "import { instrument } from '@mcp-vitals/instrument'",
      "import { recordToolCall } from '@mcp-vitals/instrument/record'",
      "instrument({ async connect() {} }); recordToolCall('ls', () => 1)",
    ].join(';')
    const used = await capture(process.execPath, ['--input-type=module', '--eval', use], { cwd: user })
    verdict('the library instruments a server', used.status === 0 ? undefined : used.output)
    const help = await capture('npx', ['--no-install', 'mcp-vitals', 'up', '--help'], { cwd: user })
    verdict('npx mcp-vitals up --help', help.status === 0 ? undefined : help.output)
    const command = readFileSync(join(user, 'node_modules/mcp-vitals/packed/cli/main.js'), 'utf8')
    verdict('the command is one file', /from *["'`]\.\.?\//.test(command) ? 'it reads others' : undefined)
    verdict('npx mcp-vitals wrap', wrap(user))
    await run(user, ['mcp-vitals', 'up'])
    if (help.output.includes('--demo')) await run(user, ['mcp-vitals', 'up', '--demo'])
  }
} finally {
  rmSync(home, { recursive: true, force: true })
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exit(failed === 0 ? 0 : 1)

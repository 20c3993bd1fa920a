/**
 * `node scripts/conformance.mjs`: the official conformance suite against a server of our own, direct and through the
 * gateway, check by check, and against the host of plugins and what answers agents. It fails where a check is worse through
 * the gateway, where one of those two fails one that is about what it offers, and where docs/conformance.md says something else than it found;
 * `--write` writes that page. The last line is `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare, totals } from './conformance/compare.mjs'
import { OWN_SERVERS } from './conformance/offers.mjs'
import { pageOf } from './conformance/page.mjs'
import { install, RUNS, runSuite } from './conformance/suites.mjs'
import { withToken } from './conformance/with-token.mjs'
import { setUp } from './setup.mjs'
import { ROOT } from './steps.mjs'

const FIXTURE = join(ROOT, 'test/conformance-suite/fixture/server.mjs')
/** Programs whose commands are the suite's tools. */
const PLUGINS = join(ROOT, 'test/conformance-suite/plugins')
const CLI = join(ROOT, 'packages/server/packed/cli/main.js')
const PAGE = join(ROOT, 'docs/conformance.md')
const START_TIMEOUT_MS = 30_000
/** The suite ends no session, so few processes are kept: for one more, the one that is idle longest makes room. */
const GATEWAY = { maxChildren: 8, reclaimIdleMs: 200 }

const started = []

/** Starts a program and resolves to the address that it prints. */
function start(args, env, pattern) {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  return new Promise((resolve, reject) => {
    let said = ''
    const fail = () => reject(new Error(`${args.join(' ')} did not start:\n${said}`))
    const timer = setTimeout(fail, START_TIMEOUT_MS)
    const listen = (chunk) => {
      said += chunk
      const address = pattern.exec(said)?.[1]
      if (address === undefined) return
      clearTimeout(timer)
      resolve(address)
    }
    child.stdout.setEncoding('utf8').on('data', listen)
    child.stderr.setEncoding('utf8').on('data', listen)
    child.once('exit', fail)
  })
}

async function stopAll() {
  await Promise.all(
    started.map((child) => {
      if (child.exitCode !== null || child.signalCode !== null) return undefined
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      return ended
    }),
  )
}

/**
 * Every scenario; one that did not pass is run once more by itself, since the suite's own time-outs are short.
 * `isExpected`: tells a check that is known not to pass.
 */
async function checksOf(run, address, isExpected = () => false) {
  const checks = await runSuite(run, address)
  const isFailed = (check) => check.status === 'FAILURE' && !isExpected(check)
  const failed = new Set(checks.filter(isFailed).map(({ scenario }) => scenario))
  const again = []
  for (const scenario of failed) again.push(...(await runSuite(run, address, scenario)))
  return [...checks.filter(({ scenario }) => !failed.has(scenario)), ...again]
}

async function measure(addresses) {
  const results = []
  for (const run of RUNS) {
    const direct = await checksOf(run, addresses.direct)
    const pairings = {}
    for (const pairing of ['http', 'stdio']) {
      const through = await checksOf(run, addresses[pairing])
      pairings[pairing] = { totals: totals(through), ...compare(direct, through) }
    }
    const own = {}
    for (const [name, { reasonOf, findingsOf }] of Object.entries(OWN_SERVERS))
      own[name] = findingsOf(await checksOf(run, addresses[name], (check) => reasonOf(check) !== undefined))
    results.push({ ...run, direct: { totals: totals(direct) }, pairings, own })
  }
  return results
}

/** Says what was found. @returns one entry for each comparison that does not hold */
function judge(results) {
  const problems = []
  for (const { version, revision, direct, pairings, own } of results) {
    const run = `suite ${version}, revision ${revision}`
    if (direct.totals.failed > 0) problems.push(`${run}: the fixture itself fails ${direct.totals.failed} checks`)
    for (const [pairing, { worse }] of Object.entries(pairings)) {
      const list = worse.map(({ scenario, id, why }) => `\n    ${scenario}, ${id}: ${why}`)
      if (worse.length > 0) problems.push(`${run}: worse through the gateway → ${pairing}:${list.join('')}`)
    }
    for (const [name, { failed }] of Object.entries(own)) {
      const list = failed.map(({ scenario, id, status, errorMessage }) =>
        ['', `    ${scenario}, ${id}: ${errorMessage ?? status}`].join('\n'),
      )
      if (list.length > 0) problems.push(`${run}: ${OWN_SERVERS[name].words} does not pass:${list.join('')}`)
    }
  }
  for (const [name, { words, unusedReasons }] of Object.entries(OWN_SERVERS)) {
    const unused = unusedReasons(results.map(({ own }) => own[name]))
    if (unused.length > 0) problems.push(`nothing needs these reasons of ${words} any more: ${unused.join(', ')}`)
  }
  return problems
}

async function run() {
  if (!(await setUp()) || !(await install())) return ['set-up']
  const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-conformance-'))
  try {
    const direct = await start([FIXTURE, 'http'], {}, /(http:\S+)\n/)
    const config = join(home, 'config.json')
    const stdio = { command: process.execPath, args: [FIXTURE, 'stdio'] }
    // A copy, as one of its commands adds a tool.
    cpSync(PLUGINS, join(home, 'plugins'), { recursive: true })
    const plugins = { plugins: join(home, 'plugins'), separator: '_' }
    writeFileSync(config, JSON.stringify({ gateway: GATEWAY, servers: { http: { url: direct }, stdio, plugins } }))
    const up = [CLI, 'up', '--port', '0', '--config', config]
    const daemon = await start(up, { MCP_VITALS_DATA: join(home, 'state') }, /status page +(http:\S+)\//)
    const at = (server) => `${daemon}/mcp/${server}`
    const owned = await withToken(daemon, readFileSync(join(home, 'state', 'owner-token'), 'utf8').trim())
    try {
      const ours = { plugins: at('plugins'), agents: `${owned.url}/mcp` }
      return conclude(await measure({ direct, http: at('http'), stdio: at('stdio'), ...ours }))
    } finally {
      owned.close()
    }
  } finally {
    await stopAll()
    rmSync(home, { recursive: true, force: true })
  }
}

function conclude(results) {
  const problems = judge(results)
  const page = pageOf(results)
  process.stdout.write(`\n${page}\n`)
  if (process.argv.includes('--write')) writeFileSync(PAGE, page)
  else if (readFileSync(PAGE, 'utf8') !== page)
    problems.push('docs/conformance.md says something else: look at the table above, and run it with --write')
  return problems
}

/** One for each fixture, pairing and server of our own of a run, one for the reasons of each of the latter, and the page. */
const OURS = Object.keys(OWN_SERVERS).length
const JUDGED = RUNS.length * (3 + OURS) + OURS + 1
const problems = await run().catch((error) => [error.stack])
if (problems.length > 0) process.stdout.write(`failed:\n${problems.map((problem) => `  ${problem}\n`).join('')}`)
process.stdout.write(`${Math.max(0, JUDGED - problems.length)} passed, ${problems.length} failed\n`)
process.exit(problems.length === 0 ? 0 : 1)

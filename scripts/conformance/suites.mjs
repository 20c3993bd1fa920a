/** The versions of the official conformance suite, where they are installed, and how each is run. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeOf } from '../node.mjs'
import { capture, ROOT, step } from '../steps.mjs'

const MANIFEST = join(ROOT, 'test/conformance-suite/suites')
const HOME = join(ROOT, '.cache/conformance')

/** Each run: a version, the revision of the protocol that it speaks, and the oldest Node that runs it. */
export const RUNS = [
  { version: '0.1.13', revision: '2025-11-25', node: 20, args: [] },
  { version: '0.1.16', revision: '2025-11-25', node: 22, args: [] },
  { version: '0.2.0-alpha.12', revision: '2025-11-25', node: 22, args: ['--spec-version', '2025-11-25'] },
  { version: '0.2.0-alpha.12', revision: '2026-07-28', node: 22, args: ['--spec-version', '2026-07-28'] },
]

/** Installs what the lock file says, where it is not there yet. @returns whether it is there */
export async function install() {
  const lock = 'package-lock.json'
  const text = (folder) => readFileSync(join(folder, lock), 'utf8')
  if (existsSync(join(HOME, 'node_modules')) && existsSync(join(HOME, lock)) && text(HOME) === text(MANIFEST))
    return true
  rmSync(HOME, { recursive: true, force: true })
  mkdirSync(HOME, { recursive: true })
  for (const file of ['package.json', lock]) cpSync(join(MANIFEST, file), join(HOME, file))
  const args = ['ci', '--prefix', HOME, '--ignore-scripts', '--no-audit', '--no-fund']
  const installed = await step('install the conformance suites', 'npm', args)
  if (!installed) rmSync(HOME, { recursive: true, force: true })
  return installed
}

/**
 * Runs every scenario of one run, or one alone, against an address.
 *
 * @returns its checks, `{ scenario, id, status, errorMessage }`, in the suite's order
 */
export async function runSuite({ version, args, node }, address, scenario) {
  const program = join(HOME, 'node_modules', `conformance-${version}`, 'dist/index.js')
  const output = mkdtempSync(join(tmpdir(), 'mcp-vitals-conformance-'))
  const which = scenario === undefined ? ['--suite', 'all'] : ['--scenario', scenario]
  const wanted = [program, 'server', '--url', address, ...which, ...args, '--output-dir', output]
  try {
    const { output: said } = await capture(await nodeOf(node, { orNewer: true }), wanted)
    const checks = readdirSync(output).flatMap((folder) => checksIn(output, folder))
    if (checks.length === 0) throw new Error(`The suite ${version} left no checks:\n${said}`)
    return checks
  } finally {
    rmSync(output, { recursive: true, force: true })
  }
}

/** What one scenario left: `server-<scenario>-<date>/checks.json`. */
function checksIn(output, folder) {
  const scenario = /^server-(.*)-\d{4}-\d\d-\d\dT/.exec(folder)?.[1] ?? folder
  const checks = JSON.parse(readFileSync(join(output, folder, 'checks.json'), 'utf8'))
  return checks.map(({ id, status, errorMessage }) => ({ scenario, id, status, errorMessage }))
}

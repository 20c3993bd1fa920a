/**
 * `npm test`: makes the clone ready, then checks format and lint, types, import rules, and runs the tests. The last
 * line is always `N passed, N failed`, and the status is 0 only when nothing failed and something passed. A skipped
 * test counts as failed: what was not run was not shown to work.
 *
 * Where CI is set, up to three files with failures are run once more, alone: what fails again has failed, and what passes
 * then is named as unsteady. On a loaded machine a real server can be slower than any limit that a test would wait.
 *
 * `npm test -- test/unit` runs only the test files whose path contains that word, and no check beside compiling.
 * `--no-checks` leaves the checks out, as the runs on a second Node version do.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setUp, tsc } from './setup.mjs'
import { foreground, ROOT, step } from './steps.mjs'

const given = process.argv.slice(2)
const filters = given.filter((argument) => argument !== '--no-checks')
const withChecks = filters.length === 0 && !given.includes('--no-checks')
const bin = (path) => join(ROOT, 'node_modules', path)

/** More broken files than this are no accident. */
const MOST_AGAIN = 3

/** Runs vitest and reads its own account of the run. A run that leaves none, since it crashed, is one failure. */
async function vitest(...args) {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  const summary = join(folder, 'summary.json')
  const reporters = ['--reporter=default', `--reporter=${join(ROOT, 'scripts/reporter.mjs')}`]
  const env = { ...process.env, MCP_VITALS_TEST_SUMMARY: summary }
  const status = await foreground(process.execPath, [bin('vitest/vitest.mjs'), 'run', ...reporters, ...args], { env })
  try {
    const { passed, failed, problems, broken } = JSON.parse(readFileSync(summary, 'utf8'))
    if (status !== 0 && failed === 0) problems.push(`vitest ended with status ${status}`)
    if (passed === 0 && problems.length === 0) problems.push('no test passed')
    return { passed, problems, broken }
  } catch {
    return { passed: 0, problems: [`vitest ended with status ${status} and no account of its tests`], broken: [] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runTests() {
  const first = await vitest(...filters)
  const { broken } = first
  if (!process.env.CI || broken.length === 0 || broken.length > MOST_AGAIN) return first
  const again = await vitest('--maxWorkers=1', ...broken.map(([file]) => file))
  if (again.problems.length === 0)
    process.stdout.write(`\nunsteady, passed alone:\n${first.problems.map((problem) => `  ${problem}\n`).join('')}`)
  const elsewhere = broken.reduce((sum, [, passed]) => sum - passed, first.passed)
  return { passed: elsewhere + again.passed, problems: again.problems }
}

function finish(passed, problems) {
  if (problems.length > 0) process.stdout.write(`\nfailed:\n${problems.map((problem) => `  ${problem}\n`).join('')}`)
  process.stdout.write(`${passed} passed, ${problems.length} failed\n`)
  process.exit(problems.length === 0 && passed > 0 ? 0 : 1)
}

const problems = []
let passed = 0
async function check(name, args) {
  if (await step(name, process.execPath, args)) passed++
  else problems.push(name)
}

if (!(await setUp({ build: [] }))) finish(0, ['set-up'])
if (withChecks) await check('format and lint (biome check)', [bin('@biomejs/biome/bin/biome'), 'check', '.'])
// The command first, by itself, as `npm start` compiles it: a project that its references leave out is not there in a new clone.
await check('the command (tsc -b packages/server)', [tsc(), '-b', 'packages/server'])
await check('types (tsc -b)', [tsc(), '-b', '.', 'packages/web', 'test/browser'])
if (withChecks)
  await check('import rules (depcruise)', [
    bin('dependency-cruiser/bin/dependency-cruise.mjs'),
    ...['--config', '.dependency-cruiser.cjs', 'packages'],
  ])
if (problems.includes('types (tsc -b)'))
  finish(passed, [...problems, 'tests: not run, since the sources do not compile'])
const tests = await runTests()
finish(passed + tests.passed, [...problems, ...tests.problems])

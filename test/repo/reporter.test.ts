import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ROOT } from './files.js'

// Inside the repository, since the tests written here import vitest; git ignores the folder.
const CACHE = join(ROOT, '.cache')
let folder = ''
beforeEach(() => {
  mkdirSync(CACHE, { recursive: true })
  folder = mkdtempSync(join(CACHE, 'reporter-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs vitest over one test file of this text; what the reporter says of it. */
function accountOf(text: string): {
  passed: number
  failed: number
  problems: readonly string[]
  broken: readonly unknown[]
} {
  writeFileSync(join(folder, 'vitest.config.mjs'), 'export default {}')
  writeFileSync(join(folder, 'x.test.mjs'), `import { describe, expect, test } from 'vitest'\n${text}`)
  const summary = join(folder, 'summary.json')
  const reporter = `--reporter=${join(ROOT, 'scripts/reporter.mjs')}`
  spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--allowOnly', '--root', folder, reporter],
    {
      env: { ...process.env, MCP_VITALS_TEST_SUMMARY: summary },
    },
  )
  return JSON.parse(readFileSync(summary, 'utf8')) as ReturnType<typeof accountOf>
}

test.each([
  ['a pass', "test('a', () => {})", 1, []],
  ['a failure', "test('a', () => expect(1).toBe(2))", 0, [/x\.test\.mjs > a: failed/]],
  ['a skipped test', "test('a', () => {})\ntest.skip('b', () => {})", 1, [/b: skipped/]],
  ['a test for later', "test('a', () => {})\ntest.todo('b')", 1, [/b: skipped/]],
  ['tests left out by one that runs alone', "test('a', () => {})\ntest.only('b', () => {})", 1, [/a: skipped/]],
  ['a file that throws', "throw new Error('broken file')", 0, [/broken file/]],
  ['a suite without tests', "describe('s', () => {})", 0, [/No test/, /No test/]],
  [
    'an error that nobody caught',
    "test('a', () => { setTimeout(() => { throw new Error('late') }) ; return new Promise((r) => setTimeout(r, 50)) })",
    1,
    [/unhandled: late/],
  ],
] as const)('counts %s', (_, text, passed, problems) => {
  const account = accountOf(text)
  expect(account).toMatchObject({ passed, failed: problems.length })
  expect(account.problems).toEqual(problems.map((pattern) => expect.stringMatching(pattern)))
  const inFile = problems.length > 0 && !account.problems.some((problem) => problem.startsWith('unhandled'))
  expect(account.broken).toEqual(inFile ? [['x.test.mjs', passed]] : [])
})

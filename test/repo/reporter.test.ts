import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ROOT } from './files.js'

// Inside the repository, since the tests written here import vitest; git ignores the folder.
const CACHE = join(ROOT, '.cache')

interface Account {
  readonly passed: number
  readonly failed: number
  readonly problems: readonly string[]
  readonly broken: readonly (readonly [file: string, passed: number])[]
}

/** Runs vitest over test files of these texts, `0.test.mjs` and so on; what the reporter says of them. */
function accountOf(texts: readonly string[]): Account {
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(join(CACHE, 'reporter-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'vitest.config.mjs'), 'export default {}')
  for (const [index, text] of texts.entries())
    writeFileSync(join(folder, `${index}.test.mjs`), `import { describe, expect, test } from 'vitest'\n${text}`)
  const summary = join(folder, 'summary.json')
  const reporter = `--reporter=${join(ROOT, 'scripts/reporter.mjs')}`
  spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--allowOnly', '--root', folder, reporter],
    { env: { ...process.env, MCP_VITALS_TEST_SUMMARY: summary } },
  )
  return JSON.parse(readFileSync(summary, 'utf8')) as Account
}

const KINDS = [
  ['a pass', "test('a', () => {})", 1, []],
  ['a failure', "test('a', () => expect(1).toBe(2))", 0, [/\.test\.mjs > a: failed/]],
  ['a skipped test', "test('a', () => {})\ntest.skip('b', () => {})", 1, [/b: skipped/]],
  ['a test for later', "test('a', () => {})\ntest.todo('b')", 1, [/b: skipped/]],
  ['tests left out by one that runs alone', "test('a', () => {})\ntest.only('b', () => {})", 1, [/a: skipped/]],
  ['a file that throws', "throw new Error('broken file')", 0, [/broken file/]],
  ['a suite without tests', "describe('s', () => {})", 0, [/No test/, /No test/]],
] as const

test('counts passes, and as failures what is not a plain pass, with the file and the reason', () => {
  const { passed, failed, problems, broken } = accountOf(KINDS.map(([, text]) => text))
  for (const [index, [what, , passed, expected]] of KINDS.entries()) {
    const file = `${index}.test.mjs`
    const found = problems.filter((problem) => problem.startsWith(file))
    expect(found, what).toEqual(expected.map((pattern) => expect.stringMatching(pattern)))
    const isBroken = expected.length > 0
    expect(
      broken.filter(([name]) => name === file),
      what,
    ).toEqual(isBroken ? [[file, passed]] : [])
  }
  const sum = (numbers: readonly number[]) => numbers.reduce((one, other) => one + other, 0)
  expect(passed).toBe(sum(KINDS.map(([, , passed]) => passed)))
  expect(failed).toBe(sum(KINDS.map(([, , , problems]) => problems.length)))
  expect(problems).toHaveLength(failed)
})

test('an error that nobody caught counts beside the tests, and then no file is named to run again', () => {
  const late =
    "test('a', () => { setTimeout(() => { throw new Error('late') }) ; return new Promise((r) => setTimeout(r, 50)) })"
  const account = accountOf([late, "test('a', () => expect(1).toBe(2))"])
  expect(account).toMatchObject({ passed: 1, failed: 2, broken: [] })
  expect(account.problems).toEqual([expect.stringMatching(/a: failed/), expect.stringMatching(/unhandled: late/)])
})

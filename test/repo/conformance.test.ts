import { expect, test } from 'vitest'
import { textOf } from './files.js'

interface Check {
  readonly scenario: string
  readonly id: string
  readonly status: string
  readonly errorMessage?: string
}
interface Comparison {
  readonly worse: readonly { id: string; why: string }[]
  readonly untried: readonly { id: string; reason: string }[]
}
const at = (name: string) => new URL(`../../scripts/conformance/${name}`, import.meta.url).href
const { compare, NOT_TRIED }: { compare(a: Check[], b: Check[]): Comparison; NOT_TRIED: Record<string, string> } =
  await import(at('compare.mjs'))
const { RUNS }: { RUNS: { version: string; revision: string }[] } = await import(at('suites.mjs'))

const check = (id: string, status: string, scenario = 'a-scenario'): Check => ({ scenario, id, status })
const OPTIONAL = 'server-sse-retry-field'

test.each([
  ['the same', ['SUCCESS'], ['SUCCESS'], 0],
  ['a failure that it has directly too', ['FAILURE'], ['FAILURE'], 0],
  ['better', ['FAILURE', 'WARNING'], ['SUCCESS', 'SUCCESS'], 0],
  ['a failure of its own', ['SUCCESS'], ['FAILURE'], 1],
  ['one failure of two', ['SUCCESS', 'SUCCESS'], ['SUCCESS', 'FAILURE'], 1],
  ['a failure beside as many successes', ['SUCCESS'], ['SUCCESS', 'FAILURE'], 1],
  ['a warning of its own', ['SUCCESS'], ['WARNING'], 1],
  ['not tried', ['SUCCESS'], [], 1],
  ['told only', ['SUCCESS'], ['INFO'], 1],
  ['tried less often', ['SUCCESS', 'SUCCESS'], ['SUCCESS'], 1],
])('%s', (_, direct, through, worse) => {
  const of = (statuses: readonly string[]) => statuses.map((status) => check('an-id', status))
  expect(compare(of(direct), of(through)).worse).toHaveLength(worse)
})

test('the same check of another scenario is another check', () => {
  const both = [check('an-id', 'SUCCESS', 'one'), check('an-id', 'SUCCESS', 'two')]
  const one = [check('an-id', 'SUCCESS', 'one'), check('an-id', 'SUCCESS', 'one')]
  expect(compare(both, one).worse).toHaveLength(1)
})

test('what may be left untried is told with its reason, and is worse where it fails', () => {
  const direct = [check(OPTIONAL, 'SUCCESS')]
  expect(compare(direct, [])).toEqual({
    worse: [],
    untried: [{ scenario: 'a-scenario', id: OPTIONAL, reason: NOT_TRIED[OPTIONAL] }],
  })
  expect(compare(direct, [check(OPTIONAL, 'WARNING')]).worse).toHaveLength(1)
})

test('the page has a row for each run, and none in which a check is worse than direct', () => {
  const rows = textOf('docs/conformance.md').matchAll(/^\| (\S+) \| (\S+) \| .* \| .* \| .* \| (\d+) \|$/gm)
  const worse = RUNS.map(({ version, revision }) => [version, revision, '0'])
  expect([...rows].map(([, version, revision, count]) => [version, revision, count])).toEqual(worse)
})

test('every run’s version is pinned in the suites’ manifest', () => {
  const { dependencies } = JSON.parse(textOf('test/conformance-suite/suites/package.json'))
  const pinned = Object.values<string>(dependencies).map((wanted) => wanted.replace(/^.*@/, ''))
  expect(pinned).toEqual([...new Set(RUNS.map(({ version }) => version))])
})

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
interface Findings {
  readonly scenarios: number
  readonly totals: { readonly passed: number; readonly failed: number; readonly warnings: number }
  readonly failed: readonly Check[]
  readonly reasons: ReadonlyMap<string, ReadonlySet<string>>
}
interface Offers {
  findingsOf(checks: Check[]): Findings
  unusedReasons(findings: readonly Findings[]): readonly RegExp[]
}
const { OWN_SERVERS }: { OWN_SERVERS: { plugins: Offers; agents: Offers } } = await import(at('offers.mjs'))
const { plugins: offers, agents } = OWN_SERVERS
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

test('the host of plugins is judged by what is about what it offers, and everything else has a reason', () => {
  const checks = [
    check('an-id', 'SUCCESS', 'tools-call-image'),
    check('another', 'FAILURE', 'tools-call-error'),
    check('one-more', 'WARNING', 'tools-list'),
    check('listed', 'FAILURE', 'prompts-list'),
    check('sep-2549-prompts-list-caching-hints', 'FAILURE', 'caching'),
    check('sep-2549-tools-list-caching-hints', 'FAILURE', 'caching'),
  ]
  const found = offers.findingsOf(checks)
  expect(found).toMatchObject({ scenarios: 4, totals: { passed: 1, failed: 2, warnings: 1 } })
  expect(found.failed.map(({ scenario }) => scenario)).toEqual(['tools-call-error', 'tools-list', 'caching'])
  expect([...found.reasons.values()].map((whats) => [...whats])).toEqual([
    ['prompts-list', 'caching: sep-2549-prompts-list-caching-hints'],
  ])
  expect(offers.unusedReasons([found])).not.toContainEqual(/^prompts-/)
  expect(offers.unusedReasons([found])).toContainEqual(/^completion-complete$/)
})

test('every run’s version is pinned in the suites’ manifest', () => {
  const { dependencies } = JSON.parse(textOf('test/conformance-suite/suites/package.json'))
  const pinned = Object.values<string>(dependencies).map((wanted) => wanted.replace(/^.*@/, ''))
  expect(pinned).toEqual([...new Set(RUNS.map(({ version }) => version))])
})

test('the server for agents is judged by the protocol, and not by tools of the suite', () => {
  const found = agents.findingsOf([
    check('tools-list', 'SUCCESS', 'tools-list'),
    check('ping', 'FAILURE', 'ping'),
    check('tools-call-image', 'FAILURE', 'tools-call-image'),
    check('tools-call-sampling', 'FAILURE', 'tools-call-sampling'),
    check('wire-schema-valid', 'SUCCESS', 'tools-call-sampling'),
  ])
  expect(found.totals).toEqual({ passed: 1, failed: 1, warnings: 0 })
  expect(found.failed.map(({ id }) => id)).toEqual(['ping'])
  expect([...found.reasons.values()].map((whats) => [...whats])).toEqual([
    ['tools-call-image'],
    ['tools-call-sampling'],
  ])
})

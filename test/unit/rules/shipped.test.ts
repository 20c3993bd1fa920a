/**
 * The rules that come along: Debian's promtool takes them, and their unit tests (test/data/rules) come out the same there and
 * here, as they are and with other thresholds.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { METRICS } from '../../../packages/instrument/src/metrics/index.js'
import { parsePromql } from '../../../packages/server/src/promql/index.js'
import {
  type AlertingRule,
  parseRuleFile,
  parseRuleTests,
  RULE_SETS,
  type RuleSet,
  readRuleSet,
  ruleSetFile,
  runRuleTests,
} from '../../../packages/server/src/rules/index.js'
import { promises } from '../../requirements.js'
import { tempDir } from '../store/support.js'

/** Hours of samples are evaluated, twice by each. */
const SLOW_MS = 240_000
const DATA = join(import.meta.dirname, '../../data/rules')
const testsOf = (name: string) => readFileSync(join(DATA, `${name}.test.yml`), 'utf8')
const textOf = (set: RuleSet) => readFileSync(ruleSetFile(set), 'utf8')

/** What both say of unit tests over a rule file: whether they pass. */
function verdicts(
  set: RuleSet,
  rules: string,
  tests = testsOf(set),
): { readonly ours: boolean; readonly promtool: boolean } {
  const dir = tempDir()
  for (const folder of ['a/b/c', 'packages/server/rules']) mkdirSync(join(dir, folder), { recursive: true })
  writeFileSync(join(dir, 'packages/server/rules', `${set}.yml`), rules)
  writeFileSync(join(dir, 'a/b/c/tests.yml'), tests)
  const { status } = spawnSync('promtool', ['test', 'rules', join(dir, 'a/b/c/tests.yml')])
  const problems = runRuleTests(parseRuleTests('tests.yml', tests), parseRuleFile(`${set}.yml`, rules))
  return { ours: problems.length === 0, promtool: status === 0 }
}

describe.each(RULE_SETS)('%s', (set) => {
  test('promtool takes the file', () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', ruleSetFile(set)], { encoding: 'utf8' })
    expect(status, stdout + stderr).toBe(0)
  })

  test(
    'its unit tests pass by both, and fail by both where the thresholds are others',
    () => {
      const rules = textOf(set)
      expect(verdicts(set, rules)).toEqual({ ours: true, promtool: true })
      const broken = rules.replace(/> (?=[\d.])/g, '> 1e6 + ')
      expect(verdicts(set, broken)).toEqual({ ours: false, promtool: false })
    },
    SLOW_MS,
  )

  test('every rule has its set as a label, and says what is wrong, with the value', () => {
    for (const { rules } of readRuleSet(set, set === 'dust' ? 'mcp_dust_server' : 'mcp'))
      for (const rule of rules.filter((one): one is AlertingRule => one.kind === 'alerting')) {
        expect(rule.labels.ruleset).toBe(set)
        expect(rule.labels.severity).toMatch(/^(critical|warning)$/)
        expect(rule.annotations.summary).toBeTruthy()
        expect(rule.annotations.description).toMatch(/\$value/)
        expect(rule.annotations.description).toMatch(/\d/)
      }
  })

  test('every metric that it names is one of ours', () => {
    const known = new Set(METRICS.map(({ scope, name }) => (scope === 'mcp' ? `mcp_${name}` : `${scope}_${name}`)))
    const groups = readRuleSet(set, 'mcp')
    const recorded = new Set(groups.flatMap(({ rules }) => rules.map(({ name }) => name)))
    for (const { rules } of groups)
      for (const { expr } of rules)
        for (const { matchers } of parsePromql(expr).selections(0, 0)) {
          const name = matchers.find((matcher) => matcher.name === '__name__')!.value
          expect(name === 'up' || recorded.has(name) || known.has(name.replace(/_bucket$/, '')), name).toBe(true)
        }
  })
})

const ruleOf = (set: RuleSet, alert: string) => {
  const groups = parseRuleFile(`${set}.yml`, textOf(set))
  return groups.flatMap(({ rules }) => rules).find(({ name }) => name === alert) as AlertingRule
}
const minutes = (count: number) => count * 60_000

test(`the commerce set is the one that its operators know. ${promises('C11.rules.group', 'C11.rules.annotations', 'C11.rule.high-error-rate', 'C11.rule.high-latency', 'C11.rule.tool-unavailable', 'C11.rule.tool-unavailable-text', 'C11.rule.server-down')}`, () => {
  expect(parseRuleFile('commerce.yml', textOf('commerce'))[0]).toMatchObject({
    name: 'devskyy_mcp',
    intervalMs: 30_000,
  })
  expect(ruleOf('commerce', 'HighErrorRate')).toMatchObject({
    expr: 'rate(mcp_errors_total[5m]) > 0.05',
    forMs: minutes(5),
    labels: { severity: 'critical' },
  })
  expect(ruleOf('commerce', 'HighLatency')).toMatchObject({
    expr: 'histogram_quantile(0.95, sum(rate(mcp_request_duration_seconds_bucket[5m])) by (le)) > 5',
    forMs: minutes(5),
    labels: { severity: 'warning' },
  })
  expect(ruleOf('commerce', 'ToolUnavailable')).toMatchObject({
    expr: 'mcp_tool_availability == 0',
    forMs: minutes(1),
    labels: { severity: 'critical' },
    annotations: { summary: 'Tool {{ $labels.tool_name }} is unavailable' },
  })
  expect(ruleOf('commerce', 'ServerDown')).toMatchObject({
    expr: 'up{job="devskyy_mcp"} == 0',
    forMs: minutes(1),
    labels: { severity: 'critical' },
  })
})

test(`the commerce set watches trends. ${promises('C12.rule.error-rate-changing', 'C12.rule.latency-staying-high', 'C12.rule.queue-growing', 'C12.rule.auth-failures-repeating')}`, () => {
  const trends = parseRuleFile('commerce.yml', textOf('commerce'))[1]
  expect(trends?.rules.map(({ name }) => name)).toEqual([
    'ErrorRateChanging',
    'LatencyStayingHigh',
    'QueueGrowing',
    'AuthFailuresRepeating',
  ])
})

test(
  `weeks, months and queues are looked at ahead, and it comes out the same by promtool. ${promises('C12.capacity.request-rate-trend', 'C12.capacity.cost-forecast', 'C12.capacity.queue-depth')}`,
  () => {
    const tests = testsOf('own-capacity')
    expect(verdicts('own', textOf('own'), tests)).toEqual({ ours: true, promtool: true })
    const broken = textOf('own').replace('> 1000', '> 1e6').replace('30 / 7', '30 / 8')
    expect(verdicts('own', broken, tests)).toEqual({ ours: false, promtool: false })
  },
  SLOW_MS,
)

test(`the dust set is the one that its operators know. ${promises('D6.rule.high-error-rate', 'D6.rule.high-latency', 'D6.rule.high-memory-usage', 'D6.rule.high-memory-usage-text', 'D6.rule.high-cpu-usage', 'D6.rule.too-many-sessions')}`, () => {
  const expected: readonly (readonly [name: string, expr: string, severity: string])[] = [
    [
      'HighLatency',
      'histogram_quantile(0.95, sum(rate(mcp_dust_server_http_request_duration_seconds_bucket[5m])) by (le)) > 1',
      'warning',
    ],
    ['HighMemoryUsage', 'mcp_dust_server_memory_usage_bytes / 1024 / 1024 / 1024 > 0.8', 'warning'],
    ['HighCPUUsage', 'mcp_dust_server_cpu_usage_percent > 80', 'warning'],
    ['TooManySessions', 'mcp_dust_server_active_sessions > 100', 'warning'],
  ]
  for (const [name, expr, severity] of expected)
    expect(ruleOf('dust', name)).toMatchObject({ expr, forMs: minutes(5), labels: { severity } })
  expect(ruleOf('dust', 'HighErrorRate')).toMatchObject({ forMs: minutes(5), labels: { severity: 'critical' } })
  expect(ruleOf('dust', 'HighErrorRate').expr).toMatch(/status=~"5\.\.".* \/ sum.*> 0\.1$/)
  expect(ruleOf('dust', 'HighMemoryUsage').annotations.description).toMatch(/0\.8 GiB/)
  expect(ruleOf('dust', 'HighMemoryUsage').annotations.description).not.toMatch(/%/)
})

test(`the plugins set is the one that its operators know. ${promises('E4.rule.high-error-rate', 'E4.rule.queue-backlog', 'E4.rule.slow-responses')}`, () => {
  expect(ruleOf('plugins', 'HighErrorRate')).toMatchObject({
    expr: 'rate(mcp_requests_total{status=~"5.."}[5m]) > 0.1',
    forMs: minutes(5),
    labels: { severity: 'critical' },
  })
  expect(ruleOf('plugins', 'QueueBacklog')).toMatchObject({
    expr: 'mcp_queue_size > 100',
    forMs: minutes(10),
    labels: { severity: 'warning' },
  })
  expect(ruleOf('plugins', 'SlowResponses')).toMatchObject({
    expr: 'histogram_quantile(0.95, rate(mcp_request_duration_seconds_bucket[5m])) > 1',
    forMs: minutes(5),
    labels: { severity: 'warning' },
  })
})

test(`the own rules aggregate over servers, and hold for any prefix. ${promises('F2.own-rules.aggregate', 'F6.rules.label')}`, () => {
  const shares = readRuleSet('own', 'shop').flatMap(({ rules }) => rules.map(({ expr }) => expr))
  for (const expr of shares.filter((one) => one.includes('shop_requests_total')))
    expect(expr).toMatch(/^(sum\(|mcp_vitals:)/)
  expect(shares.join()).not.toMatch(/\bmcp_(?!vitals)/)
  expect(shares).toContain('sum(increase(mcp_vitals_sink_events_dropped_total[10m])) > 0')
})

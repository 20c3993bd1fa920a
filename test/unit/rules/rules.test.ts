/** Rule files, templates and the states of alerts. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { VitalsError } from '../../../packages/server/src/errors/index.js'
import { DEFAULT_LIMITS, memorySource, type Series } from '../../../packages/server/src/promql/index.js'
import {
  GroupState,
  parseRuleFile,
  parseTemplate,
  type RuleReport,
  type Written,
} from '../../../packages/server/src/rules/index.js'
import { tempDir } from '../store/support.js'

const BROKEN = `groups:
  - name: a
    interval: 5x
    rules:
      - alert: B
        expr: up{ == 0
        foo: 1
        annotations: { s: '{{ if $value }}x{{ end }}' }
      - record: a b
        expr: up[5m]
      - record: c
  - name: a
`

test('a file that is not valid is refused with the line and column of each thing that is wrong', () => {
  let error: VitalsError | undefined
  try {
    parseRuleFile('my.yml', BROKEN)
  } catch (caught) {
    error = caught as VitalsError
  }
  expect(error?.code).toBe('RULES_INVALID')
  const places = [...error!.message.matchAll(/^ {2}line (\d+), column (\d+): (.*)$/gm)].map(
    ([, line, column, text]) => [Number(line), Number(column), text!],
  )
  expect(places).toEqual([
    [3, 15, expect.stringContaining('"5x" is no duration')],
    [7, 9, expect.stringContaining('no field foo')],
    [6, 15, expect.stringContaining('not valid')],
    [8, 27, expect.stringContaining('if is not understood')],
    [10, 15, expect.stringContaining('matrix')],
    [9, 17, expect.stringContaining('no name of a metric')],
    [11, 9, expect.stringContaining('needs expr')],
    [12, 5, expect.stringContaining('twice')],
  ])
  expect(() => parseRuleFile('my.yml', 'groups: [')).toThrow(/line 1, column/)
  expect(parseRuleFile('my.yml', '')).toEqual([])
})

test('templates print what promtool prints', () => {
  const values = [0, 0.06, 1e6, 123_456_789, 100_000, 0.000_01, 12.5, 0.333, -2, 3661, 1e-10, 1234.5678]
  const text = [
    '{{ $value }}|{{ $value | humanize }}|{{ humanize1024 $value }}|{{ .Value | humanizeDuration }}',
    '{{- $value | humanizePercentage -}} |{{ printf "%.2f %g %e %v %s %q%%" $value $value $value $value $labels.a .Labels.none }}',
    '{{/* a remark */}}{{ $labels.a | toUpper }}{{ title "some words" }}{{ stripPort $labels.a }}',
  ].join(' ')
  const template = parseTemplate(text)
  if (typeof template !== 'function') throw new Error(template.problem)
  const dir = tempDir()
  const rule = { alert: 'A', expr: 'x', annotations: { text } }
  writeFileSync(join(dir, 'rules.yml'), JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }))
  const alerts = values.map((value, id) => ({
    exp_labels: { id: String(id), a: 'host:80' },
    exp_annotations: { text: template({ labels: { a: 'host:80' }, value }) },
  }))
  const input_series = values.map((value, id) => ({ series: `x{id="${id}",a="host:80"}`, values: `${value} ${value}` }))
  const tests = [
    { interval: '1m', input_series, alert_rule_test: [{ eval_time: '0m', alertname: 'A', exp_alerts: alerts }] },
  ]
  writeFileSync(join(dir, 'tests.yml'), JSON.stringify({ rule_files: ['rules.yml'], tests }))
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', join(dir, 'tests.yml')], {
    encoding: 'utf8',
  })
  expect(status, stdout + stderr).toBe(0)
})

test.each([
  '{{ range $x }}',
  '{{ query "up" }}',
  '{{ $value',
  '{{ }}',
  '{{ printf "%d" $value }}',
  '{{ $labels }}',
  '{{ $value | }}',
])('the template %s is refused when it is read', (text) =>
  expect(parseTemplate(text)).toEqual({ problem: expect.any(String) }),
)

/** A group over series that a test moves, evaluated at a time in seconds. */
function running(rule: object, more: object = {}) {
  const values = new Map<string, number>()
  const written: (readonly Written[])[] = []
  const reports: RuleReport[] = []
  const group = parseRuleFile('f', JSON.stringify({ groups: [{ name: 'g', ...more, rules: [rule] }] }))[0]!
  const state = new GroupState(group)
  const at = (seconds: number, to: GroupState = state) => {
    const series = [...values].map(
      ([id, value]): Series => ({
        labels: { __name__: 'x', id },
        times: [seconds * 1000],
        values: [value],
      }),
    )
    const host = {
      source: memorySource(series),
      limits: () => ({ ...DEFAULT_LIMITS, now: () => 0 }),
      write: (_: unknown, __: number, found: readonly Written[]) => written.push(found),
      report: (report: RuleReport) => reports.push(report),
    }
    const changed = to.evaluate(host, seconds * 1000)
    return { changed, alerts: to.rules[0]!.alerts.map(({ labels, state, value }) => `${labels.id} ${state} ${value}`) }
  }
  return { values, written, reports, group, state, at }
}

describe('an alert', () => {
  const RULE = { alert: 'A', expr: 'x > 10', for: '1m', keep_firing_for: '1m', labels: { severity: 'warning' } }

  test('is pending until it held for long enough, fires, and is kept firing for as long as its rule says', () => {
    const { values, at } = running(RULE)
    expect(at(0)).toEqual({ changed: false, alerts: [] })
    values.set('a', 11)
    expect(at(30)).toEqual({ changed: true, alerts: ['a pending 11'] })
    values.set('a', 12)
    expect(at(60)).toEqual({ changed: false, alerts: ['a pending 12'] })
    expect(at(90)).toEqual({ changed: true, alerts: ['a firing 12'] })
    values.set('a', 1)
    expect(at(120)).toEqual({ changed: true, alerts: ['a firing 12'] })
    expect(at(150)).toEqual({ changed: false, alerts: ['a firing 12'] })
    expect(at(180)).toEqual({ changed: true, alerts: [] })
  })

  test('that ends while it is pending begins anew', () => {
    const { values, at } = running(RULE)
    values.set('a', 11)
    at(0)
    values.set('a', 1)
    expect(at(30).alerts).toEqual([])
    values.set('a', 11)
    expect(at(60).alerts).toEqual(['a pending 11'])
    expect(at(90).alerts).toEqual(['a pending 11'])
    expect(at(120).alerts).toEqual(['a firing 11'])
  })

  test('goes on where it was after a restart, and begins anew after an hour without anybody looking', () => {
    const { values, group, state, at } = running(RULE)
    values.set('a', 11)
    at(0)
    at(50)
    const saved = JSON.parse(JSON.stringify(state.save(50_000)))
    const soon = new GroupState(group)
    soon.restore(saved, 80_000)
    expect(at(80, soon).alerts).toEqual(['a pending 11'])
    expect(at(90, soon).alerts).toEqual(['a firing 11'])
    const late = new GroupState(group)
    late.restore(saved, 3_660_000)
    expect(at(3660, late).alerts).toEqual(['a pending 11'])
  })

  test('is written as ALERTS and ALERTS_FOR_STATE, and reported with what it rests on', () => {
    const { values, written, reports, at } = running(RULE)
    at(0)
    values.set('a', 11)
    at(30)
    const labels = { id: 'a', severity: 'warning', alertname: 'A' }
    expect(written[1]).toEqual([
      { labels: { ...labels, __name__: 'ALERTS', alertstate: 'pending' }, value: 1 },
      { labels: { ...labels, __name__: 'ALERTS_FOR_STATE' }, value: 30 },
    ])
    expect(reports.map(({ source, evidence, forMs }) => [source, evidence, forMs])).toEqual([
      ['f;g;A', 'no_data', 60_000],
      ['f;g;A', 'seen', 60_000],
    ])
    expect(reports[1]!.conditions).toMatchObject([{ labels, value: 11, state: 'pending', activeAt: 30_000 }])
  })

  test('whose labels make two series one is an error, and what was known stays', () => {
    const { values, reports, state, at } = running({ ...RULE, labels: { id: 'all' } })
    values.set('a', 11)
    at(0)
    values.set('b', 11)
    at(60)
    expect(state.rules[0]).toMatchObject({ health: 'err', lastError: expect.stringContaining('same alert') })
    expect(state.rules[0]!.alerts).toHaveLength(1)
    expect(reports.at(-1)).toMatchObject({ evidence: 'error', conditions: [] })
  })

  test('beyond the limit of its group is an error', () => {
    const { values, state, at } = running({ alert: 'A', expr: 'x' }, { limit: 1 })
    for (const id of ['a', 'b']) values.set(id, 1)
    expect(at(0).alerts).toEqual([])
    expect(state.rules[0]).toMatchObject({ health: 'err', lastError: expect.stringContaining('more than 1') })
  })
})

test('a recording rule writes its name and labels above those of the result', () => {
  const { values, written, at } = running({ record: 'y:sum', expr: 'x * 2', labels: { of: 'x' } })
  values.set('a', 3)
  at(0)
  expect(written).toEqual([[{ labels: { __name__: 'y:sum', id: 'a', of: 'x' }, value: 6 }]])
})

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLI } from '../../fixtures/daemon.js'
import { tempDir } from '../store/support.js'

const DATA = join(import.meta.dirname, '../../data/rules')

test('mcp-vitals rules check and test say what is valid and what passes, and end with a status for the rest', () => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'rules', ...args], { encoding: 'utf8' })
    return { status, stdout, stderr }
  }
  const rules = join(import.meta.dirname, '../../../packages/server/rules/plugins.yml')
  expect(run('check', rules)).toEqual({ status: 0, stdout: `${rules} is valid: 1 group, 3 rules.\n`, stderr: '' })
  const tests = join(DATA, 'plugins.test.yml')
  expect(run('test', tests)).toEqual({ status: 0, stdout: `${tests}: 1 test passed\n`, stderr: '' })
  expect(run('check', tests)).toMatchObject({ status: 2, stderr: expect.stringContaining('line 1, column 1') })
})

test('a range of a unit test is open on the left, as in Prometheus 3: a sample where it begins is outside', () => {
  const dir = tempDir()
  const rules = [
    { alert: 'Three', expr: 'count_over_time(x[2m]) > 2' },
    { alert: 'Two', expr: 'count_over_time(x[2m]) > 1', annotations: { summary: '{{ $value }}' } },
    { record: 'x:count', expr: 'sum_over_time(vector(1)[2m:1m])' },
  ]
  const sample = (expr: string, value: number, labels = '{}') => ({
    ...{ expr, eval_time: '5m', exp_samples: [{ labels, value }] },
  })
  const tests = [
    {
      input_series: [{ series: 'x', values: '0+1x10' }],
      alert_rule_test: [
        { eval_time: '5m', alertname: 'Three', exp_alerts: [] },
        { eval_time: '5m', alertname: 'Two', exp_alerts: [{ exp_labels: {}, exp_annotations: { summary: '2' } }] },
      ],
      promql_expr_test: [
        sample('count_over_time(x[2m])', 2),
        sample('count_over_time(x[2m] offset 1m)', 2),
        sample('count_over_time(x[2m] @ 240)', 2),
        sample('min_over_time(x[2m])', 4),
        sample('count_over_time(x[2m:1m])', 2),
        sample('x:count', 2, 'x:count'),
      ],
    },
  ]
  writeFileSync(join(dir, 'rules.yml'), JSON.stringify({ groups: [{ name: 'g', rules }] }))
  writeFileSync(join(dir, 'tests.yml'), JSON.stringify({ rule_files: ['rules.yml'], tests }))
  const file = join(dir, 'tests.yml')
  const ours = spawnSync(process.execPath, [CLI, 'rules', 'test', file], { encoding: 'utf8' })
  expect(ours).toMatchObject({ status: 0, stdout: `${file}: 1 test passed\n` })
  // What the reference page says of a promtool of before version 3.
  const promtool = (...args: string[]) => spawnSync('promtool', args, { encoding: 'utf8' })
  const [, version] = /version (\d+)\./.exec(promtool('--version').stdout) ?? []
  expect(promtool('test', 'rules', file).status === 0).toBe(Number(version) >= 3)
})

test('mcp-vitals config check reads the rule files that a configuration names, from its folder on', () => {
  const dir = tempDir()
  mkdirSync(join(dir, 'rules'))
  writeFileSync(join(dir, 'mine.json'), JSON.stringify({ servers: {}, rules: { files: ['rules/*.yml'] } }))
  const check = () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [CLI, 'config', 'check', '--config', join(dir, 'mine.json')],
      {
        encoding: 'utf8',
      },
    )
    return { status, stderr }
  }
  writeFileSync(join(dir, 'rules/not-rules.txt'), 'groups: [')
  expect(check().status).toBe(0)
  writeFileSync(join(dir, 'rules/a.yml'), 'groups: [{ name: g, rules: [{ alert: A, expr: "up{" }] }]')
  expect(check()).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/a\.yml is not valid:\s+line 1, column \d+/),
  })
})

/** What Prometheus and Alertmanager are given: their own programs take it, and it says what the guides say. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { parseRuleFile, readRuleSet } from '../../../packages/server/src/rules/index.js'
import { promises } from '../../requirements.js'
import { CASES, exported, onDisk, subject, textOf, yamlOf } from './support.js'

const ran = (command: string, ...args: readonly string[]) => spawnSync(command, args, { encoding: 'utf8' })

function accepts(command: string, ...args: readonly string[]): void {
  const { status, stdout, stderr } = ran(command, ...args)
  expect(status, stdout + stderr).toBe(0)
}

describe.each(CASES)('preset "%s"', (preset) => {
  test('promtool takes the configuration with its rules, and amtool that of Alertmanager', () => {
    const folder = onDisk([...exported('prometheus', preset), ...exported('alertmanager', preset)])
    accepts('promtool', 'check', 'config', join(folder, 'prometheus/prometheus.yml'))
    accepts('amtool', 'check-config', join(folder, 'alertmanager/alertmanager.yml'))
  })

  test('promtool takes what Compose and Kubernetes give to Prometheus', () => {
    const objects = (path: string) =>
      parseAllDocuments(textOf(exported('kubernetes', preset), path)).map((document) => document.toJS())
    const [map] = objects('kubernetes/prometheus-config.yaml')
    const written = objects('kubernetes/operator/prometheus.yaml').find(({ kind }) => kind === 'PrometheusRule')
    const folder = onDisk([
      { path: 'compose/prometheus.yml', text: textOf(exported('compose', preset), 'compose/prometheus.yml') },
      // Where Compose mounts them.
      { path: 'compose/alerts.yml', text: textOf(exported('rules', preset), 'prometheus/alerts.yml') },
      ...Object.entries<string>(map.data).map(([name, text]) => ({
        path: `kubernetes/${name}`,
        // Debian builds its Prometheus without the discovery of Kubernetes.
        text: text.replace(/kubernetes_sd_configs:\n *- role: pod/, 'static_configs: []'),
      })),
      { path: 'operator.yml', text: JSON.stringify(written.spec) },
    ])
    accepts('promtool', 'check', 'config', join(folder, 'compose/prometheus.yml'))
    accepts('promtool', 'check', 'config', join(folder, 'kubernetes/prometheus.yml'))
    accepts('promtool', 'check', 'rules', join(folder, 'operator.yml'))
  })

  test('VictoriaMetrics takes the jobs strictly and the file with what is for Prometheus, vmalert the rules', () => {
    const [map] = parseAllDocuments(textOf(exported('kubernetes', preset), 'kubernetes/prometheus-config.yaml')).map(
      (document) => document.toJS(),
    )
    const files = [
      ...exported('prometheus', preset),
      { path: 'compose/prometheus.yml', text: textOf(exported('compose', preset), 'compose/prometheus.yml') },
      { path: 'kubernetes/prometheus.yml', text: map.data['prometheus.yml'] as string },
    ]
    const configs = files.filter(({ path }) => path.endsWith('/prometheus.yml'))
    expect(configs).toHaveLength(3)
    const jobs = configs.map(({ path, text }) => {
      const { rule_files: _, alerting: __, ...config } = parse(text)
      delete config.global.evaluation_interval
      return { path: `jobs/${path}`, text: JSON.stringify(config) }
    })
    const folder = onDisk([...files, ...jobs])
    const taken = (path: string, ...args: readonly string[]) =>
      ran('victoria-metrics', '-dryRun', `-promscrape.config=${join(folder, path)}`, ...args).status === 0
    for (const { path } of jobs) expect(taken(path), path).toBe(true)
    for (const { path } of configs)
      expect([taken(path), taken(path, '-promscrape.config.strictParse=false')], path).toEqual([false, true])
    accepts('vmalert', '-dryRun', `-rule=${join(folder, 'prometheus/alerts.yml')}`)
  })

  test('the rules are those that the daemon evaluates, and one for the daemon', () => {
    const { rules, metrics } = subject(preset)
    const groups = parseRuleFile('alerts.yml', textOf(exported('rules', preset), 'prometheus/alerts.yml'))
    const plain = (list: typeof groups) => list.map(({ file: _, ...group }) => group)
    expect(plain(groups.slice(0, rules.length))).toEqual(plain(rules))
    const watching = groups.flatMap((group) => group.rules).filter(({ expr }) => /\bup\{/.test(expr))
    expect(watching).toHaveLength(1)
    expect(plain(rules)).toEqual(
      expect.arrayContaining(plain(readRuleSet('own', metrics.prefix)) as [(typeof groups)[number]]),
    )
  })
})

describe(promises('D3.prometheus.intervals', 'D3.prometheus.timeout'), () => {
  test(promises('D3.prometheus.job-prometheus', 'D3.prometheus.job-server'), () => {
    expect(yamlOf(exported('prometheus', 'dust'), 'prometheus/prometheus.yml')).toMatchObject({
      global: { scrape_interval: '15s', evaluation_interval: '15s', scrape_timeout: '10s' },
      scrape_configs: [
        { job_name: 'prometheus', static_configs: [{ targets: ['localhost:9090'] }] },
        {
          job_name: 'mcp-dust-server',
          scrape_interval: '10s',
          metrics_path: '/metrics',
          static_configs: [{ targets: ['mcp-dust-server:5001'] }],
        },
      ],
    })
  })
})

test(
  promises(
    'C11.prometheus.scrape-interval',
    'C11.prometheus.evaluation-interval',
    'C11.prometheus.job',
    'C11.prometheus.target',
    'C11.prometheus.label-service',
    'C11.prometheus.label-environment',
    'C11.prometheus.rule-file',
    'C11.prometheus.alertmanager',
  ),
  () => {
    const files = exported('prometheus', 'commerce')
    const { scrape_configs: jobs, ...config } = yamlOf(files, 'prometheus/prometheus.yml')
    expect(config).toEqual({
      global: { scrape_interval: '15s', scrape_timeout: '10s', evaluation_interval: '15s' },
      alerting: { alertmanagers: [{ static_configs: [{ targets: ['localhost:9093'] }] }] },
      rule_files: ['alerts.yml'],
    })
    expect(jobs).toContainEqual({
      job_name: 'devskyy_mcp',
      metrics_path: '/metrics',
      static_configs: [{ targets: ['localhost:9090'], labels: { service: 'devskyy_mcp', environment: 'production' } }],
    })
    expect(files.map(({ path }) => path)).toContain('prometheus/alerts.yml')
  },
)

test(promises('F8.port.exported-prometheus', 'F11.rules.server-unreachable'), () => {
  const files = exported('prometheus', 'commerce')
  expect(yamlOf(files, 'prometheus/prometheus.yml').scrape_configs[0]).toEqual({
    job_name: 'prometheus',
    static_configs: [{ targets: ['localhost:9091'] }],
  })
  expect(textOf(files, 'prometheus/prometheus.yml')).toContain('--web.listen-address=:9091')
  const groups = parseRuleFile('alerts.yml', textOf(files, 'prometheus/alerts.yml'))
  const unreachable = groups.flatMap(({ rules }) => rules).find(({ name }) => name === 'ServerUnreachable')
  expect(unreachable?.expr).toBe('min by (server) (mcp_server_up) == 0')
})

test('a daemon that cannot be reached fires, and so does one that is no target at all', () => {
  const folder = onDisk(exported('rules', ''))
  const alert = { exp_labels: { severity: 'critical', ruleset: 'watch', job: 'mcp-vitals' } }
  const tests = {
    rule_files: ['prometheus/alerts.yml'],
    evaluation_interval: '30s',
    tests: [
      { series: 'up{job="mcp-vitals"}', values: '0x10' },
      { series: 'up{job="other"}', values: '1x10' },
    ].map(({ series, values }) => ({
      interval: '30s',
      input_series: [{ series, values }],
      alert_rule_test: [
        { eval_time: '30s', alertname: 'MonitorDown', exp_alerts: [] },
        {
          eval_time: '2m',
          alertname: 'MonitorDown',
          exp_alerts: [
            {
              ...alert,
              exp_annotations: {
                summary: 'mcp-vitals does not answer',
                description: `up is ${series.includes('other') ? 1 : 0} where 1 is expected, or there is no such target: nobody watches the servers.`,
              },
            },
          ],
        },
      ],
    })),
  }
  writeFileSync(join(folder, 'tests.json'), JSON.stringify(tests))
  accepts('promtool', 'test', 'rules', join(folder, 'tests.json'))
})

describe('Alertmanager', () => {
  test(
    promises(
      'D7.alertmanager.group-by',
      'D7.alertmanager.group-wait',
      'D7.alertmanager.group-interval',
      'D7.alertmanager.repeat-interval',
      'D7.alertmanager.resolve-timeout',
      'D7.alertmanager.slack',
      'D7.alertmanager.resolved',
    ),
    () => {
      const { global, route, receivers } = yamlOf(exported('alertmanager', 'dust'), 'alertmanager/alertmanager.yml')
      expect(global).toEqual({ resolve_timeout: '5m' })
      expect(route).toEqual({
        receiver: 'slack',
        group_by: ['alertname'],
        group_wait: '30s',
        group_interval: '5m',
        repeat_interval: '1h',
      })
      expect(receivers).toMatchObject([{ name: 'slack', slack_configs: [{ channel: '#alerts', send_resolved: true }] }])
    },
  )

  test(promises('E5.alertmanager.receivers'), () => {
    const files = exported('alertmanager', 'plugins')
    expect(yamlOf(files, 'alertmanager/alertmanager.yml').receivers).toMatchObject([
      { name: 'email', email_configs: [{ to: 'team@example.com', from: 'alerts@example.com' }] },
      { name: 'slack', slack_configs: [{ channel: '#alerts', api_url_file: expect.any(String) }] },
      { name: 'pagerduty', pagerduty_configs: [{ service_key_file: expect.any(String) }] },
    ])
    const folder = onDisk(files)
    const routes = (labels: readonly string[]) =>
      ran('amtool', 'config', 'routes', 'test', `--config.file=${folder}/alertmanager/alertmanager.yml`, ...labels)
    expect(routes(['severity=critical']).stdout.trim()).toBe('email,slack,pagerduty')
    expect(routes(['severity=warning']).stdout.trim()).toBe('email,slack')
  })

  test('the channels of a configuration are its receivers, without their secrets', () => {
    const files = exported('alertmanager', '', {
      alerts: {
        channels: {
          oncall: { type: 'pagerduty', routingKey: '0123456789abcdef0123456789abcdef' },
          team: {
            type: 'email',
            host: 'mail.example.com',
            from: 'a@example.com',
            to: ['b@example.com', 'c@example.com'],
          },
          room: { type: 'slack', url: 'https://hooks.example.com/s3cret', channel: '#room' },
        },
      },
    })
    expect(yamlOf(files, 'alertmanager/alertmanager.yml').receivers).toMatchObject([
      { name: 'oncall', pagerduty_configs: [{ routing_key_file: '/etc/alertmanager/secrets/oncall-key' }] },
      { name: 'team', email_configs: [{ to: 'b@example.com, c@example.com', smarthost: 'mail.example.com:587' }] },
      { name: 'room', slack_configs: [{ channel: '#room', api_url_file: '/etc/alertmanager/secrets/room-url' }] },
    ])
    expect(JSON.stringify(files)).not.toMatch(/s3cret|0123456789abcdef/)
    accepts('amtool', 'check-config', join(onDisk(files), 'alertmanager/alertmanager.yml'))
  })
})

/**
 * Every expression of every dashboard, asked of a real Prometheus and a real VictoriaMetrics that scrape a real daemon as the
 * exported configuration has it, after real traffic: none is empty.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CLI, metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { type RunningPrometheus, startPrometheus } from '../fixtures/prometheus.js'
import { until } from '../fixtures/until.js'
import { startVictoria } from '../fixtures/victoria.js'
import { exported, onDisk, textOf, yamlOf } from '../unit/export/support.js'
import { type Asked, askedOf, EVENTS, emptyOf, valuesOf } from './panels.js'
import { callsEcho, EVERYTHING, post } from './presets-harness.js'

const CONFIG = {
  servers: { everything: EVERYTHING },
  monitor: { intervalMs: 1000, failureThreshold: 1, components: { gone: { type: 'tcp', host: '127.0.0.1', port: 1 } } },
  budgets: { month: { limitUsd: 100, per: 'month' } },
}

let daemon: RunningDaemon
const scrapers: Partial<Record<'Prometheus' | 'VictoriaMetrics', RunningPrometheus>> = {}

beforeAll(async () => {
  daemon = await startDaemon({ config: CONFIG })
  const files = exported('prometheus', '')
  const config = yamlOf(files, 'prometheus/prometheus.yml')
  config.global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' }
  config.scrape_configs[1].static_configs[0].targets = [new URL(daemon.url).host]
  const rules = join(daemon.home, 'alerts.yml')
  writeFileSync(rules, textOf(files, 'prometheus/alerts.yml'))
  scrapers.Prometheus = await startPrometheus({ config: { ...config, rule_files: [rules] } })
  scrapers.VictoriaMetrics = await startVictoria(config)
})

afterAll(async () => {
  for (const one of Object.values(scrapers)) await one.stop()
  await daemon?.stop()
})

const panels = askedOf(exported('grafana', '').filter(({ path }) => path.endsWith('.json')))

test.each(['Prometheus', 'VictoriaMetrics'] as const)(
  '%s: no panel is empty',
  async (name) => {
    const scraper = scrapers[name]!
    await callsEcho(daemon)
    await post(daemon, EVENTS)
    // What is counted after it was seen for the first time is a rate.
    await until(
      async () => (await valuesOf(scraper, 'mcp_agent_usage_total').catch(() => [])).length > 0,
      30_000,
      () => 'nothing was scraped',
    )
    await callsEcho(daemon)
    await post(daemon, EVENTS)
    // What rules make of series VictoriaMetrics has of another program, which is not run here.
    let left: readonly Asked[] = panels.filter(
      ({ expr }) => name === 'Prometheus' || !/\bALERTS\b|mcp_vitals:/.test(expr),
    )
    expect(left.length).toBeGreaterThan(75)
    await until(
      async () => {
        left = await emptyOf(scraper, left)
        return left.length === 0
      },
      60_000,
      () => `empty:\n${left.map(({ panel, expr }) => `${panel}: ${expr}`).join('\n')}`,
    )
  },
  120_000,
)

test('the health check of the image says how the daemon is', async () => {
  const image = textOf(exported('compose', ''), 'compose/Dockerfile')
  const [, written = ''] = /printf '(.*)' > \/etc\/mcp-vitals\/healthcheck\.yaml/.exec(image) ?? []
  const [, command = ''] = /HEALTHCHECK[\s\S]*?CMD (\[.*\])/.exec(image) ?? []
  const config = join(onDisk([{ path: 'healthcheck.yaml', text: written.replace('\\n', '\n') }]), 'healthcheck.yaml')
  const [program, ...args] = JSON.parse(command) as readonly string[]
  expect(program).toBe('mcp-vitals')
  const asked = (dataDir: string) =>
    spawnSync(process.execPath, [CLI, ...args.map((arg) => (arg.endsWith('healthcheck.yaml') ? config : arg))], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, MCP_VITALS_DATA: dataDir },
    })
  expect(asked(daemon.dataDir)).toMatchObject({ status: 0, stdout: expect.stringContaining('METRICS_SERVER') })
  expect(asked(join(daemon.home, 'nobody-here')).status).toBeGreaterThan(1)
  expect(await metric(daemon.url, 'mcp_vitals_build_info')).toBe(1)
})

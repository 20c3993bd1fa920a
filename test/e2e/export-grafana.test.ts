/**
 * Every expression of every dashboard, asked of a real Prometheus that scrapes a real daemon as the exported configuration
 * has it, with the exported rules, after real traffic: none is empty.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { alertmanagerOfTest } from '../fixtures/alertmanager.js'
import { CLI, metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { freePort } from '../fixtures/databases.js'
import { type RunningPrometheus, startPrometheus } from '../fixtures/prometheus.js'
import { until } from '../fixtures/until.js'
import { exported, onDisk, textOf } from '../unit/export/support.js'

const EVERYTHING = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
const CONFIG = {
  servers: { everything: { command: process.execPath, args: [EVERYTHING, 'stdio'] } },
  // Nothing listens there: an alert that fires at once.
  monitor: { intervalMs: 1000, failureThreshold: 1, components: { gone: { type: 'tcp', host: '127.0.0.1', port: 1 } } },
  alerts: { groupWaitMs: 0 },
  budgets: { month: { limitUsd: 100, per: 'month' } },
}
const PRESETS = ['', 'dust'] as const
type Preset = (typeof PRESETS)[number]

const daemons = new Map<Preset, RunningDaemon>()
let prometheus: RunningPrometheus
/** Where Prometheus looks for Alertmanager. */
let alertmanagerPort: number

beforeAll(async () => {
  await Promise.all(
    PRESETS.map(async (preset) =>
      daemons.set(preset, await startDaemon({ config: CONFIG, args: preset === '' ? [] : ['--preset', preset] })),
    ),
  )
  const jobs = PRESETS.flatMap((preset) => {
    const { scrape_configs: all } = parse(textOf(exported('prometheus', preset), 'prometheus/prometheus.yml'))
    return all.slice(1).map((job: object) => ({
      ...job,
      scrape_interval: '1s',
      scrape_timeout: '1s',
      static_configs: [{ targets: [new URL(daemons.get(preset)!.url).host] }],
    }))
  })
  const rules = PRESETS.map((preset) => {
    const file = join(daemons.get(preset)!.home, 'alerts.yml')
    writeFileSync(file, textOf(exported('rules', preset), 'prometheus/alerts.yml'))
    return file
  })
  alertmanagerPort = await freePort()
  prometheus = await startPrometheus({
    // Else what fires already is told a minute later to who comes then.
    args: ['--rules.alert.resend-delay=1s'],
    config: {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }] },
      global: { evaluation_interval: '1s' },
      rule_files: rules,
      scrape_configs: jobs,
    },
  })
}, 90_000)

afterAll(async () => {
  await prometheus?.stop()
  for (const daemon of daemons.values()) await daemon.stop()
})

const CALL = { direction: 'client_to_server', method: 'tools/call', requestBytes: 90 }
/** What only applications and the worse days bring about. */
const EVENTS: readonly object[] = [
  { type: 'tools.listed', server: 'app', tools: ['search'], hashes: [''], sizeBytes: 400, complete: true },
  ...['ok', 'tool_error', 'timeout'].map((outcome, index) => ({
    ...{ type: 'request.ended', ...CALL, server: 'app', session: 's-1', name: 'search', operation: `o-${index}` },
    ...{ outcome, status: [200, 500, 504][index], durationMs: 20, responseBytes: 300 },
  })),
  { type: 'session.opened', server: 'app', session: 's-1', era: 'legacy' },
  { type: 'session.closed', server: 'app', session: 's-1', durationMs: 5000, reason: 'client' },
  {
    type: 'notification',
    server: 'app',
    method: 'notifications/progress',
    direction: 'server_to_client',
    sizeBytes: 9,
  },
  {
    type: 'http',
    server: 'app',
    method: 'POST',
    path: '/mcp',
    status: 503,
    durationMs: 9,
    requestBytes: 9,
    responseBytes: 9,
  },
  { type: 'queue', server: 'app', plugin: 'mail', action: 'entered', size: 1 },
  { type: 'queue', server: 'app', plugin: 'mail', action: 'started', waitMs: 30, size: 0 },
  ...['ok', 'tool_error'].map((outcome) => ({
    ...{ type: 'plugin', server: 'app', plugin: 'mail', command: 'send', outcome, durationMs: 15 },
  })),
  { type: 'provider', server: 'app', provider: 'payments', ok: true, durationMs: 40 },
  { type: 'provider', server: 'app', provider: 'dustApi', ok: false, durationMs: 40, errorCode: '503' },
  { type: 'provider', server: 'app', provider: 'database', ok: false, durationMs: 4, errorCode: 'ECONNREFUSED' },
  { type: 'business', server: 'app', name: '3d_generations', value: 1 },
  {
    ...{ type: 'anomaly', server: 'app', name: 'search', signal: 'latency', stage: 'found', severity: 'MEDIUM' },
    ...{ usual: 20, seen: 900, calls: 40 },
  },
  { type: 'auth', server: 'app', action: 'refused', reason: 'unauthorized' },
  { type: 'limit', server: 'app', limitType: 'calls', layer: 'mcp' },
  { type: 'limit', server: 'app', limitType: 'address', layer: 'http' },
  { type: 'validation', server: 'app', name: 'search', reason: 'invalid_input' },
  { type: 'security', server: 'app', kind: 'probing', severity: 'LOW' },
  { type: 'message', server: 'app', channel: 'sms', ok: true },
  { type: 'message', server: 'app', channel: 'sms', ok: false },
  { type: 'webhook', server: 'app', kind: 'delivery' },
  { type: 'agent', server: 'app', action: 'provisioned' },
  { type: 'agent', server: 'app', action: 'used', category: 'support' },
  { type: 'voice', server: 'app', action: 'started', id: 'v-1' },
  {
    type: 'usage',
    server: 'app',
    provider: 'acme',
    model: 'm',
    inputTokens: 9,
    outputTokens: 3,
    costUsd: 1,
    estimated: false,
  },
]

async function traffic(daemon: RunningDaemon): Promise<void> {
  const client = new Client({ name: 'test-client', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/everything`)))
  await client.listTools()
  await client.callTool({ name: 'echo', arguments: { message: 'hi' } })
  await client.close()
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const answer = await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ sender: { kind: 'test', name: 'app', version: '1' }, events: EVENTS }),
  })
  expect(await answer.json()).toMatchObject({ accepted: EVENTS.length, rejected: [] })
}

async function valuesOf(expression: string): Promise<readonly number[]> {
  const body = new URLSearchParams({ query: expression })
  const answer = await fetch(`${prometheus.api}/api/v1/query`, { method: 'POST', body })
  const { data, error } = (await answer.json()) as {
    readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] }
    readonly error?: string
  }
  if (data === undefined) throw new Error(`${expression}: ${error}`)
  return data.result.map(({ value }) => Number(value[1]))
}

interface Asked {
  readonly panel: string
  readonly expr: string
}

/** What the panels ask, with everything chosen. */
function askedOf(preset: Preset): readonly Asked[] {
  return exported('grafana', preset)
    .filter(({ path }) => path.endsWith('.json'))
    .flatMap(({ path, text }) =>
      (JSON.parse(text).panels as readonly { title: string; targets: readonly { expr: string }[] }[]).flatMap(
        ({ title, targets }) =>
          targets.map(({ expr }) => ({ panel: `${path}: ${title}`, expr: expr.replace(/\$(server|tool)/g, '.*') })),
      ),
    )
}

test('no panel is empty', async () => {
  for (const daemon of daemons.values()) await traffic(daemon)
  const seen = async (preset: Preset) =>
    (await valuesOf(`${preset === '' ? 'mcp' : 'mcp_dust_server'}_agent_usage_total`).catch(() => [])).length > 0
  // What is counted after Prometheus saw it for the first time is a rate.
  await until(
    async () => (await Promise.all(PRESETS.map(seen))).every(Boolean),
    30_000,
    () => 'nothing was scraped',
  )
  for (const daemon of daemons.values()) await traffic(daemon)
  let left: readonly Asked[] = PRESETS.flatMap(askedOf)
  expect(left.length).toBeGreaterThan(150)
  await until(
    async () => {
      const still: Asked[] = []
      for (const asked of left)
        if (!(await valuesOf(asked.expr)).some((value) => !Number.isNaN(value))) still.push(asked)
      left = still
      return left.length === 0
    },
    60_000,
    () => `empty:\n${left.map(({ panel, expr }) => `${panel}: ${expr}`).join('\n')}`,
  )
}, 120_000)

test('what fires in Prometheus reaches Slack by the exported Alertmanager', async () => {
  const posts: string[] = []
  const slack = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => posts.push(text))
    response.end('ok')
  })
  await new Promise<void>((resolve) => slack.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void slack.close())
  const secrets = onDisk([
    { path: 'slack-url', text: `http://127.0.0.1:${(slack.address() as AddressInfo).port}/services/T/B/X` },
  ])
  // As it is, but for the place of its secrets, and for the half minute that it waits for others.
  const config = textOf(exported('alertmanager', 'dust'), 'alertmanager/alertmanager.yml')
    .replaceAll('/etc/alertmanager/secrets', secrets)
    .replace('group_wait: 30s', 'group_wait: 1s')
  await alertmanagerOfTest({ config, port: alertmanagerPort })
  await until(
    () => posts.join('').includes('ComponentDown'),
    60_000,
    () => `Slack was told: ${posts.join('\n')}`,
  )
  expect(posts.join('')).toContain('"channel":"#alerts"')
  expect(posts.join('')).toContain('The component gone is down')
}, 90_000)

test('the health check of the image says how the daemon is', async () => {
  const daemon = daemons.get('')!
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

import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CATALOGUE, fullName } from '@mcp-vitals/instrument/metrics'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterEach, describe, expect, test } from 'vitest'
import { daemonOfTest, metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'
import { readOpenMetrics } from '../unit/metrics/open-metrics.js'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const EVERYTHING = {
  command: process.execPath,
  args: [fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js')), 'stdio'],
}

const running: { stop(): unknown }[] = []
afterEach(async () => {
  for (const thing of running.splice(0).reverse()) await thing.stop()
})

async function connect(daemon: RunningDaemon, server: string): Promise<Client> {
  const client = new Client({ name: 'test-client', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/${server}`)))
  running.push({ stop: () => client.close() })
  return client
}

async function shows(
  daemon: RunningDaemon,
  name: string,
  labels: Record<string, string>,
  holds: (value: number) => boolean,
) {
  let last: number | undefined
  await until(
    async () => {
      last = await metric(daemon.url, name, labels)
      return last !== undefined && holds(last)
    },
    20_000,
    () => `${name} ${JSON.stringify(labels)} is ${last}`,
  )
}

test(
  promises(
    'C1.metric.request-size',
    'C1.metric.response-size',
    'C3.metric.active-connections',
    'E2.metric.active-connections',
    'E2.metric.cpu',
    'E2.metric.memory',
    'E2.metric.disk',
    'E2.metric.network',
    'D1.metric.memory-usage',
    'D1.metric.cpu-usage',
  ),
  async () => {
    const daemon = await daemonOfTest({ config: { mcpServers: { everything: EVERYTHING } } })
    const client = await connect(daemon, 'everything')
    await shows(daemon, 'mcp_tool_availability', { server: 'everything', tool_name: 'get-sum' }, (one) => one === 1)
    await shows(daemon, 'mcp_tools_list_tokens', { server: 'everything', estimated: 'true' }, (one) => one > 500)
    const _meta = { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` }
    await client.callTool({ name: 'echo', arguments: { message: 'x'.repeat(1000) }, _meta })
    await client.callTool({ name: 'get-sum', arguments: { a: 'two' } }).catch(() => {})
    const server = 'everything'
    await shows(daemon, 'mcp_tool_calls_total', { server, tool: 'echo', status: 'success' }, (calls) => calls === 1)
    await shows(daemon, 'mcp_errors_total', { server, tool: 'get-sum' }, (errors) => errors === 1)
    await shows(
      daemon,
      'mcp_response_size_bytes',
      { server, method: 'tools/call', quantile: '0.99' },
      (bytes) => bytes > 1000,
    )
    await shows(
      daemon,
      'mcp_request_size_bytes',
      { server, method: 'tools/call', quantile: '0.99' },
      (bytes) => bytes > 1000,
    )
    await shows(daemon, 'mcp_response_size_bytes_sum', { server, method: 'tools/call' }, (bytes) => bytes > 1000)
    await shows(
      daemon,
      'mcp_http_requests_total',
      { server, method: 'POST', path: '/mcp/everything', status: '200' },
      (n) => n >= 3,
    )
    await shows(daemon, 'mcp_active_connections', { server, transport: 'http' }, (open) => open >= 1)
    await shows(daemon, 'mcp_active_sessions', { server }, (sessions) => sessions === 1)
    await shows(daemon, 'mcp_queue_depth', { server }, (depth) => depth === 0)
    for (const [name, most] of [
      ['mcp_memory_usage_bytes', 4e9],
      ['mcp_cpu_usage_percent', 10_000],
      ['mcp_host_cpu_usage_percent', 100],
      ['mcp_host_uptime_seconds', 1e10],
      ['mcp_disk_io_bytes_per_second', 1e12],
      ['mcp_network_io_bytes_per_second', 1e12],
      ['mcp_event_loop_delay_seconds', 60],
    ] as const)
      await shows(daemon, name, {}, (value) => value >= 0 && value < most)
    await shows(daemon, 'mcp_server_processes', { server }, (processes) => processes >= 1)
    await shows(daemon, 'mcp_server_memory_usage_bytes', { server }, (bytes) => bytes > 1e7 && bytes < 4e9)
    await shows(daemon, 'mcp_server_cpu_seconds_total', { server }, (seconds) => seconds > 0 && seconds < 600)

    const accept = { headers: { accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5' } }
    const response = await fetch(`${daemon.url}/metrics`, accept)
    expect(response.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    const samples = readOpenMetrics(await response.text()).flatMap((family) => family.samples)
    const traced = samples.filter(({ exemplar }) => exemplar?.labels.trace_id === TRACE_ID).map(({ name }) => name)
    expect(traced).toEqual(expect.arrayContaining(['mcp_tool_calls_total', 'mcp_request_duration_seconds_bucket']))
    await client.close()
  },
)

test('log lines that got lost are counted', async () => {
  const daemon = await daemonOfTest({ env: { LOG_FILE: '/dev/full' } })
  await shows(daemon, 'mcp_vitals_log_lines_dropped_total', {}, (lines) => lines >= 1)
})

describe('options of metrics', () => {
  test(
    promises(
      'D2.env.metrics-prefix',
      'D2.env.metrics-path',
      'F2.prefix.replaces',
      'F2.prefix.not-our-own',
      'F2.prefix.not-opentelemetry',
      'F2.view.metrics',
    ),
    async () => {
      const daemon = await daemonOfTest({
        env: { METRICS_PREFIX: 'shop', METRICS_PATH: '/internal/metrics', MCP_VITALS_OPENTELEMETRY_NAMES: 'true' },
        config: {
          servers: { everything: EVERYTHING },
          metrics: {
            labels: {
              tool_calls_total: ['tool'],
              requests_total: ['method', 'endpoint', 'status'],
              auth_failures_total: [],
            },
          },
        },
      })
      const client = await connect(daemon, 'everything')
      await client.callTool({ name: 'echo', arguments: { message: 'x' } })
      const text = await (await fetch(`${daemon.url}/internal/metrics`)).text()
      expect(text).toMatch(/^shop_tool_calls_total\{tool="echo"\} 1$/m)
      expect(text).toMatch(/^shop_requests_total\{method="tools\/call",endpoint="everything",status="200"\} 1$/m)
      expect(text).toMatch(/^shop_auth_failures_total 0$/m)
      expect(text).toMatch(/^mcp_vitals_build_info/m)
      expect(text).toMatch(/^mcp_server_operation_duration_seconds_count\{[^}]*mcp_method_name="tools\/call"/m)
      expect((await fetch(`${daemon.url}/metrics`)).status).toBe(404)
      expect(await (await fetch(daemon.url)).text()).toContain('<a href="/internal/metrics">/internal/metrics</a>')
      expect(daemon.stderr()).toContain(` ${daemon.url}/internal/metrics\n`)
    },
  )

  test(promises('D2.env.enable-metrics'), async () => {
    const off = await daemonOfTest({ env: { ENABLE_METRICS: 'false' } })
    const answer = await fetch(`${off.url}/metrics`)
    expect(answer.status).toBe(404)
    expect(await answer.json()).toEqual({ error: expect.stringContaining('Metrics are switched off') })
    expect(await (await fetch(off.url)).text()).not.toContain('/metrics')
    expect(off.stderr()).not.toContain('/metrics')
    const on = await daemonOfTest({ env: { ENABLE_METRICS: 'true' } })
    expect((await fetch(`${on.url}/metrics`)).status).toBe(200)
  })

  test(promises('C7.env.metrics-port', 'C7.server.metrics', 'C7.server.health', 'C7.server.status-page'), async () => {
    const probe = createServer()
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
    const { port } = probe.address() as AddressInfo
    await new Promise((resolve) => probe.close(resolve))
    const daemon = await daemonOfTest({ env: { METRICS_PORT: String(port) } })
    const at = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
    expect(await (await at('/metrics')).text()).toMatch(/^mcp_vitals_build_info/m)
    expect(await (await at('/health')).json()).toMatchObject({ status: 'ok' })
    expect(await (await at('/')).text()).toContain('<h1>mcp-vitals')
    expect((await at('/v1/events')).status).toBe(404)
    expect((await at('/mcp/x')).status).toBe(404)
    await expect(startDaemon({ env: { METRICS_PORT: new URL(daemon.url).port } })).rejects.toThrow(/PORT_IN_USE/)
  })
})

test('every metric is named from the start, with no call made yet', async () => {
  const daemon = await daemonOfTest({ config: { servers: {} } })
  const ask = async (accept: string) => (await fetch(`${daemon.url}/metrics`, { headers: { accept } })).text()
  for (const accept of ['text/plain', 'application/openmetrics-text; version=1.0.0']) {
    const lines = (await ask(accept)).split('\n')
    for (const metric of [...Object.values(CATALOGUE.mcp), ...Object.values(CATALOGUE.mcp_vitals)]) {
      const name = accept === 'text/plain' ? fullName(metric) : fullName(metric).replace(/_total$/, '')
      expect(lines.filter((line) => line === `# TYPE ${name} ${metric.type}`)).toHaveLength(1)
      expect(lines.filter((line) => line.startsWith(`# HELP ${name} `))).toHaveLength(1)
    }
  }
  expect(await ask('text/plain')).not.toMatch(/^(# TYPE )?mcp_(server|client)_operation/m)
})

/** Posts events as an application does, and tells what was rejected. */
async function ingest(daemon: RunningDaemon, events: readonly object[]): Promise<readonly { field: string }[]> {
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const answer = await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sender: { kind: 'script', name: 'orders', version: '1' }, events }),
  })
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { rejected: { field: string }[] }).rejected
}

test('numbers that would make a sum infinite are refused by name', async () => {
  const daemon = await daemonOfTest({ config: { servers: {} } })
  const spent = (costUsd: number) => ({ type: 'usage', server: 's', provider: 'p', costUsd, estimated: false })
  const counted = (value: number) => ({ type: 'business', server: 's', name: 'orders', value })
  const ended = { type: 'session.closed', server: 's', reason: 'client', durationMs: 1e308 }
  const rejected = await ingest(daemon, [
    spent(1e308),
    spent(1e308),
    counted(1e308),
    ended,
    counted(1e15),
    counted(1e15),
  ])
  expect(rejected.map(({ field }) => field)).toEqual(['costUsd', 'costUsd', 'value', 'durationMs'])
  expect(await metric(daemon.url, 'mcp_business_total', { name: 'orders' })).toBe(2e15)
  expect(await (await fetch(`${daemon.url}/metrics`)).text()).not.toMatch(/^[^#].* \+?Inf$/m)
})

test('a server of the configuration has its label, whatever names were ingested before it came', async () => {
  const daemon = await daemonOfTest({ config: { servers: {} } })
  const names = Array.from({ length: 1_200 }, (_, i) => ({ type: 'webhook', server: `invented-${i}`, kind: 'k' }))
  for (let from = 0; from < names.length; from += 100)
    expect(await ingest(daemon, names.slice(from, from + 100))).toEqual([])
  expect(await metric(daemon.url, 'mcp_vitals_label_overflow_total', { metric: 'mcp_server_up' })).toBeGreaterThan(100)
  writeFileSync(join(daemon.home, 'config.json'), JSON.stringify({ servers: { everything: EVERYTHING } }))
  await shows(daemon, 'mcp_server_up', { server: 'everything' }, (up) => up === 1)
})

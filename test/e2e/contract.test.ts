/** What the contract promises of endpoints and metrics, by one daemon in front of real servers. */
import { execFileSync } from 'node:child_process'
import type { Client } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'
import { connect, REAL } from './gateway-harness.js'

let daemon: RunningDaemon
let startedAt: number
const clients: Client[] = []
const server = (file: string, ...args: string[]) => ({ command: process.execPath, args: [file, ...args] })
const health = async () => (await (await fetch(`${daemon.url}/health`)).json()) as Record<string, unknown>
const said = (event: string) => daemon.lines().filter((line) => line.event === event)

beforeAll(async () => {
  startedAt = Date.now()
  daemon = await startDaemon({
    config: { servers: { everything: server(REAL.everything, 'stdio'), memory: server(REAL.memory) } },
  })
  // The daemon's own first look at each server is over, so what is counted from here on is a client's.
  await until(
    () => said('server_found').length === 2,
    30_000,
    () => JSON.stringify(daemon.lines()),
  )
  for (const name of ['everything', 'memory']) {
    const { client } = await connect(new URL(`${daemon.url}/mcp/${name}`))
    clients.push(client)
  }
  await clients[0]!.callTool({ name: 'echo', arguments: { message: 'hello' } })
  await clients[0]!.callTool({ name: 'get-sum', arguments: { a: 'two' } })
})
afterAll(async () => {
  for (const client of clients) await client.close()
  await daemon.stop()
})

describe('health', () => {
  test(promises('A1.health.status-200', 'A1.health.body', 'A1.health.field-status', 'E3.health.endpoint'), async () => {
    const answer = await fetch(`${daemon.url}/health`)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      status: 'ok',
      uptime: expect.any(Number),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      environment: 'development',
      demoMode: false,
    })
  })

  test(promises('A1.health.field-uptime', 'E3.health.uptime'), async () => {
    const uptime = Number((await health()).uptime)
    expect(uptime).toBeGreaterThan(0)
    expect(uptime).toBeLessThanOrEqual((Date.now() - startedAt) / 1000)
  })

  test(promises('A1.health.field-version', 'E3.health.version'), async () => {
    expect(await metric(daemon.url, 'mcp_vitals_build_info', { version: String((await health()).version) })).toBe(1)
  })

  test(promises('B1.health.body', 'B1.health.field-sessions', 'B1.health.probe'), async () => {
    const { sessions } = await health()
    expect(sessions).toBe(2)
    const { client, transport } = await connect(new URL(`${daemon.url}/mcp/memory`))
    expect(await health()).toMatchObject({ status: 'ok', sessions: 3 })
    await transport.terminateSession()
    await client.close()
    expect(await health()).toMatchObject({ status: 'ok', sessions: 2 })
    // As a kubelet probes: by the address of the pod's port, with any status from 200 to 399 as well.
    expect((await fetch(`${daemon.url}/health`, { headers: { 'user-agent': 'kube-probe/1.30' } })).ok).toBe(true)
  })

  test(promises('D5.health.timestamp', 'D5.health.body', 'D5.health.checks', 'D5.ready'), async () => {
    const before = Date.now()
    const { timestamp, checks, store } = await health()
    expect(Date.parse(String(timestamp))).toBeGreaterThanOrEqual(before)
    expect(Date.parse(String(timestamp))).toBeLessThanOrEqual(Date.now())
    expect({ checks, store }).toEqual({ checks: {}, store: { status: 'ok' } })
    expect((await fetch(`${daemon.url}/ready`)).status).toBe(200)
  })

  test(promises('A1.health.field-environment', 'A1.health.field-demo-mode'), async () => {
    const demo = await startDaemon({ args: ['--demo'], env: { MCP_VITALS_ENVIRONMENT: 'staging' } })
    const told = await (await fetch(`${demo.url}/health`)).json()
    await demo.stop()
    expect(told).toMatchObject({ environment: 'staging', demoMode: true })
    expect(await health()).toMatchObject({ environment: 'development', demoMode: false })
  })
})

/** Type and samples of a metric, as `/metrics` shows them. */
async function exposed(name: string): Promise<string> {
  const lines = (await (await fetch(`${daemon.url}/metrics`)).text()).split('\n')
  return lines
    .filter((line) => !line.startsWith('# HELP') && new RegExp(`^(# TYPE )?${name}(_[a-z]+)?[ {]`).test(line))
    .join('\n')
}

describe('metrics', () => {
  const value = (name: string, labels: Record<string, string> = {}) => metric(daemon.url, name, labels)

  test(promises('A3.metrics.endpoint', 'C7.server.metrics'), async () => {
    const answer = await fetch(`${daemon.url}/metrics`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ])
    expect(await answer.text()).toMatch(/^# TYPE mcp_tool_calls_total counter\nmcp_tool_calls_total\{.*\} \d+$/m)
  })

  test(promises('A3.metric.tool-calls', 'C1.metric.tool-calls'), async () => {
    expect(await value('mcp_tool_calls_total', { tool: 'echo', status: 'success' })).toBe(1)
    expect(await value('mcp_tool_calls_total', { tool: 'echo', status: 'error' })).toBe(0)
    expect(await value('mcp_tool_calls_total', { tool: 'get-sum', status: 'error' })).toBe(1)
  })

  test(promises('C1.metric.request-duration', 'E2.metric.request-duration'), async () => {
    expect(await exposed('mcp_request_duration_seconds')).toMatch(/^# TYPE mcp_request_duration_seconds histogram$/m)
    const labels = { method: 'tools/call', endpoint: 'everything' }
    expect(await value('mcp_request_duration_seconds_bucket', { ...labels, le: '+Inf' })).toBe(2)
    expect(await value('mcp_request_duration_seconds_count', labels)).toBe(2)
    expect(await value('mcp_request_duration_seconds_sum', labels)).toBeGreaterThan(0)
  })

  test(promises('C2.metric.errors'), async () => {
    expect(
      await value('mcp_errors_total', {
        type: 'tool_error',
        tool: 'get-sum',
        reason: 'invalid_params',
        server: 'everything',
      }),
    ).toBe(1)
  })

  test(promises('C3.metric.server-uptime'), async () => {
    expect(await exposed('mcp_server_uptime_seconds')).toMatch(/^# TYPE mcp_server_uptime_seconds gauge$/m)
    const before = await value('mcp_server_uptime_seconds', { server: 'memory' })
    expect(before).toBeGreaterThan(0)
    await until(
      async () => (await value('mcp_server_uptime_seconds', { server: 'memory' }))! > before!,
      5000,
      () => 'it stands still',
    )
  })

  test(promises('C3.metric.tool-availability'), async () => {
    expect(await value('mcp_tool_availability', { tool_name: 'read_graph' })).toBe(1)
  })

  test(promises('F12.label.after-list', 'F12.label.starts-at-0', 'F12.label.unknown'), async () => {
    expect(await value('mcp_tool_calls_total', { server: 'memory', tool: 'read_graph', status: 'error' })).toBe(0)
    await clients[1]!.callTool({ name: 'invented', arguments: {} }).catch(() => {})
    expect(await value('mcp_tool_calls_total', { server: 'memory', tool: 'unknown', status: 'error' })).toBe(1)
    expect(await value('mcp_tool_calls_total', { tool: 'invented' })).toBeUndefined()
  })

  test(promises('E2.metric.requests'), async () => {
    const labels = { method: 'tools/call', endpoint: 'everything' }
    expect(await value('mcp_requests_total', { ...labels, status: '200' })).toBe(1)
    expect(await value('mcp_requests_total', { ...labels, status: '400' })).toBe(1)
  })

  test(promises('E2.metric.memory'), async () => {
    expect(await exposed('process_resident_memory_bytes')).toMatch(
      /^# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes \d{7,}$/,
    )
  })

  test(promises('C13.trouble.curl-metrics', 'E7.curl.requests', 'E7.curl.health'), () => {
    const run = (line: string) => execFileSync('sh', ['-c', line], { encoding: 'utf8' })
    expect(run(`curl ${daemon.url}/metrics 2>/dev/null | grep mcp_`)).toContain('mcp_server_up{server="memory"} 1')
    expect(run(`curl -s ${daemon.url}/metrics | grep mcp_requests_total`)).toContain('endpoint="everything"')
    expect(run(`curl -s ${daemon.url}/health | jq`)).toContain('"status": "ok"')
  })

  test(promises('C7.server.health', 'C7.server.status-page'), async () => {
    expect((await fetch(`${daemon.url}/health`)).status).toBe(200)
    const page = await fetch(`${daemon.url}/`)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(await page.text()).toContain('everything')
  })
})

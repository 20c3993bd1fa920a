/** What the daemon knows, asked for by agents: at `/admin/mcp` and by `mcp-vitals mcp`, with clients of both SDKs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CLI, metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'

const EVERYTHING = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
const READING = ['health', 'slow_tools', 'errors', 'usage', 'alerts', 'audit_verify', 'query']

let daemon: RunningDaemon
let authorization: string

beforeAll(async () => {
  daemon = await startDaemon({
    config: {
      servers: { everything: { command: process.execPath, args: [EVERYTHING, 'stdio'] } },
      // Nothing listens there: an alert that fires at once.
      monitor: {
        intervalMs: 1000,
        failureThreshold: 1,
        components: { gone: { type: 'tcp', host: '127.0.0.1', port: 1 } },
      },
      series: { intervalMs: 1000 },
      rules: { intervalMs: 1000 },
      // As under most presets: what agents are told of a server is told all the same.
      metrics: { labels: { errors_total: ['tool', 'type', 'reason'] } },
    },
  })
  authorization = `Bearer ${readFileSync(join(daemon.dataDir, 'owner-token'), 'utf8').trim()}`
  await callsEcho()
})
afterAll(() => daemon?.stop())

/** Somebody uses the server that is watched. */
async function callsEcho(): Promise<void> {
  const client = new Client({ name: 'somebody', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/everything`)))
  await client.listTools()
  for (let at = 0; at < 3; at++) await client.callTool({ name: 'echo', arguments: { message: 'hi' } })
  await client.callTool({ name: 'get-sum', arguments: { a: 'two' } }).catch(() => {})
  await client.close()
}

interface Answer {
  readonly content: readonly { readonly text: string }[]
  readonly isError?: boolean
}
interface Agent {
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>
  close(): Promise<void>
}

/** What a tool answers, read. */
// biome-ignore lint/suspicious/noExplicitAny: documents of JSON, whose shapes the tests themselves say
async function call(agent: Agent, name: string, given: Record<string, unknown> = {}): Promise<any> {
  const { content, isError } = (await agent.callTool({ name, arguments: given })) as Answer
  const text = content[0]?.text ?? ''
  return isError ? { refused: text } : JSON.parse(text)
}

async function overHttp(path = '/admin/mcp'): Promise<Client> {
  const client = new Client({ name: 'agent', version: '1.0.0' })
  const requestInit = { headers: { authorization } }
  await client.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}${path}`), { requestInit }))
  onTestFinished(() => client.close())
  return client
}

async function overStdio(...args: readonly string[]): Promise<OldClient> {
  const client = new OldClient({ name: 'agent', version: '1.0.0' })
  const env = { PATH: process.env.PATH ?? '', MCP_VITALS_DATA: daemon.dataDir }
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [CLI, 'mcp', ...args], env }))
  onTestFinished(() => client.close())
  return client
}

/** What the daemon counted of calls of its own tools. */
const counted = (tool: string) =>
  metric(daemon.url, 'mcp_tool_calls_total', { server: 'vitals', tool, status: 'success' })

describe('at /admin/mcp', () => {
  test('whoever shows no token of the owner is told nothing', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const answer = await fetch(`${daemon.url}/admin/mcp`, { method: 'POST', headers, body })
    expect(answer.status).toBe(401)
    expect(await answer.text()).not.toContain('slow_tools')
  })

  test('clients of both SDKs find tools that only read, resources and a prompt', async () => {
    const old = new OldClient({ name: 'agent', version: '1.0.0' })
    await old.connect(
      new OldTransport(new URL(`${daemon.url}/admin/mcp`), { requestInit: { headers: { authorization } } }) as never,
    )
    onTestFinished(() => old.close())
    for (const client of [await overHttp(), old]) {
      const { tools } = await client.listTools()
      expect(tools.map(({ name }) => name)).toEqual(READING)
      for (const { annotations } of tools) expect(annotations?.readOnlyHint).toBe(true)
      const { resources } = await client.listResources()
      expect(resources.map(({ uri }) => uri)).toEqual(
        ['health', 'incidents', 'metrics', 'rules'].map((name) => `vitals://${name}`),
      )
      const { messages } = await client.getPrompt({
        name: 'incident_review',
        arguments: { since: '6h', server: 'everything' },
      })
      expect(JSON.stringify(messages)).toMatch(/the MCP server .{2}everything.{2} in the last 6h/)
    }
  })

  test('each tool tells what happened', async () => {
    const agent = await overHttp()
    await until(
      async () =>
        (await call(agent, 'query', { expression: 'sum(mcp_tool_calls_total{tool="echo"})' })).series?.[0]
          ?.value?.[1] === '3',
      20_000,
      () => 'the calls were not sampled',
    )
    await until(
      async () => (await call(agent, 'health', { component: 'gone' })).components[0].status === 'unhealthy',
      30_000,
      () => 'what is gone was not missed',
    )
    const { system, components } = await call(agent, 'health')
    expect(system.colour).toMatch(/GREEN|YELLOW|RED/)
    expect(components).toContainEqual(expect.objectContaining({ name: 'everything', type: 'mcp' }))
    expect(await call(agent, 'health', { component: 'nobody' })).toMatchObject({ components: [], left_out: 0 })
    // What came before the first sample grew in no time that was seen.
    await callsEcho()
    const slow = await call(agent, 'slow_tools', { server: 'everything' })
    // Each call, and no growth of samples: half of them came before the first.
    const [echo, sum] = [
      { server: 'everything', tool: 'echo', calls: 6, failures: 0 },
      { server: 'everything', tool: 'get-sum', calls: 2, failures: 2 },
    ]
    const times = { p95_seconds: expect.any(Number), p50_seconds: expect.any(Number) }
    expect(slow.tools).toHaveLength(2)
    expect(slow.tools).toEqual(expect.arrayContaining([echo, sum].map((row) => ({ ...row, ...times }))))
    expect(Date.parse(slow.since)).toBeLessThanOrEqual(Date.now() - 3_600_000)
    expect((await call(agent, 'slow_tools', { server: 'nobody' })).tools).toEqual([])
    expect((await call(agent, 'slow_tools', { limit: 1 })).tools).toHaveLength(1)
    const used = await call(agent, 'usage', { range: '1h', server: 'everything' })
    expect(used).toMatchObject({ calls: [echo, sum], left_out: 0, cost: [] })
    const failed = async () => (await call(agent, 'errors', { server: 'everything' })).errors
    await until(
      async () => (await failed()).some(({ tool }: { tool: string }) => tool === 'get-sum'),
      20_000,
      () => 'no tool failed',
    )
    const over = await call(agent, 'query', { expression: 'mcp_server_up{server="everything"}', range: '5m' })
    expect(over.series).toEqual([expect.objectContaining({ values: expect.any(Array) })])
    expect(await call(agent, 'query', { expression: 'sum(' })).toEqual({
      refused: expect.stringContaining('line 1, column 5'),
    })
    const { contents } = await agent.readResource({ uri: 'vitals://metrics' })
    expect(JSON.stringify(contents)).toContain('mcp_tool_calls_total')
  })

  test('the audit log is checked, in a process of its own', async () => {
    expect(await call(await overHttp(), 'audit_verify')).toEqual({
      holds: true,
      said: expect.stringMatching(/^holds: \d+ rows/),
    })
  })

  test('its own calls are counted as those of any server', async () => {
    const agent = await overHttp()
    const before = (await counted('health')) ?? 0
    await call(agent, 'health')
    await until(
      async () => (await counted('health')) === before + 1,
      10_000,
      () => 'the call was not counted',
    )
  })
})

describe('at /mcp', () => {
  test('where no server is at the front, the same is told to the same callers', async () => {
    const agent = await overHttp('/mcp')
    expect((await agent.listTools()).tools.map(({ name }) => name)).toEqual(READING)
    expect(await call(agent, 'health')).toMatchObject({ components: expect.any(Array) })
  })

  test('whoever shows no token, or comes through a proxy with the owner’s, is told nothing', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const forwarded = { ...headers, authorization, 'x-forwarded-for': '192.0.2.1' }
    for (const shown of [headers, forwarded]) {
      const answer = await fetch(`${daemon.url}/mcp`, { method: 'POST', headers: shown, body })
      expect(answer.status).toBe(401)
      expect(await answer.text()).not.toContain('slow_tools')
    }
  })

  test('a server at the front stands before it', async () => {
    const fronted = await startDaemon({
      config: {
        servers: { everything: { command: process.execPath, args: [EVERYTHING, 'stdio'] } },
        gateway: { front: 'everything' },
      },
    })
    onTestFinished(async () => void (await fronted.stop()))
    const client = new Client({ name: 'somebody', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${fronted.url}/mcp`)))
    onTestFinished(() => client.close())
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo')
  })
})

describe('mcp-vitals mcp', () => {
  test('every tool that reads answers as it does over HTTP', async () => {
    const agent = await overStdio()
    const given: Record<string, Record<string, unknown>> = { query: { expression: 'sum(mcp_server_up)' } }
    for (const name of READING) expect(await call(agent, name, given[name]), name).not.toHaveProperty('refused')
  })

  test('only what is allowed by name changes something', async () => {
    const reader = await overStdio()
    expect((await reader.listTools()).tools.map(({ name }) => name)).toEqual(READING)
    await expect(call(reader, 'ack_alert', { fingerprint: '0123' })).rejects.toThrow('ack_alert')
    const agent = await overStdio('--allow', 'ack_alert')
    const firing = async () =>
      (await call(agent, 'alerts')).alerts.find(
        (one: { labels: { alertname: string } }) => one.labels.alertname === 'ComponentDown',
      )
    await until(
      async () => (await firing())?.state === 'firing',
      30_000,
      () => 'nothing fires',
    )
    const { fingerprint } = await firing()
    expect(await call(agent, 'ack_alert', { fingerprint, comment: 'seen' })).toMatchObject({ done: true })
    expect(await firing()).toMatchObject({ state: 'acknowledged', acknowledgement: { by: 'agent', comment: 'seen' } })
    await until(
      async () => ((await counted('alerts')) ?? 0) > 0,
      15_000,
      () => 'the daemon was not told of the calls',
    )
  })

  test('without a daemon it says so, and goes on', async () => {
    const agent = await overStdio('--data', join(daemon.home, 'nobody-here'))
    expect(await call(agent, 'health')).toEqual({ refused: expect.stringContaining('(DAEMON_NOT_FOUND)') })
    expect((await agent.listTools()).tools).toHaveLength(READING.length)
  })
})

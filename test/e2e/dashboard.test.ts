/** What the dashboard's API says: a real daemon, what was told to it and what passed through it, over a restart too. */
import { readFileSync } from 'node:fs'
import { get as httpGet } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DashboardDocument } from '../../packages/server/src/faces/dashboard/api.js'
import type {
  ChangesDocument,
  ServersDocument,
  SessionCallsDocument,
  SessionsDocument,
  SettingsDocument,
  ToolDocument,
  ToolsDocument,
} from '../../packages/server/src/faces/dashboard/api-views.js'
import { redactName } from '../../packages/server/src/redact/index.js'
import { type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'
import { connect, fixture, script } from './gateway-harness.js'

const SECRET = 'a-secret-of-the-configuration'
const MARKUP = '<img src=x onerror=alert(1)>\u202e"\'&'
/** What comes of a name that is none, before anybody sees it. */
const MASKED = redactName(MARKUP)
let daemon: RunningDaemon
const config = {
  environment: 'testing',
  servers: { notes: { ...script(fixture('legacy-server.mjs'), '--api-key', SECRET), env: { TOKEN: SECRET } } },
  budgets: { all: { limitUsd: 10 } },
  providers: { upstream: { type: 'http', url: 'http://127.0.0.1:9/' } },
  dashboard: { users: [] },
  metrics: { labels: { tool_calls_total: ['tool'] } },
  series: { intervalMs: 1000 },
}

beforeAll(async () => {
  daemon = await startDaemon({ config })
})
afterAll(async () => {
  await daemon?.stop()
})

async function get<T>(path: string): Promise<T> {
  const answer = await fetch(`${daemon.url}/admin/api/${path}`)
  expect(answer.status, path).toBe(200)
  return (await answer.json()) as T
}

/** Tells the daemon of events, as a program with a library does. */
async function tell(...events: readonly object[]): Promise<void> {
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const answer = await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sender: { kind: 'script', name: 'test', version: '1' }, events }),
  })
  expect(await answer.json()).toMatchObject({ rejected: [] })
}
const called = (outcome: string, durationMs: number, more: object = {}) => ({
  ...{ type: 'request.ended', server: 'files', session: 'session-1', direction: 'client_to_server' },
  ...{ method: 'tools/call', name: 'read', operation: `${Math.random()}`, outcome, status: 200, durationMs },
  ...{ requestBytes: 100, responseBytes: 1000, ...more },
})

describe('what was told', () => {
  beforeAll(async () => {
    await tell(
      {
        ...{ type: 'session.opened', server: 'files', session: 'session-1', era: 'legacy', transport: 'http' },
        ...{ protocolVersion: '2025-11-25', clientName: MARKUP, clientVersion: '1.2', serverVersion: '1.0' },
      },
      {
        ...{ type: 'tools.listed', server: 'files', tools: ['read', 'write', MARKUP], hashes: ['', '', ''] },
        ...{ sizeBytes: 6550, complete: true },
      },
      called('ok', 10),
      called('ok', 20, { traceId: '0123456789abcdef0123456789abcdef' }),
      called('ok', 30),
      called('protocol_error', 40, { errorCode: '-32602' }),
      called('tool_error', 3000, { name: MARKUP }),
      {
        type: 'usage',
        server: 'files',
        provider: 'openai',
        inputTokens: 100,
        outputTokens: 50,
        costUsd: 2.5,
        estimated: true,
      },
      { type: 'agent', server: 'files', agent: 'agent-1', action: 'provisioned' },
      { type: 'voice', server: 'files', action: 'started', id: 'voice-1' },
      { type: 'queue', server: 'files', plugin: 'bot', action: 'entered', size: 3 },
      { type: 'session.opened', server: 'files', session: 'session-2', era: 'legacy', serverVersion: '2.0' },
    )
    await until(
      async () => (await get<SessionsDocument>('sessions?server=files')).sessions.length === 2,
      10_000,
      () => 'the sessions are not kept',
    )
  })

  test(`is the overview. ${promises('A10.dashboard.json')}`, async () => {
    const found = await get<DashboardDocument>('dashboard')
    expect(found).toMatchObject({
      ...{ version: 1, at: expect.any(Number), product: { environment: 'testing', demo: false, metricsPrefix: 'mcp' } },
      health: { colour: expect.stringMatching(/^(GREEN|YELLOW|RED)$/), reasons: expect.any(Array) },
      agents: { active: 1 },
      voice: { active: 1 },
      queue: { waiting: 3, queues: [{ server: 'files', plugin: 'bot', size: 3 }] },
      providers: [{ name: 'upstream', type: 'http', status: expect.stringMatching(/^(down|unknown)$/) }],
      usage: {
        today: { inputTokens: 100, outputTokens: 50, costUsd: 2.5, estimated: true },
        budgets: [{ budget: 'all', spentUsd: 2.5, limitUsd: 10, spentRatio: 0.25 }],
      },
      capacity: { queueDepth: 3, callsLast7Days: 0 },
      alerts: { enabled: true },
      changes: expect.arrayContaining([expect.objectContaining({ kind: 'started' })]),
    })
    expect(found.traffic.points).toHaveLength(60)
    expect(found.traffic.calls).toBeGreaterThanOrEqual(5)
    expect(found.usage.days).toHaveLength(30)
  })

  test('is in the tables, by server, tool and client, with all labels whatever a preset shows', async () => {
    const { servers } = await get<ServersDocument>('servers?server=files')
    expect(servers).toMatchObject([
      {
        ...{ server: 'files', calls: 5, failures: 2, errorRatio: 0.4, tools: 3 },
        ...{ definitionBytes: 6550, definitionTokens: 1000 },
      },
    ])
    const { tools, clients } = await get<ToolsDocument>('tools?server=files')
    expect(tools.map(({ tool, calls, failures, available }) => [tool, calls, failures, available])).toEqual([
      ['read', 4, 1, true],
      [MASKED, 1, 1, true],
      ['write', 0, 0, true],
    ])
    expect(tools[0]).toMatchObject({ meanRequestBytes: 100, meanResponseBytes: 1000, maxResponseBytes: 1000 })
    expect(Math.abs(tools[0]!.p95Ms! - 40)).toBeLessThan(1)
    expect(tools[0]!.sparkCalls.reduce((sum, calls) => sum + calls, 0)).toBe(4)
    expect(clients).toContain(MASKED)
    const of = async (client: string) =>
      (await get<ToolsDocument>(`tools?server=files&client=${encodeURIComponent(client)}`)).tools.map(
        ({ calls }) => calls,
      )
    expect([await of(MASKED), await of('nobody')]).toEqual([[4, 1], []])
    expect((await get<ToolsDocument>('tools?tool=WRI&server=files')).tools).toHaveLength(1)
  })

  test('is on the page of a tool: durations, errors, callers and the newest calls', async () => {
    const found = await get<ToolDocument>('tools/files/read')
    expect(found).toMatchObject({
      row: { tool: 'read', calls: 4 },
      errors: [{ type: 'protocol_error', reason: 'invalid_params', count: 1 }],
      clients: [{ name: MASKED, clientVersion: '1.2', calls: 4, failures: 1, errorRatio: 0.25 }],
    })
    expect(found.histogram).toHaveLength(found.boundsMs.length + 1)
    expect(found.histogram.reduce((sum, count) => sum + count, 0)).toBe(4)
    expect(found.recent).toHaveLength(4)
    expect(found.recent.filter(({ traceId }) => traceId !== undefined)).toHaveLength(1)
    const odd = await get<ToolDocument>(`tools/files/${encodeURIComponent(MASKED)}`)
    expect(odd.row).toMatchObject({ tool: MASKED, calls: 1 })
    for (const path of ['tools/files/nothing', 'tools/nobody/read', 'tools/files/%zz', 'tools/__proto__/constructor'])
      expect([400, 404]).toContain((await fetch(`${daemon.url}/admin/api/${path}`)).status)
  })

  test('is in the sessions, and a session has its calls', async () => {
    const { sessions } = await get<SessionsDocument>('sessions?server=files')
    expect(sessions.map(({ session, live }) => [session, live])).toEqual(
      expect.arrayContaining([
        ['session-1', true],
        ['session-2', true],
      ]),
    )
    await tell({ type: 'session.closed', server: 'files', session: 'session-2', durationMs: 5, reason: 'client' })
    const found = await get<SessionCallsDocument>('sessions/session-1')
    expect(found).toMatchObject({ session: { clientName: MASKED, live: true }, truncated: false })
    expect(found.calls.map(({ outcome }) => outcome).sort()).toEqual(['ok', 'ok', 'ok', 'protocol_error', 'tool_error'])
    expect((await fetch(`${daemon.url}/admin/api/sessions/nobody`)).status).toBe(404)
    const byClient = await get<SessionsDocument>(`sessions?client=${encodeURIComponent(MASKED)}`)
    expect(byClient.sessions.map(({ session }) => session)).toEqual(['session-1'])
  })

  test('is among the changes: another version of a server', async () => {
    const { changes } = await get<ChangesDocument>('changes')
    expect(changes).toContainEqual(
      expect.objectContaining({ kind: 'deploy', server: 'files', title: 'files 1.0 → 2.0' }),
    )
  })
})

test('what passes through the gateway is there at once', async () => {
  const { client } = await connect(new URL(`${daemon.url}/mcp/notes`))
  await client.listTools()
  await client.close()
  const { servers } = await get<ServersDocument>('servers?server=notes')
  expect(servers).toMatchObject([{ server: 'notes', condition: 'up' }])
})

test('every document says what is wrong with what it was asked', async () => {
  for (const path of [
    'tools?from=yesterday',
    'servers?from=2&to=1',
    `tools?client=${'x'.repeat(300)}`,
    'sessions?before=-1',
  ]) {
    const answer = await fetch(`${daemon.url}/admin/api/${path}`)
    expect(answer.status, path).toBe(400)
    expect(await answer.json()).toEqual({ error: expect.any(String) })
  }
})

test('settings are shown to who may see them, without what is secret', async () => {
  const token = readFileSync(join(daemon.dataDir, 'owner-token'), 'utf8').trim()
  const answer = await fetch(`${daemon.url}/admin/api/settings`, { headers: { authorization: `Bearer ${token}` } })
  const text = await answer.text()
  expect(text).not.toContain(SECRET)
  const { settings } = JSON.parse(text) as SettingsDocument
  expect(settings).toContainEqual({
    path: 'environment',
    value: '"testing"',
    origin: expect.stringContaining('config.json'),
  })
  expect(settings.find(({ path }) => path === 'servers.notes.args')?.value).toContain('"***"')
  expect((await fetch(`${daemon.url}/admin/api/settings`)).status).toBe(401)
})

test('PromQL is answered below the path of the cookie', async () => {
  const { data } = await get<{ readonly data: { readonly result: readonly unknown[] } }>('v1/query?query=up')
  expect(data.result.length).toBeGreaterThan(0)
})

test('PromQL reads full labels there, and what the configuration keeps elsewhere, as rules do', async () => {
  const query = `query?query=${encodeURIComponent('mcp_tool_calls_total{tool="read"}')}`
  type Answer = { readonly data: { readonly result: readonly { readonly metric: Record<string, string> }[] } }
  const labelsAt = async (path: string) =>
    ((await (await fetch(`${daemon.url}${path}`)).json()) as Answer).data.result.map(({ metric }) =>
      Object.keys(metric).filter((label) => ['server', 'status', 'tool'].includes(label)),
    )
  await until(async () => (await labelsAt(`/admin/api/v1/${query}`)).length > 0, 20_000, daemon.stderr)
  for (const labels of await labelsAt(`/admin/api/v1/${query}`))
    expect(labels.sort()).toEqual(['server', 'status', 'tool'])
  expect(await labelsAt(`/admin/api/v1/${query}&labels=view`)).toEqual([['tool']])
  expect(await labelsAt(`/api/v1/${query}&labels=full`)).toEqual([['tool']])
})

/** Waits until so many calls of a tool are known: what was kept is read behind the start. */
async function readCalls(wanted: number): Promise<void> {
  let calls = 0
  await until(
    async () => {
      calls = (await get<ToolsDocument>('tools?server=files&tool=read')).tools[0]?.calls ?? 0
      return calls === wanted
    },
    10_000,
    () => `${calls} calls`,
  )
}

test('the stream begins with how it is now, and ends with the daemon; calls of before are in the tables of the next', async () => {
  let text = ''
  const ended = new Promise<void>((resolve) => {
    httpGet(`${daemon.url}/admin/api/stream`, { headers: { 'last-event-id': '9'.repeat(10_000) } }, (response) => {
      expect(response.headers['content-type']).toBe('text/event-stream')
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.once('close', () => resolve())
    })
  })
  await until(
    () => text.includes('\n\n'),
    10_000,
    () => text,
  )
  expect(text).toMatch(/^event: dashboard\nid: \d+\ndata: \{"version":1,/)
  daemon.process.kill('SIGTERM')
  await Promise.all([ended, until(() => daemon.process.exitCode !== null, 20_000, daemon.stderr)])
  const { dataDir } = daemon
  daemon = await startDaemon({ config, dataDir })
  await readCalls(4)
  expect((await get<ToolDocument>('tools/files/read')).clients).toMatchObject([{ name: MASKED, calls: 4 }])
  expect((await get<DashboardDocument>('dashboard')).usage.today).toMatchObject({ costUsd: 2.5, inputTokens: 100 })
})

test('what came after the last write of a daemon that was killed is counted anew, once', async () => {
  await tell(called('ok', 5), {
    type: 'usage',
    server: 'files',
    provider: 'openai',
    costUsd: 1,
    inputTokens: 7,
    outputTokens: 0,
    estimated: false,
  })
  for (let kill = 0; kill < 2; kill++) {
    daemon.process.kill('SIGKILL')
    await until(() => daemon.process.signalCode !== null, 20_000, daemon.stderr)
    daemon = await startDaemon({ config, dataDir: daemon.dataDir })
    await readCalls(5)
  }
  expect((await get<ToolDocument>('tools/files/read')).clients).toMatchObject([{ name: MASKED, calls: 5 }])
  expect((await get<DashboardDocument>('dashboard')).usage.today).toMatchObject({ costUsd: 3.5, inputTokens: 107 })
})

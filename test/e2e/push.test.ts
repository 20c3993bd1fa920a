/** A daemon pushes to Loki and OTLP while its servers are called; the receivers come and go, and so does the daemon. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, onTestFinished, test } from 'vitest'
import { CLI, daemonOfTest, metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { pushFarEnd, readLoki, readOtlp } from '../fixtures/push-far-ends.js'
import { until } from '../fixtures/until.js'

const EVERYTHING = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
const SERVERS = { everything: { command: process.execPath, args: [EVERYTHING, 'stdio'] } }
const TOKEN = 'push-token-0123456789'
const [TRACE, PARENT] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
const PRIVATE = 'what nobody else should read'

/** Calls a tool so often, one call after another. */
async function calls(daemon: RunningDaemon, times: number): Promise<void> {
  const client = new Client({ name: 'somebody', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/everything`)))
  const traced = { traceparent: `00-${TRACE}-${PARENT}-01` }
  for (let at = 0; at < times; at++)
    await client.callTool({ name: 'echo', arguments: { message: PRIVATE }, _meta: traced })
  await client.close()
}

const isCall = (line: string) => line.includes('"event":"tool_call_completed"')

test('lines, spans and metrics arrive, and nothing that is private or secret', async () => {
  const far = await pushFarEnd()
  const headers = { authorization: `Bearer \${PUSH_TOKEN}` }
  const push = {
    loki: { url: `${far.url}/loki/api/v1/push`, headers },
    otlp: { endpoint: far.url, intervalMs: 1000, username: 'me', password: `\${PUSH_TOKEN}` },
  }
  const daemon = await daemonOfTest({ config: { servers: SERVERS, push }, env: { PUSH_TOKEN: TOKEN } })
  await calls(daemon, 3)
  const to = (path: string) => far.got.filter((pushed) => pushed.path === path)
  const lines = () => to('/loki/api/v1/push').flatMap(readLoki)
  const spans = () => to('/v1/traces').flatMap(readOtlp)
  const operations = () =>
    to('/v1/metrics')
      .flatMap(readOtlp)
      .filter(({ item }) => item.name === 'mcp.server.operation.duration')
      .filter(({ attributes }) => attributes['gen_ai.tool.name'] === 'echo')
  await until(
    () =>
      lines().filter(({ line }) => isCall(line)).length === 3 &&
      spans().filter(({ item }) => item.name === 'tools/call echo').length === 3 &&
      operations().some(({ item }) => (item.point as { count: string }).count === '3') &&
      to('/v1/logs').flatMap(readOtlp).length > 0,
    20_000,
    () => `${lines().length} lines, ${spans().length} spans, ${operations().length} points`,
  )
  // Below the span of the caller, each with an id of its own; lines are found by the trace.
  const called = spans().filter(({ item }) => item.name === 'tools/call echo')
  for (const { item } of called) expect(item).toMatchObject({ traceId: TRACE, parentSpanId: PARENT })
  expect(new Set(called.map(({ item }) => item.spanId)).size).toBe(3)
  for (const { line } of lines().filter(({ line: text }) => isCall(text))) {
    expect(line).toContain(`"traceId":"${TRACE}"`)
    expect(line).not.toContain(PARENT)
  }
  // What the log says is what is pushed, what the daemon says of itself as well.
  const sent = lines().map(({ line }) => line)
  const unshown = () => {
    const shown = new Set(daemon.stdout().split('\n'))
    return sent.filter((line) => !shown.has(line))
  }
  await until(
    () => unshown().length === 0,
    10_000,
    () => unshown().join('\n'),
  )
  expect(lines().map(({ line }) => line)).toContainEqual(expect.stringContaining('"event":"daemon_started"'))
  const records = to('/v1/logs').flatMap(readOtlp)
  expect(records.map(({ attributes }) => attributes.event)).toContain('tool_call_completed')
  const call = spans().find(({ item }) => item.name === 'tools/call echo')
  expect(call).toMatchObject({
    resource: { 'service.name': 'everything' },
    attributes: { 'mcp.method.name': 'tools/call', 'network.transport': 'tcp' },
  })
  // OpenTelemetry's metrics were not asked for at /metrics.
  const page = await (await fetch(`${daemon.url}/metrics`)).text()
  expect(page).not.toContain('mcp_server_operation_duration_seconds')
  expect(await metric(daemon.url, 'mcp_vitals_push_items_sent_total', { receiver: 'loki' })).toBeGreaterThan(3)
  expect(await metric(daemon.url, 'mcp_vitals_push_items_lost_total', { receiver: 'loki', reason: 'room' })).toBe(0)
  const basic = `Basic ${Buffer.from(`me:${TOKEN}`).toString('base64')}`
  expect(new Set(to('/v1/traces').map((pushed) => pushed.headers.authorization))).toEqual(new Set([basic]))
  const bearer = to('/loki/api/v1/push').map((pushed) => pushed.headers.authorization)
  expect(new Set(bearer)).toEqual(new Set([`Bearer ${TOKEN}`]))
  for (const { body } of far.got) expect(gunzipSync(body).toString()).not.toContain(PRIVATE)
  expect(daemon.stdout() + daemon.stderr()).not.toContain(TOKEN)
  const print = [CLI, 'config', 'print', '--config', join(daemon.home, 'config.json')]
  const printed = execFileSync(process.execPath, print, { env: { ...process.env, PUSH_TOKEN: TOKEN } }).toString()
  expect(printed).toContain('authorization: "***"')
  expect(printed).not.toContain(TOKEN)
})

test('receivers that hang or are away delay no call, and a daemon that is killed meanwhile loses nothing of what waited', async () => {
  const [loki, otlp] = [await pushFarEnd(), await pushFarEnd()]
  loki.reply('hang')
  await otlp.away()
  const dataDir = mkdtempSync(join(tmpdir(), 'push-state-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  const push = {
    loki: { url: `${loki.url}/loki/api/v1/push`, timeoutMs: 500 },
    otlp: { endpoint: otlp.url, logs: false, metrics: false },
  }
  const config = { servers: SERVERS, push }
  const first = await startDaemon({ config, dataDir })
  onTestFinished(async () => void (await first.stop('SIGKILL')))
  await calls(first, 40)
  /** Bodies on disk, the oldest first. */
  const kept = (way: string) => {
    const dir = join(dataDir, 'push', way)
    const names = readdirSync(dir).filter((name) => name.endsWith('.body'))
    return names.sort().map((name) => gunzipSync(readFileSync(join(dir, name))).toString())
  }
  const counted = (bodies: readonly string[], form: RegExp) => bodies.join('').match(form)?.length ?? 0
  const lineForm = /tool_call_completed/g
  const spanForm = /"name":"tools\/call echo"/g
  await until(
    () => {
      try {
        return counted(kept('loki'), lineForm) === 40 && counted(kept('otlp_traces'), spanForm) === 40
      } catch {
        return false
      }
    },
    20_000,
    () => readdirSync(join(dataDir, 'push')).join(),
  )
  // Each call was answered, while no receiver had taken anything.
  expect(loki.taken()).toEqual([])
  const spool = await metric(first.url, 'mcp_vitals_push_spool_bytes', { receiver: 'loki' })
  expect(spool).toBeGreaterThan(0)
  expect(first.lines().filter(({ event }) => event === 'push_failing')).toHaveLength(2)
  const before = kept('loki')
  await first.stop('SIGKILL')
  loki.reply({ status: 204, body: '' })
  await otlp.back()
  const second = await startDaemon({ config, dataDir })
  onTestFinished(async () => void (await second.stop()))
  await calls(second, 1)
  const lines = () => loki.taken().flatMap(readLoki)
  const spans = () => otlp.taken().flatMap(readOtlp)
  await until(
    () =>
      lines().filter(({ line }) => isCall(line)).length === 41 &&
      spans().filter(({ item }) => item.name === 'tools/call echo').length === 41,
    20_000,
    () => `${lines().length} lines, ${spans().length} spans`,
  )
  // In order, and each as it was kept.
  const arrived = loki.taken().map(({ body }) => gunzipSync(body).toString())
  expect(arrived.slice(0, before.length)).toEqual(before)
  const logged = `${first.stdout()}${second.stdout()}`.split('\n')
  const places = lines()
    .filter(({ labels }) => labels.server === 'everything' && labels.level === 'info')
    .map(({ line }) => logged.indexOf(line))
  expect(places).toEqual([...places].sort((a, b) => a - b))
  await until(
    async () => (await metric(second.url, 'mcp_vitals_push_spool_bytes', { receiver: 'loki' })) === 0,
    10_000,
    () => 'the spool is not empty',
  )
})

test('a receiver that refuses is not up, and rules tell of it and of what is lost, until it takes again', async () => {
  const far = await pushFarEnd()
  far.reply({ status: 400, body: 'entry too far behind' })
  const often = { intervalMs: 1000 }
  const push = { loki: { url: `${far.url}/loki/api/v1/push` } }
  const daemon = await daemonOfTest({ config: { servers: SERVERS, push, series: often, rules: often } })
  const alerts = async () => {
    const answer = await (await fetch(`${daemon.url}/api/v1/alerts`)).json()
    const { data } = answer as { data: { alerts: { labels: Record<string, string>; state: string }[] } }
    return data.alerts
      .filter(({ labels }) => labels.receiver === 'loki')
      .map(({ labels, state }) => `${labels.alertname} ${state}`)
      .sort()
  }
  const told = () => daemon.lines().filter(({ event }) => String(event).startsWith('push_'))
  const untilAlerts = (expected: readonly string[]) =>
    until(
      async () => JSON.stringify(await alerts()) === JSON.stringify(expected),
      20_000,
      () => JSON.stringify(told()),
    )
  await calls(daemon, 1)
  // For five minutes it may be a passing trouble; what is lost is lost at once.
  await untilAlerts(['PushFailing pending', 'PushLost firing'])
  expect(await metric(daemon.url, 'mcp_vitals_push_receiver_up', { receiver: 'loki' })).toBe(0)
  far.reply({ status: 204, body: '' })
  await calls(daemon, 1)
  await untilAlerts(['PushLost firing'])
  expect(await metric(daemon.url, 'mcp_vitals_push_receiver_up', { receiver: 'loki' })).toBe(1)
  expect(told().map(({ message }) => message)).toEqual([
    'What is pushed to loki is lost: the receiver answered 400: entry too far behind',
    'The receiver loki takes what is pushed',
  ])
})

/**
 * The query API of a daemon with real servers and a real client, beside Debian's Prometheus that scrapes its `/metrics`:
 * the same questions have the same answers once nothing moves any more.
 */
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLI, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { type RunningPrometheus, startPrometheus } from '../fixtures/prometheus.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const DEADLINE_MS = 60_000
/** Within this both have seen what there is. */
const SETTLED_MS = 10_000
const SERVER = new URL('../fixtures/scripted-stdio.mjs', import.meta.url).pathname

interface Body {
  readonly status: string
  readonly errorType?: string
  readonly error?: string
  readonly warnings?: readonly string[]
  readonly data: {
    readonly resultType: string
    readonly result: readonly { metric: Record<string, string>; value: [number, string]; values: unknown[] }[]
  }
}

let daemon: RunningDaemon
let prometheus: RunningPrometheus

async function ask(base: string, path: string, parameters: Record<string, string> | [string, string][] = {}) {
  const response = await fetch(`${base}/api/v1/${path}?${new URLSearchParams(parameters)}`)
  return { status: response.status, body: (await response.json()) as Body }
}

const atNow = () => String(Date.now() / 1000)

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Names and types of all members; of a list the forms that its elements have. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((one) => JSON.stringify(shapeOf(one))))].sort()
  if (!isPlain(value)) return typeof value
  const members = Object.entries(value).sort()
  return Object.fromEntries(members.map(([name, one]) => [name, shapeOf(one)]))
}

/** Series and values of an expression, sorted. */
async function answer(base: string, query: string): Promise<readonly string[]> {
  const { body } = await ask(base, 'query', { query, time: atNow() })
  return body.data.result
    .map(({ metric, value }) => `${JSON.stringify(Object.entries(metric).sort())} ${value[1]}`)
    .sort()
}

/** Both come to the same answer, at the latest when what the last scrape saw has reached both. */
async function comeToTheSame(query: string): Promise<readonly string[]> {
  let [ours, theirs]: (readonly string[])[] = [[], []]
  const same = async () => {
    ;[ours, theirs] = [await answer(daemon.url, query), await answer(prometheus.api, query)]
    return JSON.stringify(ours) === JSON.stringify(theirs)
  }
  await until(same, SETTLED_MS, () => 'not the same').catch(() => expect(ours).toEqual(theirs))
  return ours ?? []
}

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'

async function call(name: string, _meta: object = {}): Promise<void> {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const post = (message: object, more: Record<string, string> = {}) =>
    fetch(`${daemon.url}/mcp/notes`, {
      method: 'POST',
      headers: { ...headers, ...more },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    })
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } }
  const opened = await post({ id: 1, method: 'initialize', params })
  await opened.text()
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  await post({ method: 'notifications/initialized' }, session)
  await (await post({ id: 2, method: 'tools/call', params: { name, arguments: {}, _meta } }, session)).text()
}

beforeAll(async () => {
  daemon = await startDaemon({
    config: {
      series: { intervalMs: 1000, labels: { environment: 'production' } },
      servers: { notes: { command: process.execPath, args: [SERVER] } },
    },
  })
  const target = new URL(daemon.url).host
  prometheus = await startPrometheus({
    args: ['--enable-feature=exemplar-storage'],
    config: {
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [
        {
          job_name: 'mcp-vitals',
          static_configs: [{ targets: [target], labels: { environment: 'production' } }],
        },
      ],
    },
  })
  for (let round = 0; round < 3; round++) await call('echo')
  await call('fail', { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` })
  const ended = 'sum(mcp_requests_total)'
  const total = (await (await fetch(`${daemon.url}/metrics`)).text())
    .split('\n')
    .filter((line) => line.startsWith('mcp_requests_total{'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  for (const base of [daemon.url, prometheus.api])
    await until(
      async () => (await answer(base, ended))[0]?.endsWith(` ${total}`) === true,
      DEADLINE_MS,
      () => ended,
    )
}, 2 * DEADLINE_MS)

afterAll(async () => {
  await prometheus?.stop()
  await daemon?.stop()
})

/** What does not move while nobody calls. */
const STILL = '__name__=~"mcp_(requests|tool|session|request|server|active_sessions|messages|errors|queue).*"'

describe('beside a real Prometheus', () => {
  test(`every series that stands still is the same, labels and all. ${promises('F2.view.query-api')}`, async () => {
    const query = `{${STILL},__name__!~".*(uptime|in_flight).*"}`
    expect((await comeToTheSame(query)).length).toBeGreaterThan(50)
  })

  test.each([
    'sum by (method, status) (mcp_requests_total)',
    'histogram_quantile(0.95, sum by (le) (mcp_request_duration_seconds_bucket))',
    'count by (__name__) ({__name__=~"mcp_tool.*", server="notes"})',
    'mcp_tool_availability == 1',
    'label_replace(mcp_server_up, "host", "$1", "instance", "(.*):.*")',
    'up{instance=~".*:.*"}',
    'absent(mcp_no_such_metric{server="notes"})',
  ])('%s', async (query) => void (await comeToTheSame(query)))

  test('the same labels, values and series are found', async () => {
    for (const path of ['labels', 'label/le/values', 'label/server/values', 'label/job/values']) {
      const of = async (base: string) =>
        (await ask(base, path, { 'match[]': '{__name__=~"mcp_request_.*"}' })).body.data
      expect(await of(daemon.url), path).toEqual(await of(prometheus.api))
    }
    const series = async (base: string) =>
      ((await ask(base, 'series', { 'match[]': 'mcp_tool_calls_total' })).body.data as unknown as object[]).map((one) =>
        JSON.stringify(Object.entries(one).sort()),
      )
    expect(new Set(await series(daemon.url))).toEqual(new Set(await series(prometheus.api)))
  })

  test('what is wrong is told in the same form, with the same status and kind', async () => {
    const wrong: readonly (readonly [path: string, parameters: Record<string, string>])[] = [
      ['query', {}],
      ['query', { query: 'up{' }],
      ['query', { query: 'up', time: 'yesterday' }],
      ['query', { query: 'mcp_tool_calls_total * on (job) mcp_requests_total' }],
      ['query_range', { query: 'up', start: '0', end: '1' }],
      ['query_range', { query: 'up', start: '2', end: '1', step: '1' }],
      ['query_range', { query: 'up', start: '0', end: '100000', step: '1' }],
      ['query_range', { query: 'up[5m]', start: '0', end: '1', step: '1' }],
      ['series', {}],
      ['series', { 'match[]': 'up +' }],
    ]
    for (const [path, parameters] of wrong) {
      const [ours, theirs] = [await ask(daemon.url, path, parameters), await ask(prometheus.api, path, parameters)]
      const about = ({ status, body }: typeof ours) => ({ http: status, is: body.status, kind: body.errorType })
      expect(about(ours), `${path} ${JSON.stringify(parameters)}: ${theirs.body.error}`).toEqual(about(theirs))
      expect(ours.body.error).toEqual(expect.any(String))
    }
  })

  test('metadata tell of the same types and texts', async () => {
    const of = async (base: string) => (await ask(base, 'metadata', { metric: 'mcp_tool_availability' })).body.data
    expect(await of(daemon.url)).toEqual(await of(prometheus.api))
  })

  test.each(['targets', 'targets?state=any', 'targets?scrapePool=mcp-vitals', 'status/buildinfo'])(
    '%s has the same members, of the same types',
    async (path) => {
      const of = async (base: string) => (await (await fetch(`${base}/api/v1/${path}`)).json()) as Body
      const [ours, theirs] = [await of(daemon.url), await of(prometheus.api)]
      // Since version 2.47.
      if ('activeTargets' in ours.data) delete (ours.data as { droppedTargetCounts?: object }).droppedTargetCounts
      expect(shapeOf(ours)).toEqual(shapeOf(theirs))
    },
  )

  test.each(['targets?state=dropped', 'targets?state=none', 'targets?scrapePool=none'])(
    '%s finds as many',
    async (path) => {
      const of = async (base: string) =>
        ((await (await fetch(`${base}/api/v1/${path}`)).json()) as { data: { activeTargets: object[] } }).data
      expect((await of(daemon.url)).activeTargets).toEqual([])
      expect((await of(prometheus.api)).activeTargets).toEqual([])
    },
  )

  // As its source for Prometheus does it: what may be long is posted, and its check of the source is a sum.
  test.each([
    ['POST', 'query', { query: '1+1', time: '1' }],
    ['POST', 'query', { query: 'up{instance=~".*:.*"}' }],
    ['POST', 'query_range', { query: 'up{instance=~".*:.*"}', start: 'start', end: 'end', step: '15' }],
    ['POST', 'query_exemplars', { query: 'mcp_tool_calls_total', start: 'start', end: 'end' }],
    ['POST', 'labels', { start: 'start', end: 'end', limit: '40000' }],
    ['POST', 'series', { 'match[]': 'mcp_tool_calls_total', start: 'start', end: 'end', limit: '40000' }],
    ['GET', 'labels', { 'match[]': 'mcp_tool_calls_total' }],
    ['GET', 'label/__name__/values', { start: 'start', end: 'end' }],
    ['GET', 'metadata', { metric: 'mcp_tool_availability', limit: '1' }],
    ['GET', 'rules', { 'rule_name[]': 'none' }],
    ['GET', 'alerts', {}],
    ['GET', 'status/buildinfo', {}],
  ] as const)('%s %s %o, which Grafana asks, has an answer of the same form', async (method, path, parameters) => {
    const times: Readonly<Record<string, string>> = { start: String(Date.now() / 1000 - 3600), end: atNow() }
    const form = new URLSearchParams(
      Object.entries<string>(parameters).map(([name, value]): [string, string] => [name, times[value] ?? value]),
    )
    const of = async (base: string) => {
      const url = `${base}/api/v1/${path}`
      const answer = method === 'POST' ? await fetch(url, { method, body: form }) : await fetch(`${url}?${form}`)
      const body = (await answer.json()) as Body
      return {
        status: answer.status,
        type: answer.headers.get('content-type'),
        shape: shapeOf(body),
      }
    }
    expect(await of(daemon.url)).toEqual(await of(prometheus.api))
  })

  test('the exemplar of a call with a trace is found at its counter and its bucket', async () => {
    const query = '{__name__=~"mcp_tool_call.*", tool="fail"} > 0'
    const of = async (base: string) =>
      ((await ask(base, 'query_exemplars', { query })).body.data as unknown as object[])
        .map((one) =>
          JSON.stringify(one, (_, value) =>
            isPlain(value) ? Object.fromEntries(Object.entries(value).sort()) : value,
          ),
        )
        .sort()
    await until(
      async () => (await of(prometheus.api)).length > 0,
      SETTLED_MS,
      () => 'no exemplar',
    )
    const ours = await of(daemon.url)
    expect(ours).toEqual(await of(prometheus.api))
    expect(ours.length).toBeGreaterThan(1)
    for (const one of ours) expect(one).toContain(TRACE_ID)
    const later = { query, start: String(Date.now() / 1000 + 60) }
    expect((await ask(daemon.url, 'query_exemplars', later)).body.data).toEqual([])
    expect((await ask(daemon.url, 'query_exemplars', { query: 'vector(1)' })).body.data).toEqual([])
    for (const wrong of [{}, { query: 'up{' }, { query, start: '2', end: '1' }]) {
      const [one, other] = [
        await ask(daemon.url, 'query_exemplars', wrong),
        await ask(prometheus.api, 'query_exemplars', wrong),
      ]
      expect([one.status, one.body.errorType]).toEqual([other.status, other.body.errorType])
    }
  })
})

test('a label may be named as Prometheus 3 writes any text in an address', async () => {
  const of = async (name: string) => (await ask(daemon.url, `label/${name}/values`)).body.data
  expect(await of('U__le')).toEqual(await of('le'))
  expect(await of('U__environ_6d_ent')).toEqual(['production'])
  expect(await of('U__no_such')).toEqual([])
})

test(`up tells of the daemon and of each server, and /metrics never does. ${promises('F11.up.written', 'F11.up.never-exposed')}`, async () => {
  const instance = new URL(daemon.url).host
  const found = (await ask(daemon.url, 'query', { query: 'up' })).body.data.result
  expect(found.map(({ metric, value }) => [metric.job, metric.instance, value[1]])).toEqual([
    ['mcp-vitals', instance, '1'],
    ['mcp-vitals', 'notes', '1'],
  ])
  expect(await (await fetch(`${daemon.url}/metrics`)).text()).not.toMatch(/^up[{ ]/m)
  const { activeTargets } = (await ask(daemon.url, 'targets')).body.data as unknown as { activeTargets: object[] }
  expect(activeTargets).toMatchObject([
    { labels: { instance, job: 'mcp-vitals', environment: 'production' }, health: 'up', lastError: '' },
    { labels: { instance: 'notes' }, health: 'up' },
  ])
})

test('a form may be posted, and nothing else', async () => {
  const url = `${daemon.url}/api/v1/query`
  const form = new URLSearchParams({ query: 'vector(1)' })
  expect(await (await fetch(url, { method: 'POST', body: form })).json()).toMatchObject({ status: 'success' })
  const json = await fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
  expect([json.status, ((await json.json()) as Body).errorType]).toEqual([400, 'bad_data'])
  const long = await fetch(url, { method: 'POST', body: new URLSearchParams({ query: 'x'.repeat(100_000) }) })
  expect(long.status).toBe(400)
})

test('a limit cuts the answer, and says so', async () => {
  const { body } = await ask(daemon.url, 'query', { query: '{__name__=~"mcp_.*"}', limit: '3' })
  expect(body.data.result).toHaveLength(3)
  expect(body.warnings).toEqual(['results truncated due to limit'])
})

test('mcp-vitals query asks the daemon of the state directory', async () => {
  const run = (...args: string[]) => {
    const env = { ...process.env, MCP_VITALS_DATA: daemon.dataDir }
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'query', ...args], { encoding: 'utf8', env })
    return { status, stdout, stderr }
  }
  expect(run('up == 1').stdout).toMatch(
    /^up\{environment="production", instance="127.0.0.1:\d+", job="mcp-vitals"\} {2}1$/m,
  )
  expect(run('vector(1)', '--range', '1m', '--step', '30s').stdout).toMatch(/^\{\}\n(?: {2}\S+Z {2}1\n){3}$/)
  expect(run('up{', '--json')).toMatchObject({ status: 2, stderr: expect.stringContaining('line 1, column') })
  expect(run('up', '--url', 'http://127.0.0.1:1')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('DAEMON_SILENT'),
  })
})

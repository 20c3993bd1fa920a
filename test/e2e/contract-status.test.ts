/** What F3 promises of `mcp_requests_total` and `mcp_http_*`, by one daemon that is asked over every transport. */
import { type AddressInfo, createServer } from 'node:net'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLI, metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'
import { readExposition } from '../unit/metrics/read-exposition.js'
import { fixture, REAL, startHttpServer } from './gateway-harness.js'

const DEADLINE_MS = 20_000
const node = process.execPath
const stopping: (() => unknown)[] = []
let daemon: RunningDaemon
let clients: Readonly<Record<string, Client>>

beforeAll(async () => {
  const outcomes = await startHttpServer(() => [fixture('outcomes.mjs'), 'http'])
  const everything = await startHttpServer(
    () => [REAL.everything, 'streamableHttp'],
    (port) => ({ PORT: String(port) }),
  )
  stopping.push(
    () => outcomes.process.kill(),
    () => everything.process.kill(),
  )
  const mute = createServer()
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  stopping.push(() => mute.close())
  daemon = await startDaemon({
    config: {
      servers: {
        stdio: { command: node, args: [fixture('outcomes.mjs'), 'stdio'] },
        http: { url: outcomes.address },
        'everything-stdio': { command: node, args: [REAL.everything, 'stdio'] },
        'everything-http': { url: everything.address },
        silent: { command: node, args: ['-e', 'process.stdin.resume()'] },
        mute: { url: `https://127.0.0.1:${(mute.address() as AddressInfo).port}/mcp` },
      },
      gateway: { startTimeoutMs: 5000, probeTimeoutMs: 1000, connectTimeoutMs: 2000 },
    },
  })
  stopping.push(() => daemon.stop())
  const gateway = (name: string) => new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/${name}`))
  clients = {
    stdio: await connect(gateway('stdio')),
    http: await connect(gateway('http')),
    wrap: await connect(wrap('wrap', fixture('outcomes.mjs'), 'stdio')),
    'everything-stdio': await connect(gateway('everything-stdio')),
    'everything-http': await connect(gateway('everything-http')),
    'everything-wrap': await connect(wrap('everything-wrap', REAL.everything, 'stdio')),
  }
})
afterAll(async () => {
  for (const stop of stopping.reverse()) await stop()
})

function wrap(name: string, ...command: string[]): StdioClientTransport {
  const env = { ...(process.env as Record<string, string>), MCP_VITALS_DATA: daemon.dataDir }
  return new StdioClientTransport({
    command: node,
    args: [CLI, 'wrap', '--name', name, '--', node, ...command],
    env,
    stderr: 'ignore',
  })
}

async function connect(transport: StdioClientTransport | StreamableHTTPClientTransport): Promise<Client> {
  const client = new Client({ name: 'contract', version: '1.0.0' })
  await client.connect(transport as Parameters<Client['connect']>[0])
  stopping.push(() => client.close())
  // Each server's tools are known, so that a name that it does not have is an unknown one.
  await client.listTools()
  return client
}

/** Sends one request, and lets an error answer be. */
async function ask(server: string, method: string, params: Record<string, unknown> = {}): Promise<void> {
  await clients[server]!.request({ method, params } as never, ResultSchema).catch(() => {})
}

interface Counted {
  readonly method: string
  readonly endpoint: string
  readonly status: string
  readonly value: number
}

/** What `mcp_requests_total` says of a server's requests of one method. */
async function counted(server: string, method: string): Promise<readonly Counted[]> {
  const text = await (await fetch(`${daemon.url}/metrics`)).text()
  return readExposition(text)
    .filter(({ name, labels }) => name === 'mcp_requests_total' && labels.server === server && labels.method === method)
    .map(({ labels, value }) => ({ method, endpoint: labels.endpoint!, status: labels.status!, value }))
}

const sum = (series: readonly Counted[]) => series.reduce((total, { value }) => total + value, 0)

/** Sends one request and expects that it moves one series of its method by 1, and tells that series' labels. */
async function moved(server: string, method: string, params?: Record<string, unknown>): Promise<Counted> {
  const before = await counted(server, method)
  await ask(server, method, params)
  let after = before
  await until(
    async () => {
      after = await counted(server, method)
      return sum(after) > sum(before)
    },
    DEADLINE_MS,
    () => `${server} ${method} was not counted`,
  )
  const risen = after.filter(({ status, value }) => value !== before.find((was) => was.status === status)?.value)
  expect(risen).toHaveLength(1)
  expect(sum(after) - sum(before)).toBe(1)
  return risen[0]!
}

describe.each(['stdio', 'http', 'wrap'])('requests over %s', (server) => {
  const call = async (name: string) => (await moved(server, 'tools/call', { name, arguments: {} })).status

  test(promises('F3.requests.one-mcp-request', 'F3.requests.method', 'F3.requests.endpoint'), async () => {
    expect(await moved(server, 'tools/list')).toMatchObject({ method: 'tools/list', endpoint: server })
  })
  test(promises('F3.status.result-200'), async () => expect(await call('result')).toBe('200'))
  test(promises('F3.status.is-error-500'), async () => expect(await call('is-error')).toBe('500'))
  test(promises('F3.status.internal-error-500'), async () => expect(await call('internal-error')).toBe('500'))
  test(promises('F3.status.bad-arguments-400'), async () => expect(await call('bad-arguments')).toBe('400'))
  test(promises('F3.status.unknown-404'), async () => {
    expect(await call('no-such-tool')).toBe('404')
    for (const uri of ['old:nothing', 'new:nothing'])
      expect((await moved(server, 'resources/read', { uri })).status).toBe('404')
    await ask(server, 'no/such/method')
    await until(
      async () => sum(await counted(server, 'other')) > 0,
      DEADLINE_MS,
      () => 'the unknown method was not counted',
    )
    expect((await counted(server, 'other')).map(({ status }) => status)).toEqual(['404'])
  })
})

test(promises('F3.requests.status'), async () => {
  const asked: [status: string, method: string, params?: Record<string, unknown>][] = [
    ['200', 'tools/call', { name: 'echo', arguments: { message: 'hello' } }],
    ['400', 'tools/call', { name: 'get-sum', arguments: { a: 'two' } }],
    ['404', 'tools/call', { name: 'no-such-tool', arguments: {} }],
    ['200', 'prompts/get', { name: 'simple-prompt' }],
    ['400', 'prompts/get', { name: 'args-prompt', arguments: {} }],
    ['404', 'resources/read', { uri: 'no:such/resource' }],
    // The SDK calls its own failure to read these parameters an internal error (-32603).
    ['500', 'completion/complete', {}],
    ['200', 'ping'],
  ]
  const statuses = async (server: string) => {
    const found: string[] = []
    for (const [, method, params] of asked) found.push((await moved(server, method, params)).status)
    return found
  }
  const found = await Promise.all(['everything-stdio', 'everything-http', 'everything-wrap'].map(statuses))
  const wanted = asked.map(([status]) => status)
  expect(found).toEqual([wanted, wanted, wanted])
})

test(promises('F3.status.timeout-504'), async () => {
  // One never answers its handshake; the other never completes a connection.
  for (const [server, method] of [
    ['silent', 'initialize'],
    ['mute', 'server/discover'],
  ] as const) {
    await until(
      async () => sum(await counted(server, method)) > 0,
      DEADLINE_MS,
      () => `${server} never timed out`,
    )
    expect((await counted(server, method)).map(({ status }) => status)).toEqual(['504'])
  }
})

test(promises('F3.status.http-only-without-answer'), async () => {
  const call = async (name: string) => (await moved('http', 'tools/call', { name, arguments: {} })).status
  expect(await call('bare-401')).toBe('401')
  expect(await metric(daemon.url, 'mcp_server_up', { server: 'http' })).toBe(1)
  // Over HTTP this answer has the status 400; it is the error in its body that counts.
  expect(await call('error-without-id')).toBe('500')
})

test(promises('F3.http.raw', 'F3.http.no-duration-for-get-streams'), async () => {
  const of = (server: string, method: string) => ({ server, method, path: `/mcp/${server}` })
  await ask('http', 'tools/call', { name: 'bare-401', arguments: {} })
  expect(await metric(daemon.url, 'mcp_http_requests_total', { ...of('http', 'POST'), status: '401' })).toBeGreaterThan(
    0,
  )
  expect(await metric(daemon.url, 'mcp_http_request_duration_seconds_count', of('http', 'POST'))).toBeGreaterThan(0)
  // The stream that a client opens by itself, once it closes.
  await clients.stdio!.close()
  await until(
    async () =>
      (await metric(daemon.url, 'mcp_http_requests_total', { ...of('stdio', 'GET'), status: '200' })) !== undefined,
    DEADLINE_MS,
    () => 'the stream was not counted',
  )
  expect(await metric(daemon.url, 'mcp_http_request_duration_seconds_count', of('stdio', 'GET'))).toBeUndefined()
  expect(await metric(daemon.url, 'mcp_http_request_duration_seconds_count', of('stdio', 'POST'))).toBeGreaterThan(0)
})

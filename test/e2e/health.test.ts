import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterEach, describe, expect, test } from 'vitest'
import { type DaemonSettings, daemonOfTest, metric, type RunningDaemon } from '../fixtures/daemon.js'
import { freePort } from '../fixtures/databases.js'
import { listeningPeer } from '../fixtures/peers.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const running: { stop(): unknown }[] = []
afterEach(async () => {
  for (const thing of running.splice(0).reverse()) await thing.stop()
})

const up = (config: object, settings: DaemonSettings = {}) => daemonOfTest({ config, ...settings })

async function upstream(answer: () => number): Promise<string> {
  const server = createServer((_, response) => response.writeHead(answer()).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  running.push({ stop: () => server.closeAllConnections() ?? server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

type Document = Readonly<Record<string, unknown>>
async function ask(daemon: RunningDaemon, path: string): Promise<{ readonly status: number; readonly body: Document }> {
  const answer = await fetch(`${daemon.url}${path}`)
  return { status: answer.status, body: (await answer.json()) as Document }
}

const inline = (program: string) => ({ command: process.execPath, args: ['-e', program] })
const tcp = (port: number, more: object = {}) => ({ type: 'tcp', host: '127.0.0.1', port, cacheMs: 0, ...more })

describe('as messaging sees it', () => {
  const fields = ['status', 'uptime', 'version', 'environment', 'demoMode']

  test(
    promises(
      'A1.health.status-200',
      'A1.health.field-status',
      'A1.health.field-uptime',
      'A1.health.field-version',
      'A1.health.field-environment',
    ),
    async () => {
      const broken = { type: 'http', url: `http://127.0.0.1:${await freePort()}/` }
      const daemon = await up({
        environment: 'production',
        health: { fields, version: '3.2.1' },
        providers: { broken },
        servers: { crashing: inline('process.exit(1)') },
      })
      const { status, body } = await ask(daemon, '/health')
      expect(status).toBe(200)
      expect(body).toEqual({
        status: 'ok',
        uptime: expect.any(Number),
        version: '3.2.1',
        environment: 'production',
        demoMode: false,
      })
      expect(body.uptime).toBeGreaterThan(0)
      await until(
        async () => Number((await ask(daemon, '/health')).body.uptime) % 1 > 0,
        10_000,
        () => 'uptime has no fraction',
      )
      expect((await ask(daemon, '/health')).body.uptime).toBeGreaterThan(Number(body.uptime))
    },
  )

  test(promises('A1.health.field-demo-mode'), async () => {
    const daemon = await daemonOfTest({ args: ['--demo'] })
    expect((await ask(daemon, '/health')).body).toMatchObject({ demoMode: true, environment: 'development' })
  })
})

describe('readiness', () => {
  test(
    promises(
      'A2.ready.checks-every-provider',
      'A2.ready.status-503',
      'F4.health-ready.status-503',
      'F4.ready.status-503',
      'D5.ready',
    ),
    async () => {
      let answer = 200
      const twilio = { type: 'http', url: await upstream(() => answer), cacheMs: 0 }
      const voice = await listeningPeer()
      running.push({ stop: () => voice.close() })
      const optional = tcp(await freePort(), { required: false })
      const daemon = await up({ providers: { twilio, voice: tcp(voice.port), optional } })
      for (const path of ['/health/ready', '/ready']) {
        const { status, body } = await ask(daemon, path)
        expect(status).toBe(200)
        expect(body.checks).toEqual({
          twilio: { status: 'ok', required: true, type: 'http', latency_ms: expect.any(Number) },
          voice: { status: 'ok', required: true, type: 'tcp', latency_ms: expect.any(Number) },
          optional: expect.objectContaining({ status: 'down', required: false }),
        })
      }
      answer = 503
      const checked = (status: string) => metric(daemon.url, 'mcp_probe_checks_total', { check: 'twilio', status })
      expect(await checked('success')).toBeGreaterThanOrEqual(2)
      expect(await metric(daemon.url, 'mcp_probe_success', { check: 'twilio' })).toBe(1)
      for (const path of ['/health/ready', '/ready']) {
        const { status, body } = await ask(daemon, path)
        expect(status).toBe(503)
        expect(body).toMatchObject({
          status: 'unavailable',
          checks: { twilio: { status: 'down', error: 'status', code: '503' }, voice: { status: 'ok' } },
        })
      }
      expect(await checked('error')).toBe(2)
      expect(await metric(daemon.url, 'mcp_probe_success', { check: 'twilio' })).toBe(0)
      // Our own asking is none of the provider's traffic.
      expect(await (await fetch(`${daemon.url}/metrics`)).text()).not.toMatch(/^mcp_twilio_\w+[{ ]/m)
      await voice.close()
      answer = 200
      expect((await ask(daemon, '/ready')).body).toMatchObject({ checks: { voice: { error: 'connection_refused' } } })
      const changes = () =>
        daemon
          .lines()
          .flatMap(({ event, provider }) =>
            /^provider_(up|down)$/.test(String(event)) ? [`${provider} ${event}`] : [],
          )
      await until(
        () => changes().length >= 4,
        10_000,
        () => changes().join('\n'),
      )
      expect(changes().sort()).toEqual([
        'optional provider_down',
        'twilio provider_down',
        'twilio provider_up',
        'voice provider_down',
      ])
    },
  )

  test('a provider that hangs is down at its time-out, and does not delay /health', async () => {
    const peer = await listeningPeer()
    running.push({ stop: () => peer.close() })
    const hanging = { type: 'redis', url: `redis://127.0.0.1:${peer.port}`, timeoutMs: 3_000 }
    const daemon = await up({ providers: { hanging } })
    const ready = ask(daemon, '/ready')
    expect((await ask(daemon, '/health')).body).toMatchObject({ checks: { hanging: { status: 'unknown' } } })
    const { status, body } = await ready
    expect(status).toBe(503)
    expect(body).toMatchObject({ checks: { hanging: { status: 'down', latency_ms: 3_000, error: 'timeout' } } })
  })

  test('a server of the configuration is asked through the gateway', async () => {
    const server = { command: process.execPath, args: [everything, 'stdio'] }
    const srv = { type: 'mcp', server: 'everything', timeoutMs: 30_000 }
    const daemon = await up({ servers: { everything: server }, providers: { srv } })
    // Who asks waits for three seconds at most, and such a server may take longer to start.
    let answer = await ask(daemon, '/ready')
    await until(
      async () => {
        answer = await ask(daemon, '/ready')
        return answer.status === 200
      },
      30_000,
      () => JSON.stringify(answer),
    )
    expect(answer.body.checks).toMatchObject({ srv: { status: 'ok', type: 'mcp' } })
  })
})

const everything = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/server-everything/dist/index.js')

describe('as letta sees it', () => {
  test(promises('B1.health.body', 'B1.health.field-sessions', 'B1.health.probe'), async () => {
    const daemon = await up({
      health: { fields: ['status', 'sessions'] },
      servers: { everything: { command: process.execPath, args: [everything, 'stdio'] } },
    })
    for (const [index, name] of ['one', 'two'].entries()) {
      const client = new Client({ name, version: '1' })
      await client.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/everything`)))
      running.push({ stop: () => client.close() })
      await until(
        async () => Number((await ask(daemon, '/health')).body.sessions) === index + 1,
        20_000,
        () => 'the sessions are not counted',
      )
    }
    expect(await ask(daemon, '/health')).toEqual({ status: 200, body: { status: 'ok', sessions: 2 } })
  })
})

describe('as plugins sees it', () => {
  test(
    promises(
      'E3.health.endpoint',
      'E3.health.status',
      'E3.health.version',
      'E3.health.uptime',
      'E3.health.queue-size',
      'E3.health.plugins',
    ),
    async () => {
      const fields = ['status', 'version', 'uptime', 'queue_size', 'plugins', 'queues', 'server']
      const daemon = await up({ health: { word: 'healthy', fields, version: '2.0.0' } })
      const at = Date.now()
      const origin = { at, server: 'host', v: 1 }
      const events = [
        { ...origin, type: 'plugin', plugin: 'echo', command: 'say', outcome: 'ok', durationMs: 3 },
        { ...origin, type: 'plugin', plugin: 'broken', command: 'say', outcome: 'process_exit', durationMs: 3 },
        { ...origin, type: 'queue', plugin: 'echo', action: 'entered', size: 5 },
      ]
      await post(daemon, events)
      const { status, body } = await ask(daemon, '/health')
      expect(status).toBe(200)
      expect(body).toMatchObject({
        status: 'healthy',
        version: '2.0.0',
        uptime: expect.any(Number),
        queue_size: 5,
        plugins: {
          echo: { status: 'healthy', available: true, last_execution: new Date(at).toISOString(), error_rate: 0 },
          broken: { status: 'down', available: false, error_rate: 1 },
        },
        queues: { echo: { size: 5 } },
        server: { process: { status: 'healthy', pid: daemon.process.pid }, memory: { rss_bytes: expect.any(Number) } },
      })
      expect(Object.keys(body)).toEqual(['status', 'uptime', 'version', 'queue_size', 'plugins', 'queues', 'server'])
      const page = await (await fetch(daemon.url)).text()
      expect(page).toMatch(/<h2>Plugins[\s\S]*<b>broken<[\s\S]*<h2>Queues/)
    },
  )
})

async function post(daemon: RunningDaemon, events: readonly object[]): Promise<void> {
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const answer = await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      stream: 'test',
      sender: { kind: 'test', name: 'test', version: '1' },
      events: events.map((event, index) => ({ seq: index + 1, event })),
    }),
  })
  expect(await answer.json()).toMatchObject({ accepted: events.length, rejected: [] })
}

test('no secret of a provider is in an answer, a log line, a metric or on the status page', async () => {
  const secret = 'hunter2-s3cret'
  const free = await freePort()
  const daemon = await up(
    {
      providers: {
        web: {
          type: 'http',
          url: `http://u:${secret}@127.0.0.1:${free}/${secret}?k=${secret}`,
          headers: { authorization: `\${KEY}` },
        },
        cache: { type: 'redis', url: `redis://u:${secret}@127.0.0.1:${free}` },
        db: { type: 'postgres', url: `postgres://u:${secret}@127.0.0.1:${free}/app` },
        program: { type: 'command', command: 'sh', args: ['-c', 'echo $KEY; exit 1'], env: { KEY: secret } },
      },
    },
    { env: { KEY: secret } },
  )
  const pages = ['/health', '/health/ready', '/', '/metrics']
  const texts = await Promise.all(pages.map(async (path) => (await fetch(`${daemon.url}${path}`)).text()))
  expect(texts[1]).toContain('"program":{"status":"down"')
  const log = () => JSON.stringify(daemon.lines())
  await until(
    () => log().includes('provider_down'),
    10_000,
    () => log(),
  )
  expect([...texts, log(), daemon.stderr()].join('\n')).not.toContain(secret)
})

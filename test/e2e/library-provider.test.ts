import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { metricsHandler } from '../../packages/instrument/src/http/index.js'
import { provider, startMetricsServer } from '../../packages/instrument/src/node/index.js'
import { configure } from '../../packages/instrument/src/record.js'
import { scrape } from '../fixtures/library/page.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

let upstream = ''
beforeAll(() => {
  process.env.METRICS_PREFIX = 'mcp_dust_server'
  configure({ server: 'dust' })
  const server = createServer((asked, response) => {
    const status = Number(/status=(\d+)/.exec(asked.url ?? '')?.[1] ?? 200)
    if (asked.url?.startsWith('/api/hang-up')) asked.socket.destroy()
    else response.writeHead(status).end('answer')
  })
  return new Promise<() => void>((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      resolve(() => server.close())
    }),
  )
})

/** A page with what was measured so far. */
async function page() {
  const server = createServer(metricsHandler()).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.on('listening', resolve))
  const shown = await scrape(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  server.close()
  return shown
}

/** A call by `node:http`; resolves when it is over, however it ended. */
function callByHttp(url: string): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(url, (response) => response.resume().on('end', () => resolve(String(response.statusCode))))
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name)).end()
  })
}

test(
  promises('D1.metric.dust-api-requests', 'D1.metric.dust-api-request-duration', 'D1.metric.dust-api-errors'),
  async () => {
    const dust = provider('dust_api', { match: `${upstream}/api` })
    onTestFinished(() => dust.stop())
    expect(dust.check()).toEqual({ status: 'unknown', required: false })
    expect(await (await fetch(`${upstream}/api/runs?token=hunter2`)).text()).toBe('answer')
    expect(await callByHttp(`${upstream}/api/runs`)).toBe('200')
    expect(dust.check()).toMatchObject({ status: 'ok', latencyMs: expect.any(Number) })
    expect((await fetch(`${upstream}/api?status=503`)).status).toBe(503)
    expect(await callByHttp(`${upstream}/api/runs?status=429`)).toBe('429')
    expect(await callByHttp(`${upstream}/api/hang-up`)).toBe('ECONNRESET')
    await fetch(`${upstream}/api/hang-up`).catch(() => {})
    // Not the provider's.
    await fetch(`${upstream}/apiary`)
    await callByHttp(`${upstream}/other`)
    const name = 'mcp_dust_server_dust_api'
    await until(
      async () => (await page()).value(`${name}_requests_total{server="dust",status="error"}`) === 4,
      5_000,
      () => 'not all calls ended',
    )
    const { text, value } = await page()
    expect(value(`${name}_requests_total{server="dust",status="success"}`)).toBe(2)
    expect(value(`${name}_request_duration_seconds_count{server="dust"}`)).toBe(6)
    const errors = ['http_503', 'http_429', 'ECONNRESET', 'UND_ERR_SOCKET']
    for (const reason of errors) expect(value(`${name}_errors_total{server="dust",reason="${reason}"}`), reason).toBe(1)
    expect(dust.check()).toMatchObject({ status: 'down', error: 'UND_ERR_SOCKET' })
    expect(text).not.toContain('hunter2')
  },
)

test('a provider that is stopped is measured no more, and one that is required decides readiness', async () => {
  const crm = provider('crm', { match: /\/crm\b/, required: true, isFailure: (status) => status >= 500 })
  const server = startMetricsServer({ port: 0 })
  onTestFinished(() => server.close())
  const ready = async () => (await fetch(`${await server.ready}/ready`)).status
  expect(await ready()).toBe(200)
  await fetch(`${upstream}/crm?status=500`)
  expect(await ready()).toBe(503)
  await fetch(`${upstream}/crm?status=404`)
  expect(await ready()).toBe(200)
  await fetch(`${upstream}/crm/people`)
  expect(crm.check().status).toBe('ok')
  const isDown = provider('erp', { match: (url) => url.pathname === '/erp', required: true })
  await callByHttp(`${upstream}/erp?status=502`)
  expect(await ready()).toBe(503)
  const health = await fetch(`${await server.ready}/health`)
  expect(health.status).toBe(200)
  expect(await health.json()).toMatchObject({
    checks: { crm: { status: 'ok' }, erp: { status: 'down', error: 'http_502' } },
  })
  isDown.stop()
  expect(await ready()).toBe(200)
  crm.stop()
  await fetch(`${upstream}/crm`)
  expect((await page()).value('mcp_dust_server_crm_requests_total{server="dust",status="success"}')).toBe(2)
})

test('a request whose errors nobody hears still crashes as it would without us', async () => {
  const watched = provider('deaf', { match: new URL(upstream).host })
  onTestFinished(() => watched.stop())
  const sent = request(`${upstream}/api/hang-up`)
  sent.end()
  await new Promise((resolve) => sent.once('socket', resolve))
  expect(sent.listenerCount('error')).toBe(0)
  const crash = await new Promise<NodeJS.ErrnoException>((resolve) => sent.once('error', resolve))
  expect(crash.code).toBe('ECONNRESET')
})

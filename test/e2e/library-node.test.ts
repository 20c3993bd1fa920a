import { spawn } from 'node:child_process'
import { createServer, request } from 'node:http'
import { type AddressInfo, Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startMetricsServer } from '../../packages/instrument/src/node/index.js'
import { startDaemon } from '../fixtures/daemon.js'
import { scrape } from '../fixtures/library/page.js'
import { serve } from '../fixtures/library/serve.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const BESIDE = fileURLToPath(new URL('../fixtures/library/beside.mjs', import.meta.url))

afterEach(() => {
  vi.restoreAllMocks()
})

/** Runs the program to its end; its exit status. */
async function runBeside(args: readonly string[], env: Readonly<Record<string, string>>): Promise<unknown> {
  const child = spawn(process.execPath, [BESIDE, ...args], { env: { ...process.env, METRICS_PORT: '0', ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  return new Promise((resolve) => child.on('close', resolve))
}

/** Status of a GET with a Host header of its own choice. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end()
  })
}

/** A port that somebody holds until `release`. */
async function holdPort(): Promise<{ port: number; release(): Promise<unknown> }> {
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const release = () => new Promise((resolve) => holder.close(resolve))
  onTestFinished(() => void release())
  return { port: (holder.address() as AddressInfo).port, release }
}

describe('a metrics server beside a server', () => {
  test(
    promises(
      'C7.library.background',
      'C7.env.metrics-port',
      'C7.server.metrics',
      'C7.server.health',
      'C7.server.status-page',
    ),
    async () => {
      const { port, release } = await holdPort()
      await release()
      const url = await serve('beside.mjs', ['--stay'], { METRICS_PORT: String(port) })
      expect(url).toBe(`http://127.0.0.1:${port}`)
      const page = await scrape(`${url}/metrics`)
      expect(page.value('mcp_tool_calls_total{server="beside",tool="<b>add</b>",status="success"}')).toBe(1)
      const health = await fetch(`${url}/health`)
      expect(await health.json()).toMatchObject({
        status: 'ok',
        server: 'beside',
        version: expect.stringMatching(/^\d/),
      })
      const status = await (await fetch(`${url}/`)).text()
      expect(status).toContain('<td>&lt;b&gt;add&lt;/b&gt;</td><td>success</td><td>1</td>')
      expect(status).not.toContain('<b>')
      expect((await fetch(`${url}/else`)).status).toBe(404)
      expect((await fetch(`${url}/health`, { method: 'POST' })).status).toBe(405)
      expect(await statusFor(`${url}/metrics`, 'attacker.example')).toBe(403)
    },
  )

  test(promises('D1.metric.memory-usage', 'D1.metric.cpu-usage'), async () => {
    const url = await serve('beside.mjs', ['--stay'], { METRICS_PORT: '0', METRICS_PREFIX: 'mcp_dust_server' })
    const page = await scrape(`${url}/metrics`)
    expect(page.value('mcp_dust_server_memory_usage_bytes')).toBeGreaterThan(1e6)
    expect(page.value('mcp_dust_server_cpu_usage_percent')).toBeGreaterThanOrEqual(0)
  })

  test('does not keep its program alive, nor does a daemon that is not there', async () => {
    expect(await runBeside(['--ship'], { MCP_VITALS_DATA: '/nonexistent' })).toBe(0)
  })

  test('tells of a port that is taken, does not throw, and takes it when it is free', async () => {
    const { port, release } = await holdPort()
    const problems: string[] = []
    const server = startMetricsServer({ port, onProblem: (problem) => problems.push(problem) })
    onTestFinished(() => server.close())
    await until(
      () => problems.length > 0,
      5_000,
      () => 'nothing was told',
    )
    expect(problems[0]).toContain(`127.0.0.1:${port}: another program listens there`)
    expect(problems[0]).toContain(`METRICS_PORT=${port + 1}`)
    expect(server.url).toBeUndefined()
    await release()
    expect(await server.ready).toBe(`http://127.0.0.1:${port}`)
    expect((await scrape(`${server.url}/metrics`)).status).toBe(200)
    expect(problems).toHaveLength(1)
    expect(startMetricsServer({ port })).toBe(server)
  })

  test(promises('C9.remediation.metrics-server'), async () => {
    const listen = vi.spyOn(Server.prototype, 'listen')
    const server = startMetricsServer({ port: 0 })
    onTestFinished(() => server.close())
    const url = await server.ready
    const inner = listen.mock.contexts[0] as Server
    inner.close()
    await until(
      () => server.url === undefined,
      5_000,
      () => 'it lives',
    )
    await until(
      () => server.url === url,
      5_000,
      () => 'it did not come back',
    )
    expect((await scrape(`${url}/health`)).status).toBe(200)
    await server.close()
    await expect(fetch(url)).rejects.toThrow()
  })
})

test(promises('B2.log.tool-invoked', 'B2.log.tool-completed', 'B2.log.errors', 'B2.log.details'), async () => {
  const daemon = await startDaemon({ env: { LOG_FORMAT: 'text' } })
  onTestFinished(async () => void (await daemon.stop()))
  expect(await runBeside(['--ship', '--session'], { MCP_VITALS_DATA: daemon.dataDir })).toBe(0)
  const time = String.raw`^\d{4}-\d\d-\d\dT\S+Z`
  for (const line of [
    String.raw`INFO: Tool invoked: beside\.click-button \(session-123\)$`,
    String.raw`INFO: Tool completed: beside\.click-button \(session-123\) [\d.]+ ms$`,
    String.raw`ERROR: Tool failed: beside\.fails \(session-123\) [\d.]+ ms, tool_error TypeError$`,
  ])
    await until(
      () => new RegExp(`${time} ${line}`, 'im').test(daemon.stdout()),
      5_000,
      () => `${line} is not in\n${daemon.stdout()}`,
    )
})

test('a program that ships is seen at the daemon of this machine, tools and all', async () => {
  const daemon = await startDaemon()
  onTestFinished(async () => void (await daemon.stop()))
  expect(await runBeside(['--ship'], { MCP_VITALS_DATA: daemon.dataDir })).toBe(0)
  const page = await scrape(`${daemon.url}/metrics`)
  expect(page.value('mcp_tool_calls_total{server="beside",tool="<b>add</b>",status="success"}')).toBe(1)
})

test('the page says how shipping goes', async () => {
  const url = await serve('beside.mjs', ['--stay', '--ship'], { METRICS_PORT: '0', MCP_VITALS_DATA: '/nonexistent' })
  expect((await scrape(`${url}/metrics`)).value('mcp_vitals_sink_queue_events{sink="ship"}')).toBeGreaterThan(0)
})

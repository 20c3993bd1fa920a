/** The daemon's own checks of a real server and a component: what goes wrong with them is judged, shown, told of once, and over again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { freePort } from '../fixtures/databases.js'
import { until } from '../fixtures/until.js'

const EVERYTHING = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
const PATIENCE_MS = 60_000
const SLOW = { latencyMs: 60_000 }

let daemon: RunningDaemon
let config: { readonly servers: object; readonly monitor: object; readonly [section: string]: object }
let far: ChildProcess
let farPort = 0
let siteStatus = 200
let site: Server

beforeAll(async () => {
  farPort = await freePort()
  far = startFar()
  site = createServer((_, response) => response.writeHead(siteStatus).end())
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  config = {
    servers: { far: { url: `http://127.0.0.1:${farPort}/mcp` } },
    series: { intervalMs: 1000 },
    rules: { intervalMs: 1000 },
    alerts: { groupWaitMs: 0, groupIntervalMs: 1000 },
    monitor: {
      ...{ intervalMs: 1000, timeoutMs: 2000, healthy: SLOW, degraded: SLOW },
      components: { site: { type: 'http', url: `http://127.0.0.1:${(site.address() as AddressInfo).port}/` } },
    },
  }
  daemon = await startDaemon({ config })
}, PATIENCE_MS)
afterAll(async () => {
  far.kill('SIGKILL')
  await daemon?.stop()
  await new Promise((resolve) => site.close(resolve))
})

function startFar(): ChildProcess {
  const env = { ...process.env, PORT: String(farPort) }
  return spawn(process.execPath, [EVERYTHING, 'streamableHttp'], { env, stdio: 'ignore' })
}

interface Document {
  readonly system: { readonly status: string; readonly reasons: readonly string[] }
  readonly components: Readonly<Record<string, { readonly status: string; readonly reasons?: readonly string[] }>>
  readonly servers: Readonly<Record<string, { readonly status: string }>>
}
const health = async () => (await (await fetch(`${daemon.url}/health`)).json()) as Document
const count = (name: string) => daemon.lines().filter(({ event }) => event === name).length
const metrics = async () => await (await fetch(`${daemon.url}/metrics`)).text()

async function comesTo(colour: string, components: Record<string, string>): Promise<Document> {
  let seen: Document | undefined
  const is = async () => {
    seen = await health()
    const all = Object.entries(components).every(([name, status]) => seen?.components[name]?.status === status)
    return all && seen.system.status === colour
  }
  await until(is, PATIENCE_MS, () => `not ${colour}: ${JSON.stringify(seen)}`)
  return seen!
}

test(
  'a server that is killed and a component that fails turn the system RED, and GREEN again',
  async () => {
    await comesTo('GREEN', { far: 'healthy', site: 'healthy' })
    expect(await metrics()).toMatch(/^mcp_probe_up\{server="far",check="mcp"\} 1$/m)
    expect(await metrics()).toMatch(/^mcp_tool_availability\{server="far",tool_name="echo"\} 1$/m)

    far.kill('SIGKILL')
    siteStatus = 500
    const red = await comesTo('RED', { far: 'unhealthy', site: 'unhealthy' })
    expect(red.components.far?.reasons).toEqual(['connection refused (ECONNREFUSED)'])
    expect(red.system.reasons).toContain('site is unhealthy: HTTP status 500')
    expect(red.servers.far?.status).toBe('down')
    const ill = await metrics()
    for (const line of [
      'mcp_probe_up{server="far",check="mcp"} 0',
      'mcp_server_up{server="far"} 0',
      'mcp_probe_up{server="mcp-vitals",check="site"} 0',
    ])
      expect(ill.split('\n')).toContain(line)
    expect(await (await fetch(daemon.url)).text()).toMatch(/<b class="red">RED<\/b>/)
    await until(
      () => count('component_down') === 2,
      PATIENCE_MS,
      () => daemon.stdout(),
    )

    const told = (state: string) =>
      daemon.lines().filter(({ event, alertname }) => event === `alert_${state}` && alertname === 'ComponentDown')
    await until(
      () => told('firing').length > 0,
      PATIENCE_MS,
      () => `nobody was told:\n${daemon.stdout()}`,
    )
    far = startFar()
    siteStatus = 200
    await comesTo('GREEN', { far: 'healthy', site: 'healthy' })
    await until(
      () => told('resolved').length > 0,
      PATIENCE_MS,
      () => `nobody was told of the end:\n${daemon.stdout()}`,
    )
    expect([told('firing').length, told('resolved').length]).toEqual([1, 1])
    await until(
      () => count('component_up') === 2,
      PATIENCE_MS,
      () => daemon.stdout(),
    )

    // What is taken out of the configuration while it is down is down no more.
    siteStatus = 500
    await comesTo('YELLOW', { site: 'unhealthy' })
    expect(await metrics()).toMatch(/^mcp_probe_up\{server="mcp-vitals",check="site"\} 0$/m)
    const changed = { ...config, monitor: { ...config.monitor, components: {} } }
    writeFileSync(join(daemon.home, 'config.json'), JSON.stringify(changed))
    await until(
      async () => !/^mcp_probe_(up|success|health)\{.*check="site"/m.test(await metrics()),
      PATIENCE_MS,
      () => daemon.stdout(),
    )
    await comesTo('GREEN', { far: 'healthy' })
  },
  4 * PATIENCE_MS,
)

test('how late checks begin is counted: one waits for another where there is room for one', {
  timeout: PATIENCE_MS,
}, async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void silent.close().closeAllConnections())
  const { port } = silent.address() as AddressInfo
  const components = {
    silent: { type: 'http', url: `http://127.0.0.1:${port}/`, timeoutMs: 1500 },
    quick: { type: 'tcp', host: '127.0.0.1', port },
  }
  const busy = await startDaemon({ config: { monitor: { intervalMs: 1000, concurrency: 1, components } } })
  onTestFinished(async () => void (await busy.stop()))
  const begun = async (within: string) =>
    metric(busy.url, 'mcp_vitals_check_lateness_seconds_bucket', { le: within }).then((value = 0) => value)
  await until(
    async () => (await begun('+Inf')) - (await begun('0.5')) >= 2,
    PATIENCE_MS,
    () => `no check was late:\n${busy.stdout()}`,
  )
  // As many as ended: the one that waited is among them.
  expect(await begun('+Inf')).toBe(await metric(busy.url, 'mcp_vitals_check_lateness_seconds_count'))
})

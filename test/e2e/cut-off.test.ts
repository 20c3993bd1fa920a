/** A daemon in a network of its own, whose way out is taken away and given back: only root can make one, as CI is. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { CLI } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'

const SERVER = fileURLToPath(new URL('../fixtures/restartable.mjs', import.meta.url))
const PATIENCE_MS = 60_000
/** Addresses beyond loopback, which go as soon as they are taken from the network. */
const HOSTS = ['10.77.0.1', '10.77.0.2'] as const
const PORT = 8080

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-cut-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function started(command: string, args: readonly string[], env = {}): ChildProcess {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    await closed
  })
  return child
}

test(
  'while it is cut off it judges nothing beyond this machine and says that once; what is here is judged as ever',
  async () => {
    const folder = temporary()
    const site = (host: string) => ({ type: 'http', url: `http://${host}:${PORT}/`, timeoutMs: 1000 })
    const config = {
      listen: { port: 9464 },
      series: { intervalMs: 1000 },
      rules: { intervalMs: 1000 },
      alerts: { groupWaitMs: 0, groupIntervalMs: 1000 },
      monitor: {
        ...{ intervalMs: 1000, healthy: { latencyMs: 60_000 }, degraded: { latencyMs: 60_000 } },
        components: {
          ...{ one: site(HOSTS[0]), two: site(HOSTS[1]) },
          here: { type: 'tcp', host: '127.0.0.1', port: 9464, timeoutMs: 1000 },
        },
      },
    }
    const file = join(folder, 'config.json')
    writeFileSync(file, JSON.stringify(config))
    const setUp = ['ip link set lo up', ...HOSTS.map((host) => `ip addr add ${host}/32 dev lo`)].join(' && ')
    const up = [process.execPath, CLI, 'up', '--config', file]
    const daemon = started('unshare', ['--net', 'sh', '-c', `${setUp} && exec "$@"`, 'sh', ...up], {
      ...{ LOG_FORMAT: 'json', MCP_VITALS_DATA: join(folder, 'state') },
    })
    let out = ''
    daemon.stdout?.setEncoding('utf8').on('data', (chunk) => {
      out += chunk
    })
    const lines = () =>
      out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    const count = (event: string) => lines().filter((line) => line.event === event).length
    const eventually = (is: () => boolean) => until(is, PATIENCE_MS, () => out)
    await eventually(() => count('daemon_started') === 1)

    const within = (...command: readonly string[]) => ['-t', String(daemon.pid), '-n', ...command]
    for (const host of HOSTS) started('nsenter', within(process.execPath, SERVER, 'serve', String(PORT), host))
    /** All at once: between one and the other the daemon would see one of them alone. */
    const addresses = (what: 'add' | 'del') =>
      execFileSync('nsenter', within('sh', '-c', HOSTS.map((host) => `ip addr ${what} ${host}/32 dev lo`).join(' && ')))
    const ask = (path: string) =>
      execFileSync('nsenter', within('curl', '-s', `http://127.0.0.1:9464${path}`), { encoding: 'utf8' })
    const statuses = () => {
      const { components } = JSON.parse(ask('/health')) as { components: Record<string, { status: string }> }
      return Object.fromEntries(Object.entries(components).map(([name, { status }]) => [name, status]))
    }
    const well = { one: 'healthy', two: 'healthy', here: 'healthy', connectivity: 'healthy' }
    const comesTo = (wanted: Record<string, string>) =>
      eventually(
        () => JSON.stringify(Object.entries(statuses()).sort()) === JSON.stringify(Object.entries(wanted).sort()),
      )
    await comesTo(well)

    const { length: since } = lines()
    addresses('del')
    await comesTo({ ...well, one: 'unknown', two: 'unknown', connectivity: 'unhealthy' })
    const told = (state: string, name: string) =>
      lines().filter(({ event, alertname }) => event === `alert_${state}` && alertname === name).length
    await eventually(() => told('firing', 'MonitorCutOff') === 1)
    // Longer than it takes three failures in a row to be told of: each is counted, and none is judged.
    const failures = () =>
      Number(/mcp_probe_checks_total\{[^}]*check="one",status="error"\} (\d+)/.exec(ask('/metrics'))?.[1])
    const before = failures()
    await eventually(() => failures() >= before + 5)

    addresses('add')
    await comesTo(well)
    await eventually(() => told('resolved', 'MonitorCutOff') === 1)
    const went = lines()
      .slice(since)
      .flatMap(({ event, component }) => (event === 'component_down' ? [component] : []))
    expect(went).toEqual(['connectivity'])
    expect(told('firing', 'MonitorCutOff')).toBe(1)
  },
  4 * PATIENCE_MS,
)

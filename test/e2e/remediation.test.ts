/** What the daemon does by itself about components that are not well: it mends what it can, stops at its cap, and says all of it. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { daemonOfTest, metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { freePort } from '../fixtures/databases.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const RESTARTABLE = fileURLToPath(new URL('../fixtures/restartable.mjs', import.meta.url))
const MODERN = fileURLToPath(new URL('../fixtures/modern-server.mjs', import.meta.url))
const TOKEN = 'admin-token-of-this-test-0123456789'
const PATIENCE_MS = 60_000
const SLOW = { latencyMs: 60_000 }
const QUICK = { intervalMs: 1000, timeoutMs: 500, healthy: SLOW, degraded: SLOW }

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-remedy-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What was done about a component, in order. */
const done = (daemon: RunningDaemon, component: string) =>
  daemon
    .lines()
    .filter((line) => String(line.event).startsWith('remediation_') && line.component === component)
    .map(({ outcome, reason }) => (reason === undefined ? outcome : `${outcome}: ${reason}`))

const eventually = (daemon: RunningDaemon, is: () => boolean | Promise<boolean>) =>
  until(is, PATIENCE_MS, () => daemon.stdout())

test(
  promises('C9.remediation.restart'),
  async () => {
    const folder = temporary()
    const asked = join(folder, 'asked')
    writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho "$@" >> ${asked}\n`)
    chmodSync(join(folder, 'systemctl'), 0o755)
    const [port, closed] = [await freePort(), await freePort()]
    const pid = async () => Number(await (await fetch(`http://127.0.0.1:${port}/`)).text())
    const far = spawn(process.execPath, [RESTARTABLE, 'serve', String(port)], { stdio: 'ignore' })
    onTestFinished(async () => {
      far.kill('SIGKILL')
      await fetch(`http://127.0.0.1:${port}/leave`).catch(() => {})
    })
    const nowhere = { type: 'tcp', host: '127.0.0.1', port: closed, intervalMs: 1000 }
    const rule = { afterFailures: 2, verifyWithinMs: 5000 }
    const config = {
      audit: {},
      listen: { adminToken: TOKEN },
      alerts: { groupWaitMs: 0 },
      series: { intervalMs: 1000 },
      rules: { intervalMs: 1000 },
      monitor: {
        ...QUICK,
        components: {
          site: { type: 'http', url: `http://127.0.0.1:${port}/`, intervalMs: 1000, timeoutMs: 2000 },
          ...{ hopeless: nowhere, unit: nowhere, dry: nowhere, resting: nowhere },
        },
        maintenance: [{ match: ['check="resting"'], times: ['always'] }],
        remediations: [
          {
            ...{ ...rule, name: 'start-site', components: ['site'], errorPattern: 'connection (refused|closed)' },
            action: { command: [process.execPath, RESTARTABLE, 'restart', String(port)] },
          },
          {
            ...{ ...rule, components: ['hopeless'], backoffMs: 1000, maxBackoffMs: 1000, maxPerHour: 2 },
            ...{ action: { command: [process.execPath, '-e', 'process.exit(3)'] } },
          },
          { ...rule, components: ['unit'], verifyWithinMs: 1000, action: { restartUnit: 'mcp-notes.service' } },
          { ...rule, components: ['dry', 'resting'], dryRun: true, action: { restartUnit: 'mcp-notes.service' } },
        ],
      },
    }
    const env = { PATH: `${folder}${delimiter}${process.env.PATH}` }
    const dataDir = join(folder, 'state')
    const first = await startDaemon({ config, env, dataDir })
    onTestFinished(async () => void (await first.stop()))
    await eventually(first, async () => (await metric(first.url, 'mcp_probe_up', { check: 'site' })) === 1)

    const before = await pid()
    process.kill(before, 'SIGKILL')
    await eventually(first, () => done(first, 'site').includes('verified'))
    expect(done(first, 'site')).toEqual(['ran', 'verified'])
    expect(await pid()).not.toBe(before)

    await eventually(first, () => done(first, 'hopeless').includes('held_back: hourly_cap'))
    const tries = ['failed: exit 3', 'held_back: backoff', 'failed: exit 3']
    expect(done(first, 'hopeless').filter((what) => what !== 'held_back: backoff')).toEqual([
      ...['failed: exit 3', 'failed: exit 3', 'held_back: hourly_cap'],
    ])
    expect(done(first, 'hopeless').slice(0, 3)).toEqual(tries)
    await eventually(first, () => done(first, 'unit').includes('not_verified: connection_refused'))
    expect(readFileSync(asked, 'utf8')).toBe('--no-ask-password restart mcp-notes.service\n')
    expect(done(first, 'dry')[0]).toBe('dry_run')

    // What is in maintenance is looked at, and nothing else comes of it.
    const health = async () => (await (await fetch(`${first.url}/health`)).json()) as { components: Components }
    expect((await health()).components.resting).toMatchObject({ status: 'maintenance' })
    expect(await metric(first.url, 'mcp_probe_success', { check: 'resting' })).toBe(0)
    expect(await metric(first.url, 'mcp_probe_up', { check: 'resting' })).toBeUndefined()
    expect(done(first, 'resting')).toEqual([])

    const runs = { component: 'site', action: 'command' }
    expect(await metric(first.url, 'mcp_remediation_runs_total', { ...runs, outcome: 'verified' })).toBe(1)
    const admin = async (path: string) =>
      (await fetch(`${first.url}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })).json()
    await eventually(first, async () => {
      const { alerts } = (await admin('/admin/api/alerts')) as { alerts: readonly Alert[] }
      const alert = alerts.find(({ labels }) => labels.alertname === 'ComponentDown' && labels.check === 'hopeless')
      return /command \(rule_2\), attempt 3: held back, hourly cap$/.test(alert?.annotations.remediation ?? '')
    })
    const { rows } = (await admin('/admin/api/audit?type=REMEDIATION_RUN')) as { rows: readonly Row[] }
    expect(rows.filter(({ target }) => target === 'site').map(({ details }) => details.outcome)).toEqual(
      expect.arrayContaining(['ran', 'verified']),
    )
    expect(rows.filter(({ target }) => target === 'dry')).toEqual([])
    await first.stop()

    // The cap holds over a restart.
    const second = await daemonOfTest({ config, env, dataDir })
    await eventually(second, () => done(second, 'hopeless').length > 0)
    expect(done(second, 'hopeless')).toEqual(['held_back: hourly_cap'])
  },
  4 * PATIENCE_MS,
)

type Components = Readonly<Record<string, { readonly status: string }>>
interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}
interface Row {
  readonly target: string
  readonly details: Readonly<Record<string, string>>
}

test(
  'a stdio server that hangs is restarted, as clients of the gateway need it',
  async () => {
    const port = await freePort()
    const daemon = await daemonOfTest({
      config: {
        servers: { notes: { command: process.execPath, args: [MODERN, 'stdio'] } },
        gateway: { stopGraceMs: 500, childGraceMs: 200 },
        metrics: { port },
        monitor: {
          ...QUICK,
          servers: { notes: { enabled: false } },
          components: { way: { type: 'mcp', server: 'notes', listTools: true, intervalMs: 1000, timeoutMs: 2000 } },
          remediations: [
            { components: ['way'], afterFailures: 1, verifyWithinMs: 20_000, action: { restartServer: true } },
          ],
        },
      },
    })
    await eventually(daemon, async () => (await metric(daemon.url, 'mcp_probe_up', { check: 'way' })) === 1)
    expect(await metric(daemon.url, 'mcp_probe_up', { check: 'metrics_server' })).toBe(1)
    // All that run of it: one is shared, and hangs from now on.
    for (const { event, pid } of daemon.lines())
      if (event === 'process_started') {
        try {
          process.kill(-Number(pid), 'SIGSTOP')
        } catch {
          // It ended already.
        }
      }
    await eventually(daemon, () => done(daemon, 'way').includes('verified'))
    expect(done(daemon, 'way')).toEqual(['ran', 'verified'])
  },
  3 * PATIENCE_MS,
)

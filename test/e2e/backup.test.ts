/** A backup of a daemon that runs, put in the place of the state directory of another: what was known is known there. */
import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CLI, daemonOfTest, metric, type RunningDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'

const FULL_SECONDS = 60_000
const SERVER = new URL('../fixtures/scripted-stdio.mjs', import.meta.url).pathname
const config = { servers: { notes: { command: process.execPath, args: [SERVER] } } }

/** Runs a command beside this program, which answers and is answered meanwhile. */
function run(dataDir: string, ...args: string[]) {
  const env = { ...process.env, MCP_VITALS_DATA: dataDir }
  return new Promise<{ readonly status: unknown; readonly stdout: string; readonly stderr: string }>((resolve) => {
    execFile(process.execPath, [CLI, ...args], { env }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, stdout, stderr }),
    )
  })
}

/** Asks for alerts as the owner of the state directory. */
async function ask<T>({ url, dataDir }: RunningDaemon, path: string, act?: object): Promise<T> {
  const authorization = `Bearer ${readFileSync(join(dataDir, 'owner-token'), 'utf8').trim()}`
  const answer = await fetch(`${url}/admin/api/alerts${path}`, {
    headers: { authorization, 'content-type': 'application/json' },
    ...(act && { method: 'POST', body: JSON.stringify(act) }),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as T
}

interface Book {
  readonly alerts: readonly { readonly fingerprint: string }[]
  readonly silences: readonly object[]
}

/** Raises an alert that lasts. */
async function raise(daemon: RunningDaemon): Promise<void> {
  const authorization = `Bearer ${readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()}`
  const about = { server: 'notes', name: 'read', signal: 'latency', severity: 'HIGH', usual: 10, seen: 90, calls: 30 }
  const answer = await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      sender: { kind: 'script', name: 'app', version: '1' },
      events: [{ type: 'anomaly', stage: 'found', ...about }],
    }),
  })
  expect(answer.status).toBe(200)
}

test(
  'what a backup has is all there after a start from it, and another is not written over it',
  async () => {
    const daemon = await daemonOfTest({ config })
    await raise(daemon)
    await until(
      async () => (await ask<Book>(daemon, '')).alerts.length > 0,
      FULL_SECONDS,
      () => daemon.stdout(),
    )
    const { fingerprint } = (await ask<Book>(daemon, '')).alerts[0]!
    await ask(daemon, '/act', { do: 'acknowledge', fingerprint, by: 'anna', comment: 'on it' })
    const silence = { matchers: ['server="billing"'], durationMs: 7_200_000, comment: 'patches' }
    await ask(daemon, '/act', { do: 'silence', ...silence })
    const seen = join(daemon.dataDir, 'tools-seen.json')
    await until(
      () => existsSync(seen),
      FULL_SECONDS,
      () => daemon.stdout(),
    )

    const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const copy = join(folder, 'copy')
    const made = await run(daemon.dataDir, 'backup', copy)
    expect(made.stdout, made.stderr).toMatch(/private key of the audit log is not among them/)
    const files = ['alerts.db', 'audit.db', 'audit.pub', 'events.db', 'tools-seen.json']
    expect(readdirSync(copy).sort()).toEqual(files)
    expect(statSync(copy).mode & 0o777).toBe(0o700)
    for (const file of files) expect(statSync(join(copy, file)).mode & 0o777, file).toBe(0o600)
    const again = await run(daemon.dataDir, 'backup', copy)
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('exists already')])
    expect(readdirSync(copy).sort()).toEqual(files)

    copyFileSync(join(daemon.dataDir, 'audit.key'), join(copy, 'audit.key'))
    await daemon.stop('SIGKILL')
    const restored = await daemonOfTest({ config, dataDir: copy })
    expect(await ask<Book>(restored, '')).toMatchObject({
      alerts: [{ fingerprint, state: 'acknowledged', acknowledgement: { by: 'anna', comment: 'on it' } }],
      silences: [{ matchers: silence.matchers, comment: 'patches' }],
    })
    const { entries } = await ask<{ readonly entries: readonly object[] }>(restored, '/history')
    expect(entries).toContainEqual(expect.objectContaining({ what: 'acknowledged', by: 'anna' }))
    expect((await run(copy, 'audit', 'search', 'Anomaly', '--type', 'ALERT_ACKNOWLEDGED')).stdout).toContain('Anomaly')
    expect((await run(copy, 'audit', 'verify')).stdout).toMatch(/holds/)
    // Its tools are those that were seen before, so that nothing is new.
    await until(
      async () => (await metric(restored.url, 'mcp_server_up', { server: 'notes' })) === 1,
      FULL_SECONDS,
      () => restored.stdout(),
    )
    expect((await run(copy, 'audit', 'search', 'notes', '--type', 'TOOL_DEFINITION_CHANGED')).stdout).not.toContain(
      'notes',
    )
  },
  4 * FULL_SECONDS,
)

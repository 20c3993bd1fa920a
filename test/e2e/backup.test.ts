/** A backup of a daemon that runs, put in the place of the state directory of another: what was known is known there. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CLI, daemonOfTest, metric, type RunningDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'

const FULL_SECONDS = 60_000
const SERVER = new URL('../fixtures/scripted-stdio.mjs', import.meta.url).pathname
const config = { servers: { notes: { command: process.execPath, args: [SERVER] } } }

function run(dataDir: string, ...args: string[]): string {
  const env = { ...process.env, MCP_VITALS_DATA: dataDir }
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8', env })
  expect(status, stdout + stderr).toBe(0)
  return stdout
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
    const listed = () => run(daemon.dataDir, 'alerts', 'list')
    await until(() => listed().includes('Anomaly'), FULL_SECONDS, listed)
    run(daemon.dataDir, 'alerts', 'ack', listed().slice(0, 8), '--comment', 'on it', '--by', 'anna')
    run(daemon.dataDir, 'alerts', 'silence', 'server=billing', '--for', '2h', '--comment', 'patches')
    const seen = join(daemon.dataDir, 'tools-seen.json')
    await until(
      () => existsSync(seen),
      FULL_SECONDS,
      () => daemon.stdout(),
    )

    const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const copy = join(folder, 'copy')
    expect(run(daemon.dataDir, 'backup', copy)).toMatch(/private key of the audit log is not among them/)
    const files = ['alerts.db', 'audit.db', 'audit.pub', 'events.db', 'tools-seen.json']
    expect(readdirSync(copy).sort()).toEqual(files)
    expect(statSync(copy).mode & 0o777).toBe(0o700)
    for (const file of files) expect(statSync(join(copy, file)).mode & 0o777, file).toBe(0o600)
    const again = spawnSync(process.execPath, [CLI, 'backup', copy, '--data', daemon.dataDir], { encoding: 'utf8' })
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('exists already')])
    expect(readdirSync(copy).sort()).toEqual(files)

    copyFileSync(join(daemon.dataDir, 'audit.key'), join(copy, 'audit.key'))
    await daemon.stop('SIGKILL')
    const restored = await daemonOfTest({ config, dataDir: copy })
    expect(run(copy, 'alerts', 'list')).toMatch(
      /HIGH +acknowledged .*Anomaly .*\(known to anna: on it\)\nsilence .*server=billing.*patches/,
    )
    expect(run(copy, 'alerts', 'history')).toMatch(/acknowledged .*by anna, on it/)
    expect(run(copy, 'audit', 'search', 'Anomaly', '--type', 'ALERT_ACKNOWLEDGED')).toContain('Anomaly')
    expect(run(copy, 'audit', 'verify')).toMatch(/holds/)
    // Its tools are those that were seen before, so that nothing is new.
    await until(
      async () => (await metric(restored.url, 'mcp_server_up', { server: 'notes' })) === 1,
      FULL_SECONDS,
      () => restored.stdout(),
    )
    expect(run(copy, 'audit', 'search', 'notes', '--type', 'TOOL_DEFINITION_CHANGED')).not.toContain('notes')
  },
  2 * FULL_SECONDS,
)

/** Readiness and liveness when what the daemon needs fails: its store, on a disk that is full. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

/** A file system of 8 MB, which only root can make: CI and this project's containers run as root. */
function smallDisk(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-ready-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=700', 'tmpfs', dir])
  onTestFinished(() => {
    execFileSync('umount', ['-l', dir])
    rmSync(dir, { recursive: true, force: true })
  })
  return dir
}

test(
  promises(
    'F4.health.always-200',
    'F4.health.dependencies-in-body',
    'F4.health-ready.status-503',
    'F4.ready.status-503',
  ),
  async () => {
    const dataDir = smallDisk()
    const config = { servers: { missing: { command: 'no-such-command-anywhere' } } }
    const daemon = await startDaemon({ dataDir, config })
    onTestFinished(() => void daemon.stop())
    const status = async (path: string) => (await fetch(`${daemon.url}${path}`)).status
    const statuses = () => Promise.all(['/health', '/health/ready', '/ready'].map(status))
    /** Each refusal is an event, and so something to store. */
    const something = () => fetch(`${daemon.url}/mcp/nobody`, { method: 'POST', body: '{}' })
    const settles = (ready: number) =>
      until(
        async () => {
          await Promise.all(Array.from({ length: 20 }, something))
          return (await status('/ready')) === ready
        },
        30_000,
        () => `/ready never answered ${ready}`,
      )
    expect(await statuses()).toEqual([200, 200, 200])

    const ballast = join(dataDir, 'ballast')
    expect(() => writeFileSync(ballast, Buffer.alloc(16_000_000))).toThrow('ENOSPC')
    await settles(503)
    expect(await statuses()).toEqual([200, 503, 503])
    expect(await (await fetch(`${daemon.url}/health`)).json()).toMatchObject({
      status: 'ok',
      store: { status: 'down', reason: expect.stringContaining('the disk is full') },
      servers: { missing: { status: 'down', reason: 'not_found' } },
    })

    rmSync(ballast)
    await settles(200)
    expect(await statuses()).toEqual([200, 200, 200])
  },
)

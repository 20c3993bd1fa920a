/** Jobs that tell of themselves that they ran, as cron has them ask by curl. */
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { daemonOfTest, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'

const PATIENCE_MS = 60_000
const TOKEN = 'heartbeat-token-of-this-test'
const config = {
  monitor: {
    intervalMs: 1000,
    components: {
      backup: { type: 'heartbeat', periodMs: 3_600_000, token: `\${BACKUP_TOKEN}` },
      quick: { type: 'heartbeat', periodMs: 2000, graceMs: 0 },
    },
  },
}
const env = { BACKUP_TOKEN: TOKEN }

const curl = (...args: readonly string[]) =>
  new Promise<number>((resolve) =>
    execFile('curl', ['-fsS', '-m', '10', '-o', '/dev/null', ...args], (error) => resolve(Number(error?.code ?? 0))),
  )
async function componentOf({ url }: RunningDaemon, name: string): Promise<{ status: string; reasons?: string[] }> {
  const health = (await (await fetch(`${url}/health`)).json()) as { components: Record<string, { status: string }> }
  return health.components[name] ?? { status: 'absent' }
}
const comesTo = (daemon: RunningDaemon, name: string, status: string) =>
  until(
    async () => (await componentOf(daemon, name)).status === status,
    PATIENCE_MS,
    () => daemon.stdout(),
  )

test(
  'a job that fails, or does not come, is down until it comes again; the last is known after a restart',
  async () => {
    const first = await startDaemon({ config, env })
    const secret = join(first.home, 'curl.txt')
    writeFileSync(secret, `header = "Authorization: Bearer ${TOKEN}"\n`, { mode: 0o600 })
    const backup = `${first.url}/heartbeat/backup`
    try {
      expect((await fetch(backup)).status).toBe(401)
      expect((await fetch(backup, { headers: { authorization: `Bearer ${TOKEN}x` } })).status).toBe(401)
      expect(await curl('-K', secret, backup)).toBe(0)
      await comesTo(first, 'backup', 'healthy')
      expect(await curl('-K', secret, '-X', 'POST', `${backup}/3`)).toBe(0)
      await comesTo(first, 'backup', 'unhealthy')
      expect((await componentOf(first, 'backup')).reasons).toEqual(['told of its failure (EXIT_3)'])
      expect(await curl('-K', secret, '-I', `${backup}/0`)).toBe(0)
      await comesTo(first, 'backup', 'healthy')
      expect(await curl('-K', secret, `${backup}/fail`)).toBe(0)

      await comesTo(first, 'quick', 'unhealthy')
      expect((await componentOf(first, 'quick')).reasons).toEqual(['no heartbeat in time'])
      expect(await curl(`${first.url}/heartbeat/quick`)).toBe(0)
      await comesTo(first, 'quick', 'healthy')

      const asked = async (path: string, headers = {}) => (await fetch(`${first.url}${path}`, { headers })).status
      expect(await asked('/heartbeat/nobody')).toBe(404)
      expect(await asked('/heartbeat/quick/256')).toBe(400)
      expect(await asked('/heartbeat/quick', { 'sec-fetch-site': 'cross-site' })).toBe(403)
      expect(first.stdout() + first.stderr()).not.toContain(TOKEN)

      // What was answered is on disk: it needs no orderly end.
      first.process.kill('SIGKILL')
      await new Promise((resolve) => first.process.once('close', resolve))
      const second = await daemonOfTest({ config, env, dataDir: first.dataDir })
      expect((await componentOf(second, 'backup')).status).toBe('unhealthy')
      await until(
        async () => (await componentOf(second, 'backup')).reasons?.[0] === 'told of its failure (EXIT_1)',
        PATIENCE_MS,
        () => second.stdout(),
      )
    } finally {
      await first.stop()
    }
  },
  3 * PATIENCE_MS,
)

test('one that cannot be written counts, and who sent it is told so, until it can be', async () => {
  const daemon = await daemonOfTest({ config, env })
  const beat = () => fetch(`${daemon.url}/heartbeat/quick`, { method: 'POST' })
  const file = join(daemon.dataDir, 'health.json')
  rmSync(file, { force: true })
  mkdirSync(join(file, 'in-the-way'), { recursive: true })
  const refused = await beat()
  expect(refused.status).toBe(503)
  expect(((await refused.json()) as { error: string }).error).toMatch(/could not be written.*send it again/)
  await comesTo(daemon, 'quick', 'healthy')
  rmSync(file, { recursive: true })
  expect((await beat()).status).toBe(200)
})

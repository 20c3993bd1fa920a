import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { connect, fixture, runs, script } from './gateway-harness.js'

const legacy = script(fixture('legacy-server.mjs'))
const modern = script(fixture('modern-server.mjs'), 'stdio')
const WAIT_MS = 20_000

let daemon: RunningDaemon | undefined
afterEach(async () => {
  await daemon?.stop()
  daemon = undefined
})

async function start(config: object, env: Record<string, string> = {}): Promise<RunningDaemon> {
  daemon = await startDaemon({ config, env })
  return daemon
}
const fileOf = ({ home }: RunningDaemon) => join(home, 'config.json')
const write = (running: RunningDaemon, config: unknown) =>
  writeFileSync(fileOf(running), typeof config === 'string' ? config : JSON.stringify(config))
const said = (running: RunningDaemon, event: string) => running.lines().filter((line) => line.event === event)
const heard = (running: RunningDaemon, event: string, times = 1) =>
  until(
    () => said(running, event).length >= times,
    WAIT_MS,
    () => `no ${event} (${times}):\n${running.stdout()}`,
  )
const address = ({ url }: RunningDaemon, server: string) => new URL(`${url}/mcp/${server}`)

test('a changed file changes the servers: the rest keeps its sessions, and no call in flight is dropped', async () => {
  const running = await start({ servers: { same: legacy, gone: modern } })
  const same = await connect(address(running, 'same'))
  const pid = await same.call('pid')
  const gone = await connect(address(running, 'gone'), { versionNegotiation: { mode: 'auto' } })
  const slow = gone.call('slow', { ms: 1500 })
  await until(
    async () => (await metric(running.url, 'mcp_requests_in_flight', { server: 'gone' })) === 1,
    WAIT_MS,
    () => 'no call is in flight',
  )
  const before = await metric(running.url, 'mcp_config_last_reload_success_timestamp_seconds')
  write(running, { servers: { same: legacy, fresh: modern }, listen: { port: 1 }, environment: 'changed' })
  await heard(running, 'config_reloaded')
  expect(said(running, 'config_reloaded')[0]).toMatchObject({
    message: 'Configuration reloaded: servers added: fresh; servers removed: gone; changed: environment',
  })
  // The port is given by the command line, which stands above the file.
  expect(said(running, 'config_needs_restart')).toEqual([])
  const fresh = await connect(address(running, 'fresh'), { versionNegotiation: { mode: 'auto' } })
  expect(Number(await fresh.call('pid'))).toBeGreaterThan(0)
  expect((await fetch(address(running, 'gone'), { method: 'POST' })).status).toBe(404)
  expect(await same.call('pid')).toBe(pid)
  expect(await slow).toBe('done')
  const health = async () => (await (await fetch(`${running.url}/health`)).json()) as Record<string, unknown>
  await until(
    async () => !('gone' in ((await health()).servers as object)),
    WAIT_MS,
    () => 'the removed server is still told of',
  )
  expect(await health()).toMatchObject({ environment: 'changed', servers: { same: {}, fresh: {} } })
  expect(await metric(running.url, 'mcp_config_last_reload_successful')).toBe(1)
  expect(await metric(running.url, 'mcp_config_last_reload_success_timestamp_seconds')).toBeGreaterThan(before!)
  expect(await metric(running.url, 'mcp_security_events_total', { type: 'CONFIG_CHANGED' })).toBe(1)
  expect(await (await fetch(`${running.url}/`)).text()).toContain('/mcp/fresh')
  await Promise.all([same, gone, fresh].map(({ client }) => client.close()))
})

test('a broken file changes nothing and is told of, until it is mended; SIGHUP reads it too', async () => {
  const running = await start({ servers: { legacy }, watch: false })
  const { client, call } = await connect(address(running, 'legacy'))
  const pid = await call('pid')
  write(running, '{ "servers": { "legacy": { "comand": "x" } } }')
  running.process.kill('SIGHUP')
  await heard(running, 'config_rejected')
  expect(String(said(running, 'config_rejected')[0]!.message)).toMatch(/stays what it was.*config.json:1:\d+/s)
  expect(await metric(running.url, 'mcp_config_last_reload_successful')).toBe(0)
  expect(await call('pid')).toBe(pid)
  write(running, { servers: { legacy }, watch: false, store: { retentionDays: 3 }, gateway: { maxChildren: 1 } })
  running.process.kill('SIGHUP')
  await heard(running, 'config_needs_restart')
  expect(said(running, 'config_needs_restart')[0]!.message).toMatch(/store\.\w+$/)
  expect(said(running, 'config_reloaded')[0]).toMatchObject({ message: 'Configuration reloaded: changed: gateway' })
  expect(await metric(running.url, 'mcp_config_last_reload_successful')).toBe(1)
  expect(await call('pid')).toBe(pid)
  // The new cap holds: the one process that may run runs already, and is not idle for long enough.
  await expect(connect(address(running, 'legacy'))).rejects.toThrow(/1 server processes run already/)
  await client.close()
})

test('of a server that is gone no process, no session and no series is left; back again it begins at 0', async () => {
  const running = await start({ servers: { same: legacy, gone: legacy } })
  const client = await connect(address(running, 'gone'))
  const pid = Number(await client.call('pid'))
  const page = async () => (await fetch(`${running.url}/metrics`)).text()
  const of = async (server: string) => (await page()).split('\n').filter((line) => line.includes(`"${server}"`))
  const calls = { server: 'gone', tool: 'pid', status: 'success' }
  expect(await metric(running.url, 'mcp_tool_calls_total', calls)).toBe(1)
  expect((await of('gone')).length).toBeGreaterThan(20)
  write(running, { servers: { same: legacy } })
  await heard(running, 'config_reloaded')
  await until(
    async () => !runs(pid) && (await of('gone')).length === 0,
    WAIT_MS,
    () => 'something is left',
  )
  // A request for it is nobody's, and brings nothing back.
  expect((await fetch(address(running, 'gone'), { method: 'POST' })).status).toBe(404)
  await client.client.close().catch(() => {})
  expect(await of('gone')).toEqual([])
  expect((await of('same')).length).toBeGreaterThan(20)
  write(running, { servers: { same: legacy, gone: legacy } })
  await heard(running, 'config_reloaded', 2)
  const back = await connect(address(running, 'gone'))
  await back.call('pid')
  expect(await metric(running.url, 'mcp_tool_calls_total', calls)).toBe(1)
  await back.client.close()
})

test('providers are changed with the file', async () => {
  const provider = (port: number) => ({ here: { type: 'tcp', host: '127.0.0.1', port, timeoutMs: 2000 } })
  const running = await start({ providers: provider(1) })
  expect((await fetch(`${running.url}/ready`)).status).toBe(503)
  write(running, { providers: provider(Number(new URL(running.url).port)) })
  await heard(running, 'config_reloaded')
  expect((await fetch(`${running.url}/ready`)).status).toBe(200)
})

test.each([
  [
    'put in the place of the old one',
    (running: RunningDaemon, config: object) => {
      writeFileSync(`${fileOf(running)}.new`, JSON.stringify(config))
      renameSync(`${fileOf(running)}.new`, fileOf(running))
    },
  ],
  [
    'behind a link that is exchanged',
    (running: RunningDaemon, config: object) => {
      mkdirSync(join(running.home, 'version-2'))
      writeFileSync(join(running.home, 'version-2/config.json'), JSON.stringify(config))
      symlinkSync('version-2/config.json', join(running.home, 'link'))
      unlinkSync(fileOf(running))
      renameSync(join(running.home, 'link'), fileOf(running))
    },
  ],
])('a file that is %s is seen, and again after that', async (_, replace) => {
  const running = await start({ servers: {} })
  replace(running, { servers: { one: legacy } })
  await heard(running, 'config_reloaded')
  write(running, { servers: { one: legacy, two: legacy } })
  await heard(running, 'config_reloaded', 2)
  expect(said(running, 'config_reloaded').map(({ message }) => message)).toEqual([
    'Configuration reloaded: servers added: one',
    'Configuration reloaded: servers added: two',
  ])
})

test('a daemon killed with kill -9 leaves what ignores the end of its input to the next one, which ends it', async () => {
  const stays = { command: process.execPath, args: ['-e', STAYS] }
  const first = await start({ servers: { stays } })
  await heard(first, 'process_started')
  const pid = Number(said(first, 'process_started')[0]!.pid)
  first.process.kill('SIGKILL')
  await until(
    () => !runs(first.process.pid!),
    WAIT_MS,
    () => 'it is not gone',
  )
  expect(runs(pid)).toBe(true)
  const second = await startDaemon({ dataDir: first.dataDir })
  await heard(second, 'left_behind_ended')
  expect(runs(pid)).toBe(false)
  await second.stop()
})

test('a second SIGTERM ends the daemon at once, and its server processes with it', async () => {
  const stays = { command: process.execPath, args: ['-e', STAYS] }
  const running = await start({ servers: { stays }, gateway: { childGraceMs: 60_000 } })
  await heard(running, 'process_started')
  const pid = Number(said(running, 'process_started')[0]!.pid)
  running.process.kill('SIGTERM')
  await heard(running, 'daemon_stopping')
  const again = setInterval(() => running.process.kill('SIGTERM'), 100)
  expect((await running.stop()).code).toBe(130)
  clearInterval(again)
  await until(
    () => !runs(pid),
    WAIT_MS,
    () => 'the process is left',
  )
})

const STAYS = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'

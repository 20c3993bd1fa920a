/** Another address while the daemon runs: opened before the old one is left, and no call is dropped. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { daemonOfTest, type RunningDaemon } from '../fixtures/daemon.js'
import { ask, makeKey, rpc } from '../fixtures/door-clients.js'
import { until } from '../fixtures/until.js'
import { connect, fixture, script } from './gateway-harness.js'

const WAIT_MS = 20_000
const ADMIN = 'admin-token-0123456789-0123456789-abcdef'
const notes = script(fixture('legacy-server.mjs'))

/** Ports that nobody has for now; those of one call differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

const write = ({ home }: RunningDaemon, config: object) =>
  writeFileSync(join(home, 'config.json'), JSON.stringify(config))
const said = (daemon: RunningDaemon, event: string) => daemon.lines().filter((line) => line.event === event)
const heard = (daemon: RunningDaemon, event: string, times = 1) =>
  until(
    () => said(daemon, event).length >= times,
    WAIT_MS,
    () => `no ${event} (${times}):\n${daemon.stdout()}`,
  )
const answers = (address: string) =>
  ask(address, { method: 'GET' }).then(
    ({ status }) => status,
    (error) => error.code as string,
  )
const isLeft = (address: string) =>
  until(
    async () => (await answers(address)) === 'ECONNREFUSED',
    WAIT_MS,
    () => `${address} still answers`,
  )

test('another port is listened on at once; the old one is left when its calls are over, and its streams are cut', async () => {
  const [first, second] = (await freePorts(2)) as [number, number]
  const config = (port: number) => ({ listen: { port }, servers: { notes } })
  const daemon = await daemonOfTest({ config: config(first), ownPort: true })
  const at = (port: number) => `http://127.0.0.1:${port}`
  const { client, call } = await connect(new URL(`${at(first)}/mcp/notes`), { capabilities: { sampling: {} } })
  let answer = () => {}
  let isAsked = false
  client.setRequestHandler('sampling/createMessage', async () => {
    isAsked = true
    await new Promise<void>((resolve) => {
      answer = resolve
    })
    return { model: 'm', role: 'assistant', content: { type: 'text', text: 'late' } }
  })
  const sampled = call('sample')
  await until(
    () => isAsked,
    WAIT_MS,
    () => 'the server never asked',
  )
  write(daemon, config(second))
  await heard(daemon, 'config_reloaded')
  expect(said(daemon, 'daemon_moved')[0]!.message).toContain(at(second))
  expect([await answers(`${at(second)}/health`), await answers(`${at(first)}/health`)]).toEqual([200, 200])
  expect(JSON.parse(readFileSync(join(daemon.dataDir, 'daemon.json'), 'utf8')).url).toBe(at(second))
  answer()
  expect(await sampled).toBe('late')
  await isLeft(`${at(first)}/health`)
  expect(await answers(`${at(second)}/health`)).toBe(200)
  const page = await ask(`${at(second)}/metrics`, { method: 'GET' })
  expect(page.text).toMatch(/mcp_tool_calls_total{server="notes",tool="sample",status="success"} 1/)
  expect(page.text).toMatch(/mcp_config_restart_pending 0/)
  await client.close().catch(() => {})
})

test('an address that cannot be had changes nothing, and says who has it', async () => {
  const [first, taken] = (await freePorts(2)) as [number, number]
  const holder = createServer().listen(taken, '127.0.0.1')
  onTestFinished(() => void holder.close())
  const config = (port: number) => ({ listen: { port }, servers: {} })
  const daemon = await daemonOfTest({ config: config(first), ownPort: true })
  write(daemon, { ...config(taken), environment: 'changed' })
  await heard(daemon, 'config_rejected')
  expect(String(said(daemon, 'config_rejected')[0]!.message)).toContain(`Port ${taken} on 127.0.0.1 is in use by`)
  const health = await ask(`http://127.0.0.1:${first}/health`, { method: 'GET' })
  expect([health.status, health.text.includes('changed')]).toEqual([200, false])
  // One port of two addresses that overlap: the old one is listened on again where the new one cannot be.
  write(daemon, { listen: { host: '192.0.2.1', port: first, adminToken: ADMIN }, doors: { keys: true } })
  await heard(daemon, 'config_rejected', 2)
  expect(await answers(`http://127.0.0.1:${first}/health`)).toBe(200)
})

test('the same port of every address takes the place of that of one; keys stay until the address is left', async () => {
  const [port] = (await freePorts(1)) as [number]
  const here = { listen: { port }, servers: { notes } }
  const daemon = await daemonOfTest({ config: here, ownPort: true })
  const address = `http://127.0.0.1:${port}/mcp/notes`
  expect((await ask(address, { body: rpc(1, 'ping') })).status).toBe(400)
  const { key } = makeKey(daemon.dataDir, '--agent', 'mover')
  const everywhere = { listen: { host: '0.0.0.0', port, adminToken: ADMIN }, doors: { keys: true }, servers: { notes } }
  write(daemon, everywhere)
  await heard(daemon, 'config_reloaded')
  const statuses = async (host: string) => {
    const to = `http://${host}:${port}/mcp/notes`
    return [
      (await ask(to, { body: rpc(1, 'ping') })).status,
      (await ask(to, { body: rpc(1, 'ping'), headers: { 'X-MCP-Vitals-Key': key } })).status,
    ]
  }
  expect([await statuses('127.0.0.1'), await statuses('127.0.0.2')]).toEqual([
    [401, 400],
    [401, 400],
  ])
  write(daemon, here)
  await heard(daemon, 'config_rejected')
  expect(await statuses('127.0.0.2')).toEqual([401, 400])
  write(daemon, { ...here, doors: { keys: true } })
  await heard(daemon, 'config_rejected', 2)
  write(daemon, { ...everywhere, listen: { port, adminToken: ADMIN } })
  await heard(daemon, 'config_reloaded', 2)
  await isLeft(`http://127.0.0.2:${port}/health`)
  expect(await statuses('127.0.0.1')).toEqual([401, 400])
})

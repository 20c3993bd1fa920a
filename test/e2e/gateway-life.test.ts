import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { createChildRecords, endLeftBehind } from '../../packages/server/src/children/index.js'
import { gatewayOptions } from '../../packages/server/src/sources/http-proxy/index.js'
import { code, connect, fixture, type Harness, runs, script, serve, until, url } from './gateway-harness.js'

let harness: Harness
afterEach(() => harness?.stop())

const legacy = script(fixture('legacy-server.mjs'))
const modern = script(fixture('modern-server.mjs'), 'stdio')

/** A server that starts a process which ignores SIGTERM and names its pid in the server's version, then dies when told. */
const forking = code(`
  const { spawn } = require('node:child_process')
  const stay = 'process.on("SIGTERM", () => {}); process.send("ready"); setInterval(() => {}, 1000)'
  const started = spawn(process.execPath, ['-e', stay], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const ready = new Promise((resolve) => started.once('message', resolve))
  require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
    const { id, method } = JSON.parse(line)
    if (method === 'tools/call') process.exit(1)
    await ready
    const serverInfo = { name: 'forking', version: String(started.pid) }
    const result = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo }
    if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })`)

const loadOf = (server: string) => harness.gateway.loads().get(server)

test('what a crashed server leaves in its group is an orphan, counted until it is ended', async () => {
  harness = await serve({ forking })
  const { client } = await connect(harness.address('forking'))
  const orphan = Number(client.getServerVersion()?.version)
  expect(loadOf('forking')).toEqual({ sessions: 1, children: 1, orphans: 0 })
  await expect(client.callTool({ name: 'die', arguments: {} })).rejects.toThrow(/exit status 1/)
  expect(loadOf('forking')).toEqual({ sessions: 0, children: 0, orphans: 1 })
  expect(runs(orphan)).toBe(true)
  await until(() => loadOf('forking')?.orphans === 0, 'no orphan is left')
  expect(runs(orphan)).toBe(false)
  await client.close()
})

test('a stop waits for what a crashed server left behind', async () => {
  harness = await serve({ forking })
  const { client } = await connect(harness.address('forking'))
  const orphan = Number(client.getServerVersion()?.version)
  await expect(client.callTool({ name: 'die', arguments: {} })).rejects.toThrow(/exit status 1/)
  await harness.gateway.stop()
  expect(runs(orphan)).toBe(false)
  await client.close()
})

test('books of HTTP sessions are bounded: the one silent longest is closed, and counted', async () => {
  const upstream = await serve({ legacy })
  harness = await serve({ remote: url(upstream.address('legacy').href) }, { maxHttpSessions: 2 })
  const clients = []
  for (let i = 0; i < 4; i++) clients.push(await connect(harness.address('remote')))
  expect(loadOf('remote')?.sessions).toBe(2)
  expect(harness.gateway.stats().evictedSessions).toBe(2)
  expect(harness.ofType('session.closed')).toMatchObject([{ reason: 'lost' }, { reason: 'lost' }])
  // The sessions themselves go on, and are followed again: the others make room.
  expect(Number(await clients[0]!.call('pid'))).toBeGreaterThan(0)
  expect(loadOf('remote')?.sessions).toBe(2)
  for (const { client } of clients) await client.close()
  await upstream.stop()
})

test('a change keeps what is the same, drains what is gone or another, and serves what is new at once', async () => {
  harness = await serve({ same: legacy, changed: legacy, removed: modern })
  const same = await connect(harness.address('same'))
  const changed = await connect(harness.address('changed'))
  const removed = await connect(harness.address('removed'), { versionNegotiation: { mode: 'auto' } })
  const pids = { same: await same.call('pid'), changed: await changed.call('pid') }
  const slow = removed.call('slow', { ms: 600 })
  await until(() => harness.ofType('request.started').some(({ name }) => name === 'slow'), 'the call is in flight')
  const servers = { same: legacy, changed: { ...legacy, env: { CHANGED: '1' } }, added: modern }
  const done = harness.gateway.change({ servers, options: gatewayOptions.parse({ childGraceMs: 500 }) })
  expect((await fetch(harness.address('removed'), { method: 'POST' })).status).toBe(404)
  const added = await connect(harness.address('added'), { versionNegotiation: { mode: 'auto' } })
  expect(Number(await added.call('pid'))).toBeGreaterThan(0)
  await expect(changed.call('pid')).rejects.toThrow(/[Ss]ession not found/)
  const again = await connect(harness.address('changed'))
  expect(await again.call('pid')).not.toBe(pids.changed)
  expect(await same.call('pid')).toBe(pids.same)
  expect(await slow).toBe('done')
  await done
  await until(() => !runs(Number(pids.changed)), 'the old process is gone')
  expect([...harness.gateway.loads().keys()].sort()).toEqual(['added', 'changed', 'same'])
  for (const { client } of [same, changed, removed, added, again]) await client.close()
})

test('an answer that a call in flight waits for still reaches the session of a changed server', async () => {
  harness = await serve({ legacy })
  const { client, call } = await connect(harness.address('legacy'), { capabilities: { sampling: {} } })
  let changed: Promise<void> | undefined
  client.setRequestHandler('sampling/createMessage', async () => {
    changed = harness.gateway.change({ servers: {}, options: gatewayOptions.parse({ childGraceMs: 500 }) })
    return { role: 'assistant' as const, model: 'none', content: { type: 'text' as const, text: 'kept' } }
  })
  expect(await call('sample')).toContain('kept')
  await changed
  expect(harness.gateway.stats()).toMatchObject({ sessions: 0, processes: 0 })
  await client.close()
})

/** A process that leads a group, with a member that holds so much memory, as a daemon that was killed leaves them. */
async function leave(env: Readonly<Record<string, string>>, leaderStays: boolean, heldBytes = 0) {
  const stay = `const held = Buffer.alloc(${heldBytes}, 1); process.on("SIGTERM", () => {}); console.log(process.pid); setInterval(() => held, 1000)`
  const lead = `const member = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stay)}], { stdio: ['ignore', 'inherit', 'ignore'] })
    process.stdin.resume(); ${leaderStays ? '' : 'process.stdin.once("end", () => process.exit())'}`
  const leader = spawn(process.execPath, ['-e', lead], {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const member = Number(String(await new Promise((resolve) => leader.stdout.once('data', resolve))))
  onTestFinished(() => {
    try {
      process.kill(-leader.pid!, 'SIGKILL')
    } catch {
      // Nobody is left.
    }
  })
  return { leader, pid: leader.pid!, member }
}

function recordsDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-children-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

test.each([true, false])('what a killed daemon left behind is ended by the next (leader alive: %s)', async (stays) => {
  const dir = recordsDir()
  const records = createChildRecords(dir)
  const { leader, pid, member } = await leave(records.env, stays)
  records.add(pid)
  leader.stdin.end()
  if (!stays) await until(() => !runs(pid), 'the leader is gone')
  expect(await endLeftBehind(dir)).toBe(stays ? 2 : 1)
  expect([runs(pid), runs(member)]).toEqual([false, false])
  expect(readdirSync(dir)).toEqual([])
})

test('a process has ended when it is gone, and not when its memory is on its way back to the system', async () => {
  const dir = recordsDir()
  const records = createChildRecords(dir)
  const left = await Promise.all([1, 2].map(() => leave(records.env, true, 300_000_000)))
  for (const { pid } of left) records.add(pid)
  expect(await endLeftBehind(dir)).toBe(4)
  expect(left.map(({ member }) => runs(member))).toEqual([false, false])
})

test.each([
  ['started at another time', { startTicks: 1 }],
  ['was started before the machine', { bootId: 'another start' }],
])('a process that only has the number of a recorded one and %s is left alone', async (_, other) => {
  const dir = recordsDir()
  const records = createChildRecords(dir)
  const { pid, member } = await leave({}, true)
  records.add(pid)
  const [name] = readdirSync(dir)
  const file = join(dir, name!)
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...other }))
  expect(await endLeftBehind(dir)).toBe(0)
  expect([runs(pid), runs(member)]).toEqual([true, true])
  expect(readdirSync(dir)).toEqual([])
})

test('records that nobody can read end nothing and are taken away', async () => {
  const dir = recordsDir()
  const bad = ['{"pid":1,"startTicks":1,"bootId":"","mark":""}', '{"pid":-1}', 'no json', '']
  for (const [at, text] of bad.entries()) writeFileSync(join(dir, `${at}-1.json`), text)
  expect(await endLeftBehind(dir)).toBe(0)
  expect(readdirSync(dir)).toEqual([])
})

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Kept, Receiver, run, script, start, temporaryDir, until, wrapped } from './wrapped.js'

/** Answers every request. */
const SERVER = script(`
  import { createInterface } from 'node:readline'
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id } = JSON.parse(line)
    if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: {} }))
  })`)
const ping = (id: number) => JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })
const operations = (kept: Kept) => kept.of('request.ended').map(({ operation }) => operation)

test('with no daemon the events wait on disk, and the next daemon takes each once', async () => {
  const dir = temporaryDir()
  const running = start(wrapped(SERVER), dir)
  await running.ask(ping(1))
  await running.ask(ping(2))
  running.process.stdin.end()
  expect(await running.ended).toEqual({ code: 0, signal: null })
  const [file, ...more] = readdirSync(join(dir, 'spool'))
  expect(more).toEqual([])
  expect(statSync(join(dir, 'spool', file!)).mode & 0o777).toBe(0o600)
  const kept = new Kept()
  const first = await Receiver.start(dir, kept)
  await until(() => readdirSync(join(dir, 'spool')).length === 0)
  await first.stop()
  await Receiver.start(dir, kept)
  expect(kept.events.map(({ type }) => type)).toEqual([
    'process.started',
    'request.started',
    'request.ended',
    'request.started',
    'request.ended',
    'session.closed',
    'process.ended',
  ])
})

test('with a daemon the events come while the server runs, and the last ones after its end', async () => {
  const dir = temporaryDir()
  const kept = new Kept()
  await Receiver.start(dir, kept)
  const running = start(wrapped(SERVER), dir)
  await running.ask(ping(1))
  await until(() => kept.of('request.ended').length === 1)
  await running.ask(ping(2))
  running.process.stdin.end()
  await running.ended
  await until(() => kept.of('process.ended').length === 1)
  expect(new Set(operations(kept)).size).toBe(2)
  expect(operations(kept)).toHaveLength(2)
  await until(() => readdirSync(join(dir, 'spool')).length === 0)
})

test('a daemon that comes late and is restarted in the middle, at another port, gets each event once', async () => {
  const dir = temporaryDir()
  const kept = new Kept()
  const running = start(wrapped(SERVER), dir)
  let id = 0
  const calls = async (count: number) => {
    for (let i = 0; i < count; i++) await running.ask(ping(++id))
  }
  await calls(3)
  const first = await Receiver.start(dir, kept)
  await until(() => kept.of('request.ended').length === 3)
  await calls(2)
  await first.stop()
  await calls(3)
  await until(() => readdirSync(join(dir, 'spool')).length > 0)
  await Receiver.start(dir, kept)
  await calls(2)
  running.process.stdin.end()
  await running.ended
  await until(() => kept.of('process.ended').length === 1)
  expect(operations(kept)).toHaveLength(10)
  expect(new Set(operations(kept)).size).toBe(10)
  await until(() => readdirSync(join(dir, 'spool')).length === 0)
})

test('what a killed wrap had written down is delivered, its sessions are not left open for ever', async () => {
  const dir = temporaryDir()
  const running = start(wrapped(SERVER), dir)
  await running.ask(ping(1))
  await until(() => {
    const [file] = existsSync(join(dir, 'spool')) ? readdirSync(join(dir, 'spool')) : []
    return file !== undefined && readFileSync(join(dir, 'spool', file), 'utf8').includes('request.ended')
  })
  running.process.kill('SIGKILL')
  await running.ended
  const kept = new Kept()
  await Receiver.start(dir, kept)
  await until(() => kept.of('request.ended').length === 1)
  expect(readdirSync(join(dir, 'spool'))).toEqual([])
})

test('no argument, result, id or command line is written down', async () => {
  const dir = temporaryDir()
  const call = JSON.stringify({
    jsonrpc: '2.0',
    id: 'id-s3cret',
    method: 'tools/call',
    params: { name: 'add', arguments: { a: 's3cret' } },
  })
  await run(wrapped([...SERVER, '--key=s3cret']), dir, `${call}\nnot JSON s3cret\n`)
  const [file] = readdirSync(join(dir, 'spool'))
  const text = readFileSync(join(dir, 'spool', file!), 'utf8')
  expect(text).toContain('"name":"add"')
  expect(text).not.toContain('s3cret')
})

test('a server that prints junk without end passes unchanged, and fills no spool', async () => {
  const dir = temporaryDir()
  const { out } = await run(wrapped(script("process.stdout.write('junk\\n'.repeat(100_000))")), dir)
  expect(out.length).toBe(500_000)
  const kept = new Kept()
  await Receiver.start(dir, kept)
  await until(() => readdirSync(join(dir, 'spool')).length === 0)
  const told = kept.of('unreadable')
  expect(told.length).toBeLessThan(100)
  expect(told.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(100_000)
})

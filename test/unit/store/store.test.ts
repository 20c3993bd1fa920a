import { statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../../packages/instrument/src/event/index.js'
import { event } from '../../../packages/instrument/src/event/index.js'
import { call, calls, entries, operations, tempDir, testStore } from './support.js'

test('events come back as they were, newest first', async () => {
  const { store } = await testStore(tempDir())
  const given: Event[] = [
    call(1),
    event(
      'tools.listed',
      Date.now() - 1,
      { server: 'files' },
      { tools: ['a', 'b'], hashes: ['1', '2'], sizeBytes: 9, complete: true },
    ),
    call(2, { at: Date.now() - 900_000.25, agent: 'build’s agent', traceId: '0'.repeat(32) }),
  ]
  await store.append(entries(given))
  const found = await store.read()
  expect(found).toEqual([...given].sort((a, b) => b.at - a.at))
})

test('events of one instant come back in the reverse of the order in which they were saved', async () => {
  const { store } = await testStore(tempDir())
  const at = Date.now()
  await store.append(entries([call(1, { at }), call(2, { at }), call(3, { at })]))
  expect(operations(await store.read())).toEqual(['op-3', 'op-2', 'op-1'])
})

test('a reopened store has everything, and its file is the owner’s alone', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir)
  await store.append(entries(calls(1200)))
  await store.close()
  const { store: again } = await testStore(dir)
  expect(await again.read({ limit: 10_000 })).toHaveLength(1200)
  for (const suffix of ['', '-wal', '-shm']) expect(statSync(join(dir, `events.db${suffix}`)).mode & 0o777).toBe(0o600)
})

test('a clean close leaves one file that holds everything', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir)
  await store.append(entries(calls(10)))
  await Promise.all([store.close(), store.close()])
  expect(() => statSync(join(dir, 'events.db-wal'))).toThrow('ENOENT')
  const database = new Database(join(dir, 'events.db'))
  expect(database.prepare('SELECT count(*) FROM events').raw().all()).toEqual([[10]])
  database.close()
})

test('what waits at the close is saved, and what comes after is refused', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir)
  const saved = Promise.all(calls(50).map((one) => store.append(entries([one]))))
  const closed = store.close()
  await expect(store.append(entries([call(99)]))).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: /it is closed/,
  })
  await Promise.all([saved, closed])
  const { store: again } = await testStore(dir)
  expect(await again.read()).toHaveLength(50)
})

test('conditions narrow what is read', async () => {
  const { store } = await testStore(tempDir())
  const at = Date.now() - 1000
  await store.append(
    entries([
      call(1, { at, server: 'a', session: 's1' }),
      call(2, { at: at + 1, server: 'a', session: 's2' }),
      call(3, { at: at + 2, server: 'b', session: 's2' }),
      event('probe', at + 3, { server: 'b' }, { check: 'c', ok: true, durationMs: 1 }),
    ]),
  )
  const found = async (query: Parameters<typeof store.read>[0]) => operations(await store.read(query))
  expect(await found({ type: 'request.ended' })).toEqual(['op-3', 'op-2', 'op-1'])
  expect(await found({ server: 'a' })).toEqual(['op-2', 'op-1'])
  expect(await found({ session: 's2' })).toEqual(['op-3', 'op-2'])
  expect(await found({ session: 's2', server: 'b' })).toEqual(['op-3'])
  expect(await found({ since: at + 1, until: at + 2 })).toEqual(['op-2'])
  expect(await found({ limit: 2, type: 'request.ended' })).toEqual(['op-3', 'op-2'])
  expect(await found({ server: "a' OR 1=1 --" })).toEqual([])
})

test('a search for what is rare ends after so many events as it may look at', async () => {
  const { store } = await testStore(tempDir())
  const at = Date.now() - 600_000
  await store.append(
    entries(calls(20_000).map((one, index) => (index % 1000 === 0 ? { ...one, at, name: 'rare' } : { ...one, at }))),
  )
  expect(await store.read({ name: 'rare' })).toHaveLength(20)
  const found = await store.read({ name: 'rare', mostLooked: 5000 })
  expect(found.length).toBeGreaterThan(2)
  expect(found.length).toBeLessThan(12)
  expect(operations(found)).toEqual(operations(await store.read({ name: 'rare', limit: found.length })))
})

test('reading goes through pages without a gap or a repetition, up to 10,000 events', async () => {
  const { store } = await testStore(tempDir())
  const at = Date.now() - 5000
  await store.append(entries(calls(11_000).map((one, index) => ({ ...one, at: at + Math.floor(index / 700) }))))
  const expected = Array.from({ length: 10_000 }, (_, index) => `op-${11_000 - index}`)
  expect(operations(await store.read({ limit: 50_000 }))).toEqual(expected)
  expect(operations(await store.read())).toEqual(expected.slice(0, 1000))
})

test('the main loop goes on while another program holds the database, and the events are saved after', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir)
  const other = new Database(join(dir, 'events.db'))
  onTestFinished(() => void other.close())
  // The store may be looking after its bounds at this moment.
  other.exec('PRAGMA busy_timeout = 5000')
  other.exec('BEGIN IMMEDIATE')
  let settled = false
  const saved = store.append(entries([call(1)])).finally(() => {
    settled = true
  })
  for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(settled).toBe(false)
  other.exec('ROLLBACK')
  await saved
  expect(operations(await store.read())).toEqual(['op-1'])
})

test('beyond its limit the queue refuses whole batches and counts them', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir)
  const other = new Database(join(dir, 'events.db'))
  onTestFinished(() => void other.close())
  // The store may be looking after its bounds at this moment.
  other.exec('PRAGMA busy_timeout = 5000')
  other.exec('BEGIN IMMEDIATE')
  const large = calls(40_000)
  const results = Promise.allSettled(Array.from({ length: 7 }, () => store.append(entries(large))))
  other.exec('ROLLBACK')
  const outcomes = await results
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected' && outcome.reason.code === 'STORE_BUSY')
  expect(refused.length).toBeGreaterThan(0)
  const { waitingBytes, refusedEvents, failedEvents, database } = await store.stats()
  expect(waitingBytes).toBe(0)
  expect(refusedEvents).toBe(refused.length * large.length)
  expect(failedEvents + (database?.committedEvents ?? 0)).toBe((7 - refused.length) * large.length)
  await store.append(entries([call(1)]))
})

test('appends that wait together share a transaction', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir)
  await Promise.all(calls(2000).map((one) => store.append(entries([one]))))
  const { database } = await store.stats()
  expect(database?.committedEvents).toBe(2000)
  expect(database?.commits).toBeLessThan(1000)
})

test('health follows the last write', async () => {
  const { store } = await testStore(tempDir())
  expect(store.health()).toEqual({ ok: true })
  await expect(store.append(entries([call(1, { at: null as unknown as number })]))).rejects.toMatchObject({
    code: 'STORE_FAILED',
  })
  expect(store.health()).toMatchObject({ ok: false, reason: expect.stringContaining('could not save events') })
  expect((await store.stats()).failedEvents).toBe(1)
  await store.append(entries([call(2)]))
  expect(store.health()).toEqual({ ok: true })
})

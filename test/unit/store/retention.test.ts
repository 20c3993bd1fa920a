import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { call, calls, entries, operations, tempDir, testStore, until } from './support.js'

const DAY_MS = 86_400_000
const MEBIBYTE = 1_048_576

test('events older than the retention are gone after the next start, and no others', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir, { retentionDays: 90 })
  const now = Date.now()
  const old = calls(2500).map((event) => ({ ...event, at: now - 8 * DAY_MS }))
  await store.append(entries([...old, call(9001, { at: now - 6 * DAY_MS }), call(9002, { at: now })]))
  await store.close()
  const { store: again } = await testStore(dir, { retentionDays: 7 })
  await until(async () => ((await again.stats()).database?.removedEvents ?? 0) >= 2500)
  expect(operations(await again.read({ limit: 10_000 }))).toEqual(['op-9002', 'op-9001'])
})

test('beyond its size the store loses its oldest events, keeps its newest, and gives the space back', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir, { maxBytes: 64 * MEBIBYTE })
  for (let from = 1; from <= 60_000; from += 20_000) await store.append(entries(calls(20_000, from)))
  await store.close()
  const before = statSync(join(dir, 'events.db')).size
  const { store: again } = await testStore(dir, { maxBytes: 2 * MEBIBYTE })
  await until(async () => ((await again.stats()).database?.usedBytes ?? Number.POSITIVE_INFINITY) <= 2 * MEBIBYTE)
  const kept = operations(await again.read({ limit: 10_000 }))
  expect(kept.length).toBeGreaterThan(1000)
  expect(kept).toEqual(Array.from(kept, (_, index) => `op-${60_000 - index}`))
  // Four MiB stay free for what comes.
  await until(async () => {
    await again.append(entries([call(1)]))
    return (await freeAndUsedBytes(dir)) <= 7 * MEBIBYTE
  })
  await again.close()
  expect(before).toBeGreaterThan(16 * MEBIBYTE)
  expect(statSync(join(dir, 'events.db')).size).toBeLessThanOrEqual(7 * MEBIBYTE)
})

test('while events pour in, the store stays near its size without a restart', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir, { maxBytes: 4 * MEBIBYTE })
  for (let round = 0; round < 12; round++) await store.append(entries(calls(5000, 1 + round * 5000)))
  await until(async () => ((await store.stats()).database?.usedBytes ?? Number.POSITIVE_INFINITY) <= 8 * MEBIBYTE)
  expect((await store.stats()).database?.removedEvents).toBeGreaterThan(20_000)
  expect(operations(await store.read({ limit: 3 }))).toEqual(['op-60000', 'op-59999', 'op-59998'])
})

async function freeAndUsedBytes(dir: string): Promise<number> {
  const { default: Database } = await import('libsql')
  const database = new Database(join(dir, 'events.db'))
  const [[pages]] = database.prepare('PRAGMA page_count').raw().all() as [[number]]
  database.close()
  return pages * 4096
}

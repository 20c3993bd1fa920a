import { join } from 'node:path'
import fc from 'fast-check'
import Database from 'libsql'
import { expect, test } from 'vitest'
import { call, calls, operations, tempDir, testStore, until } from './support.js'

const numbered = (from: number, to: number) =>
  calls(to - from + 1, from).map((event, index) => ({ seq: from + index, event }))

test('a batch is saved with its mark, and given back as fresh', async () => {
  const { store } = await testStore(tempDir())
  expect(await store.mark('wrap-1')).toBe(0)
  const { highWater, fresh } = await store.appendStream('wrap-1', numbered(1, 5))
  expect(highWater).toBe(5)
  expect(operations(fresh)).toEqual(['op-1', 'op-2', 'op-3', 'op-4', 'op-5'])
  expect(await store.mark('wrap-1')).toBe(5)
  expect(await store.mark('wrap-2')).toBe(0)
})

test('a replay saves nothing twice, whole or in part', async () => {
  const { store } = await testStore(tempDir())
  await store.appendStream('s', numbered(1, 5))
  expect(await store.appendStream('s', numbered(1, 5))).toEqual({ highWater: 5, fresh: [] })
  const { highWater, fresh } = await store.appendStream('s', numbered(3, 8))
  expect(highWater).toBe(8)
  expect(operations(fresh)).toEqual(['op-6', 'op-7', 'op-8'])
  expect(await store.read()).toHaveLength(8)
})

test('gaps, disorder and repetition within a batch are taken as they should have come', async () => {
  const { store } = await testStore(tempDir())
  const batch = [7, 3, 3, 5].map((seq) => ({ seq, event: call(seq) }))
  const { highWater, fresh } = await store.appendStream('s', batch)
  expect(highWater).toBe(7)
  expect(operations(fresh)).toEqual(['op-3', 'op-5', 'op-7'])
})

test('streams do not know of each other, and an empty batch leaves the mark', async () => {
  const { store } = await testStore(tempDir())
  await store.appendStream('a', numbered(1, 3))
  await store.appendStream('b', numbered(1, 2))
  expect(await store.appendStream('a', [])).toEqual({ highWater: 3, fresh: [] })
  expect(await store.mark('b')).toBe(2)
})

test('of the same batch sent many times at once, one is fresh', async () => {
  const { store } = await testStore(tempDir())
  const results = await Promise.all(Array.from({ length: 20 }, () => store.appendStream('s', numbered(1, 10))))
  expect(results.filter(({ fresh }) => fresh.length > 0)).toHaveLength(1)
  expect(await store.read()).toHaveLength(10)
})

test('a number that is none is refused before anything is saved', async () => {
  const { store } = await testStore(tempDir())
  for (const seq of [0, -1, 1.5, Number.NaN, 2 ** 53])
    await expect(
      store.appendStream('s', [
        { seq: 1, event: call(1) },
        { seq, event: call(2) },
      ]),
    ).rejects.toThrow(RangeError)
  expect(await store.mark('s')).toBe(0)
})

test('whatever is sent in whatever order, rows and marks are those of a simple model', async () => {
  const { store } = await testStore(tempDir())
  let run = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }), { maxLength: 12 }),
      async (batches) => {
        const stream = `s${++run}`
        let mark = 0
        const saved: number[] = []
        for (const batch of batches) {
          const due = [...new Set(batch)].filter((seq) => seq > mark).sort((a, b) => a - b)
          mark = Math.max(mark, ...batch)
          saved.push(...due)
          const given = batch.map((seq) => ({ seq, event: call(seq, { session: stream }) }))
          const { highWater, fresh } = await store.appendStream(stream, given)
          expect(highWater).toBe(mark)
          expect(operations(fresh)).toEqual(due.map((seq) => `op-${seq}`))
        }
        const rows = operations(await store.read({ session: stream })).sort()
        expect(rows).toEqual(saved.map((seq) => `op-${seq}`).sort())
      },
    ),
    { numRuns: 60, seed: 20260801 },
  )
})

test('the mark of a stream idle for 30 days is forgotten, unless events are kept for longer', async () => {
  for (const [retentionDays, expected] of [
    [7, 0],
    [60, 5],
  ] as const) {
    const dir = tempDir()
    const { store } = await testStore(dir, { retentionDays })
    await store.appendStream('old', numbered(1, 5))
    await store.appendStream('young', numbered(1, 5))
    await store.close()
    const database = new Database(join(dir, 'events.db'))
    database.exec(`UPDATE streams SET seen_at = ${Date.now() - 31 * 86_400_000} WHERE name = 'old'`)
    database.close()
    const { store: again } = await testStore(dir, { retentionDays })
    if (expected === 0) await until(async () => (await again.mark('old')) === 0)
    expect(await again.mark('old')).toBe(expected)
    expect(await again.mark('young')).toBe(5)
  }
})

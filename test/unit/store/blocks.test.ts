import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Event } from '../../../packages/instrument/src/event/index.js'
import { migrate, openSqlite } from '../../../packages/server/src/sqlite/index.js'
import {
  cutBlocks,
  joinBlocks,
  MAX_BLOCK_EVENTS,
  MAX_BLOCK_SPAN_MS,
} from '../../../packages/server/src/store/blocks.js'
import { MIGRATIONS } from '../../../packages/server/src/store/migrations.js'
import { call, calls, entries, operations, tempDir, testStore } from './support.js'

const START = Date.now() - 3_600_000

/** Names of tools, some of which look like what an event is cut out by. */
const NAMES = ['read', '},{', 'x},{"v":1', '"},{"', '\\', '\u2028\ud800', '"name":"read"', ''] as const

/** Batches as they come: near each other in time or far apart, late ones after newer ones, several at one instant. */
const batches = fc.array(
  fc.record({
    from: fc.integer({ min: 0, max: 300_000 }),
    stream: fc.boolean(),
    events: fc.array(
      fc.record({
        after: fc.oneof(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -90_000, max: 90_000 })),
        server: fc.constantFrom('a', 'b'),
        session: fc.constantFrom('s1', 's2', undefined),
        name: fc.constantFrom(...NAMES),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  }),
  { minLength: 1, maxLength: 12 },
)
const queries = fc.record(
  {
    server: fc.constantFrom('a', 'b', 'c'),
    session: fc.constantFrom('s1', 's2'),
    name: fc.constantFrom(...NAMES),
    type: fc.constantFrom('request.ended' as const, 'probe' as const),
    since: fc.integer({ min: START - 100_000, max: START + 400_000 }),
    until: fc.integer({ min: START - 100_000, max: START + 400_000 }),
    limit: fc.integer({ min: 1, max: 200 }),
  },
  { requiredKeys: [] },
)

test('whatever was saved in whatever order, every query gives what a sorted list would give', async () => {
  await fc.assert(
    fc.asyncProperty(batches, fc.array(queries, { minLength: 1, maxLength: 5 }), async (given, asked) => {
      const { store } = await testStore(tempDir())
      const model: Event[] = []
      let n = 0
      for (const [index, batch] of given.entries()) {
        const events = batch.events.map(({ after, server, session, name }) => {
          const { session: _, ...made } = call(++n, { at: START + batch.from + after, server, name })
          return { ...made, ...(session !== undefined && { session }) } as Event
        })
        model.push(...events)
        if (!batch.stream) await store.append(entries(events))
        else
          await store.appendStream(
            `s${index}`,
            events.map((event, at) => ({ seq: 2 * at + 1, event })),
          )
      }
      const newestFirst = [...model].reverse().sort((a, b) => b.at - a.at)
      for (const { limit = 1000, ...query } of asked) {
        const { server, session, name, type, since, until } = query
        const expected = newestFirst.filter(
          (event) =>
            (server === undefined || event.server === server) &&
            (session === undefined || event.session === session) &&
            (name === undefined || ('name' in event && event.name === name)) &&
            (type === undefined || event.type === type) &&
            (since === undefined || event.at >= since) &&
            (until === undefined || event.at < until),
        )
        expect(await store.read({ ...query, limit })).toEqual(expected.slice(0, limit))
      }
      await store.close()
    }),
    { numRuns: 25 },
  )
})

test('an event is found by its name whatever the names around it look like', async () => {
  const { store } = await testStore(tempDir())
  const events = [...NAMES, ...NAMES].map((name, index) => call(index, { name }))
  await store.append(entries(events))
  for (const name of NAMES)
    expect(operations(await store.read({ name }))).toEqual(
      operations(events.filter((event) => 'name' in event && event.name === name).reverse()),
    )
})

test('events of many sessions that are saved together are found by the session of each', async () => {
  const { store } = await testStore(tempDir())
  const events = calls(120).map((event, n) => ({ ...event, session: `s${n % 39}` }))
  await store.append(entries(events))
  for (let n = 0; n < 39; n++)
    expect(operations(await store.read({ session: `s${n}` }))).toEqual(
      operations(events.filter(({ session }) => session === `s${n}`).reverse()),
    )
})

test('a block is bounded in events and in time, and nothing is lost between two', () => {
  const at = START
  const events = [
    ...calls(1200).map((event) => ({ ...event, at })),
    call(1201, { at: at + MAX_BLOCK_SPAN_MS }),
    call(1202, { at: at - 1 }),
    call(1203, { at: at + MAX_BLOCK_SPAN_MS - 1 }),
  ]
  const seqs = events.map((_, index) => 3 * index + 1)
  const blocks = cutBlocks(events, seqs)
  expect(blocks.flatMap(({ body }) => JSON.parse(body))).toEqual(events)
  expect(blocks.flatMap(({ seqs }) => seqs)).toEqual(seqs)
  expect(blocks.map(({ events }) => events)).toEqual([MAX_BLOCK_EVENTS, MAX_BLOCK_EVENTS, 201, 2])
  for (const { firstAt, lastAt, body } of blocks) {
    const times = (JSON.parse(body) as Event[]).map(({ at }) => at)
    expect([firstAt, lastAt]).toEqual([Math.min(...times), Math.max(...times)])
    expect(lastAt - firstAt <= MAX_BLOCK_SPAN_MS).toBe(true)
  }
})

test('small neighbours become one block, within the bounds of one, and nothing is lost or moved', () => {
  const at = START
  const small = [
    ...calls(1300).map((event, index) => ({ ...event, at: at - (index % 7), server: `s${index % 3}` })),
    call(1301, { at: at + MAX_BLOCK_SPAN_MS }),
    call(1302, { at: at + 1 }),
  ]
  const joined = joinBlocks(small.flatMap((event) => cutBlocks([event], null)))
  expect(joined.map(({ events }) => events)).toEqual([MAX_BLOCK_EVENTS, MAX_BLOCK_EVENTS, 300, 2])
  expect(joined.flatMap(({ body }) => JSON.parse(body))).toEqual(small)
  // Cut as a whole, the same events give the same blocks.
  expect(joined).toEqual(cutBlocks(small, null))
})

test('the rows of the first schema are there after the change to blocks, with their numbers', async () => {
  const dir = tempDir()
  const sqlite = openSqlite(join(dir, 'events.db'), 0)
  migrate(sqlite, 'events.db', MIGRATIONS.slice(0, 1))
  const old = [call(1), call(2, { traceId: '0'.repeat(32) }), call(3, { server: 'other' })] as const
  const { session: _, ...alone } = old[2]
  sqlite.run("INSERT INTO streams (name, high_water, seen_at) VALUES ('s', 7, ?)", Date.now())
  for (const [index, { at, type, server, session, ...rest }] of [old[0], old[1], alone as Event].entries())
    sqlite.run(
      'INSERT INTO events (at, type, server, session, stream, seq, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[at, type, server, session ?? null, index === 1 ? 1 : null, index === 1 ? 7 : null, JSON.stringify(rest)],
    )
  const { store } = await testStore(dir)
  expect(await store.read()).toEqual([alone, old[1], old[0]])
  expect(operations(await store.read({ session: 'a1b2' }))).toEqual(['op-2', 'op-1'])
  expect(await store.read({ server: 'other' })).toEqual([alone])
  expect(await store.mark('s')).toBe(7)
  await store.close()
  expect(sqlite.rows('SELECT stream, seq FROM events ORDER BY id')).toEqual([
    [null, null],
    [1, 7],
    [null, null],
  ])
})

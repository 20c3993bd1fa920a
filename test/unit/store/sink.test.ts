import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { expect, test } from 'vitest'
import { type EventOf, event } from '../../../packages/instrument/src/event/index.js'
import { createStoreSink } from '../../../packages/server/src/sinks/store/index.js'
import { openStore, storeOptions } from '../../../packages/server/src/store/index.js'
import { type SinkUnderTest, sinkConformance } from '../../conformance/sink.js'
import { call, entries, operations, tempDir, testStore } from './support.js'

/** Stands in the way of every insert, as a failing disk does: SQLite refuses it. */
const BREAK = "CREATE TRIGGER broken BEFORE INSERT ON blocks BEGIN SELECT RAISE(ABORT, 'broken'); END"

async function make(): Promise<SinkUnderTest> {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  const file = join(dir, 'events.db')
  const store = await openStore({ dir, options: storeOptions.parse({}) })
  const database = new Database(file)
  return {
    sink: createStoreSink(store),
    async arrived() {
      const rows = database.prepare("SELECT json_extract(body, '$.operation') FROM events ORDER BY id").raw().all()
      return (rows as [string][]).map(([operation]) => operation)
    },
    async breakDown() {
      database.exec(BREAK)
      return async () => void database.exec('DROP TRIGGER broken')
    },
    async dispose() {
      database.close()
      await store.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

sinkConformance('store', make)

test('the sink saves what this process observed, and passes over what the ingest saved', async () => {
  const { store } = await testStore(tempDir())
  const sink = createStoreSink(store)
  const ingested = [call(2), call(3)].map((event) => ({ event, entrance: 'ingest:wrap' as const }))
  await sink.write([...entries([call(1)]), ...ingested, ...entries([call(4)])])
  await sink.write(ingested)
  expect(operations(await store.read())).toEqual(['op-4', 'op-1'])
})

test('a start is saved only where its end is in a later batch', async () => {
  const { store } = await testStore(tempDir())
  const sink = createStoreSink(store)
  const start = (operation: string) =>
    event('request.started', call(1).at, { server: 's' }, { direction: 'client_to_server', method: 'ping', operation })
  await sink.write(entries([start('op-1'), start('op-2'), call(1)]))
  await sink.write(entries([call(2)]))
  const kept = (await store.read()) as readonly EventOf<'request.started' | 'request.ended'>[]
  expect(kept.map(({ type, operation }) => `${operation} ${type}`).sort()).toEqual([
    'op-1 request.ended',
    'op-2 request.ended',
    'op-2 request.started',
  ])
})

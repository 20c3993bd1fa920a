// What saving an event costs: rows a second through the store (its thread, its messages, its indexes), in batches of 1 and
// of 500, beside a bare libsql loop that writes rows of the same bytes into a table without an index, in transactions of 500.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import Database from 'libsql'
import { event } from '../packages/instrument/dist/event/index.js'
import { openStore, storeOptions } from '../packages/server/dist/store/index.js'

const EVENTS = 50_000
const start = Date.now()
const events = Array.from({ length: EVENTS }, (_, n) =>
  event(
    'request.ended',
    start + n,
    { server: 'files', session: `s${n % 50}`, transport: 'stdio' },
    {
      direction: 'client_to_server',
      method: 'tools/call',
      name: 'read_file',
      operation: `op-${n}`,
      outcome: 'ok',
      status: 200,
      durationMs: 12.345,
      requestBytes: 120,
      responseBytes: 4096,
    },
  ),
)

function inTempDir(work) {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-bench-'))
  return Promise.resolve(work(dir)).finally(() => rmSync(dir, { recursive: true, force: true }))
}

/** Rows a second of the bare loop: the floor. */
function floor(dir) {
  const database = new Database(join(dir, 'floor.db'))
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE t (body TEXT)')
  const insert = database.prepare('INSERT INTO t VALUES (?)')
  const bodies = events.map((one) => JSON.stringify(one))
  const from = performance.now()
  for (let n = 0; n < EVENTS; n += 500) {
    database.exec('BEGIN')
    for (const body of bodies.slice(n, n + 500)) insert.run(body)
    database.exec('COMMIT')
  }
  const rate = (EVENTS / (performance.now() - from)) * 1000
  database.close()
  return { rate }
}

/** Rows a second through the store, `batchSize` an append, all of them under way at once, up to 5,000 rows. */
async function throughStore(dir, batchSize) {
  const store = await openStore({ dir, options: storeOptions.parse({}) })
  const entries = events.map((one) => ({ event: one, entrance: 'local' }))
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const from = performance.now()
  for (let n = 0; n < EVENTS; n += 5000) {
    const under = []
    for (let m = n; m < n + 5000; m += batchSize) under.push(store.append(entries.slice(m, m + batchSize)))
    await Promise.all(under)
  }
  const rate = (EVENTS / (performance.now() - from)) * 1000
  delay.disable()
  await store.close()
  const bytes = statSync(join(dir, 'events.db')).size / EVENTS
  return { rate, bytes, stallMs: delay.max / 1e6 }
}

const bare = await inTempDir(floor)
console.log(`bare libsql, 500 a transaction   ${Math.round(bare.rate).toLocaleString('en')} rows/s (the floor)`)
for (const size of [500, 1]) {
  const { rate, bytes, stallMs } = await inTempDir((dir) => throughStore(dir, size))
  console.log(
    `store, ${String(size).padStart(3)} an append            ${Math.round(rate).toLocaleString('en')} rows/s, ` +
      `${(bare.rate / rate).toFixed(1)} × the floor's time, ${Math.round(bytes)} bytes a row, main loop stalled ${stallMs.toFixed(1)} ms at most`,
  )
}

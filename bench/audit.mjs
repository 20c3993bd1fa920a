// What an audit row costs: durable rows a second through the store (sealed into chain and tree, committed in groups, each
// answered after its commit) with 1, 16 and 256 writers that each wait for their row; `CPU` is that of all its threads. Beside
// it stand bare libsql loops, which have as many rows in each commit and nothing to seal, hand over or answer. The floor puts
// on disk what the store puts there: the same bytes, into the same tables with the triggers that refuse changes, with what its
// searches and its next start need, the write-ahead file moved as often; like every plain loop it runs an INSERT for each row.
// `Large statements` does the same with up to 64 rows an INSERT, which is the quickest that libsql can; `rows alone` leaves out
// what is not a row, and the triggers, with such large statements. All sync as the store does (synchronous FULL), and have run
// for a while before they are measured, so that no file grows and no code is compiled meanwhile.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { event } from '../packages/instrument/dist/event/index.js'
import { createStream } from '../packages/instrument/dist/stream/index.js'
import { openAuditStore } from '../packages/server/dist/audit-store/index.js'
import { createAuditSink } from '../packages/server/dist/sinks/audit/index.js'
import { median } from './support/measure.mjs'

const LOG = 'example.com/audit'
/** How many, rows that are measured, and rows before. */
const WRITERS = [
  [1, 400, 50],
  [16, 6000, 2000],
  [256, 60_000, 32_000],
]
const ROUNDS = 5

const draft = (n) => ({
  id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  timestamp: new Date(1_795_233_600_000 + n).toISOString(),
  eventType: 'TOOL_CALLED',
  actor: `agent-${n % 20}`,
  target: `files.read_file_${n % 10}`,
  details: { session: `s${n % 50}`, outcome: 'ok', duration_ms: n % 100, request_bytes: 120, response_bytes: 4096 },
  origin: 'daemon',
})

async function inTempDir(work) {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-bench-'))
  try {
    return await work(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Rows of one large INSERT: with more it is no quicker. */
const LARGE_INSERT = 64
/** Rows after which the store moves the write-ahead file into the database. */
const WAL_ROWS = 16_000

/** Rows a second, and microseconds of CPU a row, of what saves `group` rows with each call. */
function rateOf(saveGroup, group, rows, before) {
  let n = 0
  while (n * group < before) saveGroup(++n)
  const from = performance.now()
  const cpu = process.cpuUsage()
  const first = n
  while ((n - first) * group < rows) saveGroup(++n)
  const saved = (n - first) * group
  const { user, system } = process.cpuUsage(cpu)
  return { rate: (saved / (performance.now() - from)) * 1000, cpu: (user + system) / saved }
}

function open(file) {
  const database = new Database(file)
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = FULL')
  return database
}

/** Saves a group of rows of (seq, bytes, row_hash), so many with each statement. */
function insertInto(database, table, group, mostPerInsert) {
  const perInsert = Math.min(group, mostPerInsert)
  const values = Array(perInsert).fill('(?, ?, ?)').join(', ')
  const insert = database.prepare(`INSERT INTO ${table} (seq, bytes, row_hash) VALUES ${values}`)
  return (rows, first) => {
    for (let m = 0; m < group; m += perInsert)
      insert.run(rows.slice(m, m + perInsert).flatMap(([, bytes, rowHash], n) => [first + m + n, bytes, rowHash]))
  }
}

/** A file of the store with one group in it, and what lies there. */
async function oneGroup(dir, group) {
  const file = join(dir, 'audit.db')
  const store = await openAuditStore({ place: { sqlite: file }, log: LOG })
  await Promise.all(Array.from({ length: group }, (_, n) => store.append([draft(n)])))
  await store.close()
  const database = open(file)
  const all = (table) => database.prepare(`SELECT * FROM ${table}`).raw().all()
  return { database, rows: all('row_data'), groups: all('groups'), log: all('log')[0], nodes: all('nodes') }
}

/** The bare loop over the store's own tables. */
async function bareStore(dir, group, rows, before, mostPerInsert) {
  const { database, ...saved } = await oneGroup(dir, group)
  database.exec('PRAGMA wal_autocheckpoint = 0')
  database.exec('PRAGMA secure_delete = ON')
  const insertRows = insertInto(database, 'row_data', group, mostPerInsert)
  const insertGroup = database.prepare('INSERT INTO groups VALUES (?, ?, ?, ?, ?)')
  const insertNode = database.prepare('INSERT INTO nodes VALUES (?, ?, ?)')
  const saveEnd = database.prepare('INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?, ?)')
  const [one, name, , lastHash, frontier] = saved.log
  let inFile = 0
  const rate = rateOf(
    (n) => {
      const first = n * group
      database.exec('BEGIN IMMEDIATE')
      insertRows(saved.rows, first)
      for (const [last, begin, ...found] of saved.groups) insertGroup.run([first + last, first + begin, ...found])
      for (const [level, , hash] of saved.nodes) insertNode.run([level, n, hash])
      saveEnd.run([one, name, first + group, lastHash, frontier])
      database.exec('COMMIT')
      inFile += group
      if (inFile < WAL_ROWS) return
      inFile = 0
      database.exec('PRAGMA wal_checkpoint(PASSIVE)')
    },
    group,
    rows,
    before,
  )
  database.close()
  return rate
}

/** The bare loop over a table of the rows alone. */
async function bareTable(dir, group, rows, before) {
  const { database: other, rows: saved } = await oneGroup(dir, group)
  other.close()
  const database = open(join(dir, 'bare.db'))
  database.exec('CREATE TABLE t (seq INTEGER PRIMARY KEY, bytes BLOB, row_hash TEXT)')
  const insertRows = insertInto(database, 't', group, LARGE_INSERT)
  const rate = rateOf(
    (n) => {
      database.exec('BEGIN IMMEDIATE')
      insertRows(saved, n * group)
      database.exec('COMMIT')
    },
    group,
    rows,
    before,
  )
  database.close()
  return rate
}

async function throughStore(dir, writers, rows, before) {
  const store = await openAuditStore({ place: { sqlite: join(dir, 'audit.db') }, log: LOG })
  let next = 0
  const write = (count) => {
    const end = next + count
    return Promise.all(
      Array.from({ length: writers }, async () => {
        while (next < end) await store.append([draft(next++)])
      }),
    )
  }
  await write(before)
  const { commits } = store.stats()
  const from = performance.now()
  const cpu = process.cpuUsage()
  await write(rows)
  const rate = (rows / (performance.now() - from)) * 1000
  const { user, system } = process.cpuUsage(cpu)
  const group = rows / (store.stats().commits - commits)
  await store.close()
  return { rate, group, cpu: (user + system) / rows }
}

/** Microseconds that handing a row to the store takes its caller, the disk aside. */
async function handingOver(dir) {
  const store = await openAuditStore({ place: { sqlite: join(dir, 'audit.db') }, log: LOG })
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 10; round++) {
    const drafts = Array.from({ length: 2000 }, (_, n) => draft(round * 2000 + n))
    const from = performance.now()
    const under = drafts.map((one) => store.append([one]))
    best = Math.min(best, ((performance.now() - from) * 1000) / drafts.length)
    await Promise.all(under)
  }
  await store.close()
  return best
}

/** Microseconds that publishing the end of a call takes its caller, with the audit log behind the stream or with nothing. */
async function publishing(dir, isAudited) {
  const store = await openAuditStore({ place: { sqlite: join(dir, 'audit.db') }, log: LOG })
  const sink = createAuditSink({
    log: { record: async (drafts) => void (await store.append(drafts)) },
    calls: 'metadata',
    newId: randomUUID,
    saveSeen: async () => {},
    onDefinitions() {},
    onInvalid(error) {
      throw error
    },
  })
  const onFault = (error) => {
    throw error
  }
  const stream = createStream({ folds: [], sinks: isAudited ? [sink] : [], now: Date.now, onFault })
  const who = { server: 'files', session: 's1', transport: 'http', agent: 'agent-1' }
  const call = {
    direction: 'client_to_server',
    method: 'tools/call',
    name: 'read_file',
    operation: 'o1',
    outcome: 'ok',
  }
  const made = Array.from({ length: 2000 }, (_, n) =>
    event('request.ended', Date.now(), who, {
      ...call,
      status: 200,
      durationMs: n,
      requestBytes: 120,
      responseBytes: 4096,
    }),
  )
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 20; round++) {
    const from = performance.now()
    for (const one of made) stream.publish(one, 'local')
    best = Math.min(best, ((performance.now() - from) * 1000) / made.length)
    // What waits must not fill the queue, whose limit would be measured then.
    while (isAudited && store.stats().committedRows < (round + 1) * made.length)
      await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await stream.close()
  const { committedRows } = store.stats()
  await store.close()
  if (isAudited && committedRows !== 20 * made.length) throw new Error(`only ${committedRows} rows were saved`)
  return best
}

const CANDIDATES = {
  floor: (...given) => bareStore(...given, 1),
  large: (...given) => bareStore(...given, LARGE_INSERT),
  rowsAlone: bareTable,
  store: throughStore,
}

const whole = (value) => Math.round(value).toLocaleString('en')
const percent = (value) => `${Math.round(value * 100)} %`
const one = await inTempDir((dir) => bareTable(dir, 1, 400, 50))
console.log(`one commit a row, bare            ${whole(one.rate)} rows/s`)
for (const [writers, rows, before] of WRITERS) {
  const taken = { floor: [], large: [], rowsAlone: [], store: [] }
  // In turns, since what else the machine does meanwhile hits all alike.
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, run] of Object.entries(CANDIDATES))
      taken[name].push(await inTempDir((dir) => run(dir, writers, rows, before)))
  const of = (name) => median(taken.store.map(({ rate }, round) => rate / taken[name][round].rate))
  const middle = (name, figure) => median(taken[name].map((run) => run[figure]))
  const beside = (name) => `${whole(middle(name, 'rate'))} rows/s, store at ${percent(of(name))} of it`
  console.log(
    `${String(writers).padStart(3)} writers   store ${whole(middle('store', 'rate'))} rows/s in groups of ${middle('store', 'group').toFixed(0)}, ` +
      `${middle('store', 'cpu').toFixed(1)} µs of CPU a row, ${(middle('store', 'rate') / one.rate).toFixed(1)} × one commit a row\n` +
      `              floor ${beside('floor')}, ${middle('floor', 'cpu').toFixed(1)} µs of CPU a row\n` +
      `              large statements ${beside('large')}; rows alone ${beside('rowsAlone')}`,
  )
}
console.log(`handing a row to the store        ${(await inTempDir(handingOver)).toFixed(2)} µs for the caller`)
const [without, audited] = [
  await inTempDir((dir) => publishing(dir, false)),
  await inTempDir((dir) => publishing(dir, true)),
]
console.log(
  `publishing the end of a call      ${audited.toFixed(2)} µs for the caller, ${without.toFixed(2)} µs without the log`,
)

// What an audit row costs: durable rows a second through the store (sealed into chain and tree, committed in groups, each
// answered after its commit) with 1, 16 and 256 writers that each wait for their row, beside a bare libsql loop that
// commits the same bytes, made beforehand, in groups of as many rows and with as few statements, and beside one commit a
// row. Both bare loops sync as the store does.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { event } from '../packages/instrument/dist/event/index.js'
import { createStream } from '../packages/instrument/dist/stream/index.js'
import { beginLog, seal } from '../packages/server/dist/audit/index.js'
import { openAuditStore } from '../packages/server/dist/audit-store/index.js'
import { createAuditSink } from '../packages/server/dist/sinks/audit/index.js'

const LOG = 'example.com/audit'
const WRITERS = [
  [1, 400],
  [16, 6000],
  [256, 60_000],
]

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

/** Most rows of one INSERT of the bare loop: with more it is no quicker. */
const MOST_PER_INSERT = 64

/** Rows a second of the bare loop, `group` rows a transaction. */
function floor(dir, group, rows) {
  const database = new Database(join(dir, 'floor.db'))
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = FULL')
  database.exec('CREATE TABLE t (seq INTEGER PRIMARY KEY, bytes BLOB, row_hash TEXT)')
  const sealed = seal(
    Array.from({ length: group }, (_, n) => draft(n)),
    beginLog(LOG),
  ).rows.map(({ bytes, rowHash }) => [Buffer.from(bytes), rowHash])
  const perInsert = Math.min(group, MOST_PER_INSERT)
  const values = Array(perInsert).fill('(?, ?)').join(', ')
  const insert = database.prepare(`INSERT INTO t (bytes, row_hash) VALUES ${values}`)
  const from = performance.now()
  for (let n = 0; n < rows; n += group) {
    database.exec('BEGIN')
    for (let m = 0; m < group; m += perInsert) insert.run(sealed.slice(m, m + perInsert).flat())
    database.exec('COMMIT')
  }
  const rate = (rows / (performance.now() - from)) * 1000
  database.close()
  return rate
}

async function throughStore(dir, writers, rows) {
  const store = await openAuditStore({ place: { sqlite: join(dir, 'audit.db') }, log: LOG })
  let next = 0
  const from = performance.now()
  const cpu = process.cpuUsage()
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < rows) await store.append([draft(next++)])
    }),
  )
  const rate = (rows / (performance.now() - from)) * 1000
  const { user, system } = process.cpuUsage(cpu)
  const { commits } = store.stats()
  await store.close()
  return { rate, group: rows / commits, cpu: (user + system) / rows }
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

const whole = (value) => Math.round(value).toLocaleString('en')
const one = await inTempDir((dir) => floor(dir, 1, 400))
console.log(`one commit a row, bare            ${whole(one)} rows/s`)
for (const [writers, rows] of WRITERS) {
  const ratios = []
  let shown
  // In turns, since what else the machine does meanwhile hits both alike.
  for (let round = 0; round < 3; round++) {
    const bare = await inTempDir((dir) => floor(dir, writers, rows))
    const ours = await inTempDir((dir) => throughStore(dir, writers, rows))
    ratios.push(ours.rate / bare)
    if (!shown || ours.rate > shown.ours.rate) shown = { bare, ours }
  }
  const { bare, ours } = shown
  const ratio = ratios.sort((a, b) => a - b)[1]
  console.log(
    `${String(writers).padStart(3)} writers   bare groups ${whole(bare)} rows/s, store ${whole(ours.rate)} rows/s in groups of ` +
      `${ours.group.toFixed(0)}: ${Math.round(ratio * 100)} % of the floor (median of three), ` +
      `${(ours.rate / one).toFixed(1)} × one commit a row, ${ours.cpu.toFixed(0)} µs of CPU a row`,
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

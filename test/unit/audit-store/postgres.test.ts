import { randomBytes, randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAuditLog, openKeys } from '../../../packages/server/src/audit-log/index.js'
import { auditOptions } from '../../../packages/server/src/audit-log/options.js'
import { openAuditStore, type Place, shownPlace } from '../../../packages/server/src/audit-store/index.js'
import { LOG } from '../../fixtures/audit-logs.js'
import { type Database, startPostgres } from '../../fixtures/databases.js'
import { until } from '../../fixtures/until.js'
import { promises } from '../../requirements.js'
import { many, openAt, storeSuite, type Tampering, tempDir } from './suite.js'

let server: Database

beforeAll(async () => {
  server = await startPostgres({ trust: true })
})
afterAll(() => server.stop())

const url = () => `postgres://owner@127.0.0.1:${server.port}/postgres`
const place = async (): Promise<Place> => ({ postgres: url(), schema: `audit_${randomBytes(4).toString('hex')}` })

async function sql(at: Place, statement: string): Promise<readonly (readonly unknown[])[]> {
  const client = new Client({ connectionString: url() })
  await client.connect()
  try {
    if ('schema' in at) await client.query(`SET search_path = ${at.schema}`)
    const { rows } = await client.query({ text: statement, rowMode: 'array' })
    return rows
  } finally {
    await client.end()
  }
}

const copyOf = (seq: number, to: number) =>
  `INSERT INTO row_data SELECT log, ${to}, bytes, row_hash, gen_random_uuid(), "timestamp", event_type, actor, target FROM row_data WHERE seq = ${seq}`

storeSuite({
  name: 'postgres',
  keepsRows: promises('A6.audit.append-only', 'A6.audit.immutable'),
  place,
  sql,
  tables: { rows: 'rows', data: 'row_data' },
  tricks: [
    'TRUNCATE row_data',
    'TRUNCATE logs CASCADE',
    "INSERT INTO row_data SELECT * FROM row_data WHERE seq = 2 ON CONFLICT (log, seq) DO UPDATE SET row_hash = 'x'",
  ],
  unguard: 'ALTER TABLE row_data DISABLE TRIGGER ALL',
  tampering: [
    ['a row behind the last one', copyOf(5, 20), 20, 'reordered'],
    ['a row before the first one', copyOf(5, -5), 0, 'reordered'],
    ['another number beside the last row', 'UPDATE row_data SET seq = 500 WHERE seq = 19', 19, 'changed'],
    ['another hash beside a row', "UPDATE row_data SET row_hash = 'x' WHERE seq = 7", 7, 'changed'],
    [
      'a changed row behind an end that was moved',
      "UPDATE logs SET size = 5; UPDATE row_data SET bytes = '\\x00' WHERE seq = 7",
      7,
      'changed',
    ],
    // By these a search finds a row: of one that says otherwise there, nobody would hear.
    ...['event_type', 'actor', 'target', '"timestamp"'].map(
      (column): Tampering => [
        `another ${column} beside a row`,
        `UPDATE row_data SET ${column} = 'x' WHERE seq = 7`,
        7,
        'changed',
      ],
    ),
    ['another id beside a row', 'UPDATE row_data SET id = gen_random_uuid() WHERE seq = 7', 7, 'changed'],
  ],
})

test('two logs lie in one schema, each a chain of its own', async () => {
  const at = await place()
  const [one, other] = [await openAt(at, LOG), await openAt(at, 'example.com/other')]
  expect(await one.append(many(3))).toEqual([0, 1, 2])
  expect(await other.append(many(2, 50))).toEqual([0, 1])
})

test('a connection that is cut fails what was under way, is made again, and what did get in is not written twice', async () => {
  const at = await place()
  const faults: string[] = []
  const store = await openAuditStore({ place: at, log: LOG, onFault: ({ code }) => faults.push(code) })
  await store.append(many(10))
  const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mcp-vitals audit'`
  const pending = Promise.allSettled(many(200, 10).map((one) => store.append([one])))
  await sql(at, cut)
  const failed = (await pending).flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))
  await until(
    async () =>
      (await store.append(many(1, 5000).map((one) => ({ ...one, id: crypto.randomUUID() }))).catch(() => undefined)) !==
      undefined,
    20_000,
    () => 'it did not come back',
  )
  for (const n of failed) await store.append(many(1, 10 + n))
  const ids = await sql(at, `SELECT id FROM row_data WHERE id::text LIKE '00000000-%'`)
  expect(new Set(ids.map(([id]) => id)).size).toBe(210)
  expect(ids).toHaveLength(210)
  expect(faults.length).toBeGreaterThan(0)
  await store.close()
})

test('a password is in no message', async () => {
  const secret: Place = { postgres: 'postgres://owner:hunter2@127.0.0.1:1/db', schema: 'audit' }
  expect(shownPlace(secret)).toBe('postgres://127.0.0.1:1/db (audit)')
  const refused = await openAuditStore({ place: secret, log: LOG }).catch((error: Error) => error)
  expect(refused).toMatchObject({ code: 'AUDIT_FAILED' })
  expect((refused as Error).message).not.toContain('hunter2')
})

test('rows stay in a database that may be shared, unless a place for archives is named', async () => {
  const schema = `audit_${randomBytes(4).toString('hex')}`
  const dir = tempDir()
  /** Writes more than may be kept; gives where the rows begin that the database holds afterwards. */
  async function firstAfter(archive: object): Promise<number> {
    const options = auditOptions.parse({
      postgres: url(),
      postgresSchema: schema,
      archive: { keepRows: 100, ...archive },
    })
    const onFault = (error: Error) => expect.fail(error.message)
    const clock = () => performance.now()
    const log = await openAuditLog({ dir, options, now: Date.now, clock, onFault }, await openKeys(dir, options))
    const drafts = () => many(150).map((one) => ({ ...one, id: randomUUID() }))
    await log.record(drafts())
    await log.checkpoint()
    await log.record(drafts())
    const { store } = log
    if ('dir' in archive)
      await until(
        async () => (await store.segments()).length > 0,
        20_000,
        () => 'nothing was moved',
      )
    const segments = await store.segments()
    await log.close()
    return segments.at(-1)?.end.frontier.size ?? 0
  }
  expect(await firstAfter({})).toBe(0)
  expect(await firstAfter({ dir: tempDir() })).toBeGreaterThan(0)
})

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import Database from 'libsql'
import { expect, onTestFinished, test } from 'vitest'
import { parseRow, verifyLog } from '../../../packages/server/src/audit/index.js'
import { openAuditStore } from '../../../packages/server/src/audit-store/index.js'
import type { VitalsError } from '../../../packages/server/src/errors/index.js'
import { LOG, testSigner } from '../../fixtures/audit-logs.js'
import { verifyInPython } from '../../fixtures/verify-audit.js'
import { promises } from '../../requirements.js'
import { many, openAt, sign, storeSuite, tempDir } from './suite.js'

const newFile = () => join(tempDir(), 'audit.db')

/** Runs SQL as somebody else would, with the database's own means. */
function sqlOn(file: string, statement: string): unknown[][] {
  const database = new Database(file, { timeout: 5000 })
  try {
    if (!/^SELECT/.test(statement)) database.exec(statement)
    return /^SELECT/.test(statement) ? (database.prepare(statement).raw().all() as unknown[][]) : []
  } finally {
    database.close()
  }
}

const copyOf = (seq: number, to: number) => `SELECT ${to}, bytes, row_hash FROM row_data WHERE seq = ${seq}`

storeSuite({
  name: 'sqlite',
  keepsRows: promises('A6.audit.append-only', 'A6.audit.immutable'),
  place: async () => ({ sqlite: newFile() }),
  sql: async (place, statement) => sqlOn('sqlite' in place ? place.sqlite : '', statement),
  tables: { rows: 'rows', data: 'row_data' },
  tricks: [
    "REPLACE INTO row_data (seq, bytes, row_hash) VALUES (2, x'00', 'x')",
    'UPDATE OR REPLACE row_data SET seq = 1 WHERE seq = 3',
    'DELETE FROM segments; DELETE FROM row_data WHERE seq < 3',
  ],
  unguard: 'DROP TRIGGER rows_stay_as_they_are',
  tampering: [
    ['a row behind the last one', `INSERT INTO row_data ${copyOf(5, 20)}`, 20, 'reordered'],
    ['a row before the first one', `INSERT INTO row_data ${copyOf(5, -5)}`, 0, 'reordered'],
    ['another number beside the last row', 'UPDATE row_data SET seq = 500 WHERE seq = 19', 19, 'changed'],
    ['another hash beside a row', "UPDATE row_data SET row_hash = 'x' WHERE seq = 7", 7, 'changed'],
    [
      'a changed row behind an end that was moved',
      "UPDATE log SET size = 5; UPDATE row_data SET bytes = x'00' WHERE seq = 7",
      7,
      'changed',
    ],
  ],
})

const key = testSigner(1).key

/** Opens what somebody or something damaged; tells what the store says of it. */
async function reopen(file: string) {
  const faults: VitalsError[] = []
  const store = await openAuditStore({ place: { sqlite: file }, log: LOG, onFault: (error) => faults.push(error) })
  onTestFinished(() => store.close())
  return { store, faults }
}

/** Changes a byte of a row where its bytes lie in the file (also where an old copy of them does), past SQLite. */
function flip(file: string, id: string): void {
  const bytes = readFileSync(file)
  let found = 0
  for (let at = bytes.indexOf(id); at >= 0; at = bytes.indexOf(id, at + 1), found++) bytes[at] = 0x7a
  expect(found).toBeGreaterThan(0)
  writeFileSync(file, bytes)
}

async function damaged(signAt: number, total: number, victim: number) {
  const file = newFile()
  const store = await openAt({ sqlite: file })
  await store.append(many(signAt))
  if (signAt > 0) await sign(store)
  await store.append(many(total - signAt, signAt))
  await store.close()
  flip(file, `"id":"${`00000000-0000-4000-8000-${String(victim).padStart(12, '0')}`}"`.slice(6, -1))
  return { file }
}

test('rows at the end that a disk spoiled are cut off, which a row tells, and the old file stays as it was', async () => {
  const { file } = await damaged(10, 40, 25)
  const { store, faults } = await reopen(file)
  expect(faults.map(({ code }) => code)).toEqual(['AUDIT_REPAIRED'])
  expect(faults[0]!.message).toContain('15 unreadable rows at its end')
  const head = await store.head()
  expect(head.frontier.size).toBe(26)
  const [told] = (await store.find({ limit: 1 })).rows
  const moved = readdirSync(join(file, '..')).filter((name) => name.includes('.damaged-') && !/-(wal|shm)$/.test(name))
  expect(parseRow(told!.bytes)).toMatchObject({
    seq: 25,
    event_type: 'LOG_REPAIRED',
    actor: 'system',
    details: { first_cut: 25, rows_cut: 15, damaged_file: basename(moved[0]!) },
  })
  expect(sqlOn(join(file, '..', moved[0]!), 'SELECT count(*) FROM rows')).toEqual([[40]])
  await store.append(many(1, 99))
  await sign(store)
  const checkpoints = (await store.checkpoints()).map(({ note }) => note)
  expect(await verifyLog(store.read({ fromSeq: 0 }), { keys: [key], checkpoints })).toMatchObject({
    ok: true,
    head: { frontier: { size: 27 } },
  })
  await expect(async () => sqlOn(file, 'DELETE FROM row_data')).rejects.toThrow(/never/)
})

test('a row that a checkpoint covers is never given up: the log is refused, and the file left alone', async () => {
  const { file } = await damaged(40, 41, 39)
  const before = readFileSync(file)
  await expect(reopen(file)).rejects.toMatchObject({
    code: 'AUDIT_DAMAGED',
    message: expect.stringContaining('from row 39 on'),
  })
  expect(readFileSync(file).equals(before)).toBe(true)
})

test('a file that is no database is refused, and left alone', async () => {
  const file = newFile()
  writeFileSync(file, 'this is no database, whatever its name says'.repeat(200))
  await expect(reopen(file)).rejects.toMatchObject({ code: 'AUDIT_DAMAGED' })
  expect(readFileSync(file, 'utf8')).toContain('this is no database')
})

test('a file of another log, and one of a later version, are refused by name', async () => {
  const file = newFile()
  await (await openAt({ sqlite: file })).close()
  await expect(openAt({ sqlite: file }, 'example.com/other')).rejects.toMatchObject({
    code: 'AUDIT_FAILED',
    message: expect.stringContaining(`it holds the log ${LOG}, not example.com/other`),
  })
  sqlOn(file, 'PRAGMA user_version = 99')
  await expect(openAt({ sqlite: file })).rejects.toMatchObject({ code: 'STORE_SCHEMA_NEWER' })
})

test('the file is the owner’s alone, and the verifier in Python finds it sound, with what was archived', async () => {
  const file = newFile()
  const store = await openAt({ sqlite: file })
  await store.append(many(300))
  await sign(store)
  await store.append(many(50, 300))
  await sign(store)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const segment = (await store.archive(300, tempDir()))!
  await store.close()
  const keys = [key.vkey]
  expect(
    verifyInPython([
      { keys, sources: [segment.rowsFile, file] },
      { keys, sources: [file] },
    ]),
  ).toEqual([
    [350, null],
    [350, null],
  ])
})

test('what an opening held is in no file any more once it was erased', async () => {
  const file = newFile()
  const store = await openAt({ sqlite: file })
  const value = '"a-value-that-must-go"'
  await store.append([
    { ...many(1)[0]!, commitments: [{ field: 'f', salt: Buffer.alloc(32, 9), value, digest: 'a'.repeat(64) }] },
  ])
  await store.append(many(5000, 1))
  expect(await store.erase([{ seq: 0, field: 'f' }])).toBe(1)
  const dir = join(file, '..')
  for (const name of readdirSync(dir))
    expect(readFileSync(join(dir, name)).includes('a-value-that-must-go'), name).toBe(false)
})

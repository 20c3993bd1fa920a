import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { expect, test } from 'vitest'
import { type Migration, migrate, openSqlite } from '../../../packages/server/src/sqlite/index.js'
import { backupDatabase, openStore, storeOptions } from '../../../packages/server/src/store/index.js'
import { MIGRATIONS } from '../../../packages/server/src/store/migrations.js'
import { call, calls, entries, operations, tempDir, testStore } from './support.js'

const options = storeOptions.parse({})

test('a store that a later version wrote is refused by name of both schemas, and left as it was', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir)
  await store.append(entries([call(1)]))
  await store.close()
  const file = join(dir, 'events.db')
  const database = new Database(file)
  database.exec('PRAGMA user_version = 99; CREATE TABLE later (x)')
  database.close()
  await expect(openStore({ dir, options })).rejects.toMatchObject({
    code: 'STORE_SCHEMA_NEWER',
    message: `The database ${file} has schema 99; this mcp-vitals knows schemas up to ${MIGRATIONS.at(-1)?.version}.`,
  })
  const sqlite = openSqlite(file, 0)
  expect(sqlite.value('PRAGMA user_version')).toBe(99)
  expect(sqlite.rows('SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM later)')).toEqual([[1, 0]])
})

test('migrations are numbered from 1 without a gap', () => {
  expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1))
})

test('each migration runs once, in order, and a failing one leaves the schema of the one before', () => {
  const file = join(tempDir(), 'm.db')
  const steps: Migration[] = [
    { version: 1, up: 'CREATE TABLE a (x); INSERT INTO a VALUES (1)' },
    { version: 2, up: 'INSERT INTO a SELECT x + 1 FROM a' },
    { version: 3, up: 'CREATE TABLE b (x); INSERT INTO nowhere VALUES (1)' },
  ]
  const sqlite = openSqlite(file, 0)
  migrate(sqlite, file, steps.slice(0, 1))
  expect(() => migrate(sqlite, file, steps)).toThrow('nowhere')
  expect(() => migrate(sqlite, file, steps)).toThrow('nowhere')
  expect(sqlite.value('PRAGMA user_version')).toBe(2)
  expect(sqlite.rows('SELECT x FROM a ORDER BY x')).toEqual([[1], [2]])
  expect(sqlite.rows("SELECT name FROM sqlite_schema WHERE name = 'b'")).toEqual([])
})

test.each([
  ['no database at all', () => Buffer.from('what is this '.repeat(4000))],
  ['overwritten in the middle', (whole: Buffer) => whole.fill(0x5a, 8192, whole.length - 4096)],
  ['cut short', (whole: Buffer) => whole.subarray(0, 20_000)],
])('a file that is %s is moved aside, loudly, and a new store begun', async (_, damage) => {
  const dir = tempDir()
  const { store } = await testStore(dir)
  await store.append(entries(calls(500)))
  await store.close()
  const damaged = damage(readFileSync(join(dir, 'events.db')))
  writeFileSync(join(dir, 'events.db'), damaged)
  const { store: again, faults } = await testStore(dir)
  expect(faults.map(({ code }) => code)).toEqual(['STORE_CORRUPT'])
  const aside = readdirSync(dir).filter((name) => /^events\.db\.corrupt-\d{8}T\d{6}Z$/.test(name))
  expect(aside).toHaveLength(1)
  expect(faults[0]?.message).toContain(join(dir, aside[0]!))
  expect(readFileSync(join(dir, aside[0]!)).length).toBe(damaged.length)
  await again.append(entries([call(1)]))
  expect(operations(await again.read())).toEqual(['op-1'])
})

test('a path that cannot be a database is refused with the reason', async () => {
  const dir = tempDir()
  mkdirSync(join(dir, 'events.db'))
  await expect(openStore({ dir, options })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: /could not be opened/,
  })
})

test('a backup taken while events pour in is whole, the owner’s alone, and opens as a store', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir)
  await store.append(entries(calls(3000)))
  await store.appendStream('s', [{ seq: 7, event: call(3001) }])
  const target = join(tempDir(), 'copy.db')
  let saved = 3001
  let copied = false
  const copying = store.backup(target).finally(() => {
    copied = true
  })
  do {
    await store.append(entries([call(++saved)]))
  } while (!copied)
  await copying
  expect(statSync(target).mode & 0o777).toBe(0o600)
  expect(existsSync(`${target}.draft`)).toBe(false)
  const restored = tempDir()
  copyFileSync(target, join(restored, 'events.db'))
  const { store: again, faults } = await testStore(restored)
  const found = operations(await again.read({ limit: 10_000 })).reverse()
  expect(faults).toEqual([])
  expect(found.length).toBeGreaterThanOrEqual(3001)
  expect(found).toEqual(Array.from(found, (_, index) => `op-${index + 1}`))
  expect(await again.mark('s')).toBe(7)
})

test('a backup overwrites nothing, and leaves nothing when it fails', async () => {
  const dir = tempDir()
  const { store } = await testStore(dir)
  await store.append(entries([call(1)]))
  const target = join(tempDir(), 'copy.db')
  writeFileSync(target, 'precious')
  await expect(store.backup(target)).rejects.toMatchObject({ code: 'BACKUP_FAILED', message: /exists already/ })
  expect(readFileSync(target, 'utf8')).toBe('precious')
  await expect(store.backup(join(target, 'below'))).rejects.toMatchObject({ code: 'BACKUP_FAILED' })
  const empty = tempDir()
  await expect(backupDatabase(empty, join(empty, 'copy.db'))).rejects.toMatchObject({
    code: 'BACKUP_FAILED',
    message: expect.stringContaining(`there is no store in ${empty}`),
  })
  expect(readdirSync(empty)).toEqual([])
  writeFileSync(join(empty, 'events.db'), 'no database '.repeat(1000))
  await expect(backupDatabase(empty, join(empty, 'copy.db'))).rejects.toMatchObject({
    code: 'BACKUP_FAILED',
    message: expect.stringContaining('not a database'),
  })
  expect(readdirSync(empty)).toEqual(['events.db'])
})

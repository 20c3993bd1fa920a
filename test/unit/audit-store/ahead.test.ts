import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { StoredRow } from '../../../packages/server/src/audit/index.js'
import { parseRow } from '../../../packages/server/src/audit/index.js'
import { batchOf, packDrafts } from '../../../packages/server/src/audit-store/packed-drafts.js'
import { openToWrite } from '../../../packages/server/src/audit-store/sqlite/open.js'
import { draft, LOG } from '../../fixtures/audit-logs.js'
import { openAt, tempDir } from './suite.js'

async function opened() {
  const file = join(tempDir(), 'audit.db')
  const data = { place: { sqlite: file }, log: LOG, shown: file, role: 'write' } as const
  const { database } = await openToWrite(file, { ...data, afterFault: false, acknowledged: 0, unsure: [] })
  onTestFinished(async () => {
    await database.close()
  })
  let go = () => {}
  const turn = new Promise<void>((resolve) => {
    go = resolve
  })
  return { file, database, turn, go }
}

const packed = (...numbers: readonly number[]) => packDrafts([batchOf(numbers.map((n) => draft(n)))])

const expectChain = (rows: readonly StoredRow[], from: number) => {
  const all = rows.map(({ bytes }) => parseRow(bytes))
  expect(all.map(({ seq }) => seq)).toEqual(all.map((_, n) => from + n))
  for (const [n, { prev_hash }] of all.entries()) if (n > 0) expect(prev_hash).toBe(all[n - 1]?.row_hash)
}

test('rows that are sealed before their turn are saved in it, behind those before', async () => {
  const { database, turn, go } = await opened()
  await database.append(packed(0))
  const second = database.append(packed(1, 2), turn)
  const third = database.append(
    packed(3),
    second.then(() => {}),
  )
  expect(await database.page(0, 10)).toHaveLength(1)
  go()
  expect((await second).size).toBe(3)
  expect(await third).toMatchObject({ size: 4, times: { sealMs: expect.any(Number), commitMs: expect.any(Number) } })
  const rows = await database.page(0, 10)
  expect(rows.map(({ bytes }) => parseRow(bytes).id)).toEqual([0, 1, 2, 3].map((n) => draft(n).id))
  expectChain(rows, 0)
})

test('they are sealed anew where another program wrote meanwhile, and so are those behind them', async () => {
  const { file, database, turn, go } = await opened()
  await database.append(packed(0))
  const second = database.append(packed(1), turn)
  const third = database.append(
    packed(2),
    second.then(() => {}),
  )
  const other = await openAt({ sqlite: file })
  await other.append([draft(7)])
  go()
  await Promise.all([second, third])
  await other.append([draft(8)])
  await database.append(packed(3))
  const rows = await database.page(0, 10)
  expect(rows.map(({ bytes }) => parseRow(bytes).id)).toEqual([0, 7, 1, 2, 8, 3].map((n) => draft(n).id))
  expectChain(rows, 0)
})

test('rows whose turn does not come are not saved', async () => {
  const { database } = await opened()
  await database.append(packed(0))
  const failed = Promise.reject(new Error('those before could not be saved'))
  await expect(database.append(packed(1), failed)).rejects.toThrow('those before')
  expect(await database.page(0, 10)).toHaveLength(1)
})

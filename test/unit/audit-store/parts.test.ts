import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseRow, type StoredRow } from '../../../packages/server/src/audit/index.js'
import { Committer } from '../../../packages/server/src/audit-store/committer.js'
import type { LogDatabase } from '../../../packages/server/src/audit-store/database.js'
import { batchOf, packDrafts } from '../../../packages/server/src/audit-store/packed-drafts.js'
import type { Message } from '../../../packages/server/src/audit-store/protocol.js'
import { openToWrite } from '../../../packages/server/src/audit-store/sqlite/open.js'
import { draft, LOG } from '../../fixtures/audit-logs.js'
import { many, openAt, tempDir } from './suite.js'

const newFile = () => join(tempDir(), 'audit.db')

async function idsIn(rows: AsyncIterable<StoredRow>): Promise<string[]> {
  const ids: string[] = []
  for await (const { bytes } of rows) ids.push(parseRow(bytes).id)
  return ids
}

test('what is appended in one turn is one commit, and what is asked between its parts is answered behind it', async () => {
  const store = await openAt({ sqlite: newFile() })
  const before = many(100).map((one) => store.append([one]))
  const head = store.head()
  const behind = many(100, 100).map((one) => store.append([one]))
  expect((await head).frontier.size).toBe(200)
  expect((await Promise.all([...before, ...behind])).flat()).toEqual(Array.from({ length: 200 }, (_, n) => n))
  expect(store.stats()).toMatchObject({ commits: 1, committedRows: 200, waitingRows: 0 })
})

test('a batch for which a commit has no room goes with the next one, in its order', async () => {
  const store = await openAt({ sqlite: newFile() })
  const asked = [...many(1950).map((one) => [one]), many(100, 1950), ...many(90, 2050).map((one) => [one])]
  const seqs = await Promise.all(asked.map((batch) => store.append(batch)))
  expect(seqs.flat()).toEqual(Array.from({ length: 2140 }, (_, n) => n))
  expect(store.stats()).toMatchObject({ commits: 2, committedRows: 2140 })
  expect(await idsIn(store.read({ fromSeq: 0 }))).toEqual(many(2140).map(({ id }) => id))
})

async function committer(change: Partial<LogDatabase> = {}) {
  const file = newFile()
  const data = { place: { sqlite: file }, log: LOG, shown: file, role: 'write' } as const
  const { database } = await openToWrite(file, { ...data, afterFault: false, acknowledged: 0, unsure: [] })
  onTestFinished(async () => {
    await database.close()
  })
  const posted: Message[] = []
  const post = (message: Message) => void posted.push(message)
  let made!: Committer
  const ended = new Promise<void>((resolve) => {
    const onEnd = () => {
      database.abandon()
      resolve()
    }
    made = new Committer({ database: { ...database, ...change }, log: LOG, shown: file, post, onEnd })
  })
  return { made, database, posted, ended }
}

const drafts = packDrafts([batchOf([draft(0)])])

test('a thread that was not told of the first parts commits nothing of their transaction, and ends', async () => {
  const { made, database, posted, ended } = await committer()
  made.take({ id: 1, call: 'append', parts: 1, drafts })
  await ended
  expect(posted).toMatchObject([{ kind: 'failed', id: 1 }, { kind: 'fatal' }])
  expect(await database.page(0, 10)).toEqual([])
})

test('a part that cannot be saved ends the thread, and nothing of its transaction is kept', async () => {
  let parts = 0
  const { made, database, posted, ended } = await committer({
    add(part) {
      if (++parts === 2) throw new Error('the disk is full')
      return database.add(part)
    },
  })
  made.take({ kind: 'part', drafts })
  made.take({ kind: 'part', drafts: packDrafts([batchOf([draft(1)])]) })
  made.take({ id: 1, call: 'append', parts: 2, drafts: packDrafts([]) })
  await ended
  expect(posted).toMatchObject([{ kind: 'fatal', failure: { message: expect.stringContaining('the disk is full') } }])
  expect(parts).toBe(2)
  expect(await database.page(0, 10)).toEqual([])
})

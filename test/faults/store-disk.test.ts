import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDataDir } from '../../packages/server/src/datadir/index.js'
import { openStore, type Store, storeOptions } from '../../packages/server/src/store/index.js'
import { calls, entries, operations, until } from '../unit/store/support.js'
import { fill, smallDisk } from './broken-disk.js'

async function openOn(dir: string): Promise<Store> {
  const store = await openStore({ dir, options: storeOptions.parse({}) })
  onTestFinished(() => store.close())
  return store
}

test('on a full disk an append is rejected with the reason, and works again when there is space', async () => {
  const dir = smallDisk('8m')
  const store = await openOn(dir)
  await store.append(entries(calls(100)))
  const ballast = join(dir, 'ballast')
  fill(ballast)
  const failure = (await appendUntilRefused(store)) as { code: string; message: string }
  expect(failure.code).toBe('STORE_FAILED')
  expect(failure.message).toContain('the disk is full')
  expect(store.health()).toMatchObject({ ok: false, reason: expect.stringContaining('the disk is full') })
  const batch = calls(500).map((event, index) => ({ seq: index + 1, event }))
  await expect(store.appendStream('s', batch)).rejects.toMatchObject({ code: 'STORE_FAILED' })
  expect((await store.read({ limit: 10_000 })).length).toBeGreaterThanOrEqual(100)
  const before = (await store.read({ limit: 10_000 })).length

  rmSync(ballast)
  // Without another write: who is not ready may be sent none.
  await until(() => store.health().ok)
  await store.append(entries(calls(3, 1_000_001)))
  expect(await store.appendStream('s', [{ seq: 1, event: calls(1, 1_000_004)[0]! }])).toMatchObject({ highWater: 1 })
  const found = await store.read({ limit: 10_000 })
  expect(found).toHaveLength(before + 4)
  expect(operations(found.slice(0, 4))).toEqual(['op-1000004', 'op-1000003', 'op-1000002', 'op-1000001'])
  expect((await store.stats()).restarts).toBe(0)
})

test('a disk that turns read-only fails appends, not the process, and is used again when it is mended', async () => {
  const dir = smallDisk('8m')
  const store = await openOn(dir)
  await store.append(entries(calls(10)))
  await store.close()
  execFileSync('mount', ['-o', 'remount,ro', dir])
  await expect(openOn(dir)).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await expect(openDataDir(dir)).rejects.toMatchObject({
    code: 'DATA_DIR_UNUSABLE',
    message: expect.stringContaining('the file system is read-only'),
  })
  execFileSync('mount', ['-o', 'remount,rw', dir])
  const again = await openOn(dir)
  expect(await again.read()).toHaveLength(10)
})

test('a state directory on a full disk is refused with the reason', async () => {
  const dir = smallDisk('64k')
  fill(join(dir, 'ballast'))
  await expect(openDataDir(join(dir, 'state'))).rejects.toMatchObject({
    code: 'DATA_DIR_UNUSABLE',
    message: expect.stringContaining('the disk is full'),
  })
})

test('a backup to a full disk fails with the reason and leaves nothing there', async () => {
  const store = await openOn(smallDisk('16m'))
  await store.append(entries(calls(5000)))
  const target = smallDisk('256k')
  await expect(store.backup(join(target, 'copy.db'))).rejects.toMatchObject({
    code: 'BACKUP_FAILED',
    message: expect.stringContaining('the disk is full'),
  })
  expect(execFileSync('ls', ['-A', target], { encoding: 'utf8' })).toBe('')
})

/** The write-ahead file has room of its own at first: appends until the disk says no. */
async function appendUntilRefused(store: Store): Promise<unknown> {
  for (let round = 0; round < 200; round++) {
    const refusal = await store.append(entries(calls(500, 1000 + round * 500))).catch((error: unknown) => error)
    if (refusal) return refusal
  }
  throw new Error('the disk was never full')
}

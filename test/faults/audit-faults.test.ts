import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAuditStore } from '../../packages/server/src/audit-store/index.js'
import { LOG } from '../fixtures/audit-logs.js'
import { until } from '../fixtures/until.js'
import { many } from '../unit/audit-store/suite.js'
import { Acknowledged, startWriters } from './audit-writers.js'
import { breakDisk, fill, poweredDisk, smallDisk } from './broken-disk.js'
import { temporaryDir } from './daemon-process.js'
import { between, oneOf, PROVE, record, seeded } from './prove.js'

const TIMEOUT_MS = PROVE ? 900_000 : 120_000
const DEADLINE_MS = 30_000
/** Longest time from the last batch that is waited for until a log is broken. Milliseconds. */
const MOST_MORE_MS = 20

/** How a life of a log's writers goes: how many there are, and how many batches of one to nine rows they bring before it ends. */
function lifeOf(random: () => number) {
  const writers = PROVE ? oneOf(random, [1, 16, 256, 256]) : 16
  const most = PROVE ? Math.min(20 + 8 * writers, 1500) : 60
  return { writers, batches: between(random, 1, most), moreMs: between(random, 0, MOST_MORE_MS) }
}

test('audit rows that were acknowledged survive kill -9 at any moment', { timeout: TIMEOUT_MS }, async () => {
  const proof = 'audit log under kill -9'
  const rounds = PROVE ? 60 : 3
  const random = seeded(proof)
  const file = join(temporaryDir(), 'audit.db')
  const acknowledged = new Acknowledged()
  for (let round = 0; round < rounds; round++) {
    const { writers: count, batches: killAfter, moreMs } = lifeOf(random)
    const writers = await startWriters(file, acknowledged, {
      writers: count,
      onBatch(batches) {
        if (batches === killAfter) setTimeout(() => writers.process.kill('SIGKILL'), moreMs)
      },
    })
    await once(writers.process, 'close')
    await acknowledged.expectIn(file)
  }
  await acknowledged.expectWhole(file)
  record(proof, 'kills survived', rounds)
  record(proof, 'acknowledged rows, none lost, none twice', acknowledged.total)
})

test('audit rows that were acknowledged survive the loss of power', { timeout: TIMEOUT_MS }, async () => {
  const proof = 'audit log without power (ext4 shut down)'
  const rounds = PROVE ? 20 : 1
  const random = seeded(proof)
  const disk = poweredDisk(PROVE ? 256 : 64)
  const file = join(disk.dir, 'audit.db')
  const acknowledged = new Acknowledged()
  for (let round = 0; round < rounds; round++) {
    const { writers: count, batches: cutAfter, moreMs } = lifeOf(random)
    const writers = await startWriters(file, acknowledged, { writers: count })
    await until(
      () => writers.batches() >= cutAfter,
      DEADLINE_MS,
      () => `too few were acknowledged: ${writers.told}`,
    )
    await new Promise((resolve) => setTimeout(resolve, moreMs))
    // A sync that is under way when ext4 is shut down may succeed, which no disk without power tells anybody.
    writers.doubt()
    disk.cut()
    await until(
      () => writers.told.length > 0,
      DEADLINE_MS,
      () => 'nothing was rejected without power',
    )
    await writers.kill()
    disk.restore()
    await acknowledged.expectIn(file)
  }
  await acknowledged.expectWhole(file)
  record(proof, 'power cuts survived', rounds)
  record(proof, 'acknowledged rows, none lost, none twice', acknowledged.total)
})

test('a disk that refuses to sync fails what waits, is looked at anew, and is used again', {
  timeout: TIMEOUT_MS,
}, async () => {
  const proof = 'audit log on a disk that refuses fsync (EIO)'
  const rounds = PROVE ? 10 : 1
  const random = seeded(proof)
  const file = join(temporaryDir(), 'audit.db')
  const acknowledged = new Acknowledged()
  let refusals = 0
  for (let round = 0; round < rounds; round++) {
    const { writers: count, batches } = lifeOf(random)
    const writers = await startWriters(file, acknowledged, { writers: count })
    await until(
      () => writers.batches() >= batches,
      DEADLINE_MS,
      () => 'too few were acknowledged',
    )
    const mend = await breakDisk(writers.process.pid!)
    await until(
      () => writers.told.some((line) => line.includes('the disk fails')),
      DEADLINE_MS,
      () => `it was not told: ${writers.told}`,
    )
    if (PROVE) await new Promise((resolve) => setTimeout(resolve, between(random, 0, 500)))
    refusals += await mend()
    const before = writers.batches()
    await until(
      () => writers.batches() > before + 30,
      DEADLINE_MS,
      () => `it did not go on: ${writers.told.at(-1)}`,
    )
    await writers.kill()
    await acknowledged.expectIn(file)
  }
  await acknowledged.expectWhole(file)
  record(proof, 'rounds, each told and gone on from', rounds)
  record(proof, 'fsyncs refused', refusals)
  record(proof, 'acknowledged rows, none lost, none twice', acknowledged.total)
})

test('a full disk fails rows with the reason, and takes them when there is space', {
  timeout: TIMEOUT_MS,
}, async () => {
  const dir = smallDisk('8m')
  const file = join(dir, 'audit.db')
  const acknowledged = new Acknowledged()
  const writers = await startWriters(file, acknowledged)
  await until(
    () => writers.batches() >= 20,
    DEADLINE_MS,
    () => 'too few were acknowledged',
  )
  const ballast = join(dir, 'ballast')
  fill(ballast)
  await until(
    () => writers.told.some((line) => line.includes('the disk is full')),
    DEADLINE_MS,
    () => 'it was never full',
  )
  rmSync(ballast)
  const before = writers.batches()
  await until(
    () => writers.batches() > before + 30,
    DEADLINE_MS,
    () => `it did not go on: ${writers.told.at(-1)}`,
  )
  await writers.kill()
  await acknowledged.expectWhole(file)
})

test('a disk that is read-only is told as such, and the log is as it was when it is mended', {
  timeout: TIMEOUT_MS,
}, async () => {
  const dir = smallDisk('8m')
  const place = { sqlite: join(dir, 'audit.db') }
  const store = await openAuditStore({ place, log: LOG })
  await store.append(many(10))
  await store.close()
  execFileSync('mount', ['-o', 'remount,ro', dir])
  await expect(openAuditStore({ place, log: LOG })).rejects.toMatchObject({
    code: 'AUDIT_FAILED',
    message: expect.stringMatching(/read-only/),
  })
  execFileSync('mount', ['-o', 'remount,rw', dir])
  const again = await openAuditStore({ place, log: LOG })
  expect(await again.append(many(1, 10))).toEqual([10])
  await again.close()
})

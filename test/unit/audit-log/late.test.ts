import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type LateAuditLog, startAuditLog } from '../../../packages/server/src/audit-log/index.js'
import { auditOptions } from '../../../packages/server/src/audit-log/options.js'
import { until } from '../../fixtures/until.js'
import { many, tempDir } from '../audit-store/suite.js'

async function startIn(dir: string) {
  const told: string[] = []
  const log = await startAuditLog({
    dir,
    options: auditOptions.parse({}),
    now: Date.now,
    clock: () => performance.now(),
    onFault: ({ code }) => told.push(code),
    onKeys: ({ isNew }) => told.push(isNew ? 'key made' : 'key read'),
  })
  onTestFinished(() => log.close(), 30_000)
  return { log, told }
}

const sizeOf = async (log: LateAuditLog) => (await (await log.store()).head()).frontier.size

test('what is recorded while the log opens is in it', async () => {
  const { log, told } = await startIn(tempDir())
  expect(log.readings()).toMatchObject({ rows: 0, isWritable: true })
  await log.record(many(3))
  expect(await sizeOf(log)).toBe(3)
  expect(log.fault()).toBeUndefined()
  expect(told).toEqual(['key made'])
})

test('a log that cannot be opened keeps nobody from going on, says why once, and opens when it can', async () => {
  const dir = tempDir()
  // A folder stands where the file should: what a disk that refuses looks like from here.
  mkdirSync(join(dir, 'audit.db'))
  const { log, told } = await startIn(dir)
  await expect(log.record(many(1))).rejects.toMatchObject({ code: 'AUDIT_FAILED' })
  await expect(log.store()).rejects.toMatchObject({ code: 'AUDIT_FAILED' })
  expect(log.fault()).toMatchObject({ code: 'AUDIT_FAILED' })
  expect(log.readings()).toMatchObject({ rows: 0, isWritable: false })
  rmdirSync(join(dir, 'audit.db'))
  await until(
    () => log.readings().isWritable,
    20_000,
    () => String(log.fault()),
  )
  await log.record(many(2))
  expect(await sizeOf(log)).toBe(2)
  expect(told).toEqual(['key made', 'AUDIT_FAILED'])
})

test('a key that is none is its owner’s to mend, and refused at once', async () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'audit.key'), 'no key', { mode: 0o600 })
  await expect(startIn(dir)).rejects.toMatchObject({ code: 'AUDIT_KEY_INVALID' })
})

test('a log that is closed while it opens, or cannot be opened, lets go', async () => {
  const { log } = await startIn(tempDir())
  await log.close()
  const dir = tempDir()
  mkdirSync(join(dir, 'audit.db'))
  const { log: refused } = await startIn(dir)
  await refused.close()
  expect(refused.readings().isWritable).toBe(false)
})

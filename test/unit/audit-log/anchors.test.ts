import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { splitNotes, verifyLog } from '../../../packages/server/src/audit/index.js'
import { type AuditLog, openAuditLog, openKeys } from '../../../packages/server/src/audit-log/index.js'
import { auditOptions } from '../../../packages/server/src/audit-log/options.js'
import { until } from '../../fixtures/until.js'
import { many, tempDir } from '../audit-store/suite.js'

async function anchored(dir: string, files: Readonly<Record<string, string>>) {
  const told: string[] = []
  const parsed = auditOptions.parse({
    anchors: Object.fromEntries(Object.entries(files).map(([name, file]) => [name, { file }])),
  })
  const log = await openAuditLog(
    {
      dir,
      options: parsed,
      now: Date.now,
      clock: () => performance.now(),
      onFault: ({ code, message }) => told.push(`${code} ${message}`),
    },
    await openKeys(dir, parsed),
  )
  onTestFinished(() => log.close(), 30_000)
  return { log, told }
}

const behind = (log: AuditLog) => {
  const { signedRows, anchors } = log.readings()
  return anchors.map(({ name, size }) => [name, signedRows - size])
}

test('each checkpoint is in the file of its anchor, which shows that a tail was cut', async () => {
  const [dir, file] = [tempDir(), join(tempDir(), 'elsewhere', 'checkpoints')]
  const { log } = await anchored(dir, { backup: file })
  await log.record(many(5))
  await log.checkpoint()
  await until(
    () => behind(log).every(([, rows]) => rows === 0),
    20_000,
    () => `${behind(log)}`,
  )
  await log.record(many(1, 5))
  await log.close()
  // A crash in the middle of a note leaves a part of one; the next start cuts it off.
  appendFileSync(file, '\nmcp-vitals.local/x\n99\nabc')
  const { log: again } = await anchored(dir, { backup: file })
  await again.record(many(1, 6))
  await again.close()
  const kept = splitNotes(readFileSync(file, 'utf8'))
  const { log: last } = await anchored(dir, {})
  const setup = { keys: last.keys.trusted, checkpoints: kept }
  expect(await verifyLog(last.store.read({ fromSeq: 0 }), setup), readFileSync(file, 'utf8')).toMatchObject({
    ok: true,
    signedSize: 7,
  })
  expect(await verifyLog(last.store.read({ fromSeq: 0, toSeq: 6 }), setup)).toEqual({ ok: false, seq: 6, fault: 'cut' })
})

test('an anchor that is away is told once, holds up nobody, and gets the newest checkpoint when it is back', async () => {
  const place = tempDir()
  const [away, here] = [join(place, 'away'), join(place, 'here')]
  mkdirSync(away)
  const { log, told } = await anchored(tempDir(), { away, here })
  await log.record(many(3))
  await log.checkpoint()
  await until(
    () => behind(log).some(([name, rows]) => name === 'here' && rows === 0),
    20_000,
    () => `${behind(log)}`,
  )
  expect(behind(log)).toContainEqual(['away', 3])
  expect(told).toEqual([expect.stringMatching(/^AUDIT_ANCHOR_FAILED The anchor away /)])
  rmSync(away, { recursive: true })
  await until(
    () => behind(log).every(([, rows]) => rows === 0),
    20_000,
    () => `${behind(log)}`,
  )
  expect(splitNotes(readFileSync(away, 'utf8'))).toHaveLength(1)
  expect(told).toHaveLength(1)
})

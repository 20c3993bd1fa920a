import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openCheckpoint, verifyLog } from '../../../packages/server/src/audit/index.js'
import { type AuditLog, openAuditLog, openKeys, proofOf } from '../../../packages/server/src/audit-log/index.js'
import { auditOptions } from '../../../packages/server/src/audit-log/options.js'
import type { VitalsError } from '../../../packages/server/src/errors/index.js'
import { until } from '../../fixtures/until.js'
import { many, tempDir } from '../audit-store/suite.js'

async function openIn(dir: string, options: object = {}, clock = () => performance.now()) {
  const faults: VitalsError[] = []
  const parsed = auditOptions.parse(options)
  const log = await openAuditLog(
    {
      dir,
      options: parsed,
      now: () => Date.parse('2026-11-21T04:00:00Z'),
      clock,
      onFault: (error) => faults.push(error),
    },
    await openKeys(dir, parsed),
  )
  onTestFinished(() => log.close(), 30_000)
  return { log, faults }
}

const notes = async (log: AuditLog) => (await log.store.checkpoints()).map(({ note }) => note)

test('the first start makes a name and a key that are the owner’s alone, and the next takes the same', async () => {
  const dir = tempDir()
  const { log } = await openIn(dir)
  expect(log.keys).toMatchObject({ isNew: true, log: expect.stringMatching(/^mcp-vitals\.local\/[0-9a-f]{12}$/) })
  expect(statSync(join(dir, 'audit.key')).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(dir, 'audit.pub'), 'utf8')).toBe(`${log.keys.signer.key.vkey}\n`)
  await log.record(many(3))
  await log.close()
  const { log: again } = await openIn(dir)
  expect(again.keys).toMatchObject({ isNew: false, log: log.keys.log, trusted: [{ vkey: log.keys.signer.key.vkey }] })
  expect((await again.store.head()).frontier.size).toBe(3)
})

test('a key that others may read is refused, and one of one’s own place is taken', async () => {
  const dir = tempDir()
  const keyFile = join(tempDir(), 'elsewhere', 'audit.key')
  await (await openIn(dir, { keyFile, log: 'example.com/audit' })).log.close()
  expect(existsSync(join(dir, 'audit.key'))).toBe(false)
  const other = tempDir()
  writeFileSync(join(other, 'audit.key'), readFileSync(keyFile), { mode: 0o644 })
  await expect(openIn(other)).rejects.toMatchObject({ code: 'DATA_DIR_INSECURE' })
  writeFileSync(keyFile, 'no key')
  await expect(openIn(dir, { keyFile })).rejects.toMatchObject({ code: 'AUDIT_KEY_INVALID' })
})

test('checkpoints are signed at the start, after so many rows, in time and when idle, and the last at the stop', async () => {
  let nowMs = 0
  const checkpoints = { everyRows: 10, everyMs: 100, idleMs: 1000 }
  const { log } = await openIn(tempDir(), { checkpoints }, () => nowMs)
  const sizes = async () => {
    const { keys } = log
    return (await notes(log)).map((note) => {
      const opened = openCheckpoint(note, keys.log, keys.trusted)
      return typeof opened === 'string' ? opened : opened.size
    })
  }
  const shows = (wanted: readonly number[]) =>
    until(
      async () => (await sizes()).join() === wanted.join(),
      20_000,
      () => `not ${wanted}`,
    )
  await shows([0])
  await log.record(many(10))
  await shows([0, 10])
  await log.record(many(1, 10))
  expect(log.readings()).toMatchObject({ unsignedRows: 1, isWritable: true, rows: 11 })
  nowMs += 100
  await shows([0, 10, 11])
  await log.record(many(1, 11))
  await log.close()
  const { log: again } = await openIn(tempDir())
  await again.close()
})

test('the log that a daemon leaves holds to its last row, and a proof of each is given', async () => {
  const dir = tempDir()
  const { log } = await openIn(dir)
  await log.record(many(25))
  await log.close()
  const { log: again } = await openIn(dir)
  const setup = { keys: again.keys.trusted, checkpoints: await notes(again) }
  expect(await verifyLog(again.store.read({ fromSeq: 0 }), setup)).toMatchObject({ ok: true, signedSize: 25 })
  expect(await proofOf(again.store, 7)).toContain('c2sp.org/tlog-proof@v1')
  await expect(proofOf(again.store, 99)).rejects.toMatchObject({ code: 'AUDIT_ROW_UNKNOWN' })
})

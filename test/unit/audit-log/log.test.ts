import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openCheckpoint, verifyLog } from '../../../packages/server/src/audit/index.js'
import {
  type AuditLog,
  type LogKeys,
  makeKey,
  openAuditLog,
  openKeys,
  proofOf,
  showRow,
} from '../../../packages/server/src/audit-log/index.js'
import { auditOptions } from '../../../packages/server/src/audit-log/options.js'
import type { VitalsError } from '../../../packages/server/src/errors/index.js'
import { until } from '../../fixtures/until.js'
import { many, tempDir } from '../audit-store/suite.js'

async function openIn(dir: string, options: object = {}, clock = () => performance.now(), laterMs = 0) {
  const faults: VitalsError[] = []
  const parsed = auditOptions.parse(options)
  const log = await openAuditLog(
    {
      dir,
      options: parsed,
      now: () => Date.parse('2026-11-21T04:00:00Z') + laterMs,
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

test('a key that is put in the place of the private one signs from the next checkpoint on, with the old one once', async () => {
  const dir = tempDir()
  const { log, faults } = await openIn(dir)
  const old = log.keys
  await log.record(many(2))
  const { pem, key } = makeKey(old.log)
  const replace = (text: string) => {
    writeFileSync(join(dir, 'audit.key.new'), text, { mode: 0o600 })
    renameSync(join(dir, 'audit.key.new'), join(dir, 'audit.key'))
  }
  replace(pem)
  const both = await log.checkpoint()
  const alone = await log.checkpoint()
  const opens = (note: string, keys: LogKeys['trusted']) => typeof openCheckpoint(note, old.log, keys) !== 'string'
  expect([opens(both, old.trusted), opens(both, [key])]).toEqual([true, true])
  expect([opens(alone, old.trusted), opens(alone, [key])]).toEqual([false, true])
  expect(log.keys.trusted.map(({ vkey }) => vkey)).toEqual([old.signer.key.vkey, key.vkey])
  expect(readFileSync(join(dir, 'audit.pub'), 'utf8')).toContain(key.vkey)
  // What is no key is told of, and the key before goes on.
  replace('no key')
  expect(opens(await log.checkpoint(), [key])).toBe(true)
  expect(faults.map(({ code }) => code)).toEqual(['AUDIT_KEY_INVALID'])
  rmSync(join(dir, 'audit.key'))
  expect(opens(await log.checkpoint(), [key])).toBe(true)
})

test('rows that are many, or old, are moved into files by themselves, and the log says so', async () => {
  const dir = tempDir()
  const place = tempDir()
  const archive = { dir: place, keepRows: 100 }
  const { log, faults } = await openIn(dir, { archive, checkpoints: { everyRows: 10 } })
  const moved = async (first: AuditLog) => (await first.store.segments()).map(({ end }) => end.frontier.size)
  for (let n = 0; n < 150; n += 10) await log.record(many(10, n))
  await log.checkpoint()
  await until(
    async () => {
      await log.record(many(1, 1000))
      return (await moved(log)).length > 0
    },
    20_000,
    () => `${faults}`,
  )
  const [size] = await moved(log)
  expect(size).toBeGreaterThan(0)
  const told = async (first: AuditLog) => (await first.store.find({ eventTypes: ['ARCHIVE'] })).rows.map(showRow)
  await until(
    async () => (await told(log)).length > 0,
    20_000,
    () => 'no row tells of it',
  )
  expect((await told(log)).at(-1)).toMatchObject({ actor: 'system', details: { first: 0, size } })
  expect(readdirSync(place).toSorted()[0]).toMatch(/^audit-000000000000-\d{12}\.jsonl$/)
  await log.close()

  // A year later all of it is old, as far as it is signed.
  const { log: later } = await openIn(dir, { archive: { ...archive, keepDays: 30 } }, undefined, 31_536_000_000)
  await until(
    async () => (await moved(later)).length > 1,
    20_000,
    () => 'nothing old was moved',
  )
  expect(faults).toEqual([])
})

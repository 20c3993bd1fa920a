/** The audit log while the clock of its machine jumps, as it does when a time server sets it right. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { openCheckpoint, parseRow, verifyLog } from '../../packages/server/src/audit/index.js'
import { keyFiles, openAuditLog, openKeys, readTrusted } from '../../packages/server/src/audit-log/index.js'
import { auditOptions } from '../../packages/server/src/audit-log/options.js'
import { until } from '../fixtures/until.js'
import { verifyInPython } from '../fixtures/verify-audit.js'
import { temporaryDir } from './daemon-process.js'
import { between, PROVE, record, seeded } from './prove.js'

const DEADLINE_MS = 30_000
const DAY_SECONDS = 86_400
/** Debian's `libfaketime`, whatever the processor. */
const FAKETIME = readdirSync('/usr/lib')
  .map((place) => `/usr/lib/${place}/faketime/libfaketimeMT.so.1`)
  .find((file) => existsSync(file))

test('a clock that jumps by days costs no row, no checkpoint and no order', {
  timeout: PROVE ? 600_000 : 60_000,
}, async () => {
  expect(FAKETIME, 'apt-get install libfaketime').toBeDefined()
  const proof = 'audit log while the clock jumps (libfaketime)'
  const jumps = PROVE ? 200 : 4
  const random = seeded(proof)
  const dir = temporaryDir()
  const clock = join(temporaryDir(), 'clock')
  /** By turns days before the real time and behind it. */
  const jump = (n: number) => {
    const seconds = between(random, 2, 400) * DAY_SECONDS + between(random, 0, 9999)
    writeFileSync(clock, `${n % 2 === 0 ? '+' : '-'}${seconds}`)
  }
  jump(0)
  const child = spawn(process.execPath, [join(import.meta.dirname, 'audit-clock-child.mjs'), dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const told: { seq: number; timestamp: string; signed: number; fault?: string }[] = []
  createInterface({ input: child.stdout }).on('line', (line) => told.push(JSON.parse(line)))
  for (let n = 0; n < jumps; n++) {
    const signedBefore = told.at(-1)?.signed ?? 0
    await until(
      () => (told.at(-1)?.signed ?? 0) > signedBefore,
      DEADLINE_MS,
      () => `nothing was signed after ${n} jumps: ${JSON.stringify(told.at(-1))}`,
    )
    jump(n + 1)
  }
  const closed = once(child, 'close')
  child.stdin.write('end\n')
  expect((await closed)[0]).toBe(0)
  expect(told.filter(({ fault }) => fault)).toEqual([])
  // It did jump: rows that follow each other are days apart, in both directions.
  const steps = told.slice(1).map(({ timestamp }, n) => Date.parse(timestamp) - Date.parse(told[n]!.timestamp))
  expect(Math.min(...steps)).toBeLessThan(-DAY_SECONDS * 1000)
  expect(Math.max(...steps)).toBeGreaterThan(DAY_SECONDS * 1000)

  const options = auditOptions.parse({})
  const setup = {
    dir,
    options,
    now: Date.now,
    clock: () => performance.now(),
    onFault: (error: Error) => expect.fail(error.message),
  }
  const log = await openAuditLog(setup, await openKeys(dir, options))
  onTestFinished(() => log.close())
  const rows: string[] = []
  async function* seen() {
    for await (const row of log.store.read({ fromSeq: 0 })) {
      rows.push(parseRow(row.bytes).timestamp)
      yield row
    }
  }
  const { keys } = log
  const checkpoints = (await log.store.checkpoints()).map(({ note }) => note)
  expect(await verifyLog(seen(), { keys: keys.trusted, checkpoints })).toMatchObject({
    ok: true,
    signedSize: told.length,
  })
  expect(rows).toEqual(told.map(({ timestamp }) => timestamp))
  const times = checkpoints
    .map((note) => openCheckpoint(note, keys.log, keys.trusted))
    .map((one) => (typeof one === 'string' ? Number.NaN : one.timeSeconds))
  expect(times.some((time, n) => time < (times[n - 1] ?? 0))).toBe(true)
  await log.close()
  const vkeys = (await readTrusted(keyFiles(dir, options).publicFile)).map(({ vkey }) => vkey)
  expect(verifyInPython([{ keys: vkeys, sources: [join(dir, 'audit.db')] }])).toEqual([[told.length, null]])
  record(proof, 'jumps', jumps)
  record(proof, 'acknowledged rows, none lost, none twice', told.length)
})

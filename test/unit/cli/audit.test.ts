import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { commit } from '../../../packages/server/src/audit/index.js'
import { openAuditLog, openKeys } from '../../../packages/server/src/audit-log/index.js'
import { auditOptions } from '../../../packages/server/src/audit-log/options.js'
import { draft } from '../../fixtures/audit-logs.js'
import { person } from './person.js'

const ROWS = 20

/** A state directory with a log of 20 signed rows, the first of which commits to a value; and somebody who asks about it. */
async function auditor() {
  const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-auditor-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const dir = join(home, 'state')
  const options = auditOptions.parse({})
  const onFault = (error: Error) => expect.fail(error.message)
  const clock = () => performance.now()
  const log = await openAuditLog({ dir, options, now: Date.now, clock, onFault }, await openKeys(dir, options))
  const drafts = Array.from({ length: ROWS }, (_, n) => ({ ...draft(n), id: randomUUID() }))
  const commitments = [commit('result.balance', 5, randomBytes(32))]
  await log.record(drafts.map((one, n) => (n === 0 ? { ...one, commitments } : one)))
  await log.checkpoint()
  await log.close()
  return { home, dir, audit: auditIn(dir), at: (name: string) => join(home, name) }
}

/** Runs `mcp-vitals audit …` about the log of a state directory. */
const auditIn =
  (dir: string) =>
  async (...args: readonly string[]) => {
    const one = person(['audit', ...args, '--data', dir])
    return { status: await one.status, ...one.seen() }
  }

test('an export is checked by the checkpoints beside it, be it of all rows or of some', async () => {
  const { audit, at } = await auditor()
  expect((await audit('export', at('all'))).status).toBe(0)
  expect(await audit('verify', at('all'), '--checkpoints', at('all.checkpoints'))).toMatchObject({
    status: 0,
    out: expect.stringContaining('holds: 20 rows'),
  })
  // The checkpoint of 20 rows says nothing of an export that ends before: it would be called cut.
  const some = await audit('export', at('some'), '--from', '3', '--to', '9')
  expect(some).toMatchObject({ status: 0, err: expect.stringContaining('No checkpoint') })
  expect(readFileSync(at('some.checkpoints'), 'utf8')).toBe('')
})

test('an export is of rows that are there, and takes the place of no file', async () => {
  const { audit, at } = await auditor()
  for (const range of [
    ['--from', '3', '--to', '3'],
    ['--from', '3', '--to', '2'],
    ['--to', '21'],
  ])
    expect(await audit('export', at('rows'), ...range)).toMatchObject({
      status: 2,
      err: expect.stringMatching(/--to is \d+; expected: a number from \d to 20/),
    })
  expect((await audit('export', at('rows'), '--from', '20')).err).toContain('no row 20')
  expect(existsSync(at('rows'))).toBe(false)
  expect((await audit('export', at('rows'))).status).toBe(0)
  expect(await audit('export', at('rows'))).toMatchObject({ status: 2, err: expect.stringContaining('there already') })
  expect((await audit('tail', '--type', 'EXPORT')).out.trim().split('\n')).toHaveLength(1)
})

test('a value that is erased is named where it is asked for again', async () => {
  const { audit } = await auditor()
  expect((await audit('erase', '0', 'result.balance')).status).toBe(0)
  expect(await audit('erase', '0', 'result.balance')).toMatchObject({
    status: 1,
    err: expect.stringContaining('Of row 0 no value is kept as result.balance'),
  })
})

test('what cannot be looked at is told from what does not hold, and a wrong command line from both', async () => {
  const { audit, at, home } = await auditor()
  for (const missing of [
    ['verify', at('none')],
    ['verify', home],
    ['verify', '--checkpoints', at('none')],
    ['check-proof', at('none')],
  ])
    expect(await audit(...missing)).toMatchObject({ status: 2, err: expect.stringContaining('could not be read') })
  for (const wrong of [
    ['show', 'first'],
    ['tail', '--limit', '0'],
    ['tail', '--type', 'NONE'],
  ])
    expect(await audit(...wrong)).toMatchObject({ status: 2, err: expect.stringContaining('AUDIT_OPTION_INVALID') })
})

test('where no log is none is made, nor a key where the private one was put away', async () => {
  const { dir, at, audit } = await auditor()
  const nowhere = at('nowhere')
  for (const command of [
    ['tail'],
    ['verify'],
    ['checkpoint'],
    ['export', at('x')],
    ['erase', '0', 'x'],
    ['rotate-key'],
  ])
    expect((await auditIn(nowhere)(...command)).status).toBe(2)
  expect(existsSync(nowhere)).toBe(false)

  const [privateKey, publicKeys] = [join(dir, 'audit.key'), join(dir, 'audit.pub')]
  const before = readFileSync(publicKeys, 'utf8')
  rmSync(privateKey)
  expect((await audit('export', at('rows'))).status).toBe(0)
  for (const signs of ['checkpoint', 'rotate-key'])
    expect(await audit(signs)).toMatchObject({ status: 2, err: expect.stringContaining('no private key') })
  expect(existsSync(privateKey)).toBe(false)
  expect(readFileSync(publicKeys, 'utf8')).toBe(before)
})

test('an archived row is shown and proved out of its file, while that is where it was written', async () => {
  const { audit, at } = await auditor()
  const before = await audit('show', '3')
  expect((await audit('archive', at('old'), '--before', '20')).status).toBe(0)
  expect(await audit('show', '3')).toEqual(before)
  const proof = await audit('prove', '3')
  expect(proof.status).toBe(0)
  writeFileSync(at('proof'), proof.out)
  expect(await audit('check-proof', at('proof'))).toMatchObject({
    status: 0,
    out: expect.stringContaining('holds: row 3'),
  })
  renameSync(at('old'), at('away'))
  expect(await audit('prove', '3')).toMatchObject({ err: expect.stringContaining('has no row 3') })
  expect(await audit('prove', '99')).toMatchObject({ err: expect.stringContaining('has no row 99') })
})

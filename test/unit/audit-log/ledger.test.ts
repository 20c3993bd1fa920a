import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Event } from '../../../packages/instrument/src/event/index.js'
import { beginLog, type Draft, opens, parseRow, seal } from '../../../packages/server/src/audit/index.js'
import { createLedger, type LedgerSetup } from '../../../packages/server/src/sinks/audit/index.js'

const AT = Date.parse('2026-11-21T04:00:00.000Z')

function ledgerOf(
  policy: 'open' | 'closed',
  record: (drafts: readonly Draft[]) => Promise<void>,
  named: LedgerSetup['named'] = [],
) {
  const published: Event[] = []
  const ledger = createLedger({
    log: { record },
    policy,
    matches: (name) => ['transfer', 'notes.drop'].includes(name),
    named,
    mask: (name) => name.replace('secret', '[masked]'),
    publish: (event) => published.push(event),
    now: () => AT,
    newId: randomUUID,
  })
  return {
    ledger,
    told: () => published.map((one) => [one.server, 'kind' in one && one.kind, 'severity' in one && one.severity]),
  }
}

const calls = [
  { server: 'bank', tool: 'transfer', agent: 'reporter' },
  { server: 'notes', tool: 'secret', agent: undefined },
]
const refuse = () => Promise.reject(new Error('the disk is full'))

test('a tool is named by itself, or with its server', () => {
  const { ledger } = ledgerOf('open', refuse)
  const wants = (server: string, tool: string) => ledger.wants({ server, tool })
  expect([wants('any', 'transfer'), wants('notes', 'drop'), wants('bank', 'drop')]).toEqual([true, true, false])
})

test.each(['open', 'closed'] as const)('calls go on once their rows are saved: %s', async (policy) => {
  const rows: Draft[] = []
  const { ledger, told } = ledgerOf(policy, async (drafts) => {
    seal(drafts, beginLog('example.com/audit'))
    rows.push(...drafts)
  })
  expect(await ledger.write(calls)).toBe(true)
  expect(rows.map(({ eventType, actor, target, details }) => [eventType, actor, target, details])).toEqual([
    ['TOOL_INTENT', 'reporter', 'bank.transfer', {}],
    ['TOOL_INTENT', 'system', 'notes.[masked]', {}],
  ])
  expect(told()).toEqual([])
})

test('where rows cannot be saved, open lets calls go on and tells of it as critical', async () => {
  const { ledger, told } = ledgerOf('open', refuse)
  expect(await ledger.write(calls)).toBe(true)
  expect(told()).toEqual([
    ['bank', 'AUDIT_CALL_UNRECORDED', 'CRITICAL'],
    ['notes', 'AUDIT_CALL_UNRECORDED', 'CRITICAL'],
  ])
})

test('where rows cannot be saved, closed lets none go on, and the next is tried anew', async () => {
  let isBroken = true
  const { ledger, told } = ledgerOf('closed', () => (isBroken ? refuse() : Promise.resolve()))
  expect(await ledger.write(calls.slice(0, 1))).toBe(false)
  expect(told()).toEqual([['bank', 'AUDIT_CALL_REFUSED', 'HIGH']])
  isBroken = false
  expect(await ledger.write(calls.slice(0, 1))).toBe(true)
})

test('a row that is not saved within five seconds counts as not saved', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { ledger } = ledgerOf('closed', () => new Promise(() => {}))
  const written = ledger.write(calls)
  await vi.advanceTimersByTimeAsync(5000)
  expect(await written).toBe(false)
})

test('a row commits to the arguments that were named, and holds none of them', async () => {
  const matches = (name: string) => name === 'bank.pay'
  const rows: Draft[] = []
  const record = async (drafts: readonly Draft[]) => void rows.push(...drafts)
  const named = ['to.iban', 'note', 'deep', 'long'].map((argument) => ({ matches, argument }))
  const { ledger } = ledgerOf('open', record, named)
  expect(ledger.wants({ server: 'bank', tool: 'pay' })).toBe(true)
  const deep = JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`)
  const given = { to: { iban: 'DE02120300000000202051' }, amount: 3, deep, long: 'x'.repeat(70_000) }
  await ledger.write([{ server: 'bank', tool: 'pay', arguments: given }])
  const [row] = seal(rows, beginLog('example.com/audit')).rows
  const { details } = parseRow(row!.bytes)
  // What is not there is not committed to; what has no form to commit to is named.
  expect(details).toEqual({
    commitments: { 'arguments.to.iban': expect.stringMatching(/^[0-9a-f]{64}$/) },
    uncommitted: ['arguments.deep', 'arguments.long'],
  })
  expect(Buffer.from(row!.bytes).toString()).not.toContain('DE02')
  const [commitment] = rows[0]!.commitments!
  expect(commitment).toMatchObject({ value: '"DE02120300000000202051"' })
  expect(opens(commitment!.digest, commitment!)).toBe(true)
})

import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Event, event } from '../../../packages/instrument/src/event/index.js'
import type { Entrance } from '../../../packages/instrument/src/stream/index.js'
import { beginLog, type Draft, seal } from '../../../packages/server/src/audit/index.js'
import { vitalsError } from '../../../packages/server/src/errors/index.js'
import { createAuditSink } from '../../../packages/server/src/sinks/audit/index.js'
import { anyEvent } from '../../fixtures/any-event.js'

const AT = Date.parse('2026-11-21T04:00:00.000Z')
const who = { server: 'notes', session: 's1', transport: 'stdio', agent: 'reporter' } as const

function sinkOf(options: { calls?: 'metadata' | 'none'; seen?: string; failures?: unknown[] } = {}) {
  const rows: Draft[] = []
  const changed: string[] = []
  const invalid: string[] = []
  const kept: string[] = []
  const failures = options.failures ?? []
  const sink = createAuditSink({
    log: {
      async record(drafts) {
        const failure = failures.shift()
        if (failure) throw failure
        seal(drafts, beginLog('example.com/audit'))
        rows.push(...drafts)
      },
    },
    calls: options.calls ?? 'metadata',
    newId: randomUUID,
    seen: options.seen,
    saveSeen: async (text) => void kept.push(text),
    onDefinitions: (server) => changed.push(server),
    onInvalid: ({ code }) => invalid.push(code),
  })
  const write = (events: readonly Event[], entrance: Entrance = 'local') =>
    sink.write(events.map((one) => ({ event: one, entrance })))
  return { sink, write, rows, changed, invalid, kept }
}

const ended = (changes: object = {}) =>
  event('request.ended', AT, who, {
    direction: 'client_to_server',
    method: 'tools/call',
    name: 'add',
    operation: 'o1',
    outcome: 'ok',
    status: 200,
    durationMs: 12.6,
    requestBytes: 10,
    responseBytes: 20,
    ...changes,
  })

const remedy = { component: 'notes', rule: 'again', action: 'restart_server', durationMs: 3.4, attempt: 1 } as const

test('what an auditor asks for becomes a row each, and what nobody asks for none', async () => {
  const { write, rows } = sinkOf()
  await write([
    event('agent', AT, who, { action: 'provisioned' }),
    event('agent', AT, who, { action: 'used', category: 'x' }),
    event('remediation', AT, { server: 'notes' }, { ...remedy, outcome: 'ran' }),
    event('remediation', AT, { server: 'notes' }, { ...remedy, outcome: 'held_back', reason: 'cool_down' }),
    event('agent', AT, who, { action: 'deprovisioned' }),
    event('auth', AT, { server: 'notes' }, { action: 'refused', reason: 'unknown_key' }),
    event('auth', AT, { server: 'notes' }, { action: 'locked_out' }),
    event('auth', AT, who, { action: 'accepted' }),
    event('security', AT, { server: 'mcp-vitals' }, { kind: 'CONFIG_CHANGED', severity: 'LOW' }),
    event('process.started', AT, { server: 'notes' }, { pid: 7 }),
    event('process.ended', AT, { server: 'notes' }, { pid: 7, crashed: true, exitCode: 1, durationMs: 3.4 }),
    event('process.ended', AT, { server: 'notes' }, { pid: 8, crashed: false, durationMs: 3 }),
    event('session.opened', AT, who, { era: 'legacy' }),
    event('session.closed', AT, who, { durationMs: 9, reason: 'client' }),
    event('limit', AT, who, { limitType: 'agent', layer: 'mcp' }),
    event('budget', AT, who, {
      budget: 'all',
      stage: 'warned',
      severity: 'MEDIUM',
      spentUsd: 8.005,
      limitUsd: 10,
      per: 'day',
    }),
    event('budget', AT, who, {
      budget: 'all',
      stage: 'renewed',
      severity: 'LOW',
      spentUsd: 0,
      limitUsd: 10,
      per: 'day',
    }),
    event(
      'alert',
      AT,
      { server: 'mcp-vitals' },
      { action: 'fired', alert: 'Down', severity: 'HIGH', fingerprint: 'f1', concerns: 'notes' },
    ),
    event('alert', AT, { server: 'mcp-vitals', agent: 'admin' }, { action: 'acknowledged', alert: 'Down' }),
    event('alert', AT, { server: 'mcp-vitals', agent: 'admin' }, { action: 'silenced', alert: 'server="notes"' }),
    event('alert', AT, { server: 'mcp-vitals' }, { action: 'resolved', alert: 'Down' }),
    ended(),
    ended({ method: 'tools/list' }),
    event('notification', AT, who, { direction: 'client_to_server', method: 'x', sizeBytes: 1 }),
  ])
  expect(rows.map(({ eventType, actor, target }) => [eventType, actor, target])).toEqual([
    ['PROVISION', 'reporter', 'notes'],
    ['REMEDIATION_RUN', 'system', 'notes'],
    ['DEPROVISION', 'reporter', 'notes'],
    ['AUTH_FAILURE', 'system', 'notes'],
    ['AUTH_LOCKOUT', 'system', 'notes'],
    ['CONFIG_CHANGED', 'system', ''],
    ['SERVER_STARTED', 'system', 'notes'],
    ['SERVER_CRASHED', 'system', 'notes'],
    ['SERVER_STOPPED', 'system', 'notes'],
    ['SESSION_OPENED', 'reporter', 'notes'],
    ['SESSION_CLOSED', 'reporter', 'notes'],
    ['RATE_LIMITED', 'reporter', 'notes'],
    ['SPENDING_LIMIT', 'reporter', 'all'],
    ['ALERT_FIRED', 'system', 'Down'],
    ['ALERT_ACKNOWLEDGED', 'admin', 'Down'],
    ['ALERT_SILENCED', 'admin', 'server="notes"'],
    ['ALERT_RESOLVED', 'system', 'Down'],
    ['TOOL_CALLED', 'reporter', 'notes.add'],
  ])
  const detailsOf = (type: string) => rows.find(({ eventType }) => eventType === type)?.details
  expect(detailsOf('SPENDING_LIMIT')).toEqual({ stage: 'warned', per: 'day', spent_cents: 801, limit_cents: 1000 })
  expect(detailsOf('ALERT_FIRED')).toEqual({ severity: 'HIGH', fingerprint: 'f1', server: 'notes' })
  expect(rows.at(-1)).toMatchObject({
    timestamp: '2026-11-21T04:00:00.000Z',
    origin: 'daemon',
    details: { session: 's1', outcome: 'ok', status: 200, duration_ms: 13, request_bytes: 10, response_bytes: 20 },
  })
})

test('a sender is named as the origin of what it says, and cannot say what the daemon alone may', async () => {
  const { write, rows } = sinkOf()
  await write([ended(), event('security', AT, who, { kind: 'CONFIG_CHANGED', severity: 'LOW' })], 'ingest:my key/ä')
  expect(rows.map(({ eventType, origin }) => [eventType, origin])).toEqual([['TOOL_CALLED', 'ingest:my_key__']])
})

test('calls are left out where the configuration says so', async () => {
  const { write, rows } = sinkOf({ calls: 'none' })
  await write([ended(), event('limit', AT, who, { limitType: 'agent', layer: 'mcp' })])
  expect(rows.map(({ eventType }) => eventType)).toEqual(['RATE_LIMITED'])
})

test('whatever event comes from outside, its row is one that the log takes', async () => {
  const { write, rows, invalid } = sinkOf()
  await fc.assert(
    fc.asyncProperty(anyEvent, async (one) => {
      await write([one as unknown as Event], 'ingest:sender')
      await write([one as unknown as Event])
    }),
    { numRuns: 300, seed: 6 },
  )
  expect(invalid).toEqual([])
  expect(rows.length).toBeGreaterThan(20)
})

const busy = () => vitalsError('AUDIT_FAILED', { store: 'x', action: 'save rows', reason: 'the disk is full' })

test('rows that cannot be saved are brought again until they are, in their order', async () => {
  const { write, rows } = sinkOf({ failures: [busy(), busy()] })
  await write([ended({ name: 'one' }), ended({ name: 'two' })])
  expect(rows.map(({ target }) => target)).toEqual(['notes.one', 'notes.two'])
})

test('at the stop, what cannot be saved within the grace is given up', async () => {
  const { sink, write, rows } = sinkOf({ failures: Array.from({ length: 100 }, busy) })
  const writing = write([ended()]).catch((error: { code: string }) => error.code)
  sink.hurry(0)
  expect(await writing).toBe('AUDIT_FAILED')
  expect(rows).toEqual([])
})

test('a row that may be none is told of, and costs no other', async () => {
  const invalid = () => vitalsError('AUDIT_DRAFT_INVALID', { type: 'TOOL_CALLED', reason: 'it is none' })
  const { write, rows, invalid: told } = sinkOf({ failures: [invalid(), undefined, invalid()] })
  await write([ended({ name: 'one' }), ended({ name: 'two' }), ended({ name: 'three' })])
  expect(rows.map(({ target }) => target)).toEqual(['notes.one', 'notes.three'])
  expect(told).toEqual(['AUDIT_DRAFT_INVALID'])
})

const hash = (letter: string) => letter.repeat(32)
const listed = (tools: Record<string, string>, complete = true, caller?: string) =>
  event('tools.listed', AT, who, {
    ...(caller !== undefined && { caller }),
    tools: Object.keys(tools),
    hashes: Object.values(tools),
    sizeBytes: 1,
    complete,
  })

test('a tool whose definition is another than any that was seen is told, as is one that is new or gone', async () => {
  const { write, rows, changed } = sinkOf()
  await write([listed({ add: hash('a'), drop: hash('b') }), listed({ add: hash('a'), drop: hash('b') })])
  expect(rows).toEqual([])
  await write([listed({ add: hash('c'), more: hash('d') })])
  await write([listed({ add: hash('a'), drop: hash('b') }), listed({ add: hash('c'), more: hash('d') })])
  const news = (added: string[], changedTools: string[], removed: string[]) => ({
    added: { count: added.length, names: added },
    changed: { count: changedTools.length, names: changedTools },
    removed: { count: removed.length, names: removed },
  })
  expect(rows.map(({ eventType, target }) => [eventType, target])).toEqual([
    ['TOOL_DEFINITION_CHANGED', 'notes'],
    ['TOOL_DEFINITION_CHANGED', 'notes'],
  ])
  expect(rows[0]?.details).toMatchObject(news(['more'], ['add'], ['drop']))
  // Back and forth between lists that were seen: no definition is new, and what went is told once.
  expect(rows[1]?.details).toMatchObject(news([], [], ['more']))
  expect(changed).toEqual(['notes', 'notes'])
})

test('what a server shows is compared among callers of a kind, and nothing new goes unrecorded', async () => {
  const { write, rows, changed, kept } = sinkOf()
  const plain = { add: hash('a') }
  const rich = { add: hash('b'), ask: hash('c') }
  await write([listed(plain, true, 'look'), listed(rich, true, 'editor'), listed(plain, true, 'look')])
  await write([
    listed(rich, true, 'editor'),
    listed(plain, true, 'other'),
    listed({ add: hash('d') }, true, 'editor.token1'),
  ])
  const callers = () => rows.map(({ details }) => details?.caller)
  expect([callers(), changed]).toEqual([['new', 'new'], []])
  await write([listed({ add: hash('e') }, true, 'look'), listed({ add: hash('f') }, true, 'editor.token1')])
  expect([callers().slice(2), changed]).toEqual([
    ['known', 'known'],
    ['notes', 'notes'],
  ])
  // Its pseudonym of an authorisation ends with the process.
  const after = sinkOf({ seen: kept.at(-1)! })
  await after.write([listed({ add: hash('f') }, true, 'editor.token2'), listed({ add: hash('0') }, true, 'editor')])
  expect(after.changed).toEqual(['notes'])
  expect(after.rows[0]?.details).toMatchObject({ caller: 'known', removed: { names: ['ask'] } })
  expect(kept.join()).not.toContain('token')
})

test('what was seen is kept over a restart, and a part of a list says nothing', async () => {
  const before = sinkOf()
  await before.write([listed({ add: hash('a') })])
  expect(before.kept).toHaveLength(1)
  const after = sinkOf({ seen: before.kept[0]! })
  await after.write([listed({ add: hash('a') }), listed({ add: hash('b') }, false)])
  expect(after.rows).toEqual([])
  await after.write([listed({ add: hash('b') })])
  expect(after.rows).toHaveLength(1)
  for (const seen of ['no json', '[1]', '{"a":1}', 'null'])
    await expect(sinkOf({ seen }).write([listed({ add: hash('a') })])).resolves.toBeUndefined()
})

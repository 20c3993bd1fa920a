/** Calls rolled up: whatever comes when, the sums of every level are those of the calls, over restarts too. */
import { type Event, event } from '@mcp-vitals/instrument/event'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CallBook,
  createCallBook,
  Durations,
  LEVELS,
  slotOf,
  spanOf,
  sumOf,
} from '../../../packages/server/src/calls/index.js'

const START = Date.UTC(2026, 10, 29, 23, 50)
const MINUTE = LEVELS.minute.ms

interface Call {
  readonly afterMs: number
  readonly tool: string
  readonly session: string
  readonly outcome: 'ok' | 'tool_error' | 'protocol_error' | 'timeout' | 'cancelled'
  readonly durationMs: number
  readonly bytes: number
}
const call = fc.record<Call>({
  afterMs: fc.oneof(fc.nat(5000), fc.nat(20 * MINUTE)),
  tool: fc.constantFrom('read', 'write'),
  session: fc.constantFrom('a', 'b', 'unheard'),
  outcome: fc.constantFrom('ok', 'tool_error', 'protocol_error', 'timeout', 'cancelled'),
  durationMs: fc.nat(10_000),
  bytes: fc.nat(1000),
})

const opened = (session: string, clientName: string) =>
  event('session.opened', START, { server: 'notes', session }, { era: 'legacy', clientName, clientVersion: '1' })
const listed = event(
  'tools.listed',
  START,
  { server: 'notes' },
  {
    ...{ tools: ['read', 'write'], hashes: ['', ''], sizeBytes: 1, complete: true },
  },
)
const ended = (at: number, { tool, session, outcome, durationMs, bytes }: Omit<Call, 'afterMs'>): Event =>
  event(
    'request.ended',
    at,
    { server: 'notes', session },
    {
      ...{ direction: 'client_to_server', method: 'tools/call', name: tool, operation: '1', outcome, status: 200 },
      ...{
        durationMs,
        requestBytes: 10,
        responseBytes: bytes,
        ...(outcome === 'protocol_error' && { errorCode: '-32602' }),
      },
    },
  )

const FAILED = ['tool_error', 'protocol_error', 'timeout']
const isFailed = ({ outcome }: Pick<Call, 'outcome'>) => FAILED.includes(outcome)

test('each level has the sums of the calls, by tool, client and error, whenever they are kept and read again', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(call, fc.boolean()), { minLength: 1, maxLength: 40 }), (calls) => {
      let now = START
      const begin = () => {
        const book = createCallBook(() => now)
        for (const one of [listed, opened('a', 'cursor'), opened('b', 'claude')]) book.fold.fold(one, 'local')
        return book
      }
      let book = begin()
      const kept = new Map<string, ReturnType<CallBook['changes']>[number]>()
      for (const [one, restarts] of calls) {
        now += one.afterMs
        book.fold.fold(ended(now, one), 'local')
        if (!restarts) continue
        for (const row of book.changes(true)) kept.set(`${row.level} ${row.at} ${row.tool}`, row)
        book = begin()
        book.restore([...kept.values()])
      }
      const all = calls.map(([one]) => one)
      for (const level of ['hour', 'day'] as const)
        for (const tool of ['read', 'write', undefined]) {
          const track = tool === undefined ? book.whole : book.toolOf('notes', tool)?.track
          const slots = track?.slots(level, slotOf(level, START), slotOf(level, now)) ?? []
          const meant = all.filter((one) => tool === undefined || one.tool === tool)
          const sum = (of: 'calls' | 'failures' | 'responseBytes') => slots.reduce((total, slot) => total + slot[of], 0)
          expect(sum('calls')).toBe(meant.length)
          expect(sum('failures')).toBe(meant.filter(isFailed).length)
          expect(sum('responseBytes')).toBe(meant.reduce((total, { bytes }) => total + bytes, 0))
          expect(slots.map(({ at }) => at)).toEqual([...new Set(slots.map(({ at }) => at))].sort((a, b) => a - b))
          const by = (names: 'clients' | 'errors', width: number, of: (number: number) => string) => {
            const found: Record<string, number> = {}
            for (const slot of slots)
              for (let at = 0; at < slot[names].length; at += width)
                found[of(slot[names][at]!)] = (found[of(slot[names][at]!)] ?? 0) + slot[names][at + 1]!
            return found
          }
          const counts = (names: readonly string[]) =>
            Object.fromEntries([...new Set(names)].map((name) => [name, names.filter((one) => one === name).length]))
          expect(by('clients', 3, (number) => book.clientOf(number).name)).toEqual(
            counts(meant.map(({ session }) => ({ a: 'cursor', b: 'claude' })[session] ?? '')),
          )
          expect(by('errors', 2, (number) => book.errorOf(number).reason)).toEqual(
            counts(
              meant.filter(isFailed).map(({ outcome }) => (outcome === 'protocol_error' ? 'invalid_params' : outcome)),
            ),
          )
        }
    }),
    { numRuns: 30 },
  )
})

test('after a kill, what was kept and the calls since then give what there was', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(call, fc.boolean()), { minLength: 1, maxLength: 30 }),
      fc.nat(1000),
      (calls, laterMs) => {
        let now = START
        const begin = () => {
          const book = createCallBook(() => now)
          book.fold.fold(listed, 'local')
          return book
        }
        const before = begin()
        const told = [opened('a', 'cursor'), opened('b', 'claude')]
        for (const one of told) before.fold.fold(one, 'local')
        const events: Event[] = []
        const kept = new Map<string, ReturnType<CallBook['changes']>[number]>()
        for (const [one, isWritten] of calls) {
          now += one.afterMs
          events.push(ended(now, one))
          before.fold.fold(events.at(-1)!, 'local')
          if (isWritten) for (const row of before.changes()) kept.set(`${row.level} ${row.at} ${row.tool}`, row)
        }
        now += laterMs
        const after = begin()
        after.restore([...kept.values()])
        // Calls come before what was lost is known.
        const fresh = { tool: 'read', session: 'c', outcome: 'ok', durationMs: 1, bytes: 1 } as const
        for (const book of [before, after]) book.fold.fold(ended(now, fresh), 'local')
        after.replay([...told, ...events.filter(({ at }) => at >= (after.toldUntil() ?? 0))])
        for (const level of ['hour', 'day'] as const) {
          const of = (book: CallBook, tool: string) => {
            const track = book.toolOf('notes', tool)?.track
            const sum = track?.sum(level, slotOf(level, START), slotOf(level, now))
            return { sum, lastAt: track?.lastAt, clients: book.clientNames() }
          }
          for (const tool of ['read', 'write']) expect(of(after, tool)).toEqual(of(before, tool))
        }
        expect(after.isOpen('a')).toBe(false)
      },
    ),
    { numRuns: 30 },
  )
})

test('a sum that was asked for before is told anew when anything in it changed, and not made anew when nothing did', () => {
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 30 }), (calls) => {
      let now = START
      const book = createCallBook(() => now)
      book.fold.fold(listed, 'local')
      for (const one of calls) {
        now += one.afterMs
        book.fold.fold(ended(now, one), 'local')
        // The time goes on without a call, so that the minute is over.
        for (const passMs of [0, MINUTE]) {
          book.pass(now + passMs)
          for (const { track } of book.tools())
            for (const level of ['minute', 'hour', 'day'] as const) {
              const [from, to] = [slotOf(level, now) - 3, slotOf(level, now)]
              const sum = track.sum(level, from, to)
              expect(sum).toEqual(sumOf([track.slots(level, from, to)], from, to))
              if (passMs > 0) expect(track.sum(level, from, to)).toBe(sum)
            }
        }
      }
    }),
    { numRuns: 30 },
  )
})

test('quantiles are those of the durations, within the error of the buckets', () => {
  let now = START
  const book = createCallBook(() => now)
  book.fold.fold(listed, 'local')
  for (let ms = 1; ms <= 1000; ms++) {
    now += 500
    book.fold.fold(ended(now, { tool: 'read', session: 'a', outcome: 'ok', durationMs: ms, bytes: 1 }), 'local')
  }
  const durations = new Durations()
  const { level, first, last } = spanOf(START, now, now)
  expect(level).toBe('minute')
  for (const slot of book.toolOf('notes', 'read')!.track.slots(level, first, last)) durations.add(slot)
  const { p50Ms = 0, p95Ms = 0, p99Ms = 0 } = durations.percentiles()
  for (const [found, wanted] of [
    [p50Ms, 500],
    [p95Ms, 950],
    [p99Ms, 990],
  ] as const)
    expect(Math.abs(found - wanted) / wanted).toBeLessThan(0.021)
  const sum = book.toolOf('notes', 'read')!.track.sum(level, first, last)
  expect([sum.p50Ms, sum.p95Ms, sum.p99Ms]).toEqual([p50Ms, p95Ms, p99Ms])
  expect(durations.histogram([100, 500])).toEqual([
    expect.closeTo(100, -1),
    expect.closeTo(400, -1),
    expect.closeTo(500, -1),
  ])
})

describe('a client that invents names', () => {
  test('of tools comes to one row, and takes nobody’s place', () => {
    const book = createCallBook(() => START)
    book.fold.fold(listed, 'local')
    for (let number = 0; number < 10_000; number++)
      book.fold.fold(
        ended(START, { tool: `invented-${number}`, session: 'a', outcome: 'protocol_error', durationMs: 1, bytes: 0 }),
        'local',
      )
    expect(book.tools().map(({ tool }) => tool)).toEqual(['unknown'])
    book.fold.fold(ended(START, { tool: 'read', session: 'a', outcome: 'ok', durationMs: 1, bytes: 0 }), 'local')
    expect(book.toolOf('notes', 'read')).toBeDefined()
  })

  test('of itself is “other” beyond a bound', () => {
    const book = createCallBook(() => START)
    for (let number = 0; number < 1000; number++) book.fold.fold(opened(`s${number}`, `client-${number}`), 'local')
    expect(book.clientNames().length).toBeLessThan(300)
    book.fold.fold(ended(START, { tool: 'x', session: 's999', outcome: 'ok', durationMs: 1, bytes: 0 }), 'local')
    const { clients } = book.whole.slots('minute', 0, slotOf('minute', START))[0]!
    expect(book.clientOf(clients[0]!).name).toBe('other')
  })
})

test('what is older than its level reaches is let go of', () => {
  let now = START
  const book = createCallBook(() => now)
  book.fold.fold(listed, 'local')
  const one = { tool: 'read', session: 'a', outcome: 'ok', durationMs: 1, bytes: 0 } as const
  book.fold.fold(ended(now, one), 'local')
  const { track } = book.toolOf('notes', 'read')!
  const count = (level: 'minute' | 'hour' | 'day') => track.slots(level, 0, Number.MAX_SAFE_INTEGER).length
  for (const [laterMs, minutes, hours, days] of [
    [2 * 3_600_000, 1, 2, 2],
    [3 * 86_400_000, 1, 1, 3],
    [40 * 86_400_000, 1, 1, 1],
  ] as const) {
    now += laterMs
    book.fold.fold(ended(now, one), 'local')
    book.pass(now)
    expect([count('minute'), count('hour'), count('day')]).toEqual([minutes, hours, days])
  }
})

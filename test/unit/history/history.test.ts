import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Event, event, OWN_SERVER } from '../../../packages/instrument/src/event/index.js'
import type { HistoryChanges, HistoryDay, Incident } from '../../../packages/server/src/history/contract.js'
import { createHistory, type History, MAX_DEEDS } from '../../../packages/server/src/history/history.js'
import { summarize } from '../../../packages/server/src/history/summary.js'

const DAY = 86_400_000
const NOON = Date.parse('2026-11-29T12:00:00Z')
const MINUTE = 60_000

type Status = 'healthy' | 'degraded' | 'unhealthy' | 'maintenance' | 'unknown'
function probe(at: number, component: string, status: Status, more: object = {}): Event {
  const ok = status !== 'unhealthy'
  const why = ok ? {} : { reason: 'connection_refused', cause: 'connection refused (ECONNREFUSED)' }
  return event(
    'probe',
    at,
    { server: OWN_SERVER },
    { check: component, ok, durationMs: 5, component, status, ...why, ...more },
  )
}

/** What a store would hold, by the keys of its tables. */
function keeper() {
  const components = new Map<string, HistoryChanges['components'][number]>()
  const days = new Map<string, HistoryDay>()
  const incidents = new Map<string, Incident>()
  return {
    keep(changes: HistoryChanges) {
      for (const one of changes.components) components.set(one.name, one)
      for (const one of changes.days) days.set(`${one.component} ${one.day}`, one)
      for (const one of changes.incidents) incidents.set(one.id, one)
    },
    kept: () => ({
      components: [...components.values()],
      days: [...days.values()].filter(
        ({ component, day }) =>
          day === Math.max(...[...days.values()].filter((row) => row.component === component).map((row) => row.day)),
      ),
      incidents: [...incidents.values()].filter(({ ended }) => ended === undefined),
    }),
    days,
    incidents: () => [...incidents.values()].sort((one, other) => one.began - other.began),
    day: (name: string, at: number) => days.get(`${name} ${Math.floor(at / DAY)}`),
  }
}

const names = ['site', 'notes']
let now = NOON
const historyOf = (watched: readonly string[] = names): History =>
  createHistory(
    () =>
      new Map(
        watched.map((name) => [name, { name, type: 'http', ...(name === 'notes' && { server: 'notes' }) }] as const),
      ),
    () => now,
  )
const changesOf = (history: History) => {
  const store = keeper()
  store.keep(history.changes())
  return store
}

describe('times', () => {
  test('go to how the component was, and at midnight to the next day', () => {
    const history = historyOf()
    const midnight = Math.ceil(NOON / DAY) * DAY
    history.see(probe(midnight - 2 * MINUTE, 'site', 'healthy'))
    history.see(probe(midnight - MINUTE, 'site', 'unhealthy'))
    history.pass(midnight + MINUTE)
    history.see(probe(midnight + 2 * MINUTE, 'site', 'degraded'))
    history.pass(midnight + 3 * MINUTE)
    history.see(probe(midnight + 4 * MINUTE, 'site', 'maintenance'))
    history.pass(midnight + 5 * MINUTE)
    const store = changesOf(history)
    expect(store.day('site', midnight - 1)).toMatchObject({
      watchedMs: 2 * MINUTE,
      unhealthyMs: MINUTE,
      checks: 2,
      failures: 1,
    })
    expect(store.day('site', midnight)).toMatchObject({
      ...{ watchedMs: 4 * MINUTE, unhealthyMs: 2 * MINUTE, degradedMs: 2 * MINUTE, maintenanceMs: MINUTE, checks: 2 },
    })
  })

  test('in which nobody watched are nothing: before the first check, while cut off, over a pause of the machine', () => {
    const history = historyOf()
    history.pass(NOON)
    history.see(probe(NOON + MINUTE, 'site', 'healthy'))
    history.pass(NOON + 2 * MINUTE)
    history.see(probe(NOON + 2 * MINUTE, 'site', 'unknown'))
    history.see(probe(NOON + 3 * MINUTE, 'site', 'healthy'))
    history.pass(NOON + 60 * MINUTE)
    // A clock that was set back.
    history.pass(NOON + 10 * MINUTE)
    history.pass(NOON + 11 * MINUTE)
    expect(changesOf(history).day('site', NOON)?.watchedMs).toBe(2 * MINUTE)
  })

  test('of what nobody configured, or another sender tells, are not kept', () => {
    const history = historyOf()
    history.see(probe(NOON, 'stranger', 'unhealthy'))
    history.see(event('probe', NOON, { server: OWN_SERVER }, { check: 'site', ok: false, durationMs: 1 }))
    expect(history.changes()).toEqual({ components: [], days: [], incidents: [] })
  })
})

describe('incidents', () => {
  test('begin and end with the judgement, and tell why and what was done', () => {
    const history = historyOf()
    history.see(probe(NOON, 'notes', 'healthy'))
    expect(history.hasNews()).toBe(false)
    history.see(probe(NOON + 1000, 'notes', 'unhealthy'))
    expect(history.hasNews()).toBe(true)
    const run = { component: 'notes', rule: 'again', action: 'restart_server', durationMs: 3, attempt: 1 } as const
    const told = (at: number, outcome: 'ran' | 'held_back' | 'verified') =>
      history.see(event('remediation', at, { server: OWN_SERVER }, { ...run, outcome }))
    told(NOON + 2000, 'ran')
    told(NOON + 2500, 'held_back')
    const fields = { action: 'acknowledged', alert: 'ServerUnreachable', concerns: 'notes' } as const
    history.see(event('alert', NOON + 3000, { server: OWN_SERVER }, fields))
    history.see(probe(NOON + 4000, 'notes', 'unhealthy', { reason: 'timeout', cause: 'no answer in time' }))
    history.see(probe(NOON + 5000, 'notes', 'degraded'))
    told(NOON + 5001, 'verified')
    history.see(probe(NOON + 6000, 'notes', 'unhealthy'))
    const [first, second] = changesOf(history).incidents()
    expect(first).toMatchObject({
      ...{ component: 'notes', server: 'notes', began: NOON + 1000, ended: NOON + 5000, unwatchedMs: 0 },
      ...{ reason: 'connection_refused', cause: 'connection refused (ECONNREFUSED)' },
      done: [
        { what: 'remediation', outcome: 'ran', at: NOON + 2000 },
        { what: 'acknowledged', alert: 'ServerUnreachable' },
        { what: 'remediation', outcome: 'verified' },
      ],
    })
    expect(second).toMatchObject({ began: NOON + 6000 })
    expect(second?.ended).toBeUndefined()
    expect(first?.id).toMatch(/^[0-9a-f]{16}$/)
    expect(second?.id).not.toBe(first?.id)
  })

  test('tell of a bounded number of deeds', () => {
    const history = historyOf()
    history.see(probe(NOON, 'site', 'unhealthy'))
    for (let n = 0; n < MAX_DEEDS + 5; n++)
      history.see(
        event('alert', NOON + n, { server: OWN_SERVER }, { action: 'acknowledged', alert: `A${n}`, concerns: 'site' }),
      )
    const [incident] = changesOf(history).incidents()
    expect([incident?.done.length, incident?.doneBeyond]).toEqual([MAX_DEEDS, 5])
  })

  test('go on over a time without a daemon, which is told as not watched', () => {
    const before = historyOf()
    before.see(probe(NOON, 'site', 'healthy'))
    before.see(probe(NOON + 1000, 'site', 'unhealthy'))
    const store = changesOf(before)
    const after = historyOf()
    after.restore(store.kept())
    after.rest()
    after.see(probe(NOON + 10 * MINUTE, 'site', 'unhealthy'))
    after.pass(NOON + 11 * MINUTE)
    after.see(probe(NOON + 12 * MINUTE, 'site', 'healthy'))
    store.keep(after.changes())
    expect(store.incidents()).toMatchObject([
      { began: NOON + 1000, ended: NOON + 12 * MINUTE, unwatchedMs: 10 * MINUTE - 1000 },
    ])
    expect(store.day('site', NOON)).toMatchObject({ watchedMs: 1000 + 2 * MINUTE, unhealthyMs: 2 * MINUTE, checks: 4 })
  })

  test('end where their component is taken out of the configuration, now or while no daemon ran', () => {
    const watched = ['site']
    const history = historyOf(watched)
    history.see(probe(NOON, 'site', 'unhealthy'))
    const store = changesOf(history)
    watched.length = 0
    history.pass(NOON + MINUTE)
    history.pass(NOON + 2 * MINUTE)
    const after = historyOf([])
    after.restore(store.kept())
    for (const [one, ended] of [
      [history, NOON + MINUTE],
      [after, NOON],
    ] as const) {
      const left = changesOf(one)
      expect(left.incidents()).toMatchObject([{ ended, done: [{ what: 'not_watched' }] }])
      expect(left.day('site', NOON)?.watchedMs).toBe(one === history ? MINUTE : undefined)
    }
  })
})

test('calls count for the server of today, and not for others or for what came late', () => {
  now = NOON
  const history = historyOf()
  history.see(probe(NOON, 'notes', 'healthy'))
  const call = (at: number, server: string, outcome: 'ok' | 'tool_error' | 'cancelled') =>
    event('request.ended', at, { server }, {
      ...{ direction: 'client_to_server', method: 'tools/call', operation: 'o', outcome, status: 200 },
      ...{ durationMs: 20, requestBytes: 1, responseBytes: 1 },
    } as const)
  for (const seen of [
    call(NOON, 'notes', 'ok'),
    call(NOON, 'notes', 'tool_error'),
    call(NOON, 'notes', 'cancelled'),
    call(NOON - DAY, 'notes', 'ok'),
    call(NOON + 1000 * DAY, 'notes', 'ok'),
    call(NOON, 'site', 'ok'),
  ])
    history.see(seen)
  const row = changesOf(history).day('notes', NOON)!
  expect(row).toMatchObject({ calls: 2, callFailures: 1 })
  const { calls } = summarize('notes', [row], Math.floor(NOON / DAY), 1)
  expect(calls).toMatchObject({ count: 2, errorRatio: 0.5, latency: { p50Ms: expect.closeTo(20, 0) } })
})

test('what could not be written is told again, and a write of something newer is not undone', () => {
  const history = historyOf()
  history.see(probe(NOON, 'site', 'unhealthy'))
  const failed = history.changes()
  history.see(probe(NOON + 1000, 'site', 'healthy'))
  history.giveBack(failed)
  const store = changesOf(history)
  expect(store.incidents()).toMatchObject([{ began: NOON, ended: NOON + 1000 }])
  expect(store.day('site', NOON)).toMatchObject({ checks: 2, failures: 1 })
  expect(history.changes().days).toEqual([])
})

/** Steps of half a minute: a check, a write, or a kill with a start after it. */
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Status>('healthy', 'degraded', 'unhealthy') },
    { weight: 2, arbitrary: fc.constant('write' as const) },
    { weight: 1, arbitrary: fc.constant('kill' as const) },
  ),
  { maxLength: 60 },
)

test('whenever it is killed, no check and no incident is lost or twice, and no time is made up', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const store = keeper()
      const stored: Event[] = []
      let history = historyOf()
      let at = NOON
      let checks = 0
      let transitions = 0
      let last: Status | undefined
      for (const step of all) {
        at += MINUTE / 2
        if (step === 'write') {
          history.pass(at)
          store.keep(history.changes())
        } else if (step === 'kill') {
          history = historyOf()
          history.restore(store.kept())
          history.replay(stored)
          history.rest()
        } else {
          const seen = probe(at, 'site', step)
          stored.push(seen)
          history.see(seen)
          checks++
          if (step === 'unhealthy' && last !== 'unhealthy') transitions++
          last = step
        }
      }
      store.keep(history.changes())
      const rows = [...store.days.values()]
      const sum = (key: 'checks' | 'watchedMs') => rows.reduce((total, row) => total + row[key], 0)
      expect(sum('checks')).toBe(checks)
      expect(store.incidents().length).toBe(transitions)
      expect(store.incidents().filter(({ ended }) => ended === undefined).length).toBe(last === 'unhealthy' ? 1 : 0)
      expect(sum('watchedMs')).toBeLessThanOrEqual(at - NOON)
    }),
  )
})

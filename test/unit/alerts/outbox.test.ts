import { describe, expect, test } from 'vitest'
import { AlertEngine, type Change, type Notification, type Outcome } from '../../../packages/server/src/alerts/index.js'
import { alertsOptions } from '../../../packages/server/src/alerts/options.js'
import { MINUTE_MS, named, SECOND_MS, START } from './engine-harness.js'

const LIMITS = {
  sendsResolved: true,
  sendsAcknowledged: false,
  fallbackAfterMs: 120_000,
  giveUpAfterMs: 3_600_000,
  receiptTimeoutMs: 60_000,
}

/** An engine whose one route tells `page`, in groups by alert, and what its channels say to each try. */
function outbox(fallbacks: Readonly<Record<string, string>> = {}, notify = ['page']) {
  const options = alertsOptions.parse({ groupWaitMs: 0, groupIntervalMs: 1000, routes: [{ notify }] })
  let now = START
  const open = (kept: readonly Change[]) =>
    new AlertEngine({
      options,
      graveToo: [],
      traitsOf: (channel) => (channel === 'gone' ? undefined : { ...LIMITS, fallback: fallbacks[channel] }),
      kept,
      now,
    })
  const kept = new Map<string, Change>()
  function take() {
    const { changes, history } = engine.take()
    for (const change of changes) kept.set(`${change.table} ${change.key}`, change)
    return history
  }
  let engine = open([])
  return {
    get engine() {
      return engine
    },
    /** The daemon is killed, and the next one takes up what was kept. */
    kill() {
      take()
      engine = open(structuredClone([...kept.values()].filter(({ record }) => record)))
    },
    get now() {
      return now
    },
    report(...names: readonly string[]) {
      engine.report({ source: 'r', evidence: 'seen', conditions: names.map((name) => named(name)) }, now)
      engine.tick(now)
    },
    pass(ms: number) {
      now += ms
      engine.tick(now)
    },
    try(outcome: Outcome, channel = 'page'): Notification | undefined {
      const notification = engine.next(channel, now)?.notification
      if (notification) engine.settle(notification.id, outcome, now)
      return notification
    },
    history: () => take().flatMap(({ what, channel, problem }) => (channel ? [[what, channel, problem]] : [])),
  }
}

const FAILED = { is: 'failed', problem: 'answered 503' } as const
const names = (notification: Notification | undefined) =>
  notification?.alerts.map(({ labels, state }) => `${labels.alertname} ${state}`)

describe('a message', () => {
  test('of a group that was over and is made anew has an id that no message had', () => {
    const box = outbox()
    const ids = new Set<string>()
    for (let round = 0; round < 3; round++) {
      for (const holding of [['A'], []]) {
        box.report(...holding)
        box.pass(SECOND_MS)
        ids.add(box.try({ is: 'sent' })!.id)
      }
      box.pass(MINUTE_MS)
      expect(box.engine.alerts(box.now).alerts).toEqual([])
    }
    expect(ids.size).toBe(6)
  })

  test('that was on its way at a kill takes no newer one of its group away', () => {
    const box = outbox()
    box.report('A')
    expect(names(box.engine.next('page', box.now)?.notification)).toEqual(['A firing'])
    box.report()
    box.pass(SECOND_MS)
    box.kill()
    box.report('A')
    box.pass(SECOND_MS)
    for (let told = box.try(FAILED); told; told = box.try(FAILED)) box.pass(1000)
    const heard: (readonly string[] | undefined)[] = []
    for (let at = 0; at < 60; at++) {
      box.pass(SECOND_MS)
      const told = box.try({ is: 'sent' })
      if (told) heard.push(names(told))
    }
    expect(heard.at(-1)).toEqual(['A firing'])
  })

  test('that fails is tried again after a pause that doubles, with the same id, until it is taken', () => {
    const { report, pass, try: attempt, engine, history } = outbox()
    report('A')
    const first = attempt(FAILED)
    for (const pauseMs of [1000, 2000, 4000, 8000]) {
      pass(pauseMs - 1)
      expect(attempt(FAILED)).toBeUndefined()
      pass(1)
      expect(attempt(FAILED)?.id).toBe(first!.id)
    }
    pass(16_000)
    expect(attempt({ is: 'sent' })?.id).toBe(first!.id)
    expect(engine.size('message')).toBe(0)
    expect(history()).toEqual([['sent', 'page', undefined]])
  })

  test('waits for as long as its channel asks', () => {
    const { report, pass, try: attempt } = outbox()
    report('A')
    attempt({ is: 'failed', problem: 'answered 429', retryAfterMs: 30_000 })
    report('A', 'B')
    pass(29_999)
    expect(attempt(FAILED)).toBeUndefined()
    pass(1)
    expect(attempt(FAILED)).toBeDefined()
  })

  test('is given out once, and the next of its channel when it is settled', () => {
    const { report, engine, now } = outbox()
    report('A', 'B')
    const first = engine.next('page', now)!.notification
    expect([engine.next('page', now), engine.waiting(now), engine.dueAt(now) > now]).toEqual([undefined, [], true])
    engine.settle(first.id, { is: 'sent' }, now)
    expect([first, engine.next('page', now)!.notification].map(names)).toEqual([['A firing'], ['B firing']])
  })

  test('that waits is brought up to date by the next one: one comes, and it knows what both knew', () => {
    const { report, pass, try: attempt, engine } = outbox()
    report('A')
    attempt(FAILED)
    report()
    pass(1000)
    report('A')
    pass(1000)
    expect(engine.size('message')).toBe(1)
    expect(names(attempt({ is: 'sent' }))).toEqual(['A firing'])
    report()
    pass(1000)
    expect(names(attempt({ is: 'sent' }))).toEqual(['A resolved'])
  })

  test('that is being sent is not changed; when it fails, the newer one takes over', () => {
    const box = outbox()
    box.report('A')
    const sending = box.engine.next('page', box.now)!.notification
    box.report()
    box.pass(1000)
    expect(box.engine.size('message')).toBe(2)
    box.engine.settle(sending.id, FAILED, box.now)
    expect(box.engine.size('message')).toBe(1)
    box.pass(2000)
    expect(names(box.try({ is: 'sent' }))).toEqual(['A resolved'])
  })

  test('that nobody takes is given up after its time, and counted', () => {
    const { report, pass, try: attempt, engine, history } = outbox()
    report('A')
    for (let at = 0; at < 20; at++) {
      attempt(FAILED)
      report('A')
      pass(299_000)
      pass(1000)
    }
    expect(engine.lost).toBe(1)
    expect(history()).toEqual([['undelivered', 'page', 'answered 503']])
  })

  test('that is refused goes to the fallback at once, one that fails after a while, and round no circle', () => {
    const { report, pass, try: attempt, engine, history } = outbox({ page: 'mail', mail: 'page' })
    report('A')
    attempt({ is: 'refused', problem: 'answered 400' })
    expect(attempt({ is: 'sent' })).toBeUndefined()
    expect(names(attempt({ is: 'refused', problem: 'no such box' }, 'mail'))).toEqual(['A firing'])
    expect(engine.lost).toBe(1)
    expect(history()).toEqual([
      ['undelivered', 'page', 'answered 400'],
      ['undelivered', 'mail', 'no such box'],
    ])
    report('B')
    for (let ms = 0; ms < 3 * MINUTE_MS; ms += SECOND_MS) {
      attempt(FAILED)
      report('B')
      pass(SECOND_MS)
    }
    expect(names(attempt({ is: 'sent' }, 'mail'))).toEqual(['A resolved'])
    expect(names(attempt({ is: 'sent' }, 'mail'))).toEqual(['B firing'])
  })

  test('that was accepted is done when word of its delivery comes, and handed on when it did not arrive, or no word came', () => {
    const { report, pass, try: attempt, engine, now, history } = outbox({ page: 'mail' })
    report('A', 'B', 'C')
    for (const receipt of ['1', '2', '3']) attempt({ is: 'accepted', receipt })
    expect(engine.delivered('page', '1', undefined, now)).toBe(true)
    expect(engine.delivered('page', '1', undefined, now)).toBe(false)
    expect(engine.delivered('page', '2', 'undelivered 63016', now)).toBe(true)
    pass(60_000)
    expect([attempt({ is: 'sent' }, 'mail'), attempt({ is: 'sent' }, 'mail')].flatMap(names)).toEqual([
      'B firing',
      'C firing',
    ])
    expect(history()).toEqual([
      ['sent', 'page', undefined],
      ['undelivered', 'page', 'undelivered 63016'],
      ['undelivered', 'page', 'no word of its delivery came'],
      ['sent', 'mail', undefined],
      ['sent', 'mail', undefined],
    ])
  })

  test('that went to the fallback is followed by the end there, also where the first channel works again', () => {
    const box = outbox({ page: 'mail' })
    box.report('A')
    box.try({ is: 'refused', problem: 'answered 400' })
    expect(names(box.try({ is: 'sent' }, 'mail'))).toEqual(['A firing'])
    box.report()
    box.pass(SECOND_MS)
    expect([box.try({ is: 'sent' }), box.try({ is: 'sent' }, 'mail')].map(names)).toEqual([
      ['A resolved'],
      ['A resolved'],
    ])
    box.pass(MINUTE_MS)
    expect(box.engine.alerts(box.now).alerts).toEqual([])
    box.report('A')
    box.try({ is: 'sent' })
    expect(box.try({ is: 'sent' }, 'mail')).toBeUndefined()
  })

  test('that did not arrive before what it tells was over goes to the fallback as what is true then', () => {
    const box = outbox({ page: 'mail' })
    box.report('A')
    box.try({ is: 'accepted', receipt: '1' })
    box.report()
    box.pass(SECOND_MS)
    box.try({ is: 'sent' })
    box.engine.delivered('page', '1', 'undelivered 63016', box.now)
    const told = box.try({ is: 'sent' }, 'mail')
    expect(names(told)).toEqual(['A resolved'])
    expect(told).toMatchObject({ reason: 'resolved', firing: 0, resolved: 1, alerts: [{ endsAt: box.now }] })
  })

  test('that did not arrive is not told as over to the fallback where it fires anew', () => {
    const box = outbox({ page: 'mail' })
    box.report('A')
    box.try({ is: 'accepted', receipt: 'first' })
    box.report()
    box.pass(1000)
    box.report('A')
    box.pass(1000)
    box.try({ is: 'accepted', receipt: 'again' })
    box.engine.delivered('page', 'again', undefined, box.now)
    box.engine.delivered('page', 'first', 'undelivered', box.now)
    expect(box.try({ is: 'sent' }, 'mail')).toBeUndefined()
  })

  test('that did not arrive is not told again to a fallback that was told the same', () => {
    const box = outbox({ page: 'mail' }, ['page', 'mail'])
    box.report('A')
    expect(names(box.try({ is: 'sent' }, 'mail'))).toEqual(['A firing'])
    box.try({ is: 'refused', problem: 'answered 400' })
    expect(box.try({ is: 'sent' }, 'mail')).toBeUndefined()
    expect(box.engine.lost).toBe(0)
  })

  test('whose delivery was told before its answer was is done, or handed on, all the same', () => {
    const { report, try: attempt, engine, now } = outbox({ page: 'mail' })
    report('A', 'B')
    expect(engine.delivered('page', '1', undefined, now)).toBe(false)
    expect(engine.delivered('page', '2', 'undelivered 63016', now)).toBe(false)
    for (const receipt of ['1', '2']) attempt({ is: 'accepted', receipt })
    expect(names(attempt({ is: 'sent' }, 'mail'))).toEqual(['B firing'])
    expect(engine.size('message')).toBe(0)
  })

  test('to a channel that the configuration has no more is not kept for ever', () => {
    const { report, engine } = outbox()
    report('A')
    const options = alertsOptions.parse({})
    const kept = engine.take().changes
    const without = new AlertEngine({ options, graveToo: [], traitsOf: () => undefined, kept, now: START })
    expect(without.size('message')).toBe(1)
    without.tick(START)
    expect(without.size('message')).toBe(0)
    expect(without.take().history).toMatchObject([{ what: 'undelivered', problem: 'there is no such channel' }])
  })
})

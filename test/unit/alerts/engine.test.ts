import { describe, expect, test } from 'vitest'
import { promises } from '../../requirements.js'
import { condition, MINUTE_MS, named, SECOND_MS, START, told, World } from './engine-harness.js'

const FAST = { groupWaitMs: 0, groupIntervalMs: 1000 }

describe('states', () => {
  test('a condition must hold for its time, is told after the group’s wait, and resolved when it is over', () => {
    const world = new World()
    const holding = [named('QueueBacklog', 'warning')]
    const more = { forMs: 2 * MINUTE_MS }
    world.report(holding, more)
    expect(world.states()).toEqual({ QueueBacklog: 'pending' })
    world.pass(2 * MINUTE_MS - 1, holding, more)
    expect(world.states()).toEqual({ QueueBacklog: 'pending' })
    world.pass(1, holding, more)
    world.report(holding, more)
    expect(world.states()).toEqual({ QueueBacklog: 'firing' })
    expect(world.taken()).toEqual([])
    world.pass(30 * SECOND_MS, holding, more)
    expect(told(world.taken())).toEqual(['log new: QueueBacklog firing'])
    world.report([], more)
    world.pass(5 * MINUTE_MS, [], more)
    expect(told(world.taken())).toEqual(['log resolved: QueueBacklog resolved'])
    expect(world.states()).toEqual({})
    expect(world.history.map(({ what, reason }) => [what, reason])).toEqual([
      ['pending', undefined],
      ['firing', undefined],
      ['resolved', 'cleared'],
    ])
  })

  test('what was pending and ends is nobody’s affair, nor what fires and ends before it was told', () => {
    const world = new World()
    world.report([named('A')], { forMs: MINUTE_MS })
    world.report([])
    world.report([named('B')])
    world.pass(10 * SECOND_MS)
    world.report([])
    world.pass(60 * MINUTE_MS)
    expect(world.sent).toEqual([])
    expect([...world.kept.keys()]).toEqual([])
  })

  test('a rule that keeps firing for a while does not resolve at the first good look', () => {
    const world = new World(FAST)
    const more = { keepFiringForMs: MINUTE_MS }
    world.report([named('A')], more)
    world.report([], more)
    expect(world.states()).toEqual({ A: 'firing' })
    world.report([named('A')], more)
    world.report([], more)
    world.pass(MINUTE_MS - 1, [], more)
    expect(world.states()).toEqual({ A: 'firing' })
    world.pass(1, [], more)
    expect(world.states()).toEqual({})
    expect(told(world.taken())).toContain('log resolved: A resolved')
  })

  test('an alert whose source is gone does not fire for ever', () => {
    const world = new World(FAST)
    world.report([named('A')])
    world.pass(5 * MINUTE_MS)
    expect(world.history.at(-1)).toMatchObject({ what: 'resolved', reason: 'expired', at: START + 5 * MINUTE_MS })
    expect(told(world.taken()).at(-1)).toBe('log resolved: A resolved')
  })

  test('without data what fires goes on and does not count as well; an error is an alert itself', () => {
    const world = new World(FAST)
    world.report([named('A')])
    world.report([], { evidence: 'no_data' })
    expect(world.engine.alerts(world.now).alerts[0]!.alert).toMatchObject({ state: 'firing', evidence: 'no_data' })
    world.report([], { evidence: 'error', about: { alertname: 'RuleFailed', severity: 'warning' } })
    expect(world.states()).toEqual({ A: 'firing', RuleFailed: 'firing' })
    world.pass(20 * SECOND_MS)
    world.report([named('A')])
    expect(world.engine.alerts(world.now).alerts[0]!.alert.evidence).toBe('seen')
    world.pass(SECOND_MS)
    expect(world.states()).toEqual({ A: 'firing' })
    world.report([], { evidence: 'no_data', policies: { noData: 'resolve' } })
    world.pass(SECOND_MS)
    expect(world.states()).toEqual({})
  })

  test('a pending condition does not begin to fire while nobody can see it', () => {
    const world = new World(FAST)
    world.report([named('A')], { forMs: MINUTE_MS })
    world.now += 2 * MINUTE_MS
    world.report([], { evidence: 'no_data', forMs: MINUTE_MS })
    expect(world.states()).toEqual({ A: 'pending' })
    world.report([named('A')], { forMs: MINUTE_MS })
    expect(world.states()).toEqual({ A: 'firing' })
  })

  test('a pulse holds for a while from the last time, and counts', () => {
    const world = new World(FAST)
    const pulse = { source: 'events', labels: { alertname: 'Limit' }, annotations: {}, holdMs: 10_000 }
    for (let at = 0; at < 3; at++) {
      world.engine.pulse(pulse, world.now)
      world.pass(9000)
    }
    expect(world.engine.alerts(world.now).alerts[0]!.alert).toMatchObject({ state: 'firing', count: 3 })
    world.pass(1000)
    expect(world.history.at(-1)).toMatchObject({ what: 'resolved', reason: 'cleared' })
    world.pass(1000)
    expect(world.states()).toEqual({})
  })

  test('beyond the most alerts new ones are refused and counted, and those that are known go on', () => {
    const world = new World({ ...FAST, maxAlerts: 2 })
    world.report([named('A'), named('B'), named('C')])
    expect(world.states()).toEqual({ A: 'firing', B: 'firing' })
    expect(world.engine.refused).toBe(1)
    world.report([named('B'), named('C')])
    world.pass(SECOND_MS)
    world.report([named('B'), named('C')])
    expect(world.states()).toEqual({ B: 'firing', C: 'firing' })
  })
})

describe('who is told', () => {
  test('HIGH and CRITICAL go to the administrator’s WhatsApp and the log, MEDIUM and LOW to the log', () => {
    const world = new World()
    world.report([named('A', 'CRITICAL'), named('B', 'HIGH'), named('C', 'warning'), named('D', 'LOW')])
    world.pass(30 * SECOND_MS)
    expect(told(world.taken()).toSorted()).toEqual([
      'log new: A firing',
      'log new: B firing',
      'log new: C firing',
      'log new: D firing',
      'whatsapp new: A firing',
      'whatsapp new: B firing',
    ])
  })

  test('the deepest route that matches, the first of its siblings unless it says to go on', () => {
    const world = new World({
      ...FAST,
      routes: [
        { match: ['team="x"'], notify: ['x'], routes: [{ match: ['severity="LOW"'], notify: ['x-low'] }] },
        { match: ['team=~"x|y"'], notify: ['never-for-x'] },
        { match: ['team="z"'], notify: ['z'], continue: true },
        { match: ['severity="LOW"'], notify: ['low'] },
      ],
    })
    const of = (alertname: string, severity: string, team: string) => named(alertname, severity, { team })
    world.report([
      of('A', 'low', 'x'),
      of('B', 'high', 'x'),
      of('C', 'low', 'y'),
      of('D', 'low', 'z'),
      of('E', 'low', ''),
    ])
    expect(told(world.taken()).toSorted()).toEqual([
      'low new: D firing',
      'low new: E firing',
      'never-for-x new: C firing',
      'x new: B firing',
      'x-low new: A firing',
      'z new: D firing',
    ])
  })

  test(
    promises(
      'D7.alertmanager.group-by',
      'D7.alertmanager.group-wait',
      'D7.alertmanager.group-interval',
      'D7.alertmanager.repeat-interval',
      'D7.alertmanager.resolve-timeout',
      'D7.alertmanager.resolved',
    ),
    () => {
      const world = new World()
      const [one, other] = [named('A', 'low', { server: 's' }), named('A', 'low', { server: 't' })]
      const times: (readonly [string, number])[] = []
      const note = () => {
        for (const sent of world.taken())
          times.push([`${sent.reason} ${sent.alerts.length}`, (sent.at - START) / SECOND_MS])
      }
      world.report([one])
      world.pass(MINUTE_MS, [one])
      note()
      world.report([one, other])
      world.pass(60 * MINUTE_MS + 10 * MINUTE_MS, [one, other])
      note()
      // Nobody reports any more.
      const silentSince = (world.now - START) / SECOND_MS
      world.pass(10 * MINUTE_MS)
      note()
      expect(times).toEqual([
        ['new 1', 30],
        ['new 2', 330],
        ['repeat 2', 330 + 3600],
        ['resolved 2', expect.any(Number)],
      ])
      expect(world.history.filter(({ what }) => what === 'resolved').map(({ at }) => (at - START) / SECOND_MS)).toEqual(
        [silentSince + 300, silentSince + 300],
      )
    },
  )

  test('what belongs together is one message, and what is new comes after the interval', () => {
    const world = new World({ groupBy: ['server'] })
    const one = named('A', 'low', { server: 's' })
    const two = named('B', 'low', { server: 's' })
    const other = named('A', 'low', { server: 't' })
    world.report([one, other])
    world.pass(29 * SECOND_MS, [one, other])
    world.report([one, two, other])
    world.pass(SECOND_MS, [one, two, other])
    expect(told(world.taken()).toSorted()).toEqual(['log new: A firing', 'log new: A firing, B firing'])
    const three = named('C', 'low', { server: 's' })
    world.report([one, two, other, three])
    world.pass(5 * MINUTE_MS - 1, [one, two, other, three])
    expect(world.taken()).toEqual([])
    world.pass(1, [one, two, other, three])
    expect(told(world.taken())).toEqual(['log new: A firing, B firing, C firing'])
  })

  test('what fires still is told again, until somebody knows; then of its end', () => {
    const world = new World()
    const holding = [named('A', 'low')]
    world.report(holding)
    world.pass(2 * 60 * MINUTE_MS + MINUTE_MS, holding)
    expect(told(world.taken())).toEqual(['log new: A firing', 'log repeat: A firing', 'log repeat: A firing'])
    expect(world.engine.acknowledge(world.fingerprint('A'), 'anna', 'looking', world.now)).toBe(true)
    world.pass(5 * 60 * MINUTE_MS, holding)
    expect(told(world.taken())).toEqual(['log acknowledged: A acknowledged'])
    world.report([])
    world.pass(5 * MINUTE_MS, [])
    expect(told(world.taken())).toEqual(['log resolved: A resolved'])
    world.report(holding)
    expect(world.states()).toEqual({ A: 'firing' })
  })

  test('nobody acknowledges: more people are told, each once, and all of them of the end', () => {
    const escalate = [
      { afterMs: 10 * MINUTE_MS, notify: ['boss'] },
      { afterMs: 20 * MINUTE_MS, notify: ['board'] },
    ]
    const world = new World({ routes: [{ match: [], notify: ['team'], escalate }], groupWaitMs: 0 })
    const holding = [named('A')]
    world.report(holding)
    world.pass(25 * MINUTE_MS, holding)
    expect(told(world.taken())).toEqual([
      'team new: A firing',
      'boss escalation: A firing',
      'board escalation: A firing',
    ])
    world.report([])
    world.pass(5 * MINUTE_MS, [])
    expect(told(world.taken())).toEqual(['team', 'boss', 'board'].map((who) => `${who} resolved: A resolved`))
    world.report(holding)
    world.pass(5 * MINUTE_MS, holding)
    world.engine.acknowledge(world.fingerprint('A'), 'anna', '', world.now)
    world.pass(30 * MINUTE_MS, holding)
    expect(told(world.taken())).toEqual(['team new: A firing', 'team acknowledged: A acknowledged'])
  })

  test('a channel that wants no ends gets none', () => {
    const world = new World(FAST, { log: { sendsResolved: false, sendsAcknowledged: false } })
    world.report([named('A', 'low')])
    world.engine.acknowledge(world.fingerprint('A'), 'anna', '', world.now)
    world.settle()
    world.report([])
    world.pass(MINUTE_MS, [])
    expect(told(world.taken())).toEqual(['log new: A firing'])
    expect(world.states()).toEqual({})
  })

  test('beyond its limit a channel gets one digest of what was held, with what fires now', () => {
    const limit = { messages: 2, perMs: 60_000 }
    const world = new World(
      { ...FAST, groupBy: ['...'] },
      { log: { sendsResolved: true, sendsAcknowledged: false, limit } },
    )
    const all = ['A', 'B', 'C', 'D', 'E'].map((name) => named(name, name === 'E' ? 'medium' : 'low'))
    world.report(all)
    expect(world.taken()).toHaveLength(2)
    const left = all.filter(({ labels }) => labels.alertname !== 'D')
    world.report(left)
    world.pass(59 * SECOND_MS, left)
    expect(world.taken()).toEqual([])
    world.pass(SECOND_MS, left)
    const [digest, ...rest] = world.taken()
    expect(rest).toEqual([])
    expect(digest).toMatchObject({ reason: 'digest', held: 4, firing: 2, channel: 'log' })
    expect(told([digest!])).toEqual(['log digest: E firing, C firing'])
  })

  test('ten thousand at once are a handful of messages, each of bounded size', () => {
    const world = new World()
    const all = Array.from({ length: 10_000 }, (_, index) =>
      named(`Alert${index % 3}`, 'critical', { server: `s${index}` }),
    )
    world.report(all)
    world.pass(30 * SECOND_MS)
    const sent = world.taken()
    expect(sent).toHaveLength(6)
    for (const { alerts, truncated, firing } of sent) {
      expect(alerts).toHaveLength(100)
      expect(alerts.length + truncated).toBe(firing)
    }
    world.report([])
    world.pass(5 * MINUTE_MS, [])
    expect(world.taken().map(({ reason, resolved }) => [reason, resolved > 3000])).toEqual(
      Array(6).fill(['resolved', true]),
    )
    expect([...world.kept.values()].filter(({ table }) => table === 'alert')).toEqual([])
  })
})

test('a condition names any label, also one that objects have by themselves', () => {
  const world = new World({ ...FAST, routes: [{ match: ['constructor=""'], notify: ['x'] }] })
  world.report([condition({ alertname: 'A', toString: 'a', hasOwnProperty: 'b' })])
  expect(told(world.taken())).toEqual(['x new: A firing'])
})

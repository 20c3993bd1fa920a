import { describe, expect, test } from 'vitest'
import { MAX_SILENCES } from '../../../packages/server/src/alerts/index.js'
import { MINUTE_MS, named, SECOND_MS, told, World } from './engine-harness.js'

const FAST = { groupWaitMs: 0, groupIntervalMs: 1000 }

describe('quiet', () => {
  const silence = (matchers: readonly string[], ms: number, world: World) => ({
    ...{ id: 's1', matchers, startsAt: world.now, endsAt: world.now + ms, by: 'anna', comment: 'known' },
  })

  test('a silence keeps what matches quiet until it ends; then it is told if it still fires', () => {
    const world = new World(FAST)
    const holding = [named('A', 'low'), named('B', 'low')]
    world.engine.silence(silence(['alertname=A', 'severity="LOW"'], MINUTE_MS, world), world.now)
    world.report(holding)
    world.pass(30 * SECOND_MS, holding)
    expect(told(world.taken())).toEqual(['log new: B firing'])
    const quiet = world.engine.alerts(world.now).alerts.map((one) => one.quiet)
    expect(quiet).toContainEqual({ reason: 'silence', by: 's1' })
    world.pass(31 * SECOND_MS, holding)
    expect(told(world.taken())).toEqual(['log new: A firing'])
  })

  test.each([['server='], ['a=~".*"'], ['server!="x"']])(
    'a silence by %s alone, which hides what has no such label, is refused',
    (matcher) => {
      const world = new World(FAST)
      const of = (...matchers: string[]) => world.engine.silence(silence(matchers, MINUTE_MS, world), world.now)
      expect(() => of(matcher)).toThrow(/one matcher at least that does not match the empty text/)
      expect(of(matcher, 'alertname="A"')).toBe(true)
    },
  )

  test('one that was kept and would be refused now, or cannot be read any more, ends with the start, and the history says why', () => {
    const world = new World(FAST)
    const keep = (id: string, matchers: readonly string[], ms = MINUTE_MS) =>
      world.kept.set(`silence ${id}`, {
        ...{ table: 'silence', key: id, record: { ...silence(matchers, ms, world), id } },
      })
    keep('all', ['server='])
    keep('torn', ['server=~"("'])
    keep('past', ['a=~".*"'], -MINUTE_MS)
    keep('right', ['alertname="A"'])
    world.restart()
    world.report([named('A', 'low'), named('B', 'low')])
    expect(told(world.taken())).toEqual(['log new: B firing'])
    const ended = world.history.filter(({ what }) => what === 'unsilenced')
    expect(ended).toMatchObject([
      { labels: { silence: 'server=' }, comment: expect.stringMatching(/does not match the empty text/) },
      { labels: { silence: 'server=~"("' }, comment: expect.stringMatching(/no RE2 expression/) },
    ])
    expect(ended.map(({ by }) => by)).toEqual([undefined, undefined])
    world.restart()
    expect(world.history.filter(({ what }) => what === 'unsilenced')).toHaveLength(2)
    expect(world.engine.silences().map(({ id, endsAt }) => [id, endsAt > world.now])).toEqual([
      ['all', false],
      ['torn', false],
      ['past', false],
      ['right', true],
    ])
  })

  test('there are so many and no more; what has ended makes room', () => {
    const world = new World(FAST)
    const add = (id: string) =>
      world.engine.silence({ ...silence(['alertname="A"'], 60 * MINUTE_MS, world), id }, world.now)
    for (let n = 0; n < MAX_SILENCES; n++) expect(add(`n${n}`)).toBe(true)
    expect(add('more')).toBe(false)
    world.engine.unsilence('n7', 'anna', world.now)
    expect(add('more')).toBe(true)
    expect(add('further')).toBe(false)
    expect(world.engine.silences()).toHaveLength(MAX_SILENCES)
  })

  test('what was told before it was silenced is told of its end, and not again in between', () => {
    const world = new World({ ...FAST, repeatIntervalMs: 10_000 })
    const holding = [named('A', 'low')]
    world.report(holding)
    world.engine.silence(silence(['alertname="A"'], 60 * MINUTE_MS, world), world.now)
    world.pass(MINUTE_MS, holding)
    expect(told(world.taken())).toEqual(['log new: A firing'])
    world.report([])
    world.pass(SECOND_MS, [])
    expect(told(world.taken())).toEqual(['log resolved: A resolved'])
  })

  test('ending a silence ends it at once, and it is there to be seen for a day', () => {
    const world = new World(FAST)
    world.engine.silence(silence(['alertname="A"'], 60 * MINUTE_MS, world), world.now)
    world.report([named('A', 'low')])
    world.pass(SECOND_MS)
    expect(world.engine.unsilence('s1', 'bert', world.now)).toBe(true)
    expect(world.engine.unsilence('s1', 'bert', world.now)).toBe(false)
    world.pass(SECOND_MS)
    expect(told(world.taken())).toEqual(['log new: A firing'])
    expect(world.engine.silences()).toHaveLength(1)
    world.now += 86_400_000
    world.settle()
    expect(world.engine.silences()).toEqual([])
  })

  test('a server that is down hides what is wrong with it, from when that holds', () => {
    const world = new World({ groupWaitMs: 10_000, groupIntervalMs: 10_000 })
    const down = named('ServerDown', 'critical', { server: 'notes' })
    const tool = named('ToolUnavailable', 'critical', { server: 'notes', tool_name: 'read' })
    const other = named('ToolUnavailable', 'critical', { server: 'files', tool_name: 'read' })
    const report = (downs: readonly (typeof down)[]) => {
      world.report(downs, { source: 'down', forMs: MINUTE_MS })
      world.report([tool, other], { source: 'tools' })
    }
    report([down])
    world.pass(10 * SECOND_MS)
    expect(world.taken().flatMap(({ alerts }) => alerts.map(({ labels }) => labels.server))).toEqual(['files', 'files'])
    for (let at = 0; at < 4; at++) {
      world.pass(15 * SECOND_MS)
      report([down])
    }
    world.pass(10 * SECOND_MS)
    expect(told(world.taken())).toEqual(['whatsapp new: ServerDown firing', 'log new: ServerDown firing'])
    report([])
    world.pass(10 * SECOND_MS)
    expect(told(world.taken()).filter((text) => text.startsWith('log'))).toEqual([
      'log new: ToolUnavailable firing, ToolUnavailable firing',
      'log resolved: ServerDown resolved',
    ])
  })

  test('an alert hides others by the rules of the configuration, and never itself or its like', () => {
    const inhibit = [{ sources: ['severity=CRITICAL'], targets: ['severity=~"CRITICAL|MEDIUM"'], equal: ['zone'] }]
    const world = new World({ ...FAST, inhibit })
    world.report([
      named('A', 'critical', { zone: '1' }),
      named('B', 'warning', { zone: '1' }),
      named('C', 'critical', { zone: '1' }),
      named('D', 'warning', { zone: '2' }),
    ])
    const logged = world.taken().filter(({ channel }) => channel === 'log')
    expect(told(logged).toSorted()).toEqual(['log new: A firing', 'log new: C firing', 'log new: D firing'])
  })

  test('mute times and maintenance follow the clocks of their zone', () => {
    const times = { noon: { zone: 'Europe/Berlin', ranges: [{ days: ['sun'], from: '13:00', to: '13:05' }] } }
    const routes = [{ match: ['team="x"'], notify: ['x'], muteTimes: ['noon'] }]
    const maintenance = [{ match: ['server="notes"'], times: ['noon'], comment: 'patches' }]
    const world = new World({ ...FAST, times, routes, maintenance })
    const holding = [
      named('A', 'low', { team: 'x' }),
      named('B', 'low', { server: 'notes' }),
      named('C', 'low', { server: 'files' }),
    ]
    world.report(holding)
    world.pass(5 * MINUTE_MS - SECOND_MS, holding)
    expect(told(world.taken())).toEqual(['log new: C firing'])
    const quiet = () => world.engine.alerts(world.now).alerts.map(({ alert, quiet }) => [alert.labels.alertname, quiet])
    expect(quiet().toSorted()).toEqual([
      ['A', { reason: 'times', by: 'noon' }],
      ['B', { reason: 'maintenance', by: 'patches' }],
      ['C', undefined],
    ])
    world.pass(2 * SECOND_MS, holding)
    expect(quiet().every(([, why]) => why === undefined)).toBe(true)
    expect(told(world.taken()).toSorted()).toEqual(['log new: B firing', 'x new: A firing'])
  })
})

describe('a restart', () => {
  test('tells nothing twice, forgets nothing, and keeps silences and acknowledgements', () => {
    const world = new World(FAST)
    const holding = [named('A', 'low'), named('B', 'low'), named('C', 'low')]
    world.engine.silence(
      { id: 's', matchers: ['alertname=C'], startsAt: world.now, endsAt: world.now + 1e9, by: 'a', comment: '' },
      world.now,
    )
    world.report(holding)
    world.engine.acknowledge(world.fingerprint('B'), 'anna', '', world.now)
    world.settle()
    world.taken()
    world.restart()
    world.pass(10 * MINUTE_MS, holding)
    expect(world.taken()).toEqual([])
    expect(world.states()).toEqual({ A: 'firing', B: 'acknowledged', C: 'firing' })
    world.restart()
    world.report([])
    world.pass(5 * SECOND_MS, [])
    expect(told(world.taken()).toSorted()).toEqual(['log resolved: A resolved', 'log resolved: B resolved'])
  })

  test('a source that does not come back is no reason to fire for ever', () => {
    const world = new World(FAST)
    world.report([named('A', 'low')])
    world.now += 60 * MINUTE_MS
    world.restart()
    world.pass(4 * MINUTE_MS)
    expect(world.states()).toEqual({ A: 'firing' })
    world.pass(2 * MINUTE_MS)
    expect(told(world.taken()).at(-1)).toBe('log resolved: A resolved')
  })

  test('with other routes, who was told before is told of the end, and who is to be told now of what fires', () => {
    const world = new World({ ...FAST, routes: [{ notify: ['old'] }] })
    const holding = [named('A', 'low')]
    world.report(holding)
    expect(told(world.taken())).toEqual(['old new: A firing'])
    world.restart({ ...FAST, routes: [{ match: ['alertname!=""'], notify: ['new'] }] })
    world.pass(MINUTE_MS, holding)
    expect(told(world.taken())).toEqual(['new new: A firing'])
    world.report([])
    world.pass(2 * MINUTE_MS, [])
    expect(told(world.taken()).toSorted()).toEqual(['new resolved: A resolved', 'old resolved: A resolved'])
    expect([...world.kept.values()]).toEqual([])
  })

  test('a clock that was set back leaves nobody waiting', () => {
    const world = new World()
    world.report([named('A', 'low')])
    world.now -= 86_400_000
    world.report([named('A', 'low')])
    world.pass(6 * MINUTE_MS, [named('A', 'low')])
    expect(told(world.taken())).toEqual(['log new: A firing'])
  })
})

/** Groups of rules in the engine: when they are evaluated, what they write, and what outlasts a change, a restart or an error. */
import { describe, expect, test } from 'vitest'
import { createRegistry } from '../../../packages/instrument/src/metrics/index.js'
import { groupsOf, INTERVAL_MS, MINUTE_MS, mcp, type Setup, simulate } from './simulation.js'

/** Queues with the sizes that a test sets. */
function running(rules: readonly object[], more: object = {}, setup: Partial<Setup> = {}) {
  const registry = createRegistry()
  const queue = (plugin: string, size: number) => registry.gauge(mcp.queue_size).with('s', plugin).set(size)
  const simulation = simulate({ source: registry, groups: groupsOf(rules, more), ...setup })
  return { ...simulation, registry, queue }
}

const LONG = { alert: 'Long', expr: 'mcp_queue_size > 100', for: '1m', labels: { severity: 'warning' } }

describe('what recording rules write', () => {
  test('is there for queries, ends with what it was made of, and is there again with it', () => {
    const { queue, registry, pass, values } = running([{ record: 'q:sum', expr: 'sum by (plugin) (mcp_queue_size)' }])
    queue('a', 3)
    queue('b', 4)
    pass(MINUTE_MS)
    expect(values('q:sum')).toEqual([
      ['{"plugin":"a"}', 3],
      ['{"plugin":"b"}', 4],
    ])
    registry.remove(mcp.queue_size, 's', 'b')
    pass(MINUTE_MS)
    expect(values('q:sum')).toEqual([['{"plugin":"a"}', 3]])
    registry.remove(mcp.queue_size)
    pass(MINUTE_MS)
    expect(values('q:sum')).toEqual([])
    queue('b', 5)
    pass(MINUTE_MS)
    expect(values('q:sum')).toEqual([['{"plugin":"b"}', 5]])
    expect(values('count_over_time(q:sum{plugin="b"}[10m])')[0]![1]).toBeGreaterThanOrEqual(7)
  })

  test('is seen by the rules behind it at once, and by those before it as it was', () => {
    const { queue, pass, values } = running([
      { record: 'q:first', expr: 'sum(mcp_queue_size)' },
      { record: 'q:before', expr: 'q:twice' },
      { record: 'q:twice', expr: 'sum(mcp_queue_size) * 2' },
      { record: 'q:fourfold', expr: 'q:twice * 2' },
    ])
    queue('a', 1)
    pass(INTERVAL_MS)
    queue('a', 10)
    pass(2 * INTERVAL_MS)
    expect([values('q:before'), values('q:twice'), values('q:fourfold')]).toEqual([
      [['{}', 2]],
      [['{}', 20]],
      [['{}', 40]],
    ])
  })

  test('goes on for five minutes where the rule fails, and ends then', () => {
    const { queue, pass, values, status } = running([
      { record: 'q:all', expr: 'sum(mcp_queue_size) / on () sum without (server) (mcp_queue_size)' },
    ])
    queue('a', 1)
    pass(MINUTE_MS)
    expect(values('q:all')).toHaveLength(1)
    queue('b', 1)
    pass(4 * MINUTE_MS)
    expect(status()[0]!.rules[0]).toMatchObject({ health: 'err', lastError: expect.stringContaining('many') })
    expect(values('q:all')).toHaveLength(1)
    pass(2 * MINUTE_MS)
    expect(values('q:all')).toEqual([])
  })
})

describe('time', () => {
  test('each group has a place of its own within its interval, whatever the clock says when it begins', () => {
    const times = (startMs: number) => {
      const { pass, evaluations } = running([LONG], { interval: '1m' }, { startMs })
      pass(5 * MINUTE_MS)
      return evaluations.map(({ figures }) => figures!.lastMs! % MINUTE_MS)
    }
    const first = times(1_800_000_000_000)
    expect(first.length).toBeGreaterThanOrEqual(4)
    expect(new Set([...first, ...times(1_800_000_037_000)]).size).toBe(1)
  })

  test('what came too late is left out, and counted', () => {
    const { pass, sleep, evaluations } = running([LONG])
    pass(MINUTE_MS)
    sleep(5 * MINUTE_MS)
    pass(MINUTE_MS)
    const { evaluations: evaluated, iterations, missed } = evaluations.at(-1)!.figures!
    expect(missed).toBeGreaterThanOrEqual(18)
    expect(missed).toBeLessThanOrEqual(20)
    expect(iterations).toBe(evaluated + missed)
  })

  test('a rule that costs too much fails, and the one behind it is evaluated all the same', () => {
    const { queue, pass, status, evaluations } = running(
      [{ record: 'q:dear', expr: 'count_over_time(mcp_queue_size[5h:1s])' }, LONG],
      {},
      { series: { maxQuerySamples: 10_000 } },
    )
    queue('a', 101)
    pass(5 * MINUTE_MS)
    expect(status()[0]!.rules.map(({ health }) => health)).toEqual(['err', 'ok'])
    expect(status()[0]!.rules[1]!.alerts).toHaveLength(1)
    const { evaluations: evaluated, failures } = evaluations.at(-1)!.figures!
    expect(failures).toBe(evaluated / 2)
  })
})

describe('what is reported', () => {
  test('is that nothing holds, once; what holds, each time; and its end', () => {
    const { queue, pass, reports } = running([LONG])
    queue('a', 1)
    pass(2 * MINUTE_MS)
    expect(reports.map(({ evidence, conditions }) => [evidence, conditions.length])).toEqual([['seen', 0]])
    queue('a', 101)
    pass(2 * MINUTE_MS)
    expect(reports.slice(1).map(({ conditions }) => conditions[0]?.state)).toEqual([
      ...Array(4).fill('pending'),
      ...Array(3).fill('firing'),
    ])
    queue('a', 1)
    pass(2 * MINUTE_MS)
    expect(reports.slice(8).map(({ conditions }) => conditions.length)).toEqual([1, 0])
  })

  test('is the want of data each time, where no sample is young enough', () => {
    const { queue, registry, pass, reports } = running([LONG])
    queue('a', 1)
    pass(MINUTE_MS)
    registry.remove(mcp.queue_size)
    pass(8 * MINUTE_MS)
    expect(reports.map(({ evidence }) => evidence)).toEqual(['seen', ...Array(reports.length - 1).fill('no_data')])
    expect(reports.length).toBeGreaterThan(8)
  })

  test('is written as ALERTS, too', () => {
    const { queue, pass, values } = running([LONG])
    queue('a', 101)
    pass(3 * MINUTE_MS)
    expect(values('ALERTS{alertstate="firing"}')).toHaveLength(1)
    expect(values('ALERTS{alertstate="pending"}')).toEqual([])
  })
})

describe('a change of the rules', () => {
  test('leaves alone what is as it was, and has alerts go on where name and labels are the same', () => {
    const { queue, pass, change, status, reports } = running([LONG])
    queue('a', 101)
    pass(40_000)
    const since = status()[0]!.rules[0]!.alerts[0]!.activeAt
    const other = { ...LONG, alert: 'Other' }
    change(groupsOf([other, { ...LONG, expr: 'mcp_queue_size > 50' }]))
    pass(MINUTE_MS)
    const [mine, long] = status()[0]!.rules
    expect(mine!.alerts[0]!.activeAt).toBeGreaterThan(since)
    expect(long!.alerts).toMatchObject([{ activeAt: since, state: 'firing' }])
    const before = reports.length
    change(groupsOf([{ ...LONG, expr: 'mcp_queue_size > 50' }]))
    expect(reports.slice(before)).toMatchObject([{ source: 'mine.yml;mine;Other', evidence: 'seen', conditions: [] }])
  })

  test('ends what a group that is gone raised and wrote, and keeps nothing of it', () => {
    const { queue, pass, change, values, reports, kept, evaluations } = running([LONG])
    queue('a', 101)
    pass(3 * MINUTE_MS)
    expect(kept.size).toBe(1)
    change([])
    expect(reports.at(-1)).toMatchObject({ source: 'mine.yml;mine;Long', conditions: [] })
    expect(evaluations.at(-1)).not.toHaveProperty('figures')
    expect(kept.size).toBe(0)
    expect(values('ALERTS')).toEqual([])
  })
})

describe('a restart, also by a kill,', () => {
  const begun = (more: object = {}) => {
    const first = running([{ ...LONG, ...more }])
    first.queue('a', 101)
    return first
  }
  const again = (first: ReturnType<typeof begun>, afterMs: number, more: object = {}) =>
    running([{ ...LONG, ...more }], {}, { kept: new Map(first.kept), startMs: first.now() + afterMs })

  test('leaves what fires firing, although it takes some minutes to be seen again', () => {
    const first = begun()
    first.pass(5 * MINUTE_MS)
    const since = first.status()[0]!.rules[0]!.alerts[0]!.activeAt
    const second = again(first, 30_000)
    second.pass(2 * MINUTE_MS)
    expect(second.status()[0]!.rules[0]!.alerts).toMatchObject([{ state: 'firing', activeAt: since }])
    second.queue('a', 102)
    second.pass(10 * MINUTE_MS)
    expect(second.status()[0]!.rules[0]!.alerts).toMatchObject([{ state: 'firing', activeAt: since, value: 102 }])
    second.queue('a', 1)
    second.pass(MINUTE_MS)
    expect(second.status()[0]!.rules[0]!.alerts).toEqual([])
  })

  test('ends what fires where it is not seen again within five minutes', () => {
    const first = begun()
    first.pass(5 * MINUTE_MS)
    const second = again(first, 30_000)
    second.pass(4.5 * MINUTE_MS)
    expect(second.status()[0]!.rules[0]!.alerts).toHaveLength(1)
    second.pass(MINUTE_MS)
    expect(second.status()[0]!.rules[0]!.alerts).toEqual([])
    expect(second.reports.at(-1)).toMatchObject({ conditions: [] })
    expect(second.kept.size).toBe(0)
  })

  test('does not count for how long something holds, but for the time that somebody looked', () => {
    const first = begun({ for: '10m' })
    first.pass(5 * MINUTE_MS)
    const second = again(first, 20 * MINUTE_MS, { for: '10m' })
    second.queue('a', 101)
    second.pass(4 * MINUTE_MS)
    expect(second.seen('firing')).toEqual([])
    second.pass(2 * MINUTE_MS)
    expect(second.seen('firing')).toHaveLength(1)
  })

  test('after more than an hour begins anew', () => {
    const first = begun()
    first.pass(3 * 60 * MINUTE_MS)
    const second = again(first, 61 * MINUTE_MS)
    second.queue('a', 101)
    second.pass(30_000)
    expect(second.status()[0]!.rules[0]!.alerts).toMatchObject([{ state: 'pending' }])
  })
})

test('nothing is evaluated before there is a sample, so that no alert ends for want of them', () => {
  const { evaluations, sleep, pass } = running([LONG])
  sleep(5 * MINUTE_MS)
  expect(evaluations).toEqual([])
  pass(INTERVAL_MS * 2)
  expect(evaluations.length).toBeGreaterThan(0)
})

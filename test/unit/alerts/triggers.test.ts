import { describe, expect, test } from 'vitest'
import { event } from '../../../packages/instrument/src/event/index.js'
import { createTriggers } from '../../../packages/server/src/alerts/index.js'
import { SECOND_MS, START, World } from './engine-harness.js'

const at = { server: 'notes' }
const refused = (ms: number) => event('auth', START + ms, at, { action: 'refused', reason: 'unknown' })
const namesOf = (pulses: ReturnType<ReturnType<typeof createTriggers>>) =>
  pulses.map(({ labels }) => `${labels.severity} ${labels.alertname}`)

describe('brute force', () => {
  test('is five refusals within ten minutes at one server, or a lock', () => {
    const triggers = createTriggers(1000)
    const found = [0, 1, 2, 3].map((minute) => namesOf(triggers(refused(minute * 60_000))))
    expect(new Set(found.flat())).toEqual(new Set(['HIGH AuthenticationFailure']))
    expect(namesOf(triggers(refused(9 * 60_000)))).toEqual(['HIGH AuthenticationFailure', 'HIGH BruteForce'])
    expect(namesOf(triggers(refused(60 * 60_000)))).toEqual(['HIGH AuthenticationFailure'])
    const other = event('auth', START, { server: 'files' }, { action: 'locked_out' })
    expect(namesOf(triggers(other))).toEqual(['HIGH AuthenticationFailure', 'HIGH BruteForce'])
    expect(triggers(event('auth', START, at, { action: 'accepted' }))).toEqual([])
  })
})

test('an anomaly fires when it is found and when it is worse, and ends when it says so', () => {
  const triggers = createTriggers(1000)
  const world = new World({ groupWaitMs: 0, groupIntervalMs: 1000 })
  const signal = { name: 'read', signal: 'latency', usual: 12.3456, seen: 45.6789, calls: 30 } as const
  const publish = (stage: 'found' | 'worse' | 'over' | 'adopted', severity: 'MEDIUM' | 'HIGH') => {
    for (const pulse of triggers(event('anomaly', world.now, at, { ...signal, stage, severity })))
      world.engine.pulse(pulse, world.now)
    world.pass(SECOND_MS)
  }
  const firing = () => world.engine.alerts(world.now).alerts.map(({ alert }) => `${alert.severity} ${alert.state}`)
  publish('over', 'MEDIUM')
  expect(firing()).toEqual([])
  publish('found', 'MEDIUM')
  expect(firing()).toEqual(['MEDIUM firing'])
  expect(world.sent.at(-1)!.alerts[0]).toMatchObject({
    labels: { alertname: 'Anomaly', server: 'notes', tool: 'read', signal: 'latency' },
    annotations: { summary: 'latency of notes.read is not as usual: 45.7 where 12.3 was expected' },
  })
  publish('worse', 'HIGH')
  expect(firing()).toEqual(['HIGH firing', 'MEDIUM firing'])
  publish('over', 'HIGH')
  world.pass(SECOND_MS)
  expect(firing()).toEqual([])
})

test('a budget fires at 80 % and at the whole, and both end with its window', () => {
  const triggers = createTriggers(1000)
  const world = new World({ groupWaitMs: 0, groupIntervalMs: 1000 })
  const publish = (stage: 'warned' | 'reached' | 'renewed', severity: 'LOW' | 'MEDIUM' | 'HIGH', spentUsd: number) => {
    const fields = { budget: 'all', stage, severity, spentUsd, limitUsd: 10, per: 'month' } as const
    for (const pulse of triggers(event('budget', world.now, at, fields))) world.engine.pulse(pulse, world.now)
    world.pass(SECOND_MS)
  }
  const firing = () => world.engine.alerts(world.now).alerts.map(({ alert }) => `${alert.severity} ${alert.state}`)
  publish('warned', 'MEDIUM', 8.5)
  expect(firing()).toEqual(['MEDIUM firing'])
  expect(world.sent.at(-1)!.alerts[0]!.annotations.summary).toBe(
    '8.50 of 10.00 USD of the budget all are spent this month',
  )
  publish('reached', 'HIGH', 10.5)
  expect(firing()).toEqual(['HIGH firing', 'MEDIUM firing'])
  publish('renewed', 'LOW', 0)
  world.pass(SECOND_MS)
  expect(firing()).toEqual([])
})

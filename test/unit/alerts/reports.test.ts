/** What a source says of its conditions beside that they hold: since when, whether they fire, and how often it looks. */
import { expect, test } from 'vitest'
import { promises } from '../../requirements.js'
import { condition, MINUTE_MS, named, START, World } from './engine-harness.js'

test('a source that decides by itself whether an alert fires is believed, and since when it holds, too', () => {
  const world = new World()
  const more = { forMs: 2 * MINUTE_MS }
  const holding = { ...named('Backlog'), activeAt: START }
  world.report([{ ...holding, fires: false }], more)
  world.now += 5 * MINUTE_MS - 1000
  world.report([{ ...holding, activeAt: START + MINUTE_MS, fires: false }], more)
  expect(world.states()).toEqual({ Backlog: 'pending' })
  expect(world.engine.alerts(world.now).alerts[0]!.alert.activeAt).toBe(START + MINUTE_MS)
  world.report([{ ...holding, activeAt: START + MINUTE_MS, fires: true }], more)
  expect(world.states()).toEqual({ Backlog: 'firing' })
})

test('what a source names that looks seldom is not given up between two looks', () => {
  const world = new World()
  const everyMs = 10 * MINUTE_MS
  world.report([named('Seldom')], { everyMs })
  world.pass(9 * MINUTE_MS)
  expect(world.states()).toEqual({ Seldom: 'firing' })
  world.report([], { everyMs, evidence: 'error', policies: { error: 'keep' } })
  world.pass(39 * MINUTE_MS)
  expect(world.states()).toEqual({ Seldom: 'firing' })
  world.pass(2 * MINUTE_MS)
  expect(world.states()).toEqual({ Seldom: 'resolved' })
})

test(`how grave an alert is: ${promises('F7.severity.four', 'F7.severity.own-label')}`, () => {
  const words: readonly (readonly [severity: string, own: string | undefined, severity: string])[] = [
    ['critical', undefined, 'CRITICAL'],
    ['warning', undefined, 'MEDIUM'],
    ['info', undefined, 'LOW'],
    ['critical', 'LOW', 'LOW'],
    ['warning', 'HIGH', 'HIGH'],
  ]
  const world = new World()
  world.report(
    words.map(([severity, own], index) =>
      condition({ alertname: `A${index}`, severity, ...(own !== undefined && { mcp_severity: own }) }),
    ),
  )
  const found = world.engine.alerts(world.now).alerts.map(({ alert }) => [alert.labels.alertname, alert.severity])
  expect(Object.fromEntries(found)).toEqual(
    Object.fromEntries(words.map(([, , severity], index) => [`A${index}`, severity])),
  )
})

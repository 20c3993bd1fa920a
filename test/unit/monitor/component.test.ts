import { describe, expect, test } from 'vitest'
import { createComponent } from '../../../packages/server/src/monitor/component.js'
import { monitorOptions } from '../../../packages/server/src/monitor/options.js'

const SETTINGS = {
  name: 'notes',
  type: 'mcp',
  failureThreshold: 3,
  successThreshold: 2,
  thresholds: monitorOptions.parse({}),
}
const well = (latencyMs = 5, tools?: readonly string[]) => ({
  ok: true,
  latencyMs,
  ...(tools && { tools: tools.map((name) => ({ name, definition: `definition of ${name}` })) }),
})
const ill = { ok: false, latencyMs: 5, reason: 'timeout' } as const

describe('a component', () => {
  test('is down after three failures in a row, and up after two successes in a row', () => {
    const component = createComponent(SETTINGS)
    const seen = [ill, ill, well(), ill, ill, ill, ill, well(), ill, well(), well(), well()].map(
      (result) => component.see(result).went,
    )
    const none = undefined
    expect(seen).toEqual([none, none, none, none, none, 'down', none, none, none, none, 'up', none])
  })

  test('is unknown before it was looked at, and as it was where something is remembered', () => {
    const fresh = createComponent(SETTINGS)
    expect(fresh.report()).toMatchObject({ status: 'unknown', failures: 0 })
    fresh.see(ill)
    expect([fresh.report().status, fresh.state()]).toEqual(['unknown', undefined])
    fresh.see(well())
    expect([fresh.report().status, fresh.state()]).toEqual(['healthy', 'up'])
    const component = createComponent(SETTINGS)
    for (const result of [ill, ill, ill]) component.see(result)
    const again = createComponent(SETTINGS, component.memory())
    expect(again.report()).toMatchObject({ status: 'unhealthy', failures: 3 })
    expect([again.see(well()).went, again.see(well()).went]).toEqual([undefined, 'up'])
  })

  test('says why it is down until it is up again, while its checks succeed already', () => {
    const component = createComponent(SETTINGS)
    for (const result of [ill, ill, ill, well()]) component.see(result)
    expect(component.report()).toMatchObject({
      ...{ status: 'unhealthy', reasons: ['no answer in time'], kind: 'timeout' },
      ...{ failures: 0, result: { ok: true } },
    })
    component.see(well())
    expect(component.report()).toMatchObject({ status: 'healthy', reasons: [] })
  })

  test('one slow answer is no change, slow answers are', () => {
    const component = createComponent(SETTINGS)
    for (const latencyMs of [10, 1500, 10]) component.see(well(latencyMs))
    expect(component.report().status).toBe('healthy')
    for (const latencyMs of [1500, 1600]) component.see(well(latencyMs))
    expect(component.report()).toMatchObject({ status: 'degraded', reasons: ['latency 1.5s'], latencyMs: 1600 })
    for (const latencyMs of [6000, 6000]) component.see(well(latencyMs))
    expect(component.report()).toMatchObject({ status: 'unhealthy', reasons: ['latency 6s'] })
  })

  test('one slow answer is no fault at the start either, where it may be cold, but where one check is to tell', () => {
    const component = createComponent(SETTINGS)
    component.see(well(6000))
    expect(component.report()).toMatchObject({ status: 'healthy', latencyMs: 6000 })
    component.see(well(6000))
    expect(component.report().status).toBe('unhealthy')
    const once = createComponent({ ...SETTINGS, failureThreshold: 1 })
    once.see(well(6000))
    expect(once.report()).toMatchObject({ status: 'unhealthy', reasons: ['latency 6s'] })
    once.see(well(10))
    expect(once.report().status).toBe('healthy')
  })

  test('tells which tools went, came back, and are others than before', () => {
    const component = createComponent(SETTINGS)
    const nothing = { lost: [], found: [], changed: [], isFirst: false }
    expect(component.see(well(5, ['a', 'b']))).toEqual({ ...nothing, isFirst: true })
    expect(component.see(well(5, ['b', 'c']))).toEqual({ ...nothing, lost: ['a'] })
    expect(component.see(well(5, ['b', 'c']))).toEqual(nothing)
    expect(component.report()).toMatchObject({ status: 'degraded', tools: { known: ['a', 'b', 'c'], missing: ['a'] } })
    expect(component.see(ill)).toEqual(nothing)
    expect(component.see(well(5, ['a', 'b', 'c']))).toEqual({ ...nothing, found: ['a'] })
    const other = { ok: true, latencyMs: 5, tools: ['a', 'b', 'c'].map((name) => ({ name, definition: name })) }
    expect(component.see(other).changed).toEqual(['a', 'b', 'c'])
    expect(component.see(other)).toEqual(nothing)
    expect(component.report().status).toBe('healthy')
  })

  test('holds no more tools than it may, whatever a server lists', () => {
    const component = createComponent(SETTINGS)
    for (let round = 0; round < 10; round++)
      component.see(
        well(
          5,
          Array.from({ length: 1000 }, (_, index) => `tool-${round}-${index}`),
        ),
      )
    expect(component.report().tools?.known).toHaveLength(2000)
  })

  test('is looked at and not judged in maintenance, and counts anew after it', () => {
    const component = createComponent(SETTINGS)
    for (const result of [well(), ill, ill]) component.see(result)
    for (const result of [ill, ill, ill, ill]) expect(component.see(result, 'maintenance').went).toBeUndefined()
    expect(component.report(undefined, 'maintenance')).toMatchObject({ status: 'maintenance', reasons: [] })
    expect(component.report(undefined, 'cut_off')).toMatchObject({
      status: 'unknown',
      reasons: ['the monitor itself is cut off from the network'],
    })
    expect([ill, ill, ill].map((result) => component.see(result).went)).toEqual([undefined, undefined, 'down'])
    for (const result of [well(), well()]) component.see(result, 'maintenance')
    expect(component.report().status).toBe('unhealthy')
  })
})

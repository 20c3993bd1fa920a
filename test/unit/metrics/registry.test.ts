import { describe, expect, it } from 'vitest'
import {
  CATALOGUE,
  counter,
  createRegistry,
  declare,
  expose,
  type Registry,
} from '../../../packages/instrument/src/metrics/index.js'
import { readExposition, sampleValue } from './read-exposition.js'

const { tool_calls_total: CALLS, tool_call_duration_seconds: DURATION, requests_in_flight: IN_FLIGHT } = CATALOGUE.mcp

const callsOf = (registry: Registry, tool: string) => sampleValue(expose(registry), 'mcp_tool_calls_total', { tool })

describe('a registry', () => {
  it('gives the same series for the same labels, and its values appear', () => {
    const registry = createRegistry()
    const handle = registry.counter(CALLS).with('files', 'read', 'success')
    handle.inc()
    registry.counter(CALLS).with('files', 'read', 'success').inc(2.5)
    registry.gauge(IN_FLIGHT).with('files').set(7)
    registry.gauge(IN_FLIGHT).with('files').add(-2)
    expect(registry.counter(CALLS).with('files', 'read', 'success')).toBe(handle)
    expect(callsOf(registry, 'read')).toBe(3.5)
    expect(sampleValue(expose(registry), 'mcp_requests_in_flight', { server: 'files' })).toBe(5)
  })

  it('never lets a counter fall or be spoilt', () => {
    const calls = createRegistry().counter(CALLS).with('s', 't', 'success')
    for (const wrong of [-1, Number.NaN, Infinity]) calls.inc(wrong)
    calls.raiseTo(10)
    for (const wrong of [4, Number.NaN, Infinity]) calls.raiseTo(wrong)
    calls.inc()
    expect(calls).toMatchObject({ value: 11 })
    calls.inc(1.7e308)
    calls.inc(1.7e308)
    expect(calls).toMatchObject({ value: 1.7e308 })
  })

  it('counts each observation in the bucket whose bound it does not exceed', () => {
    const registry = createRegistry()
    const duration = registry.histogram(DURATION).with('s', 't')
    for (const seconds of [0, 0.001, 0.0011, 1, 300, 301, Number.NaN, Infinity, -Infinity]) duration.observe(seconds)
    const text = expose(registry)
    const bucket = (le: string) => sampleValue(text, 'mcp_tool_call_duration_seconds_bucket', { le })
    expect([bucket('0.001'), bucket('0.002'), bucket('0.5'), bucket('1'), bucket('300'), bucket('+Inf')]).toEqual([
      2, 3, 3, 4, 5, 6,
    ])
    expect(sampleValue(text, 'mcp_tool_call_duration_seconds_count')).toBe(6)
    expect(sampleValue(text, 'mcp_tool_call_duration_seconds_sum')).toBeCloseTo(602.0021)
  })

  it('refuses a wrong number of label values', () => {
    const family = createRegistry().counter(CALLS) as { with(...values: string[]): unknown }
    expect(() => family.with('files')).toThrow(/takes 3 label values \(server, tool, status\), not 1/)
  })

  it.each(['', '9lives', 'a-b', 'a b', 'é'])('refuses the prefix %j', (prefix) => {
    expect(() => createRegistry({ prefix })).toThrow(RangeError)
  })

  it.each([0, 1.5, Number.NaN])('refuses %d series', (maxSeriesPerMetric) => {
    expect(() => createRegistry({ maxSeriesPerMetric })).toThrow(RangeError)
  })

  it('refuses a second metric of one name, samples of histograms included', () => {
    const registry = createRegistry()
    const mine = declare('mcp', {
      requests_total: counter('Mine.', []),
      request_duration_seconds_count: counter('Mine.', []),
    })
    expect(() => registry.counter(mine.requests_total)).toThrow(/both named mcp_requests_total/)
    expect(() => registry.counter(mine.request_duration_seconds_count)).toThrow(/both named/)
  })

  it('takes metrics that are not in the catalogue', () => {
    const registry = createRegistry({ prefix: 'shop' })
    const { orders_total } = declare('mcp', { orders_total: counter('Orders.', ['size']) })
    registry.counter(orders_total).with('large').inc()
    expect(sampleValue(expose(registry), 'shop_orders_total', { size: 'large' })).toBe(1)
  })
})

describe('series of a registry', () => {
  it('end by their first labels, others stay, and a removed one starts again at 0', () => {
    const registry = createRegistry()
    for (const tool of ['a', 'b']) {
      for (const status of ['success', 'error']) registry.counter(CALLS).with('s', tool, status).inc(9)
    }
    expect(registry.remove(CALLS, 's', 'a')).toBe(2)
    expect(registry.remove(CALLS, 's', 'a')).toBe(0)
    expect(registry.remove(CALLS, 'nobody', 'a')).toBe(0)
    expect(readExposition(expose(registry)).map(({ labels }) => labels.tool)).toEqual(['b', 'b'])
    registry.counter(CALLS).with('s', 'a', 'error').inc()
    expect(callsOf(registry, 'a')).toBe(1)
    expect(registry.remove(CALLS)).toBe(3)
    expect(readExposition(expose(registry))).toEqual([])
  })

  it('are bounded: what finds no room counts as `other`, evicts nobody, and is counted itself', () => {
    const registry = createRegistry({ maxSeriesPerMetric: 10 })
    for (let i = 0; i < 100_000; i++) registry.counter(CALLS).with('s', `tool-${i}`, 'success').inc()
    const text = expose(registry)
    const calls = readExposition(text).filter(({ name }) => name === 'mcp_tool_calls_total')
    expect(calls).toHaveLength(11)
    expect(calls.filter(({ labels }) => labels.tool !== 'other').every(({ value }) => value === 1)).toBe(true)
    expect(callsOf(registry, 'other')).toBe(99_990)
    expect(sampleValue(text, 'mcp_vitals_label_overflow_total', { metric: 'mcp_tool_calls_total' })).toBe(99_990)
  })

  it('find room again when others have ended', () => {
    const registry = createRegistry({ maxSeriesPerMetric: 2 })
    for (const tool of ['a', 'b', 'c']) registry.counter(CALLS).with('s', tool, 'success').inc()
    expect(callsOf(registry, 'c')).toBeUndefined()
    registry.remove(CALLS, 's', 'a')
    registry.counter(CALLS).with('s', 'c', 'success').inc()
    expect([callsOf(registry, 'b'), callsOf(registry, 'c'), callsOf(registry, 'other')]).toEqual([1, 1, 1])
  })
})

describe('callbacks of a registry', () => {
  it('run before each collection; one that fails is counted and spoils nothing', () => {
    const registry = createRegistry()
    let reading = 1
    registry.onCollect(() => {
      throw new Error('no reading')
    })
    registry.onCollect(() => registry.gauge(IN_FLIGHT).with('s').set(reading))
    expect(sampleValue(expose(registry), 'mcp_requests_in_flight')).toBe(1)
    reading = 2
    const text = expose(registry)
    expect(sampleValue(text, 'mcp_requests_in_flight')).toBe(2)
    expect(sampleValue(text, 'mcp_vitals_collect_faults_total')).toBe(2)
  })
})

import { describe, expect, it } from 'vitest'
import {
  CATALOGUE,
  createRegistry,
  expose,
  exposeParts,
  formatFor,
} from '../../../packages/instrument/src/metrics/index.js'
import { createMetricsFace } from '../../../packages/server/src/faces/metrics/index.js'

describe('the format of /metrics', () => {
  it.each([
    [null, 'prometheus'],
    ['', 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'prometheus'],
    ['text/plain;version=0.0.4', 'prometheus'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text; version="1.0.0"; charset=utf-8', 'openmetrics'],
    ['application/openmetrics-text;version=0.0.1', 'prometheus'],
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    ['application/openmetrics-text;q=0.3,text/plain;q=0.5', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['application/openmetrics-text;q=nonsense', 'prometheus'],
    ['APPLICATION/OpenMetrics-Text;Version=1.0.0;Q=0.9,text/plain;q=0.2', 'openmetrics'],
  ])('for Accept %j is %s', (accept, format) => {
    expect(formatFor(accept)).toBe(format)
  })
})

describe('a page of many series', () => {
  const calls = CATALOGUE.mcp.tool_calls_total
  function registryOf(tools: number) {
    const registry = createRegistry()
    for (let tool = 0; tool < tools; tool++) registry.counter(calls).with('größte', `tool_${tool}`, 'success').inc()
    return registry
  }

  it.each(['prometheus', 'openmetrics'] as const)('is the same text in parts, none of them large: %s', (format) => {
    const registry = registryOf(5_000)
    const parts = [...exposeParts(registry, format)]
    expect(parts.join('')).toBe(expose(registry, format))
    expect(parts.length).toBeGreaterThan(4)
    expect(Math.max(...parts.map((part) => part.length))).toBeLessThan(100_000)
  })

  it.each([1, 5_000])('of %d is all of the moment at which it was asked for', async (tools) => {
    const registry = registryOf(tools)
    const before = expose(registry)
    const answer = createMetricsFace(registry)(new Request('http://127.0.0.1/metrics'))
    for (let tool = 0; tool < tools; tool++) registry.counter(calls).with('größte', `tool_${tool}`, 'success').inc()
    expect(await answer.text()).toBe(before)
    expect(expose(registry)).not.toBe(before)
  })
})

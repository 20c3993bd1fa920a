import { describe, expect, it } from 'vitest'
import { CATALOGUE, createRegistry, expose, METRICS } from '../../../packages/instrument/src/metrics/index.js'
import { everyMetricMoved, TRACE_ID } from './every-metric.js'
import { readOpenMetrics } from './open-metrics.js'
import { readExposition } from './read-exposition.js'

const { requests_total: REQUESTS, request_duration_seconds: DURATION } = CATALOGUE.mcp

describe('OpenMetrics', () => {
  it('of every metric is read by a strict reader, and says what the other format says', () => {
    const registry = everyMetricMoved()
    const families = readOpenMetrics(expose(registry, 'openmetrics'))
    expect(families).toHaveLength(METRICS.length)
    const samples = families.flatMap((family) => family.samples)
    const plain = readExposition(expose(registry))
    const content = (all: readonly { name: string; labels: Readonly<Record<string, string>>; value: number }[]) =>
      all.map(({ name, labels: { le, quantile, ...labels }, value }) => [
        name,
        Number(le?.replace('+Inf', 'Infinity') ?? quantile),
        labels,
        value,
      ])
    expect(content(samples)).toEqual(content(plain))
  })

  it('names units, and counters without _total', () => {
    const text = expose(everyMetricMoved(), 'openmetrics')
    expect(text).toContain('# TYPE mcp_requests counter\n')
    expect(text).toContain('# UNIT mcp_request_duration_seconds seconds\n')
    expect(text).not.toContain('_created')
  })

  it('gives the newest trace of a counter and of each bucket, and no other format does', () => {
    const registry = createRegistry()
    const newest = '4bf92f3577b34da6a3ce929d0e0e4736'
    const duration = registry.histogram(DURATION).with('s', 'ping', 's')
    duration.observe(0.003, { at: 1_700_000_000_000, traceId: TRACE_ID })
    duration.observe(0.004, { at: 1_700_000_001_500, traceId: newest })
    duration.observe(7, { at: 1_700_000_002_000, traceId: TRACE_ID })
    duration.observe(0.2)
    registry.counter(REQUESTS).with('s', 'ping', 's', '200').inc(1, { at: 1_700_000_000_000, traceId: TRACE_ID })
    const samples = readOpenMetrics(expose(registry, 'openmetrics')).flatMap((family) => family.samples)
    const exemplars = samples.flatMap(({ labels, exemplar }) => (exemplar ? [[labels.le, exemplar]] : []))
    expect(exemplars).toEqual([
      ['0.005', { labels: { trace_id: newest }, value: 0.004, at: 1_700_000_001.5 }],
      ['10.0', { labels: { trace_id: TRACE_ID }, value: 7, at: 1_700_000_002 }],
      [undefined, { labels: { trace_id: TRACE_ID }, value: 1, at: 1_700_000_000 }],
    ])
    expect(expose(registry)).not.toContain('trace_id')
  })

  it.each(['', 'x', 'A'.repeat(32), '0'.repeat(32), '"} 1\nmcp_evil 1', 'g'.repeat(32)])(
    'takes no trace from %j',
    (traceId) => {
      const registry = createRegistry()
      registry.counter(REQUESTS).with('s', 'ping', 's', '200').inc(1, { at: 0, traceId })
      registry.histogram(DURATION).with('s', 'ping', 's').observe(1, { at: 0, traceId })
      expect(expose(registry, 'openmetrics')).not.toContain('trace_id')
    },
  )
})

describe('the strict reader', () => {
  it.each([
    ['# TYPE a counter\na_total 1\n', 'EOF'],
    ['# TYPE a counter\na 1\n# EOF\n', 'no sample of'],
    ['# TYPE a counter\na_total 1\n# TYPE b gauge\nb 1\n# TYPE a counter\na_total 2\n# EOF\n', 'two places'],
    ['# TYPE a gauge\na 1 # {trace_id="x"} 1 1\n# EOF\n', 'exemplar'],
    ['# TYPE a gauge\na 1\na 1\n# EOF\n', 'twice'],
    ['# TYPE a histogram\na_bucket{le="1"} 1\n# EOF\n', 'canonical'],
    ['# TYPE a histogram\na_bucket{le="1.0"} 2\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n', 'fall'],
    ['# TYPE a_seconds gauge\n# UNIT a_seconds bytes\na_seconds 1\n# EOF\n', 'unit'],
  ])('refuses %j', (text, why) => {
    expect(() => readOpenMetrics(text)).toThrow(new RegExp(why))
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CATALOGUE,
  createRegistry,
  createView,
  expose,
  METRICS,
  type Metric,
  type Registry,
  viewName,
} from '../../packages/instrument/src/metrics/index.js'
import { promises } from '../requirements.js'
import { readExposition, type Sample } from '../unit/metrics/read-exposition.js'

const { mcp } = CATALOGUE
/** One metric of each type, and of each way to merge. */
const KINDS: readonly Metric[] = [
  mcp.tool_calls_total,
  mcp.requests_in_flight,
  mcp.tool_availability,
  CATALOGUE.mcp_vitals.build_info,
  mcp.request_duration_seconds,
  mcp.request_size_bytes,
]

interface Observed {
  readonly values: readonly string[]
  readonly amount: number
}

const word = fc.constantFrom('a', 'b', 'c,d', '"', 'other')
const amounts = fc.integer({ min: 0, max: 400 })

function observations(metric: Metric): fc.Arbitrary<readonly Observed[]> {
  const values = fc.array(word, { minLength: metric.labels.length, maxLength: metric.labels.length })
  return fc.array(fc.record({ values, amount: amounts }), { maxLength: 40 })
}

function observe(registry: Registry, metric: Metric, { values, amount }: Observed): void {
  const of = <T>(family: unknown) => (family as { with(...values: readonly string[]): T }).with(...values)
  if (metric.type === 'counter') of<{ inc(n: number): void }>(registry.counter(metric as never)).inc(amount)
  else if (metric.type === 'gauge') of<{ set(n: number): void }>(registry.gauge(metric as never)).set(amount)
  else if (metric.type === 'histogram')
    of<{ observe(n: number): void }>(registry.histogram(metric as never)).observe(amount)
  else of<{ observe(n: number): void }>(registry.summary(metric as never)).observe(amount)
}

/** The samples of one metric, by the labels that stand in them. */
function samplesOf(text: string, { name }: Metric): readonly Sample[] {
  return readExposition(text).filter((sample) => new RegExp(`_${name}(_bucket|_sum|_count)?$`).test(sample.name))
}

/** Merging by hand: full samples, grouped by what is left of their labels. */
function mergedByHand(metric: Metric, full: readonly Sample[], kept: readonly string[]): Map<string, number> {
  const groups = new Map<string, number[]>()
  for (const { name, labels, value } of full) {
    if (labels.quantile !== undefined && kept.length < metric.labels.length) continue
    const left = [...kept, 'le', 'quantile'].filter((label) => labels[label] !== undefined)
    const key = JSON.stringify([name, left.map((label) => [label, labels[label]]).sort()])
    groups.set(key, [...(groups.get(key) ?? []), value])
  }
  const merge = {
    sum: (all: readonly number[]) => all.reduce((a, b) => a + b, 0),
    min: (all: readonly number[]) => Math.min(...all),
    max: (all: readonly number[]) => Math.max(...all),
  }[metric.merge]
  return new Map([...groups].map(([key, all]) => [key, merge(all)]))
}

function asShown(samples: readonly Sample[]): Map<string, number> {
  return new Map(
    samples.map(({ name, labels, value }) => [JSON.stringify([name, Object.entries(labels).sort()]), value]),
  )
}

const cases = fc.constantFrom(...KINDS).chain((metric) =>
  fc.record({
    metric: fc.constant(metric),
    observed: observations(metric),
    kept: fc.shuffledSubarray([...metric.labels]),
  }),
)

describe(promises('F2.merge.by-catalogue', 'F2.merge.summaries'), () => {
  it('shows what merging by hand gives, each series once', () => {
    fc.assert(
      fc.property(cases, ({ metric, observed, kept }) => {
        const registry = createRegistry({ now: () => 0 })
        const view = createView(registry, { [viewName(metric)]: kept })
        for (const each of observed) observe(registry, metric, each)
        const full = samplesOf(expose(registry), metric)
        const shown = asShown(samplesOf(expose(view), metric))
        if (observed.length === 0) return
        expect(shown).toEqual(mergedByHand(metric, full, kept))
      }),
      { numRuns: 300 },
    )
  })

  it('leaves every other metric as it is', () => {
    fc.assert(
      fc.property(cases, ({ metric, observed, kept }) => {
        const registry = createRegistry({ now: () => 0 })
        const other = KINDS.find((kind) => kind !== metric)!
        const view = createView(registry, { [viewName(other)]: kept.filter((label) => other.labels.includes(label)) })
        for (const each of observed) observe(registry, metric, each)
        expect(samplesOf(expose(view), metric)).toEqual(samplesOf(expose(registry), metric))
      }),
    )
  })
})

describe('a view over time', () => {
  const metrics = fc.constantFrom(mcp.tool_calls_total, mcp.tool_call_duration_seconds)
  const steps = fc.array(
    fc.oneof(
      fc.record({
        does: fc.constant('observe' as const),
        server: fc.constantFrom('s', 't'),
        tool: fc.constantFrom('a', 'b', 'c'),
      }),
      fc.record({
        does: fc.constant('remove' as const),
        server: fc.constantFrom('s', 't'),
        tool: fc.constantFrom('a', 'b', 'c'),
      }),
      fc.record({ does: fc.constant('collect' as const), server: fc.constant(''), tool: fc.constant('') }),
    ),
    { maxLength: 60 },
  )

  it('never lets a sum fall while a series of its group is left', () => {
    fc.assert(
      fc.property(metrics, steps, (metric, all) => {
        const registry = createRegistry()
        const view = createView(registry, { [metric.name]: ['server'] })
        let before = new Map<string, number>()
        for (const { does, server, tool } of all) {
          if (does === 'remove') registry.remove(metric, server, tool)
          if (does === 'observe')
            observe(registry, metric, {
              values: metric.type === 'counter' ? [server, tool, 'success'] : [server, tool],
              amount: 1,
            })
          const after = asShown(samplesOf(expose(view), metric))
          for (const [series, value] of after) expect(value).toBeGreaterThanOrEqual(before.get(series) ?? 0)
          before = after
        }
      }),
    )
  })

  it('without labels is there from the start, and never falls at all', () => {
    const registry = createRegistry()
    const view = createView(registry, { tool_calls_total: [], request_size_bytes: [], tool_availability: [] })
    expect(expose(view)).toMatch(/^mcp_tool_calls_total 0$/m)
    expect(expose(view)).toMatch(/^mcp_request_size_bytes_count 0$/m)
    expect(expose(view)).not.toMatch(/^mcp_tool_availability/m)
    registry.counter(mcp.tool_calls_total).with('s', 'a', 'success').inc(5)
    registry.remove(mcp.tool_calls_total)
    expect(expose(view)).toMatch(/^mcp_tool_calls_total 5$/m)
    expect(expose(view)).toMatch(/^mcp_tool_calls_total 5$/m)
  })

  it('refuses labels that the metric does not have, and the same one twice', () => {
    for (const kept of [['colour'], ['tool', 'tool']])
      expect(() => createView(createRegistry(), { tool_calls_total: kept })).toThrow(RangeError)
    expect(METRICS.length).toBeGreaterThan(0)
  })
})

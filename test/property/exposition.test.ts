import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CATALOGUE, createRegistry, expose } from '../../packages/instrument/src/metrics/index.js'
import { readExposition } from '../unit/metrics/read-exposition.js'

const { tool_calls_total: CALLS, tool_call_duration_seconds: DURATION, tool_availability: AVAILABLE } = CATALOGUE.mcp

/** Any UTF-16 there can be, half characters and control characters included. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('\\', '"', '\n', '\\n', '\\"', '', '{', '}', ',', 'a="b"', '\ud800', '\udc00', '\0'),
)
/** What a value is once it has been UTF-8. */
const asBytes = (value: string) => Buffer.from(value).toString()

describe('the exposition', () => {
  it('gives back every counter and gauge that was set, whatever its labels', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text, fc.double())), (recorded) => {
        const registry = createRegistry()
        const expected = new Map<string, number>()
        for (const [server, tool, value] of recorded) {
          registry.gauge(AVAILABLE).with(server, tool).set(value)
          expected.set(JSON.stringify([asBytes(server), asBytes(tool)]), value + 0)
        }
        const wire = Buffer.from(expose(registry)).toString()
        const found = readExposition(wire).map(
          ({ labels, value }) => [JSON.stringify([labels.server, labels.tool_name]), value] as const,
        )
        expect(new Map(found)).toEqual(expected)
      }),
    )
  })

  it('gives histograms whose buckets rise to the count and whose sum is right', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 1 }), text, (seconds, tool) => {
        const registry = createRegistry()
        for (const value of seconds) registry.histogram(DURATION).with('s', tool).observe(value)
        const samples = readExposition(expose(registry))
        const buckets = samples.filter(({ name }) => name.endsWith('_bucket'))
        for (const { labels, value } of buckets)
          expect(value).toBe(seconds.filter((each) => each <= Number(labels.le?.replace('+Inf', 'Infinity'))).length)
        expect(buckets.at(-1)?.labels.le).toBe('+Inf')
        expect(samples.find(({ name }) => name.endsWith('_count'))?.value).toBe(seconds.length)
        expect(samples.find(({ name }) => name.endsWith('_sum'))?.value).toBe(seconds.reduce((sum, each) => sum + each))
      }),
    )
  })

  it('does not depend on the order in which series were made', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(text, text), { selector: (pair) => JSON.stringify(pair.map(asBytes)) }),
        (pairs) => {
          const write = (order: readonly (readonly [string, string])[]) => {
            const registry = createRegistry()
            for (const [server, tool] of order) registry.counter(CALLS).with(server, tool, 'success').inc()
            return expose(registry)
          }
          expect(write(pairs.toReversed())).toBe(write(pairs))
        },
      ),
    )
  })
})

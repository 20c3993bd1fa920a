import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  addLatency,
  decodeLatencies,
  encodeLatencies,
  type Latencies,
  MAX_BUCKETS,
  mergeLatencies,
  percentilesOf,
  RELATIVE_ERROR,
} from '../../../packages/server/src/history/latencies.js'

const of = (values: readonly number[]): Latencies => {
  const latencies: Latencies = new Map()
  for (const value of values) addLatency(latencies, value)
  return latencies
}
const times = fc.array(fc.double({ min: 0.11, max: 3_600_000, noNaN: true }), { minLength: 1, maxLength: 300 })
const rank = (sorted: readonly number[], quantile: number) =>
  sorted[Math.max(1, Math.ceil(quantile * sorted.length)) - 1] as number

test('every percentile is near the true one, whatever the times are', () => {
  fc.assert(
    fc.property(times, (values) => {
      const sorted = [...values].sort((one, other) => one - other)
      const found = percentilesOf(of(values))!
      for (const [value, quantile] of [
        [found.p50Ms, 0.5],
        [found.p95Ms, 0.95],
        [found.p99Ms, 0.99],
      ] as const) {
        const exact = rank(sorted, quantile)
        // Hundredths are rounded.
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(RELATIVE_ERROR * exact + 0.006)
      }
    }),
  )
})

test('parts that are merged, and what was written and read again, are the whole', () => {
  fc.assert(
    fc.property(times, times, (one, other) => {
      const merged = of(one)
      mergeLatencies(merged, decodeLatencies(encodeLatencies(of(other))))
      expect(new Map([...merged].sort())).toEqual(new Map([...of([...one, ...other])].sort()))
    }),
  )
})

test('memory is bounded, and what nobody can read is left out', () => {
  const many = of([0, -1, Number.NaN, Number.POSITIVE_INFINITY, ...Array.from({ length: 5000 }, (_, n) => 1.01 ** n)])
  expect(many.size).toBeLessThanOrEqual(MAX_BUCKETS)
  expect(decodeLatencies('3:1 x 4: -1:2 9999999:1 5:-1 6:1.5 7:2')).toEqual(
    new Map([
      [3, 1],
      [7, 2],
    ]),
  )
  expect(percentilesOf(new Map())).toBeUndefined()
})

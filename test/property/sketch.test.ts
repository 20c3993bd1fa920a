import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_BUCKETS, RELATIVE_ERROR, Sketch, SLICES, WINDOW_MS } from '../../packages/instrument/src/metrics/index.js'

const QUANTILES = [0, 0.5, 0.9, 0.95, 0.99, 1]
const sizes = fc.array(fc.integer({ min: 0, max: 2 ** 38 }), { minLength: 1, maxLength: 300 })

/** Nearest rank. */
function exact(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(quantile * sorted.length)) - 1]!
}

describe('the quantile sketch', () => {
  it('is right within its error for any values', () => {
    fc.assert(
      fc.property(sizes, (values) => {
        const sketch = new Sketch()
        for (const value of values) sketch.add(value, 0)
        for (const [i, found] of sketch.quantiles(QUANTILES, 0).entries()) {
          const wanted = exact(values, QUANTILES[i]!)
          expect(Math.abs(found - wanted)).toBeLessThanOrEqual(wanted * RELATIVE_ERROR * 1.0001)
        }
      }),
    )
  })

  it('looks back on its window: never on less than four fifths of it, never on more', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 * WINDOW_MS }), { minLength: 1, maxLength: 100 }), (times) => {
        const sketch = new Sketch()
        const sorted = [...times].sort((a, b) => a - b)
        for (const at of sorted) sketch.add(at, at)
        const now = sorted.at(-1)!
        const oldest = sketch.quantiles([0], now)[0]!
        expect(oldest).toBeGreaterThanOrEqual((now - WINDOW_MS) * 0.98)
        const sure = sorted.find((at) => at > now - (WINDOW_MS * (SLICES - 1)) / SLICES)!
        expect(oldest).toBeLessThanOrEqual(Math.max(1, sure * 1.02))
        expect(sketch.quantiles([0.5], now + WINDOW_MS)).toEqual([Number.NaN])
      }),
    )
  })

  it('is bounded, whatever is added', () => {
    expect(SLICES * MAX_BUCKETS).toBeLessThan(10_000)
    const sketch = new Sketch()
    for (const value of [-1, 2 ** 60, Number.MAX_VALUE, 1e-300]) sketch.add(value, 0)
    expect(sketch.quantiles([0, 1], 0)[0]).toBe(0)
    expect(sketch.quantiles([1], 0)[0]).toBeLessThan(2 ** 41)
  })
})

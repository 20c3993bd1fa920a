import { Sums } from './summation.js'
import type { Window } from './window.js'

/** Cells of the sums of x, y, x·y and x². */
const [X, Y, XY, XX] = [0, 1, 2, 3] as const
const sums = new Sums(4)

/** The straight line of least squares through the samples of a window: its rise a second, and its value at `originMs`. */
export function regression(
  { times, values, from, to }: Window,
  originMs: number,
): { readonly slope: number; readonly intercept: number } {
  for (const cell of [X, Y, XY, XX]) sums.clear(cell)
  const first = values[from]!
  let isConstant = true
  for (let at = from; at < to; at++) {
    const y = values[at]!
    const x = (times[at]! - originMs) / 1000
    isConstant &&= y === first
    sums.add(X, x)
    sums.add(Y, y)
    sums.add(XY, x * y)
    sums.add(XX, x * x)
  }
  if (isConstant) {
    const isNumber = Number.isFinite(first)
    return { slope: isNumber ? 0 : Number.NaN, intercept: isNumber ? first : Number.NaN }
  }
  const count = to - from
  const sumX = sums.result(X)
  const sumY = sums.result(Y)
  const slope = (sums.result(XY) - (sumX * sumY) / count) / (sums.result(XX) - (sumX * sumX) / count)
  return { slope, intercept: sumY / count - (slope * sumX) / count }
}

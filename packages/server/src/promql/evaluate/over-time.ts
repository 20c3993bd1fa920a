import { type Gatherer, Means, quantileOf, Sums, Variances } from './summation.js'
import type { Kernel, Window } from './window.js'

const sums = new Sums(1)
const means = new Means(1)
const variances = new Variances(1)

/** Hands all values of a window to `into`, which has one cell. */
function gather(into: Gatherer & { clear(cell: number): void }, { values, from, to }: Window): number {
  into.clear(0)
  for (let at = from; at < to; at++) into.add(0, values[at]!)
  return into.result(0)
}

/** The largest value, or with a sign of -1 the smallest. NaN is neither, unless there is nothing else. */
function extreme({ values, from, to }: Window, sign: 1 | -1): number {
  let at = from
  while (at < to - 1 && Number.isNaN(values[at])) at++
  let best = values[at]! * sign
  for (at++; at < to; at++) {
    const value = values[at]! * sign
    if (value > best) best = value
  }
  return best * sign
}

/** Functions of the values of a range, whenever they were. */
export const VALUE_KERNELS = {
  avg_over_time: { least: 1, of: (window) => gather(means, window) },
  count_over_time: { least: 1, of: ({ from, to }) => to - from },
  first_over_time: { least: 1, keepsName: true, of: ({ values, from }) => values[from]! },
  last_over_time: { least: 1, keepsName: true, of: ({ values, to }) => values[to - 1]! },
  max_over_time: { least: 1, of: (window) => extreme(window, 1) },
  min_over_time: { least: 1, of: (window) => extreme(window, -1) },
  present_over_time: { least: 1, of: () => 1 },
  quantile_over_time: {
    least: 1,
    of: ({ values, from, to }, quantile) =>
      quantileOf(
        quantile,
        Float64Array.from({ length: to - from }, (_, index) => values[from + index]!),
      ),
  },
  stddev_over_time: { least: 1, of: (window) => Math.sqrt(gather(variances, window)) },
  stdvar_over_time: { least: 1, of: (window) => gather(variances, window) },
  sum_over_time: { least: 1, of: (window) => gather(sums, window) },
} as const satisfies Record<string, Kernel>

import { regression } from './regression.js'
import type { Kernel, Window } from './window.js'

/** A gap between samples may be this much longer than their mean distance before a series counts as not reaching there. */
const REACH = 1.1

/**
 * The increase over a range, stretched from its samples to its ends as Prometheus does: as far as the end where a sample
 * would be due near it, else half the mean distance; and for counters not beyond where they would have been 0.
 */
function increase(window: Window, isCounter: boolean): number {
  const { times, values, from, to, startMs, endMs, resets, resetsFrom, resetsTo } = window
  const first = values[from]!
  let rise = values[to - 1]! - first
  if (isCounter) for (let at = resetsFrom; at < resetsTo; at++) rise += values[resets[at]! - 1]!
  const sampledMs = times[to - 1]! - times[from]!
  const distanceMs = sampledMs / (to - from - 1)
  let beforeMs = times[from]! - startMs
  let behindMs = endMs - times[to - 1]!
  if (beforeMs >= distanceMs * REACH) beforeMs = distanceMs / 2
  if (isCounter && rise > 0 && first >= 0) beforeMs = Math.min(beforeMs, sampledMs * (first / rise))
  if (behindMs >= distanceMs * REACH) behindMs = distanceMs / 2
  return rise * ((sampledMs + beforeMs + behindMs) / sampledMs)
}

/** The last step of a range; a counter that fell began again at 0. */
function lastStep({ values, to }: Window, isCounter: boolean): number {
  const last = values[to - 1]!
  const before = values[to - 2]!
  return isCounter && last < before ? last : last - before
}

/** Functions of how values change. */
export const CHANGE_KERNELS = {
  rate: { least: 2, resets: true, of: (window) => increase(window, true) / ((window.endMs - window.startMs) / 1000) },
  increase: { least: 2, resets: true, of: (window) => increase(window, true) },
  delta: { least: 2, of: (window) => increase(window, false) },
  irate: {
    least: 2,
    of: (window) => lastStep(window, true) / ((window.times[window.to - 1]! - window.times[window.to - 2]!) / 1000),
  },
  idelta: { least: 2, of: (window) => lastStep(window, false) },
  resets: { least: 1, resets: true, of: ({ resetsFrom, resetsTo }) => resetsTo - resetsFrom },
  changes: { least: 1, of: changes },
  deriv: { least: 2, of: (window) => regression(window, window.times[window.from]!).slope },
  predict_linear: {
    least: 2,
    of(window, seconds) {
      const { slope, intercept } = regression(window, window.atMs)
      return slope * seconds + intercept
    },
  },
} as const satisfies Record<string, Kernel>

function changes({ values, from, to }: Window): number {
  let count = 0
  for (let at = from + 1; at < to; at++) {
    const value = values[at]!
    const before = values[at - 1]!
    if (value !== before && !(Number.isNaN(value) && Number.isNaN(before))) count++
  }
  return count
}

import type { Percentiles } from '../history/index.js'
import { Durations, p95Of, type Slot } from './slot.js'

/** Calls of a span of slots together, and by slot. */
export interface Sum extends Partial<Percentiles> {
  readonly calls: number
  readonly failures: number
  /** Calls whose answer's size is known, and sizes. */
  readonly sized: number
  readonly requestBytes: number
  readonly responseBytes: number
  readonly maxResponseBytes: number
  /** By slot, from the first on; of the percentile, null where no call ended. */
  readonly callsBySlot: readonly number[]
  readonly failuresBySlot: readonly number[]
  readonly p95MsBySlot: readonly (number | null)[]
}

/** For one sum after the other: a table has a thousand. */
const whole = new Durations()
const ofSlot = new Durations()

/** Adds up lists of slots, each by rising time, as if they were of one thing. `from` and `to`: the first slot and the last. */
export function sumOf(lists: readonly (readonly Slot[])[], from: number, to: number): Sum {
  const length = to - from + 1
  const callsBySlot = new Array<number>(length).fill(0)
  const failuresBySlot = new Array<number>(length).fill(0)
  let [calls, failures, sized, requestBytes, responseBytes, maxResponseBytes] = [0, 0, 0, 0, 0, 0]
  whole.clear()
  for (const slots of lists)
    for (const slot of slots) {
      callsBySlot[slot.at - from]! += slot.calls
      failuresBySlot[slot.at - from]! += slot.failures
      calls += slot.calls
      failures += slot.failures
      sized += slot.sized
      requestBytes += slot.requestBytes
      responseBytes += slot.responseBytes
      if (slot.maxResponseBytes > maxResponseBytes) maxResponseBytes = slot.maxResponseBytes
      whole.add(slot)
    }
  const sizes = { sized, requestBytes, responseBytes, maxResponseBytes }
  const bySlot = { callsBySlot, failuresBySlot, p95MsBySlot: p95s(lists, from, length) }
  return { calls, failures, ...sizes, ...whole.percentiles(), ...bySlot }
}

function p95s(lists: readonly (readonly Slot[])[], from: number, length: number): readonly (number | null)[] {
  const found = new Array<number | null>(length).fill(null)
  if (lists.length === 1) {
    for (const slot of lists[0]!) found[slot.at - from] = p95Of(slot)
    return found
  }
  const next = new Array<number>(lists.length).fill(0)
  for (let at = 0; at < length; at++) {
    ofSlot.clear()
    lists.forEach((slots, list) => {
      const slot = slots[next[list]!]
      if (slot?.at !== from + at) return
      ofSlot.add(slot)
      next[list]!++
    })
    found[at] = ofSlot.p95()
  }
  return found
}

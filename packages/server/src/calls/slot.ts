/**
 * Calls of a span of time, as small as it can be kept: durations as counts in the buckets of the history of health, names as
 * numbers of a list that all share.
 */
import { bucketOf, MAX_BUCKETS, middleOf, type Percentiles } from '../history/index.js'

export interface Slot {
  /** Its begin, in slots of its level since 1970. */
  readonly at: number
  /** When the last call ended, milliseconds since 1970. */
  lastAt: number
  calls: number
  failures: number
  toolCalls: number
  /** Bucket and count by turns. */
  durations: number[]
  /** Calls whose answer's size is known, and sizes. */
  sized: number
  requestBytes: number
  responseBytes: number
  maxResponseBytes: number
  /** Number of an error and count by turns. */
  errors: number[]
  /** Number of a client, its calls and its failures by turns. */
  clients: number[]
  /** Of the durations, where it was asked for and nothing came since; never left out, so that all slots are of one shape. */
  p95: number | null | undefined
}

/** One call, as slots take it. */
export interface Ended {
  readonly durationMs: number
  readonly isFailure: boolean
  readonly isToolCall: boolean
  readonly requestBytes: number
  readonly responseBytes: number
  readonly error: number | undefined
  readonly client: number
}

/** Different errors, and clients, that one slot tells apart; the rest is of number 0, which is `other`. */
const MAX_NAMES = 64

export function newSlot(at: number): Slot {
  const none = { calls: 0, failures: 0, toolCalls: 0, sized: 0, requestBytes: 0, responseBytes: 0, maxResponseBytes: 0 }
  return { at, lastAt: 0, ...none, durations: [], errors: [], clients: [], p95: undefined }
}

export function addCall(slot: Slot, call: Ended, now: number): void {
  slot.lastAt = now
  const failures = call.isFailure ? 1 : 0
  slot.calls++
  slot.failures += failures
  if (call.isToolCall) slot.toolCalls++
  bump(slot.durations, 2, bucketOf(call.durationMs), 1, 0, MAX_BUCKETS)
  if (call.responseBytes > 0) {
    slot.sized++
    slot.requestBytes += call.requestBytes
    slot.responseBytes += call.responseBytes
    slot.maxResponseBytes = Math.max(slot.maxResponseBytes, call.responseBytes)
  }
  if (call.error !== undefined) bump(slot.errors, 2, call.error, 1, 0, MAX_NAMES)
  bump(slot.clients, 3, call.client, 1, failures, MAX_NAMES)
  slot.p95 = undefined
}

/** Adds what `from` has to `to`. */
export function addSlot(to: Slot, from: Slot): void {
  to.lastAt = Math.max(to.lastAt, from.lastAt)
  to.calls += from.calls
  to.failures += from.failures
  to.toolCalls += from.toolCalls
  to.sized += from.sized
  to.requestBytes += from.requestBytes
  to.responseBytes += from.responseBytes
  to.maxResponseBytes = Math.max(to.maxResponseBytes, from.maxResponseBytes)
  for (let at = 0; at < from.durations.length; at += 2)
    bump(to.durations, 2, from.durations[at]!, from.durations[at + 1]!, 0, MAX_BUCKETS)
  for (let at = 0; at < from.errors.length; at += 2)
    bump(to.errors, 2, from.errors[at]!, from.errors[at + 1]!, 0, MAX_NAMES)
  for (let at = 0; at < from.clients.length; at += 3)
    bump(to.clients, 3, from.clients[at]!, from.clients[at + 1]!, from.clients[at + 2]!, MAX_NAMES)
  to.p95 = undefined
}

/** Adds to the entry of a key in a flat list of entries; beyond `most` of them to that of key 0. */
function bump(list: number[], width: number, key: number, one: number, other: number, most: number): void {
  const found = placeOf(list, width, key)
  const at = found === list.length && list.length / width >= most ? placeOf(list, width, 0) : found
  if (at === list.length) list.push(found === at ? key : 0, ...(width === 2 ? [0] : [0, 0]))
  list[at + 1]! += one
  if (width === 3) list[at + 2]! += other
}

/** Where the entry of a key is, or the end. */
function placeOf(list: readonly number[], width: number, key: number): number {
  let at = 0
  while (at < list.length && list[at] !== key) at += width
  return at
}

/** How long calls took, of many slots together: counts by bucket. One that is cleared is as good as new, and cheaper. */
export class Durations {
  readonly #counts = new Float64Array(MAX_BUCKETS)
  #total = 0
  /** The buckets that may have counts. */
  #least = MAX_BUCKETS
  #most = -1

  add({ durations }: Pick<Slot, 'durations'>): this {
    const counts = this.#counts
    for (let at = 0; at < durations.length; at += 2) {
      const bucket = durations[at]!
      const count = durations[at + 1]!
      counts[bucket]! += count
      this.#total += count
      if (bucket < this.#least) this.#least = bucket
      if (bucket > this.#most) this.#most = bucket
    }
    return this
  }

  clear(): this {
    if (this.#most >= 0) this.#counts.fill(0, this.#least, this.#most + 1)
    this.#total = 0
    this.#least = MAX_BUCKETS
    this.#most = -1
    return this
  }

  /** Empty where there is nothing. By nearest rank. */
  percentiles(): Partial<Percentiles> {
    if (this.#total === 0) return {}
    const [p50Ms, p95Ms, p99Ms] = this.#at([0.5, 0.95, 0.99])
    return { p50Ms: p50Ms!, p95Ms: p95Ms!, p99Ms: p99Ms! }
  }

  /** Null where there is nothing. */
  p95(): number | null {
    return this.#total === 0 ? null : this.#at([0.95])[0]!
  }

  /** Counts up to each of these bounds (rising, milliseconds), and beyond the last. */
  histogram(boundsMs: readonly number[]): number[] {
    const columns = new Array<number>(boundsMs.length + 1).fill(0)
    let column = 0
    for (let bucket = this.#least; bucket <= this.#most; bucket++) {
      const count = this.#counts[bucket]!
      if (count === 0) continue
      const ms = middleOf(bucket)
      while (column < boundsMs.length && ms > boundsMs[column]!) column++
      columns[column]! += count
    }
    return columns
  }

  #at(quantiles: readonly number[]): number[] {
    const found: number[] = []
    let seen = 0
    for (let bucket = this.#least; bucket <= this.#most && found.length < quantiles.length; bucket++) {
      seen += this.#counts[bucket]!
      while (found.length < quantiles.length && seen >= Math.max(1, Math.ceil(quantiles[found.length]! * this.#total)))
        found.push(middleOf(bucket))
    }
    return found
  }
}

/** For one slot after the other. */
const oneSlot = new Durations()

/** 95th percentile of one slot; null where no call ended. */
export function p95Of(slot: Slot): number | null {
  slot.p95 ??= oneSlot.clear().add(slot).p95()
  return slot.p95
}

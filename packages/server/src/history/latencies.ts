/**
 * How long things took, as counts in buckets whose bounds grow by a constant factor (DDSketch: Masson, Rim, Lee, VLDB
 * 2019): every quantile is right within `RELATIVE_ERROR`, and two of them are merged by adding their counts.
 */

/** A quantile's distance from the true one, at most, as a part of it. */
export const RELATIVE_ERROR = 0.02
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
const LOG_GAMMA = Math.log(GAMMA)
/** What is shorter shares the first bucket, what is longer the last: from 0.1 ms to an hour. */
const LEAST_MS = 0.1
const MOST_MS = 3_600_000
/** Most buckets, and so the bound of what is kept. */
export const MAX_BUCKETS = bucketOf(MOST_MS) + 1

/** Bucket → how many. */
export type Latencies = Map<number, number>

export function addLatency(latencies: Latencies, ms: number): void {
  const bucket = bucketOf(ms)
  latencies.set(bucket, (latencies.get(bucket) ?? 0) + 1)
}

/** Adds the counts of `from` to those of `to`. */
export function mergeLatencies(to: Latencies, from: Latencies): void {
  for (const [bucket, count] of from) to.set(bucket, (to.get(bucket) ?? 0) + count)
}

/** As text: bucket and count by turns, `40:3 41:17`; empty where there is nothing. */
export function encodeLatencies(latencies: Latencies): string {
  return [...latencies].map(([bucket, count]) => `${bucket}:${count}`).join(' ')
}

/** What a text holds; what cannot be read of it is left out. */
export function decodeLatencies(text: string): Latencies {
  const latencies: Latencies = new Map()
  if (text === '') return latencies
  for (const pair of text.split(' ')) {
    const [bucket = Number.NaN, count = Number.NaN] = pair.split(':').map(Number)
    if (Number.isInteger(bucket) && bucket >= 0 && bucket < MAX_BUCKETS && Number.isInteger(count) && count > 0)
      latencies.set(bucket, (latencies.get(bucket) ?? 0) + count)
  }
  return latencies
}

/** Median, 95th and 99th percentile, by nearest rank, in milliseconds. */
export interface Percentiles {
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
}

/** Undefined where there is nothing. */
export function percentilesOf(latencies: Latencies): Percentiles | undefined {
  const sorted = [...latencies].sort(([one], [other]) => one - other)
  const total = sorted.reduce((sum, [, count]) => sum + count, 0)
  if (total === 0) return undefined
  const at = (quantile: number) => {
    const rank = Math.max(1, Math.ceil(quantile * total))
    let seen = 0
    for (const [bucket, count] of sorted) {
      seen += count
      if (seen >= rank) return middleOf(bucket)
    }
    return middleOf(sorted.at(-1)![0])
  }
  return { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) }
}

/** The bucket of a duration, from 0. */
export function bucketOf(ms: number): number {
  if (!(ms > LEAST_MS)) return 0
  return Math.ceil(Math.log(Math.min(ms, MOST_MS) / LEAST_MS) / LOG_GAMMA)
}

/** Equally far, relatively, from both ends of a bucket; to the hundredth. */
export function middleOf(bucket: number): number {
  const ms = bucket === 0 ? LEAST_MS : (LEAST_MS * 2 * GAMMA ** bucket) / (GAMMA + 1)
  return Math.round(ms * 100) / 100
}

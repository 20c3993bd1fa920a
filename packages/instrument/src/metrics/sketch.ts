/**
 * A quantile sketch over a sliding window, as the DDSketch paper has it (Masson, Rim, Lee, VLDB 2019): bucket `i` holds
 * what lies in (γ^(i-1), γ^i], so that every quantile is right within `RELATIVE_ERROR`, whatever the distribution.
 */

/** A quantile's distance from the true one, at most, as a part of it. */
export const RELATIVE_ERROR = 0.01
/** How far back the quantiles look, as in the Prometheus clients: 10 minutes, in 5 slices that pass one by one. */
export const WINDOW_MS = 600_000
export const SLICES = 5
/** Largest value that has a bucket of its own; larger ones share the last. 1 TiB: no message is as large. */
const MAX_VALUE = 2 ** 40

const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
const LOG_GAMMA = Math.log(GAMMA)
/** Most buckets of one slice, and so the bound of its memory: values up to 1 share the first. */
export const MAX_BUCKETS = bucketOf(MAX_VALUE) + 1
const SLICE_MS = WINDOW_MS / SLICES

interface Slice {
  /** Which slice of time: milliseconds since 1970 divided by the length of a slice. */
  readonly period: number
  /** Bucket → observations. */
  readonly counts: Map<number, number>
}

/** Values ≥ 0 of the last 10 minutes, in at most `SLICES` × `MAX_BUCKETS` counts. Nothing runs while nobody asks. */
export class Sketch {
  #slices: readonly Slice[] = []

  /** Takes a finite value; below 0 counts as 0. `now`: milliseconds since 1970. */
  add(value: number, now: number): void {
    const { counts } = this.#current(now)
    const bucket = bucketOf(value)
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
  }

  /** The values at these quantiles (0 to 1, by nearest rank); NaN for each while the window is empty. */
  quantiles(wanted: readonly number[], now: number): readonly number[] {
    const merged = new Map<number, number>()
    for (const { period, counts } of this.#slices)
      if (isWithin(period, now)) for (const [bucket, n] of counts) merged.set(bucket, (merged.get(bucket) ?? 0) + n)
    const sorted = [...merged].sort(([a], [b]) => a - b)
    const total = sorted.reduce((sum, [, n]) => sum + n, 0)
    return wanted.map((quantile) => atRank(sorted, Math.max(1, Math.ceil(quantile * total))))
  }

  #current(now: number): Slice {
    const period = Math.floor(now / SLICE_MS)
    const newest = this.#slices.at(-1)
    if (newest?.period === period) return newest
    const made: Slice = { period, counts: new Map() }
    this.#slices = [...this.#slices.filter((slice) => isWithin(slice.period, now)).slice(1 - SLICES), made]
    return made
  }
}

/** A clock that was set back leaves slices of the future: they are none of the window. */
function isWithin(period: number, now: number): boolean {
  const current = Math.floor(now / SLICE_MS)
  return period <= current && period > current - SLICES
}

function bucketOf(value: number): number {
  return value <= 1 ? (value > 0 ? 1 : 0) : Math.ceil(Math.log(Math.min(value, MAX_VALUE)) / LOG_GAMMA) + 1
}

/** The middle of a bucket, equally far (relatively) from both its ends. */
function middleOf(bucket: number): number {
  return bucket <= 1 ? bucket : (2 * GAMMA ** (bucket - 1)) / (GAMMA + 1)
}

function atRank(sorted: readonly (readonly [number, number])[], rank: number): number {
  let seen = 0
  for (const [bucket, n] of sorted) {
    seen += n
    if (seen >= rank) return middleOf(bucket)
  }
  return Number.NaN
}

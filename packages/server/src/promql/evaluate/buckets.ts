/** Differences of this share between buckets come from rounding, and are no fall. */
const ROUNDING = 1e-12

/** A classic histogram at one step: upper bounds, ascending, and how many observations are not above each. */
export interface Buckets {
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
  /** Whether a count had to be raised to that of the bucket below. */
  readonly wasRaised: boolean
}

/** The number that a label `le` says; undefined where it says none. */
export function boundOf(le: string): number | undefined {
  if (/^[+-]?inf(?:inity)?$/i.test(le)) return le.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(le) ? Number(le) : undefined
}

/** Brings buckets, ascending by bound, into order: equal bounds become one, and no count is below the one before. */
export function bucketsOf(bounds: readonly number[], counts: readonly number[]): Buckets {
  const distinct: number[] = []
  const sums: number[] = []
  bounds.forEach((bound, index) => {
    if (distinct.at(-1) === bound) sums[sums.length - 1]! += counts[index]!
    else sums[distinct.push(bound) - 1] = counts[index]!
  })
  let wasRaised = false
  for (let index = 1; index < sums.length; index++) {
    const before = sums[index - 1]!
    const count = sums[index]!
    if (count === before) continue
    if (isRounding(before, count)) sums[index] = before
    else if (count < before) {
      sums[index] = before
      wasRaised = true
    }
  }
  return { bounds: distinct, counts: sums, wasRaised }
}

const isRounding = (a: number, b: number): boolean =>
  a !== 0 && b !== 0 && Math.abs(a - b) / Math.min(Math.abs(a) + Math.abs(b), Number.MAX_VALUE) < ROUNDING

const hasTop = (bounds: readonly number[]): boolean => bounds.at(-1) === Number.POSITIVE_INFINITY

/** The value below which the share `quantile` of the observations lies, by a straight line within its bucket. */
export function bucketQuantile(quantile: number, { bounds, counts }: Buckets): number {
  if (Number.isNaN(quantile)) return Number.NaN
  if (quantile < 0) return Number.NEGATIVE_INFINITY
  if (quantile > 1) return Number.POSITIVE_INFINITY
  const top = bounds.length - 1
  const observations = counts[top] ?? 0
  if (!hasTop(bounds) || top < 1 || observations === 0) return Number.NaN
  const rank = quantile * observations
  const found = counts.findIndex((count) => count >= rank)
  const index = found < 0 ? top : found
  if (index === top) return bounds[top - 1]!
  if (index === 0 && bounds[0]! <= 0) return bounds[0]!
  const start = index === 0 ? 0 : bounds[index - 1]!
  const below = index === 0 ? 0 : counts[index - 1]!
  return start + (bounds[index]! - start) * ((rank - below) / (counts[index]! - below))
}

/** The share of the observations between two values, by straight lines within finite buckets. */
export function bucketFraction(lower: number, upper: number, buckets: Buckets): number {
  const total = buckets.counts.at(-1) ?? 0
  if (!hasTop(buckets.bounds) || total === 0 || Number.isNaN(lower + total) || Number.isNaN(upper)) return Number.NaN
  if (lower >= upper) return 0
  return (rankOf(upper, buckets) - rankOf(lower, buckets)) / total
}

/** How many observations are not above a value. An infinite bucket that the value lies in counts up to its finite end. */
function rankOf(value: number, { bounds, counts }: Buckets): number {
  for (let index = 0; index < bounds.length; index++) {
    const end = bounds[index]!
    const start = index > 0 ? bounds[index - 1]! : end > 0 ? 0 : Number.NEGATIVE_INFINITY
    const below = index > 0 ? counts[index - 1]! : 0
    if (value <= start) return below
    if (value >= end) continue
    if (start === Number.NEGATIVE_INFINITY) return counts[index]!
    return end === Number.POSITIVE_INFINITY
      ? below
      : below + (counts[index]! - below) * ((value - start) / (end - start))
  }
  return counts.at(-1)!
}

/** Takes values one by one, for many results at once: each in a cell of its own. */
export interface Gatherer {
  add(cell: number, value: number): void
  /** The result of what was added to a cell. */
  result(cell: number): number
}

/**
 * Sums with Neumaier's compensation, as Prometheus adds: what each addition rounds off is kept beside the sum.
 * https://en.wikipedia.org/wiki/Kahan_summation_algorithm#Further_enhancements
 */
export class Sums implements Gatherer {
  readonly sums: Float64Array
  /** What the sums lack. */
  readonly rests: Float64Array

  constructor(cells: number) {
    this.sums = new Float64Array(cells)
    this.rests = new Float64Array(cells)
  }

  clear(cell: number): void {
    this.sums[cell] = 0
    this.rests[cell] = 0
  }

  add(cell: number, value: number): void {
    const sum = this.sums[cell]!
    const next = sum + value
    if (next === Number.POSITIVE_INFINITY || next === Number.NEGATIVE_INFINITY) this.rests[cell] = 0
    else if (Math.abs(sum) >= Math.abs(value)) this.rests[cell]! += sum - next + value
    else this.rests[cell]! += value - next + sum
    this.sums[cell] = next
  }

  result(cell: number): number {
    return this.sums[cell]! + this.rests[cell]!
  }
}

/** Means that stay finite where the sum of their values would not. */
export class Means implements Gatherer {
  private readonly sums: Sums
  private readonly counts: Float64Array
  /** Whether the sum of a cell is the mean itself, because it overflowed. */
  private readonly areMeans: Uint8Array

  constructor(cells: number) {
    this.sums = new Sums(cells)
    this.counts = new Float64Array(cells)
    this.areMeans = new Uint8Array(cells)
  }

  clear(cell: number): void {
    this.sums.clear(cell)
    this.counts[cell] = 0
    this.areMeans[cell] = 0
  }

  add(cell: number, value: number): void {
    const { sums, rests } = this.sums
    const count = this.counts[cell]! + 1
    this.counts[cell] = count
    if (this.areMeans[cell] === 0) {
      const sum = sums[cell]!
      const rest = rests[cell]!
      this.sums.add(cell, value)
      if (count === 1 || Math.abs(sums[cell]!) !== Number.POSITIVE_INFINITY) return
      this.areMeans[cell] = 1
      sums[cell] = sum / (count - 1)
      rests[cell] = rest / (count - 1)
    }
    const share = (count - 1) / count
    sums[cell]! *= share
    rests[cell]! *= share
    this.sums.add(cell, value / count)
  }

  result(cell: number): number {
    const { sums, rests } = this.sums
    const count = this.counts[cell]!
    return this.areMeans[cell] === 1 ? this.sums.result(cell) : sums[cell]! / count + rests[cell]! / count
  }
}

/** Variances of whole populations, by Welford's method with compensation. */
export class Variances implements Gatherer {
  private readonly means: Sums
  private readonly squares: Sums
  private readonly counts: Float64Array

  constructor(cells: number) {
    this.means = new Sums(cells)
    this.squares = new Sums(cells)
    this.counts = new Float64Array(cells)
  }

  clear(cell: number): void {
    this.means.clear(cell)
    this.squares.clear(cell)
    this.counts[cell] = 0
  }

  add(cell: number, value: number): void {
    const count = this.counts[cell]! + 1
    this.counts[cell] = count
    const distance = value - this.means.result(cell)
    this.means.add(cell, distance / count)
    this.squares.add(cell, distance * (value - this.means.result(cell)))
  }

  result(cell: number): number {
    return this.squares.result(cell) / this.counts[cell]!
  }
}

/** The value below which the share `quantile` of the values lies, between neighbours by a straight line. NaN is the least. */
export function quantileOf(quantile: number, values: Float64Array): number {
  if (values.length === 0 || Number.isNaN(quantile)) return Number.NaN
  if (quantile < 0) return Number.NEGATIVE_INFINITY
  if (quantile > 1) return Number.POSITIVE_INFINITY
  values.sort()
  let numbers = values.length
  while (numbers > 0 && Number.isNaN(values[numbers - 1])) numbers--
  const nans = values.length - numbers
  const valueAt = (rank: number) => (rank < nans ? Number.NaN : values[rank - nans]!)
  const rank = quantile * (values.length - 1)
  const lower = Math.floor(rank)
  const weight = rank - lower
  return valueAt(lower) * (1 - weight) + valueAt(Math.min(lower + 1, values.length - 1)) * weight
}

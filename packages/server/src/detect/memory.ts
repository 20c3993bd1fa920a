/** Weights are brought back to 1 when the newest has grown to this, far below what a float of 32 bits holds. */
const LARGEST_WEIGHT = 1e6

/** How values lie on the logarithmic scale of a memory. */
export interface Scale {
  /** Everything up to here is one, in the unit of the values. */
  readonly smallest: number
  /** Width of a bin: the natural logarithm of the ratio of its ends. */
  readonly binWidth: number
  readonly bins: number
}

/**
 * What values were usual: a histogram of their logarithms that forgets by a constant factor a value. Constant memory,
 * 4 bytes a bin, whatever comes. A rank takes log2(bins) steps, for the bins are a Fenwick tree.
 */
export class Memory {
  readonly scale: Scale
  readonly #tree: Float32Array
  readonly #growth: number
  /** Weight of the newest value: instead of the old becoming light, the new become heavy. */
  #newest = 1
  #total = 0
  #logSum = 0
  #learned = 0
  readonly #lifetime: number

  /** `lifetime`: after this many values an old one weighs 1/e. */
  constructor(scale: Scale, lifetime: number) {
    this.scale = scale
    this.#tree = new Float32Array(scale.bins + 1)
    this.#lifetime = lifetime
    this.#growth = 1 + 1 / lifetime
  }

  /** How many values of full weight are as good as what it remembers. */
  get size(): number {
    return Math.min(this.#learned, 2 * this.#lifetime)
  }

  /** Geometric mean of what it remembers: for what is skewed as durations are, nearer to the usual than the mean. */
  get typical(): number {
    return Math.exp(this.#logSum / this.#total)
  }

  clear(): void {
    this.#tree.fill(0)
    this.#newest = 1
    this.#total = this.#logSum = this.#learned = 0
  }

  learn(value: number): void {
    const weight = this.#newest
    const tree = this.#tree
    for (let at = this.#binOf(value) + 1; at < tree.length; at += at & -at) tree[at]! += weight
    this.#total += weight
    this.#logSum += weight * Math.log(Math.max(value, this.scale.smallest))
    this.#learned++
    this.#newest *= this.#growth
    if (this.#newest > LARGEST_WEIGHT) this.#lighten()
  }

  /**
   * Where a value stands among those remembered, between 0 and 1 and neither: half of those in its own bin count as
   * below it, and it as one more.
   */
  rankOf(value: number): number {
    const bin = this.#binOf(value)
    const below = this.#below(bin)
    const within = this.#below(bin + 1) - below
    return (below + (within + this.#newest) / 2) / (this.#total + this.#newest)
  }

  /** The upper end of the bin in which the share `q` of what is remembered is reached. */
  quantile(q: number): number {
    const wanted = q * this.#total
    let at = 0
    let sum = 0
    for (let step = 2 ** Math.floor(Math.log2(this.#tree.length)); step >= 1; step /= 2) {
      const next = at + step
      if (next < this.#tree.length && sum + this.#tree[next]! < wanted) {
        at = next
        sum += this.#tree[next]!
      }
    }
    return this.scale.smallest * Math.exp((at + 1) * this.scale.binWidth)
  }

  #binOf(value: number): number {
    const { smallest, binWidth, bins } = this.scale
    if (!(value > smallest)) return 0
    return Math.min(bins - 1, Math.floor(Math.log(value / smallest) / binWidth))
  }

  /** Weight of all bins before `bin`. */
  #below(bin: number): number {
    let sum = 0
    for (let at = bin; at > 0; at -= at & -at) sum += this.#tree[at]!
    return sum
  }

  #lighten(): void {
    const factor = 1 / this.#newest
    for (let at = 0; at < this.#tree.length; at++) this.#tree[at]! *= factor
    this.#total *= factor
    this.#logSum *= factor
    this.#newest = 1
  }
}

const DAY_MS = 86_400_000
/** Parts of a day, each of which has a usual of its own: half an hour. */
const PARTS = 48
/** Values of a part before its usual is taken to be known; until then it is not compared. */
const LEAST_OF_PART = 6
/** After so many values of a part an old one counts a third: ten days of a value in five minutes. */
const PART_LIFETIME = 60
/** Values whose mean is looked at: one alone says little. */
const RECENT = 4
/** Values before anything is said: a day of a value in five minutes. */
const LEAST_VALUES = 288
/** After so many values an old one counts a third in what a difference is measured by: thirty days. */
const LIFETIME = 8640
/** After so many values what was farthest out counts a third: three and a half days. */
const FARTHEST_LIFETIME = 1000
/** Values in which nothing more is said after something was: one trouble is told once. */
const QUIET = 200

export interface Difference {
  /** Means of the last values: what they are at this time of the day, and what they were now. */
  readonly usual: number
  readonly seen: number
  /** Values on which it rests. */
  readonly values: number
}

/**
 * Finds that a value which is taken at regular times (a count, a load) is not what it is at this time of the day. Each is
 * compared with the mean of those in the same half hour of the days before; the mean of the last four differences is
 * measured by the standard deviation that such means have had. What was as far out within the last days is not new.
 * Constant memory: 700 bytes.
 */
export class SeasonDetector {
  readonly #threshold: number
  readonly #usual = new Float64Array(PARTS)
  readonly #known = new Uint32Array(PARTS)
  readonly #recent = new Float64Array(RECENT)
  readonly #expected = new Float64Array(RECENT)
  #count = 0
  #mean = 0
  #variance = 0
  /** Distance of what was farthest away of late, in the unit of the values. */
  #farthest = 0
  #quiet = 0
  #isUnusual = false

  /** `threshold`: standard deviations from which on a difference is worth a word. */
  constructor(threshold: number) {
    this.#threshold = threshold
  }

  /** Mean of the last values. */
  get recent(): number {
    return meanOf(this.#recent, this.#count)
  }

  /** Takes the value of a time, milliseconds since 1970: the difference where it begins, `over` where it ended. */
  add(value: number, at: number): Difference | 'over' | undefined {
    const { distance, isNew } = this.#learn(value, at)
    if (this.#quiet > 0) this.#quiet--
    if (this.#isUnusual && distance < this.#threshold / 2) {
      this.#isUnusual = false
      return 'over'
    }
    if (distance < this.#threshold || !isNew || this.#quiet > 0) return undefined
    this.#quiet = QUIET
    this.#isUnusual = true
    return { usual: meanOf(this.#expected, this.#count), seen: this.recent, values: RECENT }
  }

  /** Forgets all: what is now is the usual from now on. */
  restart(): void {
    this.#usual.fill(0)
    this.#known.fill(0)
    this.#count = this.#mean = this.#variance = this.#farthest = this.#quiet = 0
    this.#isUnusual = false
  }

  /** How many standard deviations the last values are away from what they are at this time (0 while too little is known). */
  #learn(value: number, at: number): { readonly distance: number; readonly isNew: boolean } {
    const part = Math.floor(((at % DAY_MS) / DAY_MS) * PARTS)
    const isKnown = this.#known[part]! >= LEAST_OF_PART
    const place = this.#count++ % RECENT
    this.#recent[place] = value
    this.#expected[place] = isKnown ? this.#usual[part]! : value
    this.#usual[part]! += (value - this.#usual[part]!) / Math.min(++this.#known[part]!, PART_LIFETIME)

    const away = this.recent - meanOf(this.#expected, this.#count) - this.#mean
    const isTelling = this.#count > LEAST_VALUES && this.#variance > 0
    const distance = isTelling ? Math.abs(away) / Math.sqrt(this.#variance) : 0
    const isNew = Math.abs(away) >= this.#farthest
    this.#farthest = Math.max(this.#farthest * (1 - 1 / FARTHEST_LIFETIME), Math.abs(away))
    const share = 1 / Math.min(this.#count, LIFETIME)
    this.#mean += share * away
    this.#variance = (1 - share) * (this.#variance + share * away * away)
    return { distance, isNew }
  }
}

function meanOf(values: Float64Array, count: number): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / Math.min(count, values.length)
}

import { cusumLimit, LEAST_CALLS, rarity } from './limits.js'
import { Memory, type Scale } from './memory.js'
import { normalQuantile } from './normal.js'

/**
 * Reference values of the sums, in standard deviations: each is best at finding a shift of twice its size. A small one
 * finds what is slight in the end, a large one finds what is great at once.
 */
const REFERENCES = [0.35, 0.7, 1.4] as const
/**
 * Most values that wait before they are learned, where so many times four are known: what is found to be a fault within
 * so many is never learned as usual.
 */
const WAITING = 128
/** After so many values an old one counts a third. */
const LIFETIME = 2000
/** Added to each reference for what is not known of the usual, in standard errors of its mean. */
const DOUBT = 1
/** Values over which the correlation of neighbours is taken. */
const CORRELATION_LIFETIME = 1000
/** Values of one block, of which the mean tells how far the level has wandered from the usual. */
const BLOCK = 128
/** Blocks over which the wandering is taken, and the fewest that tell of it. */
const WANDER_LIFETIME = 32
const LEAST_BLOCKS = 6
/** How much of the measured wandering is added to each reference. */
const WANDER_SHARE = 1.3
/** Log-likelihood ratio at which what was unusual is taken to be over. */
const OVER = 9
/** Values over which a running level is taken while something is unusual. */
const RECENT = 30

export type Direction = 'up' | 'down'

export interface LevelOptions {
  readonly scale: Scale
  readonly directions: readonly Direction[]
  /** Least ratio of the seen to the usual (or the usual to the seen) that is worth a word. */
  readonly leastRatio: number
}

/** A level that is not what it was. */
export interface Shift {
  readonly direction: Direction
  /** Geometric means. */
  readonly usual: number
  readonly seen: number
  /** Values on which `seen` rests. */
  readonly calls: number
}

interface Sum {
  readonly sign: 1 | -1
  readonly reference: number
  value: number
  calls: number
  logSum: number
}

/**
 * Finds that positive values (durations, sizes, gaps) are not what they were. Each is turned into the normal score of its
 * rank among those before it, so that nothing is assumed of their distribution and none of them, however far out, weighs
 * more than its rank; the scores go into cumulative sums (Page, Biometrika 41, 1954). Neighbours that resemble each other
 * raise the limits. Constant memory.
 */
export class LevelDetector {
  readonly #options: LevelOptions
  readonly #memory: Memory
  readonly #waiting = new Float32Array(WAITING)
  #waitedFrom = 0
  #waitedTo = 0
  readonly #sums: readonly Sum[]
  #correlation = 0
  #scores = 0
  #scoreBefore = 0
  #blocks = 0
  #blockSum = 0
  #blockBefore = 0
  /** Expected product of the means of neighbouring blocks: the square of what the level wanders. */
  #wandering = 0
  /** While unusual. */
  #sign: 1 | -1 | 0 = 0
  #shift = 0
  #over = 0
  #recentLog = 0

  constructor(options: LevelOptions) {
    this.#options = options
    this.#memory = new Memory(options.scale, LIFETIME)
    this.#sums = options.directions.flatMap((direction) =>
      REFERENCES.map((reference): Sum => {
        return { sign: direction === 'up' ? 1 : -1, reference, value: 0, calls: 0, logSum: 0 }
      }),
    )
  }

  /** What was usual. */
  get memory(): Memory {
    return this.#memory
  }

  /** Geometric mean of the last values, while something is unusual. */
  get recent(): number {
    return Math.exp(this.#recentLog)
  }

  /** Takes a value, and tells when the level has shifted (`Shift`, once), or is back (`over`). */
  add(value: number): Shift | 'over' | undefined {
    const memory = this.#memory
    if (memory.size < LEAST_CALLS) {
      memory.learn(value)
      return undefined
    }
    const score = normalQuantile(memory.rankOf(value))
    const log = Math.log(Math.max(value, this.#options.scale.smallest))
    if (this.#sign !== 0) return this.#follow(score, log)
    this.#correlate(score)
    this.#wait(value)
    return this.#sumUp(score, log)
  }

  /** Forgets all: what was unusual is the usual from now on. */
  restart(): void {
    this.#memory.clear()
    this.#correlation = this.#scores = this.#scoreBefore = 0
    this.#rest()
  }

  #rest(): void {
    this.#sign = 0
    this.#waitedFrom = this.#waitedTo = 0
    for (const sum of this.#sums) sum.value = sum.calls = sum.logSum = 0
  }

  #correlate(score: number): void {
    const share = 1 / Math.min(++this.#scores, CORRELATION_LIFETIME)
    this.#correlation += share * (Math.sign(score * this.#scoreBefore) - this.#correlation)
    this.#scoreBefore = score
    this.#blockSum += score
    if (this.#scores % BLOCK === 0) this.#endBlock()
  }

  #endBlock(): void {
    const mean = this.#blockSum / BLOCK
    const share = 1 / Math.min(++this.#blocks, WANDER_LIFETIME)
    this.#wandering += share * (mean * this.#blockBefore - this.#wandering)
    this.#blockBefore = mean
    this.#blockSum = 0
  }

  /** How far the level wanders by itself, in standard deviations: a usual that follows a daily cycle lags behind it. */
  #wander(): number {
    if (this.#blocks < LEAST_BLOCKS) return 0
    const noise = 1 / BLOCK / Math.sqrt(2 * Math.min(this.#blocks, WANDER_LIFETIME))
    return WANDER_SHARE * Math.sqrt(Math.max(0, this.#wandering - noise))
  }

  /**
   * How many times the limits are raised: the variance of a sum of an autoregressive series against an independent one. The
   * correlation is that of a normal series whose neighbours lie so often on the same side of the median, since a fault that
   * has just begun would weigh too much in products of the scores themselves.
   */
  #stretch(): number {
    const noise = 2 / Math.sqrt(Math.min(this.#scores, 2 * CORRELATION_LIFETIME) + 1)
    const sure = Math.min(0.9, Math.sin((Math.PI / 2) * Math.max(0, this.#correlation - noise)))
    return (1 + sure) / (1 - sure)
  }

  #wait(value: number): void {
    this.#waiting[this.#waitedTo++ % WAITING] = value
    const most = Math.min(WAITING - 1, this.#memory.size / 4)
    while (this.#waitedTo - this.#waitedFrom > most) this.#memory.learn(this.#waiting[this.#waitedFrom++ % WAITING]!)
  }

  #sumUp(score: number, log: number): Shift | undefined {
    const { size } = this.#memory
    const doubt = DOUBT / Math.sqrt(size) + this.#wander()
    let found: Shift | undefined
    for (const sum of this.#sums) {
      sum.value += sum.sign * score - sum.reference - doubt
      if (sum.value <= 0) {
        sum.value = sum.calls = sum.logSum = 0
        continue
      }
      sum.calls++
      sum.logSum += log
      // The limit takes a logarithm, and is above this wherever it matters.
      if (found || sum.value < 2) continue
      if (sum.value < cusumLimit(sum.reference, rarity(size + this.#scores)) * this.#stretch()) continue
      found = this.#found(sum)
    }
    return found
  }

  #found(sum: Sum): Shift | undefined {
    const usual = this.#memory.typical
    const seen = Math.exp(sum.logSum / sum.calls)
    const ratio = sum.sign > 0 ? seen / usual : usual / seen
    if (ratio < this.#options.leastRatio) return undefined
    this.#sign = sum.sign
    this.#shift = sum.value / sum.calls + sum.reference
    this.#over = 0
    this.#recentLog = sum.logSum / sum.calls
    return { direction: sum.sign > 0 ? 'up' : 'down', usual, seen, calls: sum.calls }
  }

  /** The usual against the shift that was found, by a sum of log-likelihood ratios. */
  #follow(score: number, log: number): 'over' | undefined {
    this.#recentLog += (log - this.#recentLog) / RECENT
    this.#over = Math.max(0, this.#over + this.#shift * (this.#shift / 2 - this.#sign * score))
    if (this.#over < OVER) return undefined
    this.#rest()
    return 'over'
  }
}

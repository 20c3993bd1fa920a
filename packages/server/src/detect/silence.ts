import { LEAST_CALLS } from './limits.js'
import type { Memory } from './memory.js'

/** A gap is usual where all but one in a thousand are no longer. */
const USUAL_QUANTILE = 0.999
/** From here on the gaps are taken to be the tail of what they are. */
const TAIL_QUANTILE = 0.9
/** How rarely a gap may be taken for a silence, as far as the tail goes on as it is seen to. */
const CHANCE = 1e-8
/** Usual gaps without a call that are a silence whatever the tail says, and median gaps that are none yet. */
const MOST_USUAL_GAPS = 2.9
const LEAST_MEDIAN_GAPS = 2.5
/** Calls whose worth of doubt is added while few are known. */
const DOUBT_CALLS = 8
/** Shortest silence that is worth a word, milliseconds: below it nothing is read out of the pauses of a busy machine. */
const LEAST_SILENCE_MS = 2000
/** Most that a usual gap is of the median one where calls come regularly. */
const REGULAR_RATIO = 15
/** Silences that are kept, and for how long, milliseconds: two weekends and the nights between them. */
const KEPT = 16
const KEPT_MS = 15 * 86_400_000
/** One that is longer than the second longest of those kept by this factor is new. */
const LONGER = 1.5

/**
 * How long a tool may be silent before it is worth a word: until a gap so long is hardly to be expected by the tail of the
 * gaps, which is taken to fall exponentially, and before three usual gaps are over; or, where it fell silent for longer at
 * least twice in the last fifteen days (nights, weekends), half as long again as then. Constant memory.
 */
export class Silence {
  readonly #kept: { readonly endedAt: number; readonly ms: number }[] = []

  /** The usual gap, milliseconds. */
  usualMs(gaps: Memory): number {
    return gaps.quantile(USUAL_QUANTILE)
  }

  /** How long a silence that began at `since` may last before it is worth a word, milliseconds; infinite while too little is known. */
  allowedMs(gaps: Memory, since: number): number {
    const { size } = gaps
    if (size < LEAST_CALLS) return Number.POSITIVE_INFINITY
    const usualMs = this.usualMs(gaps)
    const chance = Math.max(1 - USUAL_QUANTILE, 1 / (size + 1))
    const slopeMs = (usualMs - gaps.quantile(TAIL_QUANTILE)) / Math.log((1 - TAIL_QUANTILE) / chance)
    const tailMs = usualMs + slopeMs * Math.log(chance / CHANCE)
    const leastMs = Math.max(tailMs, LEAST_MEDIAN_GAPS * gaps.quantile(0.5))
    const ms = Math.min(leastMs, MOST_USUAL_GAPS * usualMs) * (1 + DOUBT_CALLS / size)
    return Math.max(LEAST_SILENCE_MS, ms, LONGER * this.#known(since))
  }

  /** Whether calls come so regularly that a long silence is a grave sign: exponential gaps do, those of people do not. */
  isRegular(gaps: Memory): boolean {
    return this.usualMs(gaps) <= REGULAR_RATIO * gaps.quantile(0.5)
  }

  /** Keeps a silence that was worth a word, when it is over. */
  keep(ms: number, endedAt: number): void {
    this.#kept.push({ ms, endedAt })
    if (this.#kept.length > KEPT) this.#kept.shift()
  }

  #known(at: number): number {
    let longest = 0
    let second = 0
    for (const { ms, endedAt } of this.#kept) {
      if (at - endedAt > KEPT_MS) continue
      if (ms > longest) {
        second = longest
        longest = ms
      } else if (ms > second) second = ms
    }
    return second
  }
}

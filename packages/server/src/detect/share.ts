import { LEAST_CALLS, rarity } from './limits.js'

/** After so many calls an old one counts a third. */
const LIFETIME = 5000
/** Calls that a rising sum may hold back from being learned; then they are learned all the same. */
const MOST_HELD = 3000
/** Standard errors by which the usual share is taken higher than it was seen, for what is not known of it. */
const DOUBT = 0.3
/**
 * The two shares that are waited for, as log-odds above the usual and as the least share that is worth a word: a slight
 * rise, found in the end, and a great one, found at once. A sum stops no oftener than once in `e ** limit` calls
 * (Lorden, Annals of Mathematical Statistics 42, 1971), and in truth more rarely, by a factor that was measured (`ease`).
 */
const ALTERNATIVES = [
  { logOdds: 1.4, least: 0.03, ease: 0.1 },
  { logOdds: 3, least: 0.15, ease: 0.3 },
] as const
/** Least ratio of a share that is waited for to the usual one, taken with its doubt. */
const LEAST_RATIO = 1.5
/** Failures that a finding rests on at the least, and how far above the usual share. */
const LEAST_FAILURES = 4
const LEAST_RISE = 0.02
/** Log-likelihood ratio at which what was unusual is taken to be over. */
const OVER = 7
/** Calls over which a running share is taken while it is unusual. */
const RECENT = 30

/** A share of failures that is not what it was. */
export interface Rise {
  /** Shares, from 0 to 1. */
  readonly usual: number
  readonly seen: number
  /** Calls on which `seen` rests. */
  readonly calls: number
}

interface Sum {
  readonly logOdds: number
  readonly least: number
  readonly ease: number
  onFailure: number
  onSuccess: number
  value: number
  calls: number
  failures: number
}

/**
 * Finds that more calls fail than did: cumulative sums of log-likelihood ratios (Page, Biometrika 41, 1954) of two higher
 * shares against the usual. Calls are learned as usual only when no sum is rising any more. Constant memory.
 */
export class ShareDetector {
  readonly #sums: readonly Sum[] = ALTERNATIVES.map((alternative) => {
    return { ...alternative, onFailure: 0, onSuccess: 0, value: 0, calls: 0, failures: 0 }
  })
  #calls = 0
  #failures = 0
  #seen = 0
  #heldCalls = 0
  #heldFailures = 0
  #isUnusual = false
  #over = 0
  #overOnFailure = 0
  #overOnSuccess = 0
  #recent = 0

  /** Share of the last calls, while it is unusual. */
  get recent(): number {
    return this.#recent
  }

  /** Share that is usual. */
  get usual(): number {
    return (this.#failures + 0.5) / (this.#calls + 1)
  }

  /** Takes a call, and tells when the share of failures has risen (`Rise`, once), or is back (`over`). */
  add(hasFailed: boolean): Rise | 'over' | undefined {
    if (this.#isUnusual) return this.#follow(hasFailed)
    this.#seen++
    this.#heldCalls++
    if (hasFailed) this.#heldFailures++
    let isRising = false
    let found: Rise | undefined
    if (this.#calls >= LEAST_CALLS)
      for (const sum of this.#sums) {
        sum.value += hasFailed ? sum.onFailure : sum.onSuccess
        if (sum.value <= 0) {
          sum.value = sum.calls = sum.failures = 0
          continue
        }
        isRising = true
        sum.calls++
        if (hasFailed) sum.failures++
        if (hasFailed && sum.value > Math.log(rarity(this.#seen) * sum.ease)) found ??= this.#found(sum)
      }
    if (!found && (!isRising || this.#heldCalls >= MOST_HELD)) this.#learn()
    return found
  }

  /** Forgets all: what was unusual is the usual from now on. */
  restart(): void {
    this.#calls = this.#failures = this.#seen = 0
    this.#rest()
  }

  #rest(): void {
    this.#isUnusual = false
    this.#heldCalls = this.#heldFailures = 0
    for (const sum of this.#sums) sum.value = sum.calls = sum.failures = 0
  }

  #learn(): void {
    const kept = (1 - 1 / LIFETIME) ** this.#heldCalls
    this.#calls = this.#calls * kept + this.#heldCalls
    this.#failures = this.#failures * kept + this.#heldFailures
    this.#heldCalls = this.#heldFailures = 0
    const { usual } = this
    const base = Math.min(0.6, usual + (DOUBT * Math.sqrt(this.#failures + 0.5)) / (this.#calls + 1))
    const odds = usual / (1 - usual)
    for (const sum of this.#sums) {
      const higher = odds * Math.exp(sum.logOdds)
      const raised = Math.max(sum.least, LEAST_RATIO * base, higher / (1 + higher))
      sum.onFailure = Math.log(raised / base)
      sum.onSuccess = Math.log((1 - raised) / (1 - base))
    }
  }

  #found({ calls, failures }: Sum): Rise | undefined {
    const seen = failures / calls
    const { usual } = this
    if (failures < LEAST_FAILURES || seen - usual < LEAST_RISE) return undefined
    this.#isUnusual = true
    this.#over = 0
    this.#recent = seen
    const raised = Math.min(0.99, seen)
    this.#overOnFailure = Math.log(usual / raised)
    this.#overOnSuccess = Math.log((1 - usual) / (1 - raised))
    return { usual, seen, calls }
  }

  #follow(hasFailed: boolean): 'over' | undefined {
    this.#recent += ((hasFailed ? 1 : 0) - this.#recent) / RECENT
    this.#over = Math.max(0, this.#over + (hasFailed ? this.#overOnFailure : this.#overOnSuccess))
    if (this.#over < OVER) return undefined
    this.#rest()
    return 'over'
  }
}

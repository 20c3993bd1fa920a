import type { GatewayOptions } from './options.js'
import type { Refusal } from './respond.js'

/** Most that chance adds to a delay, as a part of it: servers that fell together do not come up together. */
const JITTER = 0.25

export interface BackoffOptions {
  readonly options: Pick<GatewayOptions, 'restartDelayMs' | 'restartMaxDelayMs' | 'restartResetMs'>
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** From 0 up to 1. */
  readonly random?: () => number
}

/** Most callers whose failures are remembered for one server; of more, those that were seen longest ago are forgotten. */
const MAX_CALLERS = 1000

/** What keeps a server from being started now. */
export interface Hold {
  /** What its last process failed with. */
  readonly failure: Refusal
  /** How many have failed one after another. */
  readonly failures: number
  /** Until a start may be tried. */
  readonly waitMs: number
}

/**
 * The back-off of each caller of one server: who sends what ends its processes holds himself back, and nobody else. A
 * server that is broken for all is started once more for each caller; `maxChildren` bounds that.
 */
export class Backoffs {
  readonly #options: BackoffOptions
  /** In the order in which they were asked for last. */
  readonly #byCaller = new Map<string, Backoff>()

  constructor(options: BackoffOptions) {
    this.#options = options
  }

  of(caller: string): Backoff {
    const backoff = this.#byCaller.get(caller) ?? new Backoff(this.#options)
    this.#byCaller.delete(caller)
    this.#byCaller.set(caller, backoff)
    if (this.#byCaller.size > MAX_CALLERS) this.#byCaller.delete(this.#byCaller.keys().next().value!)
    return backoff
  }
}

/**
 * Holds back the starts of a server whose processes fail one after another: none after the first failure,
 * `restartDelayMs` after the second, twice as long after each further one, `restartMaxDelayMs` at most; up to a quarter
 * is added by chance.
 */
export class Backoff {
  readonly #options: BackoffOptions['options']
  readonly #clock: () => number
  readonly #random: () => number
  #failures = 0
  #last: Refusal | undefined
  #failedAt = 0
  #heldUntil = 0

  constructor({ options, clock, random = Math.random }: BackoffOptions) {
    this.#options = options
    this.#clock = clock
    this.#random = random
  }

  /**
   * A process that was started at `startedAt` failed. `ran`: it had worked until then, so that one which lived for
   * `restartResetMs` begins the count anew. Of several that were started side by side one counts.
   */
  failed(failure: Refusal, startedAt: number, ran: boolean): void {
    const { restartDelayMs, restartMaxDelayMs, restartResetMs } = this.#options
    this.#last = failure
    if (this.#failures > 0 && startedAt < this.#failedAt) return
    this.#failedAt = this.#clock()
    this.#failures = ran && this.#failedAt - startedAt >= restartResetMs ? 1 : this.#failures + 1
    const delayMs =
      this.#failures === 1 ? 0 : Math.min(restartMaxDelayMs, restartDelayMs * 2 ** Math.min(this.#failures - 2, 30))
    this.#heldUntil = this.#failedAt + delayMs * (1 + JITTER * this.#random())
  }

  /** A process did what it was started for. */
  worked(): void {
    this.#failures = 0
    this.#heldUntil = 0
  }

  /** Why no process may be started now; undefined where one may. */
  get hold(): Hold | undefined {
    const waitMs = this.#heldUntil - this.#clock()
    if (waitMs <= 0 || !this.#last) return undefined
    return { failure: this.#last, failures: this.#failures, waitMs }
  }
}

/** Milliseconds of monotonic time after which the wall clock is read again: it may have been set. */
const RECALIBRATE_MS = 1000

/**
 * One reading of the clock for all that a message means: `tick` reads it, everything until the next tick happens then.
 * A reading costs as much as an event does.
 */
export class Time {
  #monotonicMs = 0
  #calibratedMs = -Infinity
  #offsetMs = 0

  constructor() {
    this.tick()
  }

  tick(): void {
    // Read each time, by a getter that takes its time: a bare runtime may have no `performance`, and tests put another one there.
    const { performance } = globalThis
    const at = performance ? performance.now() : Date.now()
    if (!(at - this.#calibratedMs < RECALIBRATE_MS)) {
      this.#calibratedMs = at
      this.#offsetMs = Date.now() - at
    }
    this.#monotonicMs = at
  }

  /** Milliseconds since 1970, at the last tick. */
  readonly now = (): number => Math.round(this.#offsetMs + this.#monotonicMs)
  /** Monotonic milliseconds, at the last tick. */
  readonly clock = (): number => this.#monotonicMs
}

/** Runs `task` once after `delayMs`; the answer takes it back. */
export type SetTimer = (task: () => void, delayMs: number) => () => void

/** One timer, which only ever moves nearer. */
export class Timer {
  readonly #clock: () => number
  readonly #setTimer: SetTimer
  readonly #task: () => void
  #at = Number.POSITIVE_INFINITY
  #cancel = () => {}

  constructor(clock: () => number, setTimer: SetTimer, task: () => void) {
    this.#clock = clock
    this.#setTimer = setTimer
    this.#task = task
  }

  within(delayMs: number): void {
    const at = this.#clock() + delayMs
    if (at >= this.#at) return
    this.#cancel()
    this.#at = at
    this.#cancel = this.#setTimer(() => {
      this.#at = Number.POSITIVE_INFINITY
      this.#task()
    }, delayMs)
  }

  stop(): void {
    this.#cancel()
    this.#at = Number.NEGATIVE_INFINITY
  }
}

/** The runtime’s own `setTimeout`. */
export function globalTimer(task: () => void, delayMs: number): () => void {
  const timer = setTimeout(task, delayMs)
  return () => clearTimeout(timer)
}

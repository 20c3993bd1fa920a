/** Longest that a look waits for others. Milliseconds. */
const LINGER_MS = 20
/** Most looks, and most bytes of the copies that they hold; at either, all are taken at once. */
const MAX_WAITING = 1_024
const MAX_WAITING_BYTES = 1_048_576

export interface LooksSetup {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** Told of each look that threw. */
  readonly onFault: () => void
}

interface Look {
  readonly act: () => void
  readonly now: number
  readonly clock: number
}

/**
 * Looks at what passed, put off until there are many: what forwards calls and what looks at them drive each other out of
 * the processor’s caches, and taking turns less often saves about a sixth of what a call costs. Looks are taken in the order
 * in which they came, and `now` and `clock` tell each the time at which what it looks at passed.
 */
export class Looks {
  readonly #setup: LooksSetup
  #waiting: Look[] = []
  #waitingBytes = 0
  #current: Look | undefined
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(setup: LooksSetup) {
    this.#setup = setup
  }

  /** Milliseconds since 1970: within a look, when what it looks at passed. */
  readonly now = (): number => this.#current?.now ?? this.#setup.now()

  /** Monotonic milliseconds: within a look, when what it looks at passed. */
  readonly clock = (): number => this.#current?.clock ?? this.#setup.clock()

  /** Does `act` soon, within `LINGER_MS`. `heldBytes`: what it keeps in memory until then. */
  later(act: () => void, heldBytes = 0): void {
    this.#waiting.push({ act, now: this.now(), clock: this.clock() })
    this.#waitingBytes += heldBytes
    if (this.#isOver || this.#waiting.length >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES) this.settle()
    else this.#timer ??= setTimeout(() => this.settle(), LINGER_MS)
  }

  /** Takes every look that waits. Within a look it does nothing. */
  settle(): void {
    if (this.#current) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    const looks = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    for (const look of looks) {
      this.#current = look
      try {
        look.act()
      } catch {
        this.#setup.onFault()
      }
    }
    this.#current = undefined
  }

  /** Takes every look that waits, and from now on each as it comes. */
  stop(): void {
    this.#isOver = true
    this.settle()
  }
}

/** Senders whose rates are remembered at the same time; beyond it the one that was silent longest starts anew. */
const MAX_SENDERS = 10_000

export interface LimiterOptions {
  readonly postsPerSecond: number
  readonly eventsPerSecond: number
  /** How many seconds' worth a sender that was silent may send at once. */
  readonly burstSeconds: number
  /** Monotonic, milliseconds. */
  readonly clock: () => number
}

/** Which rate a post exceeds, and after how many seconds (whole, at least 1) it would not. */
export interface Excess {
  readonly limit: 'posts_per_second' | 'events_per_second'
  readonly retryAfterSeconds: number
}

interface Sending {
  readonly posts: Bucket
  readonly events: Bucket
}

/** Holds each sender to its rates, by token buckets: what it did not use it may catch up on, to a bound. */
export class Limiter {
  readonly #options: LimiterOptions
  /** The sender that was silent longest first. */
  readonly #senders = new Map<string, Sending>()

  constructor(options: LimiterOptions) {
    this.#options = options
  }

  /** Counts one post of so many events; undefined when it may pass. */
  admit(sender: string, events: number): Excess | undefined {
    const { clock, burstSeconds, postsPerSecond, eventsPerSecond } = this.#options
    const now = clock()
    const sending = this.#senders.get(sender) ?? {
      posts: new Bucket(postsPerSecond, burstSeconds, now),
      events: new Bucket(eventsPerSecond, burstSeconds, now),
    }
    this.#senders.delete(sender)
    this.#senders.set(sender, sending)
    if (this.#senders.size > MAX_SENDERS) this.#senders.delete(this.#senders.keys().next().value!)
    const postWait = sending.posts.take(1, now)
    if (postWait > 0) return { limit: 'posts_per_second', retryAfterSeconds: postWait }
    const eventWait = sending.events.take(events, now)
    return eventWait > 0 ? { limit: 'events_per_second', retryAfterSeconds: eventWait } : undefined
  }
}

/** Fills by `rate` tokens a second up to `rate * burstSeconds`, and begins full. */
class Bucket {
  readonly #capacity: number
  #tokens: number

  constructor(
    readonly rate: number,
    burstSeconds: number,
    private filledAt: number,
  ) {
    this.#capacity = rate * burstSeconds
    this.#tokens = this.#capacity
  }

  /** Takes the tokens and returns 0, or takes none and returns the whole seconds until they are there. */
  take(wanted: number, now: number): number {
    this.#tokens = Math.min(this.#capacity, this.#tokens + ((now - this.filledAt) / 1000) * this.rate)
    this.filledAt = now
    // More than the bucket holds passes when it is full: it could never pass otherwise.
    const needed = Math.min(wanted, this.#capacity)
    if (this.#tokens < needed) return Math.max(1, Math.ceil((needed - this.#tokens) / this.rate))
    this.#tokens -= needed
    return 0
  }
}

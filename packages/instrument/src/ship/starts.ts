import type { EventOf } from '../event/index.js'

/** Most starts that wait for their ends. */
const MAX_HELD = 64

/**
 * Starts of requests that may end before anything is sent. Most do, and then one line tells of both: half of what a call
 * costs its shipper, and half of what travels. There are few, and those that end first are mostly the last, so they are
 * looked for one by one.
 */
export class Starts {
  readonly #held: EventOf<'request.started'>[] = []

  get size(): number {
    return this.#held.length
  }

  /** Keeps a start; `false` where there is no room. */
  hold(started: EventOf<'request.started'>): boolean {
    return this.#held.length < MAX_HELD && this.#held.push(started) > 0
  }

  /** Takes the start of this operation: when it was, where it is here. */
  take(operation: string): number | undefined {
    const held = this.#held
    for (let place = held.length - 1; place >= 0; place--) {
      const started = held[place]!
      if (started.operation !== operation) continue
      if (place === held.length - 1) held.pop()
      else held.splice(place, 1)
      return started.at
    }
    return undefined
  }

  /** Takes all of them, the oldest first. */
  takeAll(): readonly EventOf<'request.started'>[] {
    return this.#held.splice(0)
  }
}

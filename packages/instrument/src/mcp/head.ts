import type { Captured } from './paths.js'
import type { ByteRange } from './take.js'

/** Messages of one batch that are held back until its end shows that it was JSON; beyond it they go out as read. */
const MAX_HELD_MESSAGES = 1000

/** What was taken from one message. */
export interface Head {
  readonly fields: Captured
  /** Where the message lies in its document, in bytes. */
  readonly start: number
  readonly end: number
  /** Where its tokens lie, by the names of `PATHS`. */
  readonly ranges: Readonly<Record<string, ByteRange>>
}

/** Holds the messages of a document until it has proved to be JSON, since a batch that is none holds no messages. */
export class HeldHeads {
  readonly #onHead: (head: Head) => void
  #heads: Head[] = []

  constructor(onHead: (head: Head) => void) {
    this.#onHead = onHead
  }

  hold(head: Head): void {
    this.#heads.push(head)
    if (this.#heads.length > MAX_HELD_MESSAGES) this.handOver(this.take())
  }

  /** The messages, which are no longer held. */
  take(): readonly Head[] {
    const heads = this.#heads
    if (heads.length > 0) this.#heads = []
    return heads
  }

  handOver(heads: readonly Head[]): void {
    for (const head of heads) this.#onHead(head)
  }
}

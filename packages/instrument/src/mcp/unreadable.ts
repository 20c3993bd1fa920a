import { type EventOf, event } from '../event/index.js'
import type { Direction, Voice } from './operation.js'

/** Why bytes were not understood. */
export type UnreadableReason = EventOf<'unreadable'>['reason']

/** Faults of one window that are told one by one; those beyond are told in sum after it. */
const TOLD_SINGLY = 20
const WINDOW_MS = 1000

/**
 * Tells what one side of a conversation said that was not understood. Of a flood only the beginning is told one by one,
 * and then a sum for each window, so that junk fills neither queue nor log nor store.
 */
export class Unreadable {
  readonly #voice: Voice
  readonly #direction: Direction
  /** When the window that is open began, monotonic milliseconds. */
  #since: number | undefined
  #told = 0
  #untold = 0
  #untoldBytes = 0
  #floodedAt = -Infinity

  constructor(voice: Voice, direction: Direction) {
    this.#voice = voice
    this.#direction = direction
  }

  take(reason: UnreadableReason, sizeBytes: number): void {
    const at = this.#voice.clock()
    this.sweep(at)
    if (this.#since === undefined) {
      this.#since = at
      // A flood that goes on is told in sums alone.
      if (at - this.#floodedAt > WINDOW_MS) this.#told = 0
    }
    if (this.#told < TOLD_SINGLY) {
      this.#told++
      this.#tell({ reason, sizeBytes })
      return
    }
    this.#untold++
    this.#untoldBytes += sizeBytes
    this.#floodedAt = at
  }

  /** Tells the sum of a window that is over at `at`, monotonic milliseconds. */
  sweep(at: number): void {
    if (this.#since !== undefined && at - this.#since >= WINDOW_MS) this.close()
  }

  /** Tells what is not told yet. */
  close(): void {
    this.#since = undefined
    if (this.#untold === 0) return
    this.#tell({ reason: 'flood', sizeBytes: this.#untoldBytes, count: this.#untold })
    this.#untold = this.#untoldBytes = 0
  }

  #tell(fields: { reason: UnreadableReason; sizeBytes: number; count?: number }): void {
    const { origin, publish, now } = this.#voice
    publish(event('unreadable', now(), origin, { direction: this.#direction, ...fields }))
  }
}

import type { BatchLimits, Lines } from './lines.js'

/**
 * Where lines wait that cannot be sent yet: first in, first out, bounded, one stream. All calls are synchronous and
 * none throws: a spool that cannot write says so by its answer.
 */
export interface Spool {
  /** Lines waiting. */
  readonly waiting: number
  /** Lines given up to make room for newer ones, in all. */
  readonly dropped: number
  /**
   * Takes all the lines, whose numbers follow those before, or none: then `false`, and they stay the caller's. Does not
   * keep the bytes, which the caller may use again.
   */
  append(lines: Lines): boolean
  /** The oldest that wait. They stay until they are acknowledged. */
  read(limits: BatchLimits): Lines
  /** Forgets the lines up to this number, inclusive. */
  ack(seq: number): void
  /** Ends the use by this process; what waits stays for whoever comes after it. Idempotent. */
  close(): void
}

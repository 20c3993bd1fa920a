import type { Line } from './wire.js'

/** How much one read, or one batch, may hold. */
export interface BatchLimits {
  readonly maxEvents: number
  /** Length of the lines' JSON together, in UTF-16 units. The first line is given whatever its length. */
  readonly maxLength: number
}

/**
 * Where lines wait that cannot be sent yet: first in, first out, bounded, one stream. All calls are synchronous and
 * none throws: a spool that cannot write says so by its answer.
 */
export interface Spool {
  /** Lines waiting. */
  readonly waiting: number
  /** Lines given up to make room for newer ones, in all. */
  readonly dropped: number
  /** Takes all the lines, whose numbers follow those before, or none: then `false`, and they stay the caller's. */
  append(lines: readonly Line[]): boolean
  /** The oldest that wait. They stay until they are acknowledged. */
  read(limits: BatchLimits): readonly Line[]
  /** Forgets the lines up to this number, inclusive. */
  ack(seq: number): void
  /** Ends the use by this process; what waits stays for whoever comes after it. Idempotent. */
  close(): void
}

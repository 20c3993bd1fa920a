import type { Event } from '../event/index.js'

/**
 * Where an event entered: `local` (observed by this process) or `ingest:<key>` (sent to it by a numbered stream, which
 * was committed to the store before it was published).
 */
export type Entrance = 'local' | `ingest:${string}`

/** The one verb of observation. Never blocks, never throws. `entrance` defaults to `local`. */
export type Publish = (event: Event, entrance?: Entrance) => void

/** Anything that observes and publishes. Built with `publish`; nothing happens before `start`. */
export interface Source {
  readonly name: string
  /** Resolves when it observes. Rejects with a registered error when it never will. */
  start(): Promise<void>
  /** Ends observation: what is in flight may finish, then every open request and session is closed by an event. Idempotent. */
  stop(): Promise<void>
}

/** Synchronous state: sees each live event the moment it is published. Must be quick, and pure but for its own memory. */
export interface Fold {
  readonly name: string
  fold(event: Event, entrance: Entrance): void
}

/** Asynchronous consumer behind a bounded queue of its own. */
export interface Sink {
  readonly name: string
  /** Most events that wait; beyond it the newest are dropped and counted. */
  readonly queueLimit: number
  /**
   * How long an event may wait for others to be written with it, milliseconds; default 0, one turn of the event loop. A
   * full batch, a drain and a close wait for nothing.
   */
  readonly lingerMs?: number
  /** Takes events in order. Called again only after it settled; a rejection drops and counts this batch. */
  write(batch: readonly Entry[]): Promise<void>
  /** After the last `write`. Idempotent. */
  close(): Promise<void>
}

export interface Entry {
  readonly event: Event
  readonly entrance: Entrance
}

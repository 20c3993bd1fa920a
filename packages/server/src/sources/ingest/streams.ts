import type { Event } from '@mcp-vitals/instrument/event'
import { OpenThings } from './open.js'

interface Watched {
  readonly open: OpenThings
  /** Monotonic, milliseconds. */
  heardAt: number
  dropped: number
}

export interface StreamsOptions {
  readonly maxStreams: number
  readonly silentAfterMs: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic, milliseconds. */
  readonly clock: () => number
  /** Told of the ends of what a lost stream had open. */
  readonly onLost: (events: readonly Event[]) => void
}

/** The streams heard of lately, the quietest first. */
export class Streams {
  readonly #options: StreamsOptions
  readonly #watched = new Map<string, Watched>()
  #dropped = 0

  constructor(options: StreamsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#watched.size
  }

  /** Events that senders say they dropped. */
  get dropped(): number {
    return this.#dropped
  }

  /** A stream spoke. `dropped` is its own count, which only rises; `live`: its sender lives, this is no spool. */
  heard(stream: string, dropped: number, fresh: readonly Event[], live: boolean): void {
    const watched = this.#watched.get(stream) ?? { open: new OpenThings(), heardAt: 0, dropped: 0 }
    this.#watched.delete(stream)
    this.#watched.set(stream, watched)
    watched.heardAt = this.#options.clock()
    this.#dropped += Math.max(0, dropped - watched.dropped)
    watched.dropped = Math.max(watched.dropped, dropped)
    for (const event of fresh) watched.open.see(event)
    if (live) watched.open.alive(this.#options.now())
    if (this.#watched.size > this.#options.maxStreams) this.#lose(this.#watched.keys().next().value!)
  }

  /** Gives up the streams that were silent for too long. */
  sweep(): void {
    const oldest = this.#options.clock() - this.#options.silentAfterMs
    for (const [stream, { heardAt }] of this.#watched) {
      if (heardAt > oldest) return
      this.#lose(stream)
    }
  }

  #lose(stream: string): void {
    const watched = this.#watched.get(stream)
    this.#watched.delete(stream)
    const ends = watched?.open.lost(this.#options.now()) ?? []
    if (ends.length > 0) this.#options.onLost(ends)
  }
}

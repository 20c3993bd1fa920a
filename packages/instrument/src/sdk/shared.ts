import { type CallReader, MEMORY_LIMITS, Recent, SharedMemory } from '../mcp/index.js'
import { type OpenCalls, openCalls, type Readers, readers, type Vitals, vitals } from '../vitals/index.js'
import { createMarks } from './marks.js'
import { Sizer } from './size.js'
import { Time } from './time.js'

/** Most servers whose connections share what is known of them. */
const MAX_SERVERS = 1000

/** What all connections of a process share, whichever copy of this package listens at them. */
export class Shared {
  readonly hub: Vitals
  readonly time = new Time()
  readonly sizer = new Sizer()
  /** What listens at a server or client. */
  readonly instruments = createMarks<{ off(): void }>()
  /** The tool calls that are open, for those who record by hand. */
  readonly calls: OpenCalls
  readonly #servers = new Map<string, SharedMemory>()
  readonly #recent = new Recent()
  readonly #readers: Readers<CallReader>
  readonly #prefix = Math.random().toString(36).slice(2, 12)
  #sessions = 0

  constructor(hub: Vitals) {
    this.hub = hub
    this.calls = openCalls(hub)
    this.#readers = readers(hub)
  }

  /** What connections of this server share. Beyond 1,000 names each connection is by itself. */
  served(server: string): SharedMemory {
    const known = this.#servers.get(server)
    if (known) return known
    const made = new SharedMemory(MEMORY_LIMITS, () => this.#readers.of?.(server), this.#recent)
    if (this.#servers.size < MAX_SERVERS) this.#servers.set(server, made)
    return made
  }

  /** A pseudonym for a new session, that no other session of any process has. */
  nextSession(): string {
    return `${this.#prefix}-${(this.#sessions++).toString(36)}`
  }

  /** Runs something of ours inside somebody else's program: what it throws is counted and goes no further. */
  guard(run: () => void): void {
    try {
      run()
    } catch {
      this.hub.stats.faults++
    }
  }
}

/** The version is part of the name: copies of this package that do not understand each other do not meet. */
const NAME = 'sdk/2'

export function shared(): Shared {
  const hub = vitals()
  return hub.share(NAME, () => new Shared(hub))
}

import { randomUUID } from 'node:crypto'
import type { ServerContext } from './context.js'
import { type Observer, observe } from './observe.js'

/** One session of an HTTP server, as far as the gateway sees it. */
export interface HttpSession {
  /** What the events call it. */
  readonly pseudonym: string
  readonly observer: Observer
}

interface Followed extends HttpSession {
  lastTraffic: number
  /** When it was last put at the end of the map. */
  movedAt: number
}

/** The map is in the order of last use, give or take so much: moving a session at every call costs microseconds. */
const ORDER_MS = 1_000

/** The sessions that an HTTP server gave ids to. The ids are keys in memory, and go nowhere else. */
export class HttpSessions {
  readonly #context: ServerContext
  readonly #byId = new Map<string, Followed>()

  #stopped = false

  constructor(context: ServerContext) {
    this.#context = context
  }

  get size(): number {
    return this.#byId.size
  }

  /** A session whose `initialize` was asked for, before the server gave it an id. `credential`: as of an observer. */
  begin(credential?: string): HttpSession {
    const pseudonym = randomUUID()
    const observer = observe(this.#context, pseudonym, 'http', undefined, credential)
    if (this.#stopped) observer.close('cancelled', 'shutdown')
    return { pseudonym, observer }
  }

  /** The server answered with an id for a session. */
  adopt(id: string, session: HttpSession): void {
    this.end(id, 'lost')
    const now = this.#context.clock()
    this.#byId.set(id, { ...session, lastTraffic: now, movedAt: now })
    for (const [oldest] of this.#byId) {
      if (this.#byId.size <= this.#context.options.maxHttpSessions) break
      this.#context.counters.evictedSessions++
      this.end(oldest, 'lost')
    }
  }

  /** The session that a request names; one that began before this gateway did is followed from here on. */
  get(id: string): HttpSession {
    const known = this.#byId.get(id)
    if (!known) {
      const session = this.begin()
      this.adopt(id, session)
      return session
    }
    known.lastTraffic = this.#context.clock()
    if (known.lastTraffic - known.movedAt < ORDER_MS) return known
    known.movedAt = known.lastTraffic
    this.#byId.delete(id)
    this.#byId.set(id, known)
    return known
  }

  /** Whether a call of this session is in flight. */
  isBusy(id: string): boolean {
    return (this.#byId.get(id)?.observer.open ?? 0) > 0
  }

  end(id: string, reason: 'client' | 'server' | 'idle' | 'lost' | 'shutdown'): void {
    const session = this.#byId.get(id)
    this.#byId.delete(id)
    session?.observer.close(reason === 'idle' || reason === 'lost' ? 'unanswered' : 'cancelled', reason)
  }

  /** Ends what nobody used for `idleMs`. */
  sweep(idleMs: number): void {
    const now = this.#context.clock()
    for (const [id, { lastTraffic }] of this.#byId) {
      if (now - lastTraffic < idleMs) break
      this.end(id, 'idle')
    }
  }

  /** Ends all sessions; what begins later is over at once. */
  stop(): void {
    this.#stopped = true
    for (const id of [...this.#byId.keys()]) this.end(id, 'shutdown')
  }
}

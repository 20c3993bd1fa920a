import { randomUUID } from 'node:crypto'
import type { ServerContext } from './context.js'
import { type Observer, observe } from './observe.js'

/** Most sessions of one HTTP server that are followed at a time; the one silent longest goes first. */
const MAX_SESSIONS = 10_000

/** One session of an HTTP server, as far as the gateway sees it. */
export interface HttpSession {
  /** What the events call it. */
  readonly pseudonym: string
  readonly observer: Observer
}

interface Followed extends HttpSession {
  lastTraffic: number
}

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

  /** A session whose `initialize` was asked for, before the server gave it an id. */
  begin(): HttpSession {
    const pseudonym = randomUUID()
    const observer = observe(this.#context, pseudonym)
    if (this.#stopped) observer.close('cancelled', 'shutdown')
    return { pseudonym, observer }
  }

  /** The server answered with an id for a session. */
  adopt(id: string, session: HttpSession): void {
    this.end(id, 'lost')
    this.#byId.set(id, { ...session, lastTraffic: this.#context.clock() })
    for (const [oldest] of this.#byId) {
      if (this.#byId.size <= MAX_SESSIONS) break
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
    // To the end of the map, which is so ordered by last use.
    this.#byId.delete(id)
    this.#byId.set(id, known)
    return known
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

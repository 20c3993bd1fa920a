import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** What somebody who logged in may do. */
export type SessionRole = 'viewer' | 'admin'

/** Somebody who logged in, from one browser. */
export interface Session {
  readonly user: string
  readonly role: SessionRole
  /** Goes with each write, and no other page can read it. */
  readonly csrf: string
  /** When it ends at the latest, by the clock of the sessions. */
  readonly endsAt: number
}

interface Kept extends Session {
  seenAt: number
}

/** Most sessions at a time, and of one user; beyond them the one ends that rested for longest. */
const MAX_SESSIONS = 1000
const MAX_OF_ONE = 32

export interface Sessions {
  /** Begins a session under an id that was never there before; the id is told this once. */
  begin(user: string, role: SessionRole): { readonly id: string; readonly session: Session }
  /** The session of an id, which does not rest from now on; undefined where there is none, or it is over. */
  of(id: string): Session | undefined
  /** Whether there is one, which rests on. */
  has(id: string): boolean
  end(id: string): void
  /** Ends those of whom the test says so. Their number. */
  endAll(isMeant: (session: Session) => boolean): number
}

export interface SessionLimits {
  readonly idleMs: number
  readonly lastsMs: number
}

/**
 * Sessions in memory, by the SHA-256 of their ids: what a dump or a log shows of one opens nothing, and how long a look
 * takes tells nothing of an id. `clock`: milliseconds.
 */
export function createSessions(limits: () => SessionLimits, clock: () => number): Sessions {
  // Ordered by when they were asked last.
  const all = new Map<string, Kept>()

  function isOver({ seenAt, endsAt }: Kept, now: number): boolean {
    return now >= endsAt || now - seenAt >= limits().idleMs
  }

  function makeRoom(user: string): void {
    const now = clock()
    for (const [key, session] of all) if (isOver(session, now)) all.delete(key)
    const own = [...all].filter(([, session]) => session.user === user)
    const rested =
      own.length >= MAX_OF_ONE ? own[0]?.[0] : all.size >= MAX_SESSIONS ? all.keys().next().value : undefined
    if (rested !== undefined) all.delete(rested)
  }

  return {
    begin(user, role) {
      makeRoom(user)
      const id = randomBytes(32).toString('base64url')
      const now = clock()
      const csrf = randomBytes(32).toString('base64url')
      const session: Kept = { user, role, csrf, endsAt: now + limits().lastsMs, seenAt: now }
      all.set(keyOf(id), session)
      return { id, session }
    },
    of(id) {
      const key = keyOf(id)
      const found = all.get(key)
      if (found === undefined) return undefined
      all.delete(key)
      const now = clock()
      if (isOver(found, now)) return undefined
      found.seenAt = now
      all.set(key, found)
      return found
    },
    has(id) {
      const found = all.get(keyOf(id))
      return found !== undefined && !isOver(found, clock())
    },
    end(id) {
      all.delete(keyOf(id))
    },
    endAll(isMeant) {
      const meant = [...all].filter(([, session]) => isMeant(session))
      for (const [key] of meant) all.delete(key)
      return meant.length
    },
  }
}

/** Whether a text is the one that is expected, in a time that tells nothing of either. */
export function isSame(text: string, expected: string): boolean {
  return timingSafeEqual(digest(text), digest(expected))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
const keyOf = (id: string): string => digest(id).toString('base64url')

/** Bounds of what is remembered of one server. */
export interface ActivityLimits {
  /** Most open sessions, and most running processes. */
  readonly maxSessions: number
  /** Most open requests. */
  readonly maxOpenRequests: number
  /** A session, or a request without session, of which nothing was heard for this long no longer counts. Milliseconds. */
  readonly idleMs: number
}

/** Ended sessions whose last events may still be on their way. */
const REMEMBERED_ENDS = 1000

interface Session {
  heardAt: number
  /** Open requests. */
  readonly open: Set<string>
}

/** Which sessions, requests and processes of one server are open. What it cannot hold is told to `onUntracked`, not held. */
export interface Activity {
  readonly sessions: number
  readonly openRequests: number
  readonly processes: number
  /** An event of the session came: it is open, unless it has ended. */
  heard(session: string, now: number): void
  /** Opens a session, even one that had ended. */
  open(session: string, now: number): void
  /** Ends a session and every request in it. */
  close(session: string): void
  started(session: string | undefined, request: string, now: number): void
  /** Ends a request. One that is not open is nothing. */
  ended(session: string | undefined, request: string): void
  processStarted(process: string): void
  processEnded(process: string): void
  /** Ends what has been idle for too long. */
  sweep(now: number): void
}

/** Nothing is open at first. */
export function createActivity(limits: ActivityLimits, onUntracked: (what: 'session' | 'request') => void): Activity {
  const sessions = new Map<string, Session>()
  const ended = new Set<string>()
  /** Requests without session → when they started. */
  const loose = new Map<string, number>()
  const processes = new Set<string>()
  let openRequests = 0

  function open(session: string, now: number): void {
    ended.delete(session)
    const known = sessions.get(session)
    if (known) known.heardAt = now
    else if (sessions.size < limits.maxSessions) sessions.set(session, { heardAt: now, open: new Set() })
    else onUntracked('session')
  }

  function forget(session: string): void {
    openRequests -= sessions.get(session)?.open.size ?? 0
    sessions.delete(session)
  }

  function close(session: string): void {
    forget(session)
    ended.add(session)
    if (ended.size > REMEMBERED_ENDS) ended.delete(ended.values().next().value!)
  }

  function started(session: string | undefined, request: string, now: number): void {
    if (openRequests >= limits.maxOpenRequests) {
      onUntracked('request')
      return
    }
    if (session === undefined) {
      if (!loose.has(request)) openRequests++
      loose.set(request, now)
      return
    }
    const { open } = sessions.get(session) ?? {}
    if (!open || open.has(request)) return
    open.add(request)
    openRequests++
  }

  return {
    get sessions() {
      return sessions.size
    },
    get openRequests() {
      return openRequests
    },
    get processes() {
      return processes.size
    },
    processStarted(process) {
      if (processes.size < limits.maxSessions) processes.add(process)
    },
    processEnded(process) {
      processes.delete(process)
    },
    heard(session, now) {
      if (!ended.has(session)) open(session, now)
    },
    open,
    close,
    started,
    ended(session, request) {
      const was = session === undefined ? loose.delete(request) : sessions.get(session)?.open.delete(request)
      if (was) openRequests--
    },
    sweep(now) {
      for (const [session, { heardAt }] of sessions) if (now - heardAt > limits.idleMs) forget(session)
      for (const [request, startedAt] of loose) {
        if (now - startedAt <= limits.idleMs) continue
        loose.delete(request)
        openRequests--
      }
    },
  }
}

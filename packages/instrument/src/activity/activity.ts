import type { Event, EventOf } from '../event/index.js'
import type { Entrance } from '../stream/index.js'
import { OpenRequests } from './open-requests.js'

/** Bounds of what is remembered of one server. */
export interface ActivityLimits {
  /** Most open sessions, and most running processes. */
  readonly maxSessions: number
  /** Most open requests. */
  readonly maxOpenRequests: number
  /** A session, or a request without session, of which nothing was heard for this long no longer counts. Milliseconds. */
  readonly idleMs: number
}

/** What is remembered of one server, where nobody says otherwise. */
export const DEFAULT_ACTIVITY_LIMITS: ActivityLimits = {
  maxSessions: 10_000,
  maxOpenRequests: 10_000,
  idleMs: 3_600_000,
}

/** Ended sessions whose last events may still be on their way: at least so many, and less than twice as many. */
const REMEMBERED_ENDS = 1000

interface Session {
  heardAt: number
  /** Whether each is a tool call. */
  readonly open: OpenRequests<boolean>
  transport?: string | undefined
  protocolVersion?: string | undefined
}

interface Loose {
  readonly startedAt: number
  readonly isToolCall: boolean
}

export interface ActivityOptions {
  readonly limits: ActivityLimits
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told of everything that the limits keep out. */
  readonly onUntracked?: (what: 'session' | 'request') => void
}

/**
 * Which sessions, requests and processes of one server are open. Counts are sizes of sets: none falls below 0, whatever
 * is ended twice or was never begun.
 */
export class Activity {
  readonly #options: ActivityOptions
  readonly #sessions = new Map<string, Session>()
  /** The session that was asked for last, and its name: most events are of the same one as the event before. */
  #latest: Session | undefined
  #latestName: string | undefined
  #ended = new Set<string>()
  /** Those that ended before: the first of a set from which many were taken is found slowly. */
  #endedBefore = new Set<string>()
  /** Requests that are part of no session, or of none yet. */
  readonly #loose = new OpenRequests<Loose>()
  readonly #processes = new Set<string>()
  #openRequests = 0
  #openToolCalls = 0

  constructor(options: ActivityOptions) {
    this.#options = options
  }

  /** How many are open. */
  get sessions(): number {
    return this.#sessions.size
  }

  /** How many are open. */
  get requests(): number {
    return this.#openRequests
  }

  /** How many of the open requests are tool calls. */
  get toolCalls(): number {
    return this.#openToolCalls
  }

  /** How many of the open sessions have a pipe of their own. */
  get pipes(): number {
    let pipes = 0
    for (const { transport } of this.#sessions.values()) if (transport === 'stdio') pipes++
    return pipes
  }

  /** What an open session agreed on, where that is known. */
  protocolVersion(session: string | undefined): string | undefined {
    return this.#sessionOf(session)?.protocolVersion
  }

  /** How many are known to run. */
  get processes(): number {
    return this.#processes.size
  }

  /** Takes one event of the server, in order. `at`: milliseconds since 1970. */
  see(event: Event, entrance: Entrance, at = this.#options.now()): void {
    this.#heard(event, at)
    switch (event.type) {
      case 'session.opened':
        if (event.session !== undefined) this.#sessionOpened(event, event.session, at)
        return
      case 'session.closed':
        if (event.session !== undefined) this.#sessionClosed(event.session)
        return
      case 'request.started':
        this.#requestStarted(openSessionOf(event), requestKey(event, entrance), isToolCall(event), at)
        return
      case 'request.ended':
        this.#requestEnded(openSessionOf(event), requestKey(event, entrance))
        return
      case 'process.started':
        this.#processStarted(processKey(event.pid, entrance))
        return
      case 'process.ended':
        this.#processes.delete(processKey(event.pid, entrance))
        if (event.session !== undefined) this.#sessionClosed(event.session)
    }
  }

  /** An event came: its session, if any, is open, unless it has ended or this is no sign that it ever began. */
  #heard(event: Event, at: number): void {
    const { session } = event
    if (session === undefined) return
    const known = this.#sessionOf(session)
    if (known) known.heardAt = at
    else if (isFromWithin(event) && !this.#hasEnded(session)) this.#sessionOpened(event, session, at)
  }

  #sessionOf(name: string | undefined): Session | undefined {
    if (name === undefined) return undefined
    if (name === this.#latestName) return this.#latest
    const session = this.#sessions.get(name)
    if (session) {
      this.#latest = session
      this.#latestName = name
    }
    return session
  }

  /** Opens a session, even one that had ended. */
  #sessionOpened(event: Event, session: string, at: number): void {
    const { limits, onUntracked } = this.#options
    const protocolVersion = event.type === 'session.opened' ? event.protocolVersion : undefined
    if (this.#hasEnded(session)) this.#reopen(session)
    const known = this.#sessionOf(session)
    if (known) {
      known.heardAt = at
      known.protocolVersion = protocolVersion ?? known.protocolVersion
    } else if (this.#sessions.size < limits.maxSessions)
      this.#sessions.set(session, {
        heardAt: at,
        open: new OpenRequests(),
        transport: event.transport,
        protocolVersion,
      })
    else onUntracked?.('session')
  }

  /** Ends a session and every request in it. */
  #sessionClosed(session: string): void {
    this.#forget(session)
    if (this.#ended.size >= REMEMBERED_ENDS) {
      this.#endedBefore = this.#ended
      this.#ended = new Set()
    }
    this.#ended.add(session)
  }

  #hasEnded(session: string): boolean {
    return this.#ended.has(session) || this.#endedBefore.has(session)
  }

  #reopen(session: string): void {
    this.#ended.delete(session)
    this.#endedBefore.delete(session)
  }

  #requestStarted(session: string | undefined, request: string, isCall: boolean, at: number): void {
    const known = this.#sessionOf(session)
    const open = session === undefined ? this.#loose : known?.open
    if (!open || open.has(request)) return
    const { limits, onUntracked } = this.#options
    if (this.#openRequests >= limits.maxOpenRequests) {
      onUntracked?.('request')
      return
    }
    if (known) known.open.set(request, isCall)
    else this.#loose.set(request, { startedAt: at, isToolCall: isCall })
    this.#openRequests++
    if (isCall) this.#openToolCalls++
  }

  #requestEnded(session: string | undefined, request: string): void {
    const known = session === undefined ? this.#loose.take(request) : this.#sessionOf(session)?.open.take(request)
    if (known === undefined) return
    this.#openRequests--
    if (known === true || (typeof known === 'object' && known.isToolCall)) this.#openToolCalls--
  }

  #processStarted(process: string): void {
    if (this.#processes.size < this.#options.limits.maxSessions) this.#processes.add(process)
  }

  /** Ends what has been idle for too long. */
  sweep(): void {
    const oldest = this.#options.now() - this.#options.limits.idleMs
    for (const [session, { heardAt }] of this.#sessions) if (heardAt < oldest) this.#forget(session)
    for (const [request, { startedAt }] of [...this.#loose.entries()])
      if (startedAt < oldest) this.#requestEnded(undefined, request)
  }

  #forget(session: string): void {
    for (const request of this.#sessionOf(session)?.open.keys() ?? []) this.#requestEnded(session, request)
    this.#sessions.delete(session)
    this.#latest = this.#latestName = undefined
  }
}

function isToolCall({ direction, method }: EventOf<'request.started'>): boolean {
  return method === 'tools/call' && direction === 'client_to_server'
}

/** Whether this happens in open sessions alone: an `initialize` may fail, and a server may speak before it. */
function isFromWithin(event: Event): boolean {
  if (event.type === 'request.started' || event.type === 'request.ended') return openSessionOf(event) !== undefined
  if (event.type === 'notification') return event.direction === 'client_to_server'
  return event.type !== 'http' && event.type !== 'unreadable'
}

/** What a client asks before it has a session, and often instead of one. */
const BEFORE_SESSIONS: ReadonlySet<string> = new Set(['initialize', 'server/discover'])

/** The session that a request is part of; what comes before a session is part of none yet. */
function openSessionOf({ session, method }: EventOf<'request.started' | 'request.ended'>): string | undefined {
  return BEFORE_SESSIONS.has(method) ? undefined : session
}

/**
 * Operations are unique within one stream; many streams, a session each, may tell of one server. A session's own
 * requests lie in a map of its own, so that those of this process need no joined key: it would be made for every call.
 */
function requestKey(event: EventOf<'request.started' | 'request.ended'>, entrance: Entrance): string {
  const { operation, session } = event
  if (entrance === 'local' && (session === undefined || !BEFORE_SESSIONS.has(event.method))) return operation
  const local = session === undefined ? operation : `${session} ${operation}`
  return entrance === 'local' ? local : `${entrance} ${local}`
}

/** Processes of different hosts may have one id. */
function processKey(pid: number, entrance: Entrance): string {
  return `${entrance} ${pid}`
}

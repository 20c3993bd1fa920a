/** What is true now, folded from the stream: pure memory, bounded, restored by nothing but new events. */
import type { Event, EventOf } from '@mcp-vitals/instrument/event'
import type { Fold } from '@mcp-vitals/instrument/stream'
import { createRecentDurations } from './durations.js'

/** Servers beyond this many are not tracked: names come from the configuration or from authenticated senders. */
export const MAX_SERVERS = 1000
/** Finished calls that are remembered for the status page. */
export const MAX_RECENT_CALLS = 50
/** Open sessions and open requests remembered for each server; past it the oldest is forgotten. */
export const MAX_OPEN = 10_000

/** `up`: answered last. `down`: could not be reached or started last. `unknown`: nothing was asked of it yet. */
export type ServerCondition = 'up' | 'down' | 'unknown'

export interface ServerVitals {
  readonly name: string
  readonly condition: ServerCondition
  /** Why it is down: an outcome or a cause of the event union, such as `process_exit` or `not_found`. */
  readonly reason?: string
  readonly transport?: string
  readonly era?: string
  readonly protocolVersion?: string
  /** Self-reported name and version. */
  readonly implementation?: string
  readonly tools: readonly string[]
  readonly sessions: number
  readonly inFlight: number
  /** Requests answered or given up on, from either side. */
  readonly requests: number
  readonly toolCalls: number
  /** Requests that did not end `ok`. */
  readonly failures: number
  readonly crashes: number
  /** Median and 95th percentile of the last 512 durations; absent before the first. */
  readonly p50Ms?: number
  readonly p95Ms?: number
  /** Milliseconds since 1970. */
  readonly lastRequestAt?: number
}

export type RecentCall = Pick<
  EventOf<'request.ended'>,
  'at' | 'server' | 'session' | 'method' | 'name' | 'outcome' | 'durationMs'
>

export interface Vitals {
  readonly servers: readonly ServerVitals[]
  readonly sessions: number
  /** Newest first. */
  readonly recent: readonly RecentCall[]
}

export interface VitalsFold extends Fold {
  /** Makes a server known before its first event. */
  declare(name: string): void
  snapshot(): Vitals
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
interface Tracked {
  readonly facts: Mutable<Omit<ServerVitals, 'sessions' | 'inFlight' | 'p50Ms' | 'p95Ms'>>
  readonly sessions: Set<string>
  readonly openOperations: Set<string>
  readonly durations: ReturnType<typeof createRecentDurations>
}

/** Ends that tell of the server's absence rather than of its answer. */
const UNREACHABLE: ReadonlySet<string> = new Set(['transport_error', 'process_exit'])
const ANSWERED: ReadonlySet<string> = new Set(['ok', 'tool_error', 'protocol_error'])

/** Creates the fold that `/health` and the status page read. */
export function createVitals(): VitalsFold {
  const servers = new Map<string, Tracked>()
  const recent: RecentCall[] = []

  function track(name: string): Tracked | undefined {
    const known = servers.get(name)
    if (known || servers.size >= MAX_SERVERS) return known
    const fresh: Tracked = {
      facts: { name, condition: 'unknown', tools: [], requests: 0, toolCalls: 0, failures: 0, crashes: 0 },
      sessions: new Set(),
      openOperations: new Set(),
      durations: createRecentDurations(),
    }
    servers.set(name, fresh)
    return fresh
  }

  return {
    name: 'vitals',
    declare(name) {
      track(name)
    },
    fold(event) {
      const tracked = track(event.server)
      if (!tracked) return
      if (event.transport) tracked.facts.transport = event.transport
      foldInto(tracked, event)
      if (event.type === 'request.ended' && event.method === 'tools/call') {
        recent.unshift(pickRecent(event))
        if (recent.length > MAX_RECENT_CALLS) recent.pop()
      }
    },
    snapshot() {
      const all = [...servers.values()].map(present)
      return { servers: all, sessions: all.reduce((sum, server) => sum + server.sessions, 0), recent: [...recent] }
    },
  }
}

function foldInto(tracked: Tracked, event: Event): void {
  const { facts } = tracked
  switch (event.type) {
    case 'session.opened':
      remember(tracked.sessions, event.session)
      isUp(tracked)
      facts.era = event.era
      if (event.protocolVersion) facts.protocolVersion = event.protocolVersion
      if (event.serverName) facts.implementation = [event.serverName, event.serverVersion].filter(Boolean).join(' ')
      return
    case 'session.closed':
      if (event.session) tracked.sessions.delete(event.session)
      return
    case 'request.started':
      remember(tracked.openOperations, event.operation)
      return
    case 'request.ended':
      tracked.openOperations.delete(event.operation)
      foldRequest(tracked, event)
      return
    case 'tools.listed':
      facts.tools = event.complete ? event.tools : [...new Set([...facts.tools, ...event.tools])].slice(0, 1000)
      return
    case 'process.ended':
      if (!event.crashed) return
      facts.crashes++
      facts.condition = 'down'
      facts.reason = event.reason ?? 'process_exit'
  }
}

function foldRequest(tracked: Tracked, event: EventOf<'request.ended'>): void {
  const { facts } = tracked
  facts.requests++
  facts.lastRequestAt = event.at
  if (event.method === 'tools/call') facts.toolCalls++
  if (event.outcome !== 'ok') facts.failures++
  tracked.durations.add(event.durationMs)
  if (event.direction !== 'client_to_server') return
  if (ANSWERED.has(event.outcome)) isUp(tracked)
  else if (UNREACHABLE.has(event.outcome)) {
    facts.condition = 'down'
    facts.reason ??= event.outcome
  }
}

function isUp({ facts }: Tracked): void {
  facts.condition = 'up'
  delete facts.reason
}

/** Keeps a set bounded by forgetting its oldest member. */
function remember(members: Set<string>, member: string | undefined): void {
  if (!member) return
  members.add(member)
  if (members.size > MAX_OPEN) members.delete(members.values().next().value as string)
}

function pickRecent({ at, server, session, method, name, outcome, durationMs }: EventOf<'request.ended'>): RecentCall {
  const call = { at, server, method, outcome, durationMs }
  return Object.assign(call, session === undefined ? {} : { session }, name === undefined ? {} : { name })
}

function present({ facts, sessions, openOperations, durations }: Tracked): ServerVitals {
  return { ...facts, sessions: sessions.size, inFlight: openOperations.size, ...durations.quantiles() }
}

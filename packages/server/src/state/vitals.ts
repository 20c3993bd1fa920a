/** What is true now, folded from the stream: pure memory, bounded, restored by nothing but new events. */
import { Activity, DEFAULT_ACTIVITY_LIMITS, evidenceOf } from '@mcp-vitals/instrument/activity'
import { type Event, type EventOf, OWN_SERVER } from '@mcp-vitals/instrument/event'
import { STREAMING_METHODS } from '@mcp-vitals/instrument/mcp'
import type { Entrance, Fold } from '@mcp-vitals/instrument/stream'
import { createRecentDurations } from './durations.js'

/** Servers beyond this many are not tracked: names come from the configuration or from authenticated senders. */
export const MAX_SERVERS = 1000
/** Finished calls that are remembered for the status page. */
export const MAX_RECENT_CALLS = 50

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
  /** Takes back that there is this server. An event of it makes it known again. */
  forget(name: string): void
  snapshot(): Vitals
  /** The server that labels mean which do not name it: the one of that name, or the only one that has the tool. */
  serverOf(meant: { readonly name?: string | undefined; readonly tool?: string | undefined }): string | undefined
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
interface Tracked {
  readonly facts: Mutable<Omit<ServerVitals, 'sessions' | 'inFlight' | 'p50Ms' | 'p95Ms'>>
  readonly activity: Activity
  readonly durations: ReturnType<typeof createRecentDurations>
}

/** Creates the fold that `/health` and the status page read. `now` gives milliseconds since 1970. */
export function createVitals(now: () => number): VitalsFold {
  const servers = new Map<string, Tracked>()
  const recent: RecentCall[] = []

  function track(name: string): Tracked | undefined {
    const known = servers.get(name)
    if (known || servers.size >= MAX_SERVERS) return known
    const fresh: Tracked = {
      facts: { name, condition: 'unknown', tools: [], requests: 0, toolCalls: 0, failures: 0, crashes: 0 },
      activity: new Activity({ limits: DEFAULT_ACTIVITY_LIMITS, now }),
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
    forget(name) {
      servers.delete(name)
    },
    fold(event, entrance) {
      // What a client's program tells says nothing of a server that is watched.
      if (event.server === OWN_SERVER || event.side === 'client') return
      const tracked = track(event.server)
      if (!tracked) return
      if (event.transport) tracked.facts.transport = event.transport
      takeEvidence(tracked, event, entrance)
      takeFacts(tracked, event)
      if (event.type === 'request.ended' && event.method === 'tools/call') {
        recent.unshift(pickRecent(event))
        if (recent.length > MAX_RECENT_CALLS) recent.pop()
      }
    },
    snapshot() {
      const all = [...servers.values()].map(present)
      return { servers: all, sessions: all.reduce((sum, server) => sum + server.sessions, 0), recent: [...recent] }
    },
    serverOf({ name, tool }) {
      if (name !== undefined && servers.has(name)) return name
      if (tool === undefined) return undefined
      const having = [...servers.values()].filter(({ facts }) => facts.tools.includes(tool))
      return having.length === 1 ? having[0]?.facts.name : undefined
    },
  }
}

/** What is open, and whether the server answers: by the same rule as the metrics. */
function takeEvidence({ activity, facts }: Tracked, event: Event, entrance: Entrance): void {
  activity.see(event, entrance)
  const evidence = evidenceOf(event, activity.processes)
  if (!evidence) return
  facts.condition = evidence
  if (evidence === 'up') {
    // Most have none, and a deletion of nothing makes an object slow.
    if (facts.reason !== undefined) delete facts.reason
  } else if (event.type === 'process.ended') facts.reason = event.reason ?? 'process_exit'
  else if (event.type === 'request.ended') facts.reason ??= event.outcome
}

function takeFacts({ facts, durations }: Tracked, event: Event): void {
  switch (event.type) {
    case 'session.opened':
      facts.era = event.era
      if (event.protocolVersion) facts.protocolVersion = event.protocolVersion
      if (event.serverName) facts.implementation = [event.serverName, event.serverVersion].filter(Boolean).join(' ')
      return
    case 'request.ended':
      facts.requests++
      facts.lastRequestAt = event.at
      if (event.method === 'tools/call') facts.toolCalls++
      if (event.outcome !== 'ok') facts.failures++
      if (!STREAMING_METHODS.has(event.method)) durations.add(event.durationMs)
      return
    case 'tools.listed':
      facts.tools = event.complete ? event.tools : [...new Set([...facts.tools, ...event.tools])].slice(0, 1000)
      return
    case 'process.ended':
      if (event.crashed) facts.crashes++
  }
}

function pickRecent({ at, server, session, method, name, outcome, durationMs }: EventOf<'request.ended'>): RecentCall {
  const call = { at, server, method, outcome, durationMs }
  return Object.assign(call, session === undefined ? {} : { session }, name === undefined ? {} : { name })
}

function present({ facts, activity, durations }: Tracked): ServerVitals {
  activity.sweep()
  return { ...facts, sessions: activity.sessions, inFlight: activity.requests, ...durations.quantiles() }
}

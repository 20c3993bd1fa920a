import { createHash } from 'node:crypto'
import type { Event, EventOf } from '@mcp-vitals/instrument/event'
import {
  type Deed,
  dayOf,
  type Health,
  type HistoryChanges,
  type HistoryDay,
  type HistoryKept,
  type Incident,
  type Watched,
} from './contract.js'
import { addLatency } from './latencies.js'
import { credit, newTally, rowOf, type Tally, tallyOf } from './tally.js'

/**
 * What comes of the events of health: times, checks and calls by component and day, and incidents. In memory are the
 * newest day of each component and the incidents that go on; the rest lies where `changes` is written.
 */
export interface History {
  /** Takes what was kept before, as it was then. */
  restore(kept: HistoryKept): void
  /** Takes an event of now. */
  see(event: Event): void
  /** Takes events from before this start, the oldest first: those that are in what was kept change nothing. */
  replay(events: readonly Event[]): void
  /** From now on nothing is known of any component until its next check: nobody watched meanwhile. */
  rest(): void
  /** Brings the times of all components up to now, and lets go of those that are not watched any more. */
  pass(now: number): void
  /** Whether an incident began, ended or was acted on since `changes` was asked last. */
  hasNews(): boolean
  /** What changed since it was asked last. */
  changes(): HistoryChanges
  /** What could not be written is told again by `changes`. */
  giveBack(changes: HistoryChanges): void
}

/** A pause of the clock, or a jump of it, beyond this is time in which nobody watched: `pass` is due each minute. Milliseconds. */
export const LONGEST_PAUSE_MS = 180_000
/** Most deeds of an incident that are told one by one. */
export const MAX_DEEDS = 20
/** How long after its end something may still be done about an incident: a check that verifies it. Milliseconds. */
const AFTERWARDS_MS = 600_000
/** Most components that are told apart on one day; names come from the configuration alone. */
const MAX_COMPONENTS = 5_000
/** Most rows of days that are over and could not be written; beyond it they are lost. */
const MAX_OWED = 20_000

interface Tracked {
  readonly name: string
  server: string | undefined
  status: Health
  /** Up to when its time is counted; undefined before its first check. */
  creditedAt: number | undefined
  probedAt: number
  readonly days: Map<number, Tally>
  /** Days that changed. */
  readonly changed: Set<number>
  incident: Incident | undefined
}

/**
 * `watched`: what is watched now, by name; asked when a check of something unknown comes, and at each `pass`.
 * `now`: milliseconds since 1970.
 */
export function createHistory(watched: () => ReadonlyMap<string, Watched>, now: () => number): History {
  const all = new Map<string, Tracked>()
  const byServer = new Map<string, Tracked>()
  const incidents = new Map<string, Incident>()
  /** Rows that could not be written, of days that are not in memory any more. */
  const owed = new Map<string, HistoryDay>()
  let kept: HistoryKept = { components: [], days: [], incidents: [] }
  let isNews = false

  function track(name: string): Tracked | undefined {
    const known = all.get(name)
    if (known) return known
    const found = watched().get(name)
    if (found === undefined || all.size >= MAX_COMPONENTS) return undefined
    const before = kept.components.find((one) => one.name === name)
    const tracked: Tracked = {
      ...{ name, server: found.server, status: before?.status ?? 'unknown' },
      ...{ creditedAt: before?.creditedAt, probedAt: before?.probedAt ?? 0 },
      days: new Map(kept.days.filter((row) => row.component === name).map((row) => [row.day, tallyOf(row)])),
      changed: new Set(),
      incident: kept.incidents.find((one) => one.component === name),
    }
    all.set(name, tracked)
    if (tracked.server !== undefined) byServer.set(tracked.server, tracked)
    return tracked
  }

  function tallyAt(tracked: Tracked, day: number): Tally {
    const { days, changed } = tracked
    const found = days.get(day) ?? newTally(day)
    days.set(day, found)
    changed.add(day)
    // What is neither of the newest nor waits is in the store.
    for (const old of days.keys()) if (old < day && !changed.has(old)) days.delete(old)
    return found
  }

  function passOne(tracked: Tracked, at: number): void {
    const { creditedAt, status, incident } = tracked
    tracked.creditedAt = at
    if (creditedAt === undefined || at <= creditedAt) return
    const spanMs = at - creditedAt
    if (status !== 'unknown' && spanMs <= LONGEST_PAUSE_MS)
      credit((day) => tallyAt(tracked, day), status, creditedAt, at)
    else if (incident && incident.ended === undefined)
      set(tracked, { ...incident, unwatchedMs: incident.unwatchedMs + spanMs })
  }

  function set(tracked: Tracked, incident: Incident): void {
    tracked.incident = incident
    incidents.set(incident.id, incident)
  }

  function tell(tracked: Tracked, incident: Incident): void {
    isNews = true
    set(tracked, incident)
  }

  function probe({ component, status, ...event }: EventOf<'probe'>, isReplay: boolean): void {
    const { at } = event
    // Only the monitor of this daemon tells of a component.
    const tracked = component === undefined ? undefined : track(component)
    if (tracked === undefined || status === undefined || (isReplay && at <= tracked.probedAt)) return
    passOne(tracked, at)
    tracked.probedAt = at
    tracked.status = status
    const tally = tallyAt(tracked, dayOf(at))
    tally.checks++
    if (event.ok) addLatency(tally.latencies, event.durationMs)
    else tally.failures++
    const { incident } = tracked
    if (incident === undefined || incident.ended !== undefined) {
      if (status === 'unhealthy') tell(tracked, begun(tracked, event))
    } else if (status !== 'unhealthy' && status !== 'unknown') tell(tracked, { ...incident, ended: at })
  }

  function call({ server, at, outcome, durationMs, ...event }: EventOf<'request.ended'>): void {
    if (event.method !== 'tools/call' || event.direction !== 'client_to_server' || event.side === 'client') return
    if (outcome === 'cancelled') return
    const tracked = byServer.get(server)
    const today = dayOf(now())
    if (tracked === undefined || dayOf(at) !== today) return
    const tally = tallyAt(tracked, today)
    tally.calls++
    if (outcome !== 'ok') tally.callFailures++
    addLatency(tally.callLatencies, durationMs)
  }

  function take(event: Event, isReplay: boolean): void {
    if (event.type === 'probe') probe(event, isReplay)
    else if (event.type === 'remediation' && event.outcome !== 'held_back') {
      const { component, at, rule, action, outcome } = event
      did(all.get(component), { at, what: 'remediation', rule, action, outcome })
    } else if (event.type === 'alert' && event.action === 'acknowledged' && event.concerns !== undefined) {
      const { concerns, at, alert } = event
      did(all.get(concerns) ?? byServer.get(concerns), { at, what: 'acknowledged', alert })
    }
  }

  function did(tracked: Tracked | undefined, deed: Deed): void {
    const incident = tracked?.incident
    if (tracked === undefined || incident === undefined || deed.at < incident.began) return
    if (incident.ended !== undefined && deed.at > incident.ended + AFTERWARDS_MS) return
    if (incident.done.some((one) => JSON.stringify(one) === JSON.stringify(deed))) return
    const hasRoom = incident.done.length < MAX_DEEDS
    tell(tracked, {
      ...incident,
      done: hasRoom ? [...incident.done, deed] : incident.done,
      doneBeyond: incident.doneBeyond + (hasRoom ? 0 : 1),
    })
  }

  /** It is not in the configuration any more. */
  function leave(tracked: Tracked): void {
    tracked.status = 'unknown'
    const { incident, creditedAt = 0 } = tracked
    if (incident && incident.ended === undefined) tell(tracked, left(incident, creditedAt))
  }

  return {
    restore(found) {
      const names = watched()
      for (const incident of found.incidents) {
        if (names.has(incident.component)) continue
        const lastSeen = found.components.find(({ name }) => name === incident.component)?.creditedAt
        incidents.set(incident.id, left(incident, lastSeen ?? incident.began))
      }
      kept = { ...found, incidents: found.incidents.filter(({ component }) => names.has(component)) }
      for (const { name } of kept.components) track(name)
    },
    see(event) {
      if (event.type === 'request.ended') call(event)
      else take(event, false)
    },
    replay(events) {
      for (const event of events) take(event, true)
    },
    rest() {
      for (const tracked of all.values()) tracked.status = 'unknown'
    },
    pass(at) {
      const wanted = watched()
      byServer.clear()
      for (const [name, tracked] of all) {
        passOne(tracked, at)
        const found = wanted.get(name)
        tracked.server = found?.server
        if (tracked.server !== undefined) byServer.set(tracked.server, tracked)
        if (found) continue
        leave(tracked)
        // Its day may go on, if it comes back.
        if (tracked.changed.size === 0 && !tracked.days.has(dayOf(at))) all.delete(name)
      }
    },
    hasNews: () => isNews,
    changes() {
      const tracked = [...all.values()]
      const changes: HistoryChanges = {
        components: tracked.flatMap(({ name, status, creditedAt, probedAt }) =>
          creditedAt === undefined ? [] : [{ name, status, creditedAt, probedAt }],
        ),
        days: [
          ...owed.values(),
          ...tracked.flatMap(({ name, days, changed }) => [...changed].map((day) => rowOf(name, days.get(day)!))),
        ],
        incidents: [...incidents.values()],
      }
      for (const { changed } of tracked) changed.clear()
      owed.clear()
      incidents.clear()
      isNews = false
      return changes
    },
    giveBack(changes) {
      for (const row of changes.days) {
        const tracked = all.get(row.component)
        if (tracked?.days.has(row.day)) tracked.changed.add(row.day)
        else if (owed.size < MAX_OWED) owed.set(`${row.day} ${row.component}`, row)
      }
      for (const incident of changes.incidents) if (!incidents.has(incident.id)) incidents.set(incident.id, incident)
    },
  }
}

function left(incident: Incident, lastSeen: number): Incident {
  const ended = Math.max(lastSeen, incident.began)
  return { ...incident, ended, done: [...incident.done, { at: ended, what: 'not_watched' }] }
}

function begun(
  { name, server }: Tracked,
  { at, reason = 'failed', cause = reason }: Pick<EventOf<'probe'>, 'at' | 'reason' | 'cause'>,
): Incident {
  return {
    id: createHash('sha256').update(`${at} ${name}`).digest('hex').slice(0, 16),
    component: name,
    ...(server !== undefined && { server }),
    ...{ began: at, reason, cause, unwatchedMs: 0, done: [], doneBeyond: 0 },
  }
}

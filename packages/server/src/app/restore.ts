import { type Event, type EventOf, event } from '@mcp-vitals/instrument/event'
import type { Store } from '../store/index.js'

/** Events of one page: the most that the store gives at once. */
const PAGE_SIZE = 10_000
/** Pages read of each type: a hundred thousand events, about a second. What is older is not restored. */
const MAX_PAGES = 10

type Reader = Pick<Store, 'read'>

/**
 * What was active when the last daemon stopped, as the events that began it: agents provisioned and not deprovisioned,
 * voice sessions started and not ended. What has no id cannot be told apart, and is left out; so is a voice session that
 * is known by an MCP session alone, where that has ended with the last daemon.
 */
export async function readActive(store: Reader): Promise<readonly Event[]> {
  const agents = await newest(store, 'agent', ({ action, agent }) => (action === 'used' ? undefined : agent))
  const voices = await newest(store, 'voice', ({ id, session }) => id ?? session)
  const active: Event[] = []
  for (const { id: agent, last } of agents) {
    const { at, server, action } = last
    if (action === 'provisioned') active.push(event('agent', at, { server, agent }, { action }))
  }
  for (const { id, last } of voices) {
    const { at, server, action } = last
    if (action === 'started' && (last.id !== undefined || (await isOpen(store, last))))
      active.push(event('voice', at, { server }, { action, id }))
  }
  return active
}

/** Types of events that raise alerts. */
const TRIGGERS = ['limit', 'auth', 'provider', 'security', 'anomaly', 'budget'] as const
/** How late an event may have come, and how long at most back is looked where nothing is known. Milliseconds. */
const LATE_MS = 120_000
const LONGEST_BACK_MS = 3_600_000

/** Events that may have raised no alert, the oldest first: from `keptAt` on, when alerts were last kept, and some before. */
export async function readTriggers(store: Reader, keptAt: number | undefined, now: number): Promise<readonly Event[]> {
  const since = keptAt === undefined ? now - LONGEST_BACK_MS : keptAt - LATE_MS
  const found: Event[] = []
  for (const type of TRIGGERS) found.push(...(await store.read({ type, since, limit: PAGE_SIZE })))
  return found.sort((one, other) => one.at - other.at)
}

/** A thing of one server, and the newest event that told of it. */
interface Told<T extends 'agent' | 'voice'> {
  readonly id: string
  readonly last: EventOf<T>
}

/** Every thing that events of a type tell of. `name`: which one; `undefined` for an event that tells of none. */
async function newest<T extends 'agent' | 'voice'>(
  store: Reader,
  type: T,
  name: (found: EventOf<T>) => string | undefined,
): Promise<Iterable<Told<T>>> {
  const found = new Map<string, Told<T>>()
  let until: number | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const events = await store.read({ type, limit: PAGE_SIZE, ...(until !== undefined && { until }) })
    for (const one of events as unknown as readonly EventOf<T>[]) {
      const id = name(one)
      const key = JSON.stringify([one.server, id])
      if (id !== undefined && !found.has(key)) found.set(key, { id, last: one })
    }
    const oldest = events.at(-1)?.at
    if (oldest === undefined || events.length < PAGE_SIZE) break
    // Its millisecond is read again, for the page may have cut it; what was found stays, being newer.
    until = until === oldest + 1 ? oldest : oldest + 1
  }
  return found.values()
}

/** Whether an MCP session may go on: those of the gateway end with the daemon. */
async function isOpen(store: Reader, { session, transport }: EventOf<'voice'>): Promise<boolean> {
  if (session === undefined || transport === 'http') return false
  return (await store.read({ type: 'session.closed', session, limit: 1 })).length === 0
}

import { join } from 'node:path'
import type { Event } from '@mcp-vitals/instrument/event'
import type { PushReadings } from '@mcp-vitals/instrument/metrics'
import type { About, FedWay, PushedLine, SampledWay, Way } from './contract.js'
import { Feed } from './feed.js'
import type { PushOptions } from './options.js'
import { type CommonTools, PUSHER_LIMITS, Pusher } from './pusher.js'
import { receiversOf } from './registry.js'

/** How long a line or an event waits for others to travel with it. Milliseconds. */
const LINGER_MS = 1000
/** What a stop may spend on sending what is left. Milliseconds. */
const GRACE_MS = 2000

/** In the folder each way has one of its own. */
export interface PushTools extends CommonTools {
  /** Other bounds than the usual ones. */
  readonly limits?: Partial<typeof PUSHER_LIMITS & { readonly lingerMs: number }>
}

/** By the name of a way. */
export type PushStats = Readonly<Record<string, PushReadings>>

/** The receivers of one daemon. */
export interface Push {
  /** Whether anything is told of events, and so wants them. */
  readonly wantsEvents: boolean
  readonly wantsLines: boolean
  /** Neither blocks nor throws. `lost`: how many more were dropped before they came here, to be counted. */
  takeEvents(events: readonly Event[], lost?: number): void
  takeLines(lines: readonly PushedLine[], lost?: number): void
  stats(): PushStats
  /** Sends for at most two seconds; what is left waits on disk for the next start. Idempotent. */
  close(): Promise<void>
}

interface Fed<I> {
  readonly feed: Feed<I>
  readonly pusher: Pusher
}

/** Opens the receivers that the configuration names, and goes on with what the process before this one left. */
export async function openPush(options: PushOptions, about: About, tools: PushTools): Promise<Push> {
  const pushers = new Map<string, Pusher>()
  const lines: Fed<PushedLine>[] = []
  const events: Fed<Event>[] = []
  const drops = new Map<string, () => { readonly dropped: number; readonly waiting: number }>()
  const begins: (() => void)[] = []
  const turns: (() => void)[] = []
  const timers: NodeJS.Timeout[] = []
  const sampling = new Set<Promise<void>>()
  let isClosed = false

  function pusherOf(way: Way, { timeoutMs, spoolBytes }: { readonly timeoutMs: number; readonly spoolBytes: number }) {
    const limits = { ...PUSHER_LIMITS, ...tools.limits, timeoutMs, spoolBytes }
    const pusher = new Pusher(way, { ...tools, dir: join(tools.dir, way.name), limits })
    pushers.set(way.name, pusher)
    return pusher
  }

  function fed<I>(way: FedWay<I>, pusher: Pusher): Fed<I> {
    const feed = new Feed<I>(tools.limits?.lingerMs ?? LINGER_MS, way.encode, (body) => pusher.add(body), tools.onFault)
    drops.set(way.name, () => feed)
    return { feed, pusher }
  }

  function sampled(way: SampledWay, pusher: Pusher): void {
    let isBusy = false
    const sample = async () => {
      if (isBusy) return
      isBusy = true
      try {
        for (const body of await way.sample(tools.now())) pusher.add(body)
      } catch (error) {
        tools.onFault(error)
      }
      isBusy = false
    }
    const turn = () => {
      const running = sample().finally(() => sampling.delete(running))
      sampling.add(running)
    }
    turns.push(turn)
    begins.push(() => {
      turn()
      timers.push(setInterval(turn, way.intervalMs).unref())
    })
  }

  for (const { name, receiver } of receiversOf(options, about)) {
    const limits = options[name]
    if (receiver.lines) lines.push(fed(receiver.lines, pusherOf(receiver.lines, limits)))
    if (receiver.events) events.push(fed(receiver.events, pusherOf(receiver.events, limits)))
    if (receiver.samples) sampled(receiver.samples, pusherOf(receiver.samples, limits))
  }
  // What was left comes before what is new.
  for (const pusher of pushers.values()) await pusher.open()
  for (const begin of begins) begin()

  return {
    wantsLines: lines.length > 0,
    wantsEvents: events.length > 0,
    takeLines(taken, lost) {
      if (!isClosed) for (const { feed } of lines) feed.take(taken, lost)
    },
    takeEvents(taken, lost) {
      if (!isClosed) for (const { feed } of events) feed.take(taken, lost)
    },
    stats() {
      const all = [...pushers].map(([name, pusher]) => {
        const stats = pusher.stats()
        const { dropped = 0, waiting = 0 } = drops.get(name)?.() ?? {}
        const droppedItems = stats.droppedItems + dropped
        return [name, { ...stats, droppedItems, waitingItems: stats.waitingItems + waiting }] as const
      })
      return Object.fromEntries(all)
    },
    async close() {
      if (isClosed) return
      isClosed = true
      for (const timer of timers) clearInterval(timer)
      // What was counted since the last time.
      for (const turn of turns) turn()
      await Promise.all([...sampling, ...[...lines, ...events].map(({ feed }) => feed.flush())])
      await Promise.all([...pushers.values()].map((pusher) => pusher.close(GRACE_MS)))
    },
  }
}

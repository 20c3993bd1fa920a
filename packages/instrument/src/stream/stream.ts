import type { Event } from '../event/index.js'
import type { Entrance, Entry, Fold, Publish, Sink } from './contracts.js'

/** Events older than this when they arrive are history: sinks take them, live state does not. Milliseconds. */
export const LATE_AFTER_MS = 120_000
/** Most events that one `write` of a sink gets. */
const BATCH_SIZE = 500

export interface SinkStats {
  /** Events a sink took. */
  readonly written: number
  /** Events lost because the sink's queue was full. */
  readonly overflowed: number
  /** Events lost because the sink's `write` failed. */
  readonly failed: number
  /** Events waiting now. */
  readonly waiting: number
}

export interface StreamStats {
  readonly published: number
  /** Events that came more than `LATE_AFTER_MS` after they happened, and so reached sinks only. */
  readonly late: number
  /** Throws of folds, swallowed. */
  readonly foldFaults: number
  readonly sinks: Readonly<Record<string, SinkStats>>
}

export interface Stream {
  readonly publish: Publish
  stats(): StreamStats
  /** Resolves when every sink has taken (or dropped) all that was published before the call. */
  drain(): Promise<void>
  /** Drains, then closes the sinks. Later events are ignored. Idempotent. */
  close(): Promise<void>
}

export interface StreamOptions {
  readonly folds: readonly Fold[]
  readonly sinks: readonly Sink[]
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told of every fault that `publish` swallows. Must not throw. */
  readonly onFault?: (where: string, error: unknown) => void
}

/** The one stream: folds see an event at once, each sink drains a bounded queue of its own. */
export function createStream({ folds, sinks, now, onFault = () => {} }: StreamOptions): Stream {
  const lanes = sinks.map((sink) => createLane(sink, onFault))
  let published = 0
  let late = 0
  let foldFaults = 0
  let closing: Promise<void> | undefined

  function publish(event: Event, entrance: Entrance = 'local'): void {
    if (closing) return
    published++
    if (entrance !== 'local' && now() - event.at > LATE_AFTER_MS) late++
    else {
      for (const fold of folds) {
        try {
          fold.fold(event, entrance)
        } catch (error) {
          foldFaults++
          onFault(fold.name, error)
        }
      }
    }
    const entry = { event, entrance }
    for (const lane of lanes) lane.push(entry)
  }

  async function drain(): Promise<void> {
    await Promise.all(lanes.map((lane) => lane.idle()))
  }

  return {
    publish,
    drain,
    stats: () => ({
      published,
      late,
      foldFaults,
      sinks: Object.fromEntries(lanes.map((lane) => [lane.name, lane.stats()])),
    }),
    close() {
      closing ??= drain().then(async () => {
        for (const sink of sinks) await sink.close().catch((error) => onFault(sink.name, error))
      })
      return closing
    },
  }
}

function createLane(sink: Sink, onFault: (where: string, error: unknown) => void) {
  const { lingerMs = 0, queueLimit } = sink
  let waiting: Entry[] = []
  let running: Promise<void> | undefined
  let hurry: (() => void) | undefined
  let isHurried = false
  let written = 0
  let overflowed = 0
  let failed = 0

  /** Resolves after `lingerMs`, or at once when somebody hurries. */
  function linger(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, lingerMs)
      function done(): void {
        clearTimeout(timer)
        hurry = undefined
        resolve()
      }
      hurry = done
    })
  }

  async function run(): Promise<void> {
    // At least one turn of the event loop: what is published in this one goes out after the caller's own work.
    await linger()
    while (waiting.length > 0) {
      const batch = waiting.length > BATCH_SIZE ? waiting.slice(0, BATCH_SIZE) : waiting
      waiting = waiting.length > BATCH_SIZE ? waiting.slice(BATCH_SIZE) : []
      try {
        await sink.write(batch)
        written += batch.length
      } catch (error) {
        failed += batch.length
        onFault(sink.name, error)
      }
      if (waiting.length > 0 && waiting.length < BATCH_SIZE && !isHurried) await linger()
    }
    running = undefined
  }

  return {
    name: sink.name,
    push(entry: Entry): void {
      if (waiting.length >= queueLimit) {
        overflowed++
        return
      }
      waiting.push(entry)
      running ??= run()
      if (waiting.length === BATCH_SIZE) hurry?.()
    },
    async idle(): Promise<void> {
      isHurried = true
      while (running) {
        hurry?.()
        await running
      }
      isHurried = false
    },
    stats: (): SinkStats => ({ written, overflowed, failed, waiting: waiting.length }),
  }
}

import type { Event } from '@mcp-vitals/instrument/event'
import type { Fold } from '@mcp-vitals/instrument/stream'
import type { Config } from '../config/index.js'
import {
  createHistory,
  createHistoryBook,
  dayOf,
  type HistoryBook,
  type HistoryKept,
  keptOf,
  rowsOf,
  type Watched,
} from '../history/index.js'
import { redactName } from '../redact/index.js'
import type { Logger } from '../sinks/log/index.js'
import type { Store } from '../store/index.js'

/** What came of the checks of health, kept in the store. */
export interface HistoryService {
  readonly fold: Fold
  readonly book: HistoryBook
  /** Reads what was kept, and what happened since then. Never rejects: what cannot be read is as if it had not been. */
  load(): Promise<void>
  /** Begins, now that it is known what is watched, and before the first check. */
  begin(): void
  /** Takes `monitor.historyDays`. */
  change(config: Config): void
  /** Writes what waits. */
  close(): Promise<void>
}

export interface HistoryNeeds {
  readonly config: Config
  readonly store: Pick<Store, 'read' | 'history'>
  readonly logger: Logger
  /** What is watched now. */
  readonly subjects: () => readonly Watched[]
}

/** How often times are brought up to now and written. Milliseconds. */
const WRITE_EVERY_MS = 60_000
/** Most events of each type that are taken again at a start, and from how far back at most. Milliseconds. */
const MAX_EVENTS = 10_000
const LONGEST_BACK_MS = 3_600_000
/** Events that history is made of, beside the calls. */
const TOLD = ['probe', 'remediation', 'alert'] as const

export function createHistoryService({ config, store, logger, subjects }: HistoryNeeds): HistoryService {
  const history = createHistory(watchedBy(subjects), Date.now)
  let days = config.monitor.historyDays
  let found: { readonly kept: HistoryKept; readonly events: readonly Event[] } | undefined
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()
  let isDue = false
  let edition = 0
  let isFailing = false
  /** The day on which what is too old was removed. */
  let cutOn: number | undefined

  /** Writes what changed, after what is being written. Never rejects. */
  function write(): Promise<void> {
    writing = writing.then(writeNow)
    return writing
  }

  async function writeNow(): Promise<void> {
    const changes = history.changes()
    const today = dayOf(Date.now())
    try {
      await store.history.keep({ ...rowsOf(changes), ...(cutOn !== today && { firstDay: today - days + 1 }) })
      cutOn = today
      isFailing = false
    } catch (error) {
      history.giveBack(changes)
      if (!isFailing) logger.fault('history_not_kept', 'The history of health could not be kept', error)
      isFailing = true
    }
  }

  function settle(): Promise<void> {
    if (timer === undefined) return writing
    history.pass(Date.now())
    return write()
  }

  /** What began or ended is written at once, with what comes in the same moment. */
  function writeSoon(): void {
    edition++
    if (isDue) return
    isDue = true
    setImmediate(() => {
      isDue = false
      void write()
    })
  }

  return {
    book: createHistoryBook({
      ...{ store: store.history, days: () => days, keyOf: redactName },
      ...{ settle, edition: () => edition, now: Date.now },
    }),
    fold: {
      name: 'history',
      fold(event, entrance) {
        // Calls may be told by others; how components are, only this daemon knows.
        if (event.type !== 'request.ended' && entrance !== 'local') return
        history.see(event)
        if (history.hasNews()) writeSoon()
      },
    },
    async load() {
      try {
        const kept = keptOf(await store.history.kept())
        const newest = Math.max(0, ...kept.components.map(({ creditedAt }) => creditedAt))
        const oldest = Math.min(newest, ...kept.components.map(({ probedAt }) => probedAt))
        const since = Math.max(oldest, newest - LONGEST_BACK_MS)
        const pages = await Promise.all(TOLD.map((type) => store.read({ type, since, isOwn: true, limit: MAX_EVENTS })))
        found = { kept, events: pages.flat().sort((one, other) => one.at - other.at) }
      } catch (error) {
        logger.fault('history_not_read', 'The history of health could not be read, and begins anew', error)
      }
    },
    begin() {
      if (found) {
        history.restore(found.kept)
        history.replay(found.events)
        history.rest()
        found = undefined
      }
      timer = setInterval(() => void settle(), WRITE_EVERY_MS)
      timer.unref()
    },
    change({ monitor }) {
      if (monitor.historyDays !== days) cutOn = undefined
      days = monitor.historyDays
    },
    async close() {
      await settle()
      clearInterval(timer)
      await writing
    },
  }
}

/** What is watched, by the names that events have when they come here; made anew where it is another list. */
function watchedBy(subjects: HistoryNeeds['subjects']): () => ReadonlyMap<string, Watched> {
  let list: readonly Watched[] | undefined
  let byName = new Map<string, Watched>()
  return () => {
    const newest = subjects()
    if (newest !== list) byName = new Map(newest.map((one) => [redactName(one.name), one]))
    list = newest
    return byName
  }
}

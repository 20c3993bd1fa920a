import type { Event } from '@mcp-vitals/instrument/event'
import type { Fold } from '@mcp-vitals/instrument/stream'
import { type CallBook, createCallBook, type KeptRow, LEVELS, slotOf } from '../calls/index.js'
import type { Logger } from '../sinks/log/index.js'
import { type CallRow, MAX_LIMIT, type Store } from '../store/index.js'
import type { Observation } from './observe.js'

/** Calls by tool over time, and how many waited. */
export interface CallsService {
  readonly fold: Fold
  readonly book: CallBook
  /** Calls in flight and jobs that waited, at the end of each of the last minutes, the oldest first. */
  queueDepths(): readonly number[]
  /**
   * Reads what was kept, and which sessions of others go on, while calls come. Resolves as soon as it is known which calls
   * ended after the last write of a daemon that was killed: from then on events may be published.
   */
  load(): Promise<void>
  begin(observation: Pick<Observation, 'vitals' | 'plugins'>): void
  /** Writes what waits. */
  close(): Promise<void>
}

const LOOK_EVERY_MS = 60_000
/** Looks between two writes: the calls of so many minutes are counted anew after a kill. */
const LOOKS_A_WRITE = 5
const DEPTHS = 60
/** Sessions of others that are taken for open after a start, and how far back they may have begun. */
const MAX_OPEN = 5000
const LONGEST_BACK_MS = 86_400_000
/** Most events of each type that are counted anew, the newest: a start waits for them to be read. */
const MAX_LOST = 50_000
/** Where nothing was ever written, what is counted anew began at most so long ago. */
const LOST_BACK_MS = 3_600_000

export function createCallsService({
  store,
  logger,
}: {
  readonly store: Pick<Store, 'calls' | 'read'>
  readonly logger: Logger
}): CallsService {
  const book = createCallBook(Date.now)
  const depths: number[] = []
  let timer: NodeJS.Timeout | undefined
  let looks = 0
  let isRead = false
  let writing = Promise.resolve()

  async function read(lost: readonly Event[]): Promise<void> {
    book.remember(await openSessions(store))
    let last: CallRow | undefined
    do {
      const rows = await store.calls.page(last)
      book.restore(rows as readonly KeptRow[])
      last = rows.at(-1)
    } while (last !== undefined)
    // Only now it is known which tools there are.
    book.replay(lost)
    isRead = true
  }

  async function write(isLast: boolean): Promise<void> {
    // A row takes the place of the one before, so that has to be in it.
    if (!isRead) return
    const rows = book.changes(isLast)
    const now = Date.now()
    const firsts = {
      hour: slotOf('hour', now) - LEVELS.hour.kept,
      day: slotOf('day', now) - LEVELS.day.kept,
      usage: slotOf('day', now) - LEVELS.day.kept,
    }
    if (rows.length === 0) return
    try {
      await store.calls.keep({ rows, firsts })
    } catch (error) {
      book.giveBack(rows)
      logger.fault('calls_not_kept', 'Calls by tool could not be kept', error)
    }
  }

  return {
    fold: book.fold,
    book,
    queueDepths: () => depths,
    async load() {
      const lost = lostCalls(store)
      writing = lost
        .then(read)
        .catch((error) =>
          logger.fault(
            'calls_not_read',
            'Calls by tool of before this start could not be read, and none are kept',
            error,
          ),
        )
      await lost.catch(() => {})
    },
    begin({ vitals, plugins }) {
      timer = setInterval(() => {
        book.pass(Date.now())
        const inFlight = vitals.snapshot().servers.reduce((sum, server) => sum + server.inFlight, 0)
        depths.push(inFlight + plugins.snapshot().queues.reduce((sum, { size }) => sum + size, 0))
        if (depths.length > DEPTHS) depths.shift()
        looks++
        if (looks % LOOKS_A_WRITE === 0) writing = writing.then(() => write(false))
      }, LOOK_EVERY_MS)
      timer.unref()
    },
    async close() {
      clearInterval(timer)
      await writing
      await write(true)
    },
  }
}

/** Openings of sessions that go on without us: those that others told of, and no end of. */
async function openSessions(store: Pick<Store, 'read'>) {
  const query = { since: Date.now() - LONGEST_BACK_MS, limit: MAX_OPEN } as const
  const [opened, own, closed] = await Promise.all([
    store.read({ ...query, type: 'session.opened' }),
    store.read({ ...query, type: 'session.opened', isOwn: true }),
    store.read({ ...query, type: 'session.closed' }),
  ])
  const over = new Set([...own, ...closed].map(({ session }) => session))
  return opened.filter(({ session }) => !over.has(session)).reverse()
}

/** The row before the one that says up to when what was kept is whole. */
const BEFORE_TOLD: CallRow = { level: 'told', at: -1, server: '', tool: '', body: '' }

/** Calls and usage that ended after the last write, with the openings that say whose they were, the oldest first. */
async function lostCalls(store: Pick<Store, 'calls' | 'read'>): Promise<readonly Event[]> {
  const until = Date.now()
  const [told] = await store.calls.page(BEFORE_TOLD)
  const isTold = told?.level === 'told'
  if (!isTold && (await store.calls.page()).length > 0) return []
  const since = isTold ? Number(told.body) : until - LOST_BACK_MS
  const of = async (type: 'request.ended' | 'usage') => {
    const found: Event[] = []
    // A page of a thousand at a time comes back; after ten of them the store wants to be asked anew.
    for (let end = until; found.length < MAX_LOST; ) {
      const events = await store.read({ type, since, until: end, limit: MAX_LIMIT })
      found.push(...events)
      const oldest = events.at(-1)?.at
      if (events.length < MAX_LIMIT || oldest === undefined || oldest === end) break
      end = oldest
    }
    return found
  }
  const ended = await of('request.ended')
  const usage = await of('usage')
  if (ended.length + usage.length === 0) return []
  const opened = await store.read({ type: 'session.opened', since: until - LONGEST_BACK_MS, limit: MAX_OPEN })
  return [...opened, ...usage, ...ended].reverse()
}

import type { Fold } from '@mcp-vitals/instrument/stream'
import { type CallBook, createCallBook, type KeptRow, LEVELS, slotOf } from '../calls/index.js'
import type { Logger } from '../sinks/log/index.js'
import type { CallRow, Store } from '../store/index.js'
import type { Observation } from './observe.js'

/** Calls by tool over time, and how many waited. */
export interface CallsService {
  readonly fold: Fold
  readonly book: CallBook
  /** Calls in flight and jobs that waited, at the end of each of the last minutes, the oldest first. */
  queueDepths(): readonly number[]
  /** Reads what was kept, and which sessions of others go on, while calls come. */
  load(): void
  begin(observation: Pick<Observation, 'vitals' | 'plugins'>): void
  /** Writes what waits. */
  close(): Promise<void>
}

const LOOK_EVERY_MS = 60_000
/** Looks between two writes: so many minutes are missing in the tables after a kill. */
const LOOKS_A_WRITE = 5
const DEPTHS = 60
/** Sessions of others that are taken for open after a start, and how far back they may have begun. */
const MAX_OPEN = 5000
const LONGEST_BACK_MS = 86_400_000

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

  async function read(): Promise<void> {
    book.remember(await openSessions(store))
    let last: CallRow | undefined
    do {
      const rows = await store.calls.page(last)
      book.restore(rows as readonly KeptRow[])
      last = rows.at(-1)
    } while (last !== undefined)
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
    load() {
      writing = read().catch((error) =>
        logger.fault(
          'calls_not_read',
          'Calls by tool of before this start could not be read, and none are kept',
          error,
        ),
      )
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

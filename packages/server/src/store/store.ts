import { join } from 'node:path'
import type { Event } from '@mcp-vitals/instrument/event'
import type { Entry } from '@mcp-vitals/instrument/stream'
import { VitalsError, vitalsError } from '../errors/index.js'
import { startThread, type Thread } from '../threads/index.js'
import { moveAside } from './aside.js'
import { backupDatabase } from './backup.js'
import { type Block, cutBlocks, type Numbered } from './blocks.js'
import type { CallRow, CallRows } from './call-slots.js'
import { DATABASE_FILE } from './file.js'
import type { HistoryDay, HistoryRows, HistoryTimes, IncidentPage, IncidentQuery } from './history.js'
import type { StoreOptions } from './options.js'
import type { Calls, DatabaseStats, WorkerData } from './protocol.js'
import { type Cursor, DEFAULT_LIMIT, type EventQuery, MAX_LIMIT } from './query.js'
import type { RuleState, SampleBlock, SampleChanges, SampleSeries } from './samples.js'

/** Most bytes of events (as JSON) that wait for the disk; beyond it whole batches are refused and counted. 64 MiB. */
const QUEUE_LIMIT_BYTES = 64 * 1_048_576
/** Pause before it is tried whether the disk takes a write again. Milliseconds. */
const RETRY_MS = 1000
/** Events that one message brings back: about two milliseconds of reading on the main loop. */
const PAGE_SIZE = 1000

export interface StoreStats {
  /** The database's own figures; absent while its thread is down. */
  readonly database?: DatabaseStats
  /** Bytes of events (as JSON) that wait for the disk. */
  readonly waitingBytes: number
  /** Events refused because too much waited. */
  readonly refusedEvents: number
  /** Events whose write failed. */
  readonly failedEvents: number
  /** How often the database's thread was started again. */
  readonly restarts: number
}

/** Events on disk. Every promise resolves after the commit, which another thread makes. Rejections are registered errors. */
export interface Store {
  /** Saves events; all or none. Rejects with STORE_BUSY (too much waits) or STORE_FAILED (and works again when the disk does). */
  append(entries: readonly Pick<Entry, 'event'>[]): Promise<void>
  /**
   * Saves what is new in a numbered stream, with its high-water mark, in one transaction. `fresh` holds the events whose
   * number lay above the mark, by rising number, each once: to be published. The rest was saved before. Gaps are fine.
   * Rejects like `append`, and with a RangeError for a number that is none of a stream.
   */
  appendStream(
    stream: string,
    batch: readonly Numbered[],
  ): Promise<{ readonly highWater: number; readonly fresh: readonly Event[] }>
  /** The highest number saved of the stream; 0 for one never seen, or idle for 30 days and longer than events are kept. */
  mark(stream: string): Promise<number>
  /** Events by time, newest first. */
  read(query?: EventQuery): Promise<readonly Event[]>
  /** Samples of the metrics, for who keeps series. */
  readonly samples: SampleStore
  /** What came of the checks of health. */
  readonly history: HistoryStore
  /** Calls by tool, rolled up. */
  readonly calls: CallStore
  /** Copies everything saved so far to a new file, mode 0600, while writing goes on. Rejects with BACKUP_FAILED. */
  backup(file: string): Promise<void>
  stats(): Promise<StoreStats>
  /** Whether the last write worked (one is tried each second after one that failed) and the disk keeps what was written, and if not, why. */
  health(): { readonly ok: boolean; readonly reason?: string }
  /** Saves what waits, then closes the file. Idempotent. */
  close(): Promise<void>
}

/** Samples on disk. Every promise resolves after the commit, and rejects with STORE_FAILED. */
export interface SampleStore {
  keep(changes: SampleChanges): Promise<void>
  /** Series with a number above `after`, by rising number; none where there are no more. */
  series(after: number): Promise<readonly SampleSeries[]>
  /** Blocks after the page that ended with `after` (0 at first); none where there are no more. */
  blocks(after: number): Promise<{ readonly blocks: readonly SampleBlock[]; readonly last: number }>
  /** What groups of rules know that is no sample. */
  rules(): Promise<readonly Required<RuleState>[]>
}

/** The history of health on disk. Every promise resolves after the commit, and rejects with STORE_FAILED. */
export interface HistoryStore {
  keep(rows: HistoryRows): Promise<void>
  /** All components, the newest day of each, and the incidents that go on. */
  kept(): Promise<HistoryRows>
  /** Days of these components (of all where absent) from `firstDay` (days since 1970) on, in no order. */
  days(query: { readonly components?: readonly string[]; readonly firstDay: number }): Promise<readonly HistoryDay[]>
  /** The times of each component from `firstDay` on, added up. */
  times(firstDay: number): Promise<readonly HistoryTimes[]>
  incidents(query: IncidentQuery): Promise<IncidentPage>
}

/** Calls by tool on disk. Every promise resolves after the commit, and rejects with STORE_FAILED. */
export interface CallStore {
  keep(changes: CallRows): Promise<void>
  /** Rows after this one, or the first ones; none where there are no more. */
  page(after?: CallRow): Promise<readonly CallRow[]>
}

export interface StoreSetup {
  /** The state directory. Its `events.db` is the store. One store per directory: hold the directory's lock. */
  readonly dir: string
  readonly options: StoreOptions
  /**
   * Told of what went wrong without a caller: a damaged file that was moved aside (STORE_CORRUPT), a thread that ended and
   * is started again, a disk that does not keep what was written, a retention that failed. Must not throw.
   */
  readonly onFault?: (error: VitalsError) => void
}

/**
 * Opens the store, making or migrating its file. A damaged file is moved aside, loudly, and a new one begun.
 * Rejects with STORE_SCHEMA_NEWER or STORE_FAILED.
 */
export async function openStore({ dir, options, onFault = () => {} }: StoreSetup): Promise<Store> {
  const file = join(dir, DATABASE_FILE)
  const thread = await startThread<Calls>({
    program: new URL('../store/worker.js', import.meta.url),
    data: (): WorkerData => ({ file, options }),
    failed: (action, reason) => vitalsError('STORE_FAILED', { file, action, reason }),
    moveAside: (reason) => moveAside(file, reason, new Date()),
    onFault,
  })
  const writes = createWrites(thread, onFault)
  return {
    async append(entries) {
      if (entries.length === 0) return
      const blocks = cutBlocks(
        entries.map(({ event }) => event),
        null,
      )
      await writes.send('append', { blocks, rows: entries.length })
    },
    async appendStream(stream, batch) {
      const sorted = sortBatch(batch)
      const blocks = cutBlocks(
        sorted.map(({ event }) => event),
        sorted.map(({ seq }) => seq),
      )
      const { before, highWater } = await writes.send('appendStream', { stream, blocks, rows: sorted.length })
      return { highWater, fresh: sorted.filter(({ seq }) => seq > before).map(({ event }) => event) }
    },
    mark: (stream) => thread.call('mark', { stream }),
    read: (query = {}) => readPages(thread, query),
    samples: {
      async keep(changes) {
        await thread.call('keepSamples', { changes })
      },
      series: (after) => thread.call('sampleSeries', { after }),
      blocks: (after) => thread.call('sampleBlocks', { after }),
      rules: () => thread.call('ruleStates', {}),
    },
    history: {
      async keep(rows) {
        await thread.call('keepHistory', { rows })
      },
      kept: () => thread.call('historyKept', {}),
      days: (query) => thread.call('historyDays', { query }),
      times: (firstDay) => thread.call('historyTimes', { firstDay }),
      incidents: (query) => thread.call('incidents', { query }),
    },
    calls: {
      async keep(changes) {
        await thread.call('keepCalls', { changes })
      },
      page: (after) => thread.call('callRows', after ? { after } : {}),
    },
    backup: (target) => backupDatabase(dir, target),
    async stats() {
      const database = await thread.call('stats', {}).catch(() => undefined)
      return { ...writes.figures(), restarts: thread.restarts(), ...(database ? { database } : {}) }
    },
    health() {
      const fault = thread.fault() ?? writes.fault()
      return fault ? { ok: false, reason: fault.message } : { ok: true }
    },
    close() {
      writes.close()
      return thread.close()
    },
  }
}

/**
 * The bounded queue towards the thread. After a write that failed it is tried whether the disk takes another, until it does:
 * who waits for a daemon to be ready may send it nothing meanwhile.
 */
function createWrites(thread: Thread<Calls>, onFault: (error: VitalsError) => void) {
  let waitingBytes = 0
  let refusedEvents = 0
  let failedEvents = 0
  let fault: VitalsError | undefined
  let retry: NodeJS.Timeout | undefined
  let isClosed = false

  function tryLater(): void {
    if (isClosed) return
    retry ??= setTimeout(async () => {
      await thread.call('tryWrite', {}).then(
        () => (fault = undefined),
        () => {},
      )
      retry = undefined
      if (fault) tryLater()
    }, RETRY_MS).unref()
  }

  async function send<C extends 'append' | 'appendStream'>(
    call: C,
    request: Calls[C]['request'],
  ): Promise<Calls[C]['reply']> {
    const bytes = request.blocks.reduce((sum: number, { body }: Block) => sum + body.length, 0)
    // One batch always fits, however large: otherwise its sender would offer it for ever.
    if (waitingBytes > 0 && waitingBytes + bytes > QUEUE_LIMIT_BYTES) {
      refusedEvents += request.rows
      throw vitalsError('STORE_BUSY', { waitingBytes, rows: request.rows })
    }
    waitingBytes += bytes
    try {
      const reply = await thread.call(call, request)
      fault = undefined
      return reply
    } catch (error) {
      failedEvents += request.rows
      if (error instanceof VitalsError) {
        // What comes from elsewhere has nobody here who tells of it, as the sink does of its own.
        if (!fault && call === 'appendStream') onFault(error)
        fault = error
        tryLater()
      }
      throw error
    } finally {
      waitingBytes -= bytes
    }
  }

  return {
    send,
    fault: () => fault,
    figures: () => ({ waitingBytes, refusedEvents, failedEvents }),
    close() {
      isClosed = true
      clearTimeout(retry)
    },
  }
}

/** By rising number, each number once (the first of equals), none that is no number of a stream. */
function sortBatch(batch: readonly Numbered[]): Numbered[] {
  const bySeq = new Map<number, Numbered>()
  for (const numbered of batch) {
    const { seq } = numbered
    if (!Number.isSafeInteger(seq) || seq < 1) throw new RangeError(`${seq} is no number of an event in a stream`)
    if (!bySeq.has(seq)) bySeq.set(seq, numbered)
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq)
}

async function readPages(
  thread: Thread<Calls>,
  { limit = DEFAULT_LIMIT, ...query }: EventQuery,
): Promise<readonly Event[]> {
  const wanted = Math.min(Math.max(Math.trunc(limit), 1), MAX_LIMIT)
  const events: Event[] = []
  let cursor: Cursor | undefined
  do {
    const size = Math.min(PAGE_SIZE, wanted - events.length)
    const page = await thread.call('page', { query, size, ...(cursor ? { cursor } : {}) })
    events.push(...(JSON.parse(page.events) as Event[]))
    cursor = page.next
  } while (cursor && events.length < wanted)
  return events
}

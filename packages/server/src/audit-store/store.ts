import type { AuditStore, Draft, StoredRow } from '../audit/index.js'
import { type VitalsError, vitalsError } from '../errors/index.js'
import { startThread, type Thread } from '../threads/index.js'
import { unpackRows } from './packed.js'
import { batchOf, type DraftBatch, packDrafts } from './packed-drafts.js'
import { shownPlace } from './place.js'
import type { AppendTimes, Calls, Place, WorkerData } from './protocol.js'
import { readerOf, startReader } from './reader.js'

/** Most rows that wait for the disk; beyond it `append` refuses. */
export const QUEUE_LIMIT_ROWS = 20_000
/** Most rows of one transaction, where one batch alone has no more. */
const GROUP_ROWS = 2000

export interface AuditStoreStats {
  /** Rows that wait for the disk. */
  readonly waitingRows: number
  /** Rows refused because too many waited. */
  readonly refusedRows: number
  /** Rows whose write failed. Who brought them may bring them again. */
  readonly failedRows: number
  /** Transactions, and rows that they saved. */
  readonly commits: number
  readonly committedRows: number
  /** Rows of the log at the last commit; at the start as it was found. */
  readonly size: number
  /** How often the thread that writes was started again. */
  readonly restarts: number
}

/** A store that says how it is. */
export interface WatchedAuditStore extends AuditStore {
  stats(): AuditStoreStats
  /** Why nothing can be written now, or why the last write failed; undefined while all is well. */
  fault(): VitalsError | undefined
}

export interface AuditStoreSetup {
  readonly place: Place
  /** The log's name. A place that holds another log is refused. */
  readonly log: string
  /**
   * Told of what went wrong without a caller: a tail that was cut off (AUDIT_REPAIRED), a thread that ended and is started
   * again. Must not throw.
   */
  readonly onFault?: (error: VitalsError) => void
}

/** Opens a log, making or migrating its tables. Rejects with AUDIT_FAILED, AUDIT_DAMAGED or STORE_SCHEMA_NEWER. */
export async function openAuditStore({ place, log, onFault = () => {} }: AuditStoreSetup): Promise<WatchedAuditStore> {
  const shown = shownPlace(place)
  const queue = new Queue()
  const common = {
    program: new URL('../audit-store/worker.js', import.meta.url),
    failed: (action: string, reason: string) => vitalsError('AUDIT_FAILED', { store: shown, action, reason }),
    onFault,
  }
  const writer = await startThread<Calls>({
    ...common,
    data: (): WorkerData => ({ place, log, shown, role: 'write', ...queue.doubts() }),
  })
  queue.start(writer, (await writer.call('head', {})).frontier.size)
  let reading: Promise<Thread<Calls>> | undefined
  const reader = () => {
    reading ??= startReader(place, log, onFault)
    reading.catch(() => {
      reading = undefined
    })
    return reading
  }
  return {
    append: (drafts) => queue.append(drafts),
    ...readerOf(reader),
    // Asked for with every checkpoint, and at every start: no thread is started for them.
    head: () => writer.call('head', {}),
    newestCheckpoint: async ({ upToSize = Number.MAX_SAFE_INTEGER } = {}) =>
      (await writer.call('newestCheckpoint', { upToSize })) ?? undefined,
    segments: () => writer.call('segments', {}),
    async saveCheckpoint({ size, note }) {
      await writer.call('saveCheckpoint', { size, note })
    },
    async archive(beforeSeq, dir) {
      const segment = await (await reader()).call('writeArchive', { beforeSeq, dir })
      if (!segment) return undefined
      await writer.call('saveSegment', { segment })
      while ((await writer.call('dropArchived', {})).more);
      return segment
    },
    erase: (refs) => writer.call('erase', { refs }),
    stats: () => ({ ...queue.stats(), restarts: writer.restarts() }),
    fault: () => writer.fault() ?? queue.fault(),
    async close() {
      await queue.idle()
      // The reader first: the last one out moves everything into the database file.
      await reading?.then((thread) => thread.close()).catch(() => {})
      await writer.close()
    },
  }
}

interface Waiting extends DraftBatch {
  readonly resolve: (rows: readonly StoredRow[]) => void
  readonly reject: (error: unknown) => void
}

/**
 * The bounded queue towards the thread that writes. One group is on its way at a time; what comes meanwhile is the next,
 * so that groups grow by themselves where the disk is slow, and nothing is held back where it is not. Where rows take this
 * thread and that one longer than the disk, two groups are on their way: one is made ready while the other is written.
 */
class Queue {
  #thread: Thread<Calls> | undefined
  readonly #waiting: Waiting[] = []
  #waitingRows = 0
  /** Those of them that are not on their way. */
  #unsentRows = 0
  /**
   * What rows took lately: each in this thread, with what their writers did until they brought more; each to be sealed in that
   * one; and a group of them until the disk had it. Milliseconds; 0 where none did.
   */
  #hereMsPerRow = 0
  #sealMsPerRow = 0
  #commitMs = 0
  /** Rows that were answered since it was last looked for more, and since when. */
  #answered = { rows: 0, atMs: 0 }
  #sending: Promise<void> | undefined
  #fault: VitalsError | undefined
  /** Drafts of which nobody knows whether they are in the log, since the thread ended while they were under way. */
  #unsure = new Set<string>()
  #lostThread = false
  readonly #figures = { refusedRows: 0, failedRows: 0, commits: 0, committedRows: 0, size: 0 }

  start(thread: Thread<Calls>, size: number): void {
    this.#thread = thread
    this.#figures.size = size
  }

  /** What the next thread has to know of what this one did. */
  doubts(): Pick<WorkerData, 'afterFault' | 'acknowledged' | 'unsure'> {
    return { afterFault: this.#lostThread, acknowledged: this.#figures.size, unsure: [...this.#unsure] }
  }

  append(drafts: readonly Draft[]): Promise<readonly StoredRow[]> {
    if (drafts.length === 0) return Promise.resolve([])
    // One batch always fits, however large: otherwise its sender would offer it for ever.
    if (this.#waitingRows > 0 && this.#waitingRows + drafts.length > QUEUE_LIMIT_ROWS) {
      this.#figures.refusedRows += drafts.length
      return Promise.reject(vitalsError('AUDIT_BUSY', { waitingRows: this.#waitingRows, rows: drafts.length }))
    }
    let batch: DraftBatch
    try {
      batch = batchOf(drafts)
    } catch (error) {
      this.#figures.failedRows += drafts.length
      return Promise.reject(error)
    }
    this.#waitingRows += drafts.length
    this.#unsentRows += drafts.length
    return new Promise((resolve, reject) => {
      this.#waiting.push({ drafts, texts: batch.texts, resolve, reject })
      this.#sending ??= this.#send()
    })
  }

  async idle(): Promise<void> {
    while (this.#sending) await this.#sending
  }

  stats() {
    return { ...this.#figures, waitingRows: this.#waitingRows }
  }

  fault(): VitalsError | undefined {
    return this.#fault
  }

  async #send(): Promise<void> {
    // Whatever is appended in the same turn goes along.
    await new Promise(setImmediate)
    const underWay = new Set<Promise<void>>()
    for (;;) {
      for (let most = this.#mostRows(underWay.size); most > 0; most = this.#mostRows(underWay.size)) {
        const group = this.#sendGroup(this.#take(most)).finally(() => underWay.delete(group))
        underWay.add(group)
      }
      if (underWay.size === 0) break
      await Promise.race(underWay)
      // Who waited for those rows may bring more at once, which go together.
      await new Promise(setImmediate)
      this.#measureHere()
    }
    this.#sending = undefined
  }

  /** Most rows of a group that may go now, while others are on their way; 0 where none may. */
  #mostRows(groupsUnderWay: number): number {
    const rows = this.#unsentRows
    if (rows === 0 || groupsUnderWay >= 2) return 0
    if (groupsUnderWay === 1) return this.#isBusy(2 * rows) ? GROUP_ROWS : 0
    return this.#isBusy(rows) ? Math.min(GROUP_ROWS, Math.ceil(rows / 2)) : GROUP_ROWS
  }

  /** Whether so many rows take the threads longer than the disk. */
  #isBusy(rows: number): boolean {
    return rows * (this.#hereMsPerRow + this.#sealMsPerRow) > this.#commitMs
  }

  async #sendGroup(group: readonly Waiting[]): Promise<void> {
    const rows = rowsOf(group)
    try {
      const reply = await (this.#thread as Thread<Calls>).call('append', { drafts: packDrafts(group) })
      this.#measure(rows, reply.times)
      this.#settle(group, reply)
    } catch (error) {
      this.#doubt(group, error as VitalsError, rows)
    }
    this.#waitingRows -= rows
  }

  #measure(rows: number, times: AppendTimes | undefined): void {
    if (this.#answered.rows === 0) this.#answered.atMs = performance.now()
    this.#answered.rows += rows
    if (!times) return
    this.#sealMsPerRow = towards(this.#sealMsPerRow, times.sealMs / rows)
    this.#commitMs = towards(this.#commitMs, times.commitMs)
  }

  #measureHere(): void {
    const { rows, atMs } = this.#answered
    if (rows > 0) this.#hereMsPerRow = towards(this.#hereMsPerRow, (performance.now() - atMs) / rows)
    this.#answered = { rows: 0, atMs: 0 }
  }

  #take(most: number): readonly Waiting[] {
    let rows = 0
    let count = 0
    for (const { drafts } of this.#waiting) {
      rows += drafts.length
      if (count > 0 && rows > most) break
      count++
    }
    const group = this.#waiting.splice(0, count)
    this.#unsentRows -= rowsOf(group)
    return group
  }

  #settle(group: readonly Waiting[], { rows, size }: Calls['append']['reply']): void {
    const made = unpackRows(rows)
    let at = 0
    for (const { drafts, resolve } of group) {
      resolve(made.slice(at, at + drafts.length))
      at += drafts.length
    }
    this.#fault = undefined
    this.#lostThread = false
    for (const { drafts } of this.#unsure.size > 0 ? group : []) for (const { id } of drafts) this.#unsure.delete(id)
    this.#figures.commits++
    this.#figures.committedRows += made.length
    this.#figures.size = size
  }

  #doubt(group: readonly Waiting[], error: VitalsError, rows: number): void {
    this.#fault = error
    this.#lostThread = true
    this.#figures.failedRows += rows
    for (const { drafts, reject } of group) {
      for (const { id } of drafts) if (this.#unsure.size < QUEUE_LIMIT_ROWS) this.#unsure.add(id)
      reject(error)
    }
  }
}

/** A figure that follows what is seen, slowly. */
function towards(known: number, seen: number): number {
  return known === 0 ? seen : known + (seen - known) / 8
}

function rowsOf(group: readonly Waiting[]): number {
  return group.reduce((sum, { drafts }) => sum + drafts.length, 0)
}

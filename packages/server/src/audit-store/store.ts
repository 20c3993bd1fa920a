import type { AuditStore, Draft } from '../audit/index.js'
import { type VitalsError, vitalsError } from '../errors/index.js'
import { startThread, type Thread } from '../threads/index.js'
import { batchOf, type DraftBatch, packDrafts } from './packed-drafts.js'
import { shownPlace } from './place.js'
import type { Calls, Part, Place, WorkerData } from './protocol.js'
import { readerOf, startReader } from './reader.js'

/** Most rows that wait for the disk; beyond it `append` refuses. */
export const QUEUE_LIMIT_ROWS = 20_000
/** Most rows of one transaction, where one batch alone has no more. */
const GROUP_ROWS = 2000
/** Rows that are sent on while others are still coming: sealing them goes on beside what makes the next. */
const PART_ROWS = 32

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
  readonly resolve: (seqs: readonly number[]) => void
  readonly reject: (error: unknown) => void
}

/** Batches that are saved together, as far as the thread was told of them. */
interface Group {
  readonly batches: Waiting[]
  rows: number
  parts: number
}

const newGroup = (): Group => ({ batches: [], rows: 0, parts: 0 })

/**
 * The bounded queue towards the thread that writes. One group is committed at a time; what comes meanwhile is the next, so
 * that groups grow by themselves where the disk is slow, and nothing is held back where it is not. A group is sent in
 * parts, so that the thread seals its first rows while this one still takes the last.
 */
class Queue {
  #thread: Thread<Calls> | undefined
  /** Batches that the thread was not told of. */
  readonly #waiting: Waiting[] = []
  /** Rows of these. */
  #untoldRows = 0
  /** Rows that are not on the disk. */
  #waitingRows = 0
  /** What will be committed next. */
  #next = newGroup()
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

  append(drafts: readonly Draft[]): Promise<readonly number[]> {
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
    this.#untoldRows += drafts.length
    return new Promise((resolve, reject) => {
      this.#waiting.push({ drafts, texts: batch.texts, resolve, reject })
      if (this.#untoldRows >= PART_ROWS) this.#tell()
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
    do {
      // Whatever is appended in the same turn, by those among others whose rows were saved just now, goes along.
      await new Promise(setImmediate)
      if (this.#waitingRows > 0) await this.#commit()
    } while (this.#waitingRows > 0)
    this.#sending = undefined
  }

  /** Sends what waits as a part of the next group, as far as there is room in it. */
  #tell(): void {
    const taken = this.#take()
    if (taken.length === 0) return
    const part: Part = { kind: 'part', drafts: packDrafts(taken) }
    this.#next.parts++
    this.#thread?.tell(part)
  }

  async #commit(): Promise<void> {
    const drafts = packDrafts(this.#take())
    const { parts, batches, rows } = this.#next
    this.#next = newGroup()
    try {
      this.#settle(batches, rows, await (this.#thread as Thread<Calls>).call('append', { parts, drafts }))
    } catch (error) {
      this.#doubt(batches, error as VitalsError, rows)
    }
    this.#waitingRows -= rows
  }

  /** Batches that wait, as far as there is room for them in the next group, to which they belong from now on. */
  #take(): readonly Waiting[] {
    let count = 0
    for (const { drafts } of this.#waiting) {
      if (this.#next.rows > 0 && this.#next.rows + drafts.length > GROUP_ROWS) break
      this.#next.rows += drafts.length
      this.#untoldRows -= drafts.length
      count++
    }
    const taken = this.#waiting.splice(0, count)
    this.#next.batches.push(...taken)
    return taken
  }

  #settle(group: readonly Waiting[], rows: number, { seqs, size }: Calls['append']['reply']): void {
    let at = 0
    for (const { drafts, resolve } of group) {
      resolve(seqs.slice(at, at + drafts.length))
      at += drafts.length
    }
    this.#fault = undefined
    this.#lostThread = false
    for (const { drafts } of this.#unsure.size > 0 ? group : []) for (const { id } of drafts) this.#unsure.delete(id)
    this.#figures.commits++
    this.#figures.committedRows += rows
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

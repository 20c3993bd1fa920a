import type {
  ArchivedSegment,
  AuditFilter,
  AuditHead,
  CommitmentRef,
  Hash,
  Opening,
  StoredRow,
} from '../audit/index.js'
import type { PackedDrafts } from './packed-drafts.js'
import type { KeptCheckpoint } from './protocol.js'

/** Most rows that one page of `page` has, and most bytes but for its last row. */
export const PAGE_ROWS = 1000
export const PAGE_BYTES = 1_048_576
/** Of checkpoints of archived rows, the last within so many rows is kept, and those at which archives end. */
export const ARCHIVED_CHECKPOINT_ROWS = 1000
/** Rows that one step of `dropArchived` takes out. */
export const DROP_ROWS = 2000

type Awaitable<T> = T | Promise<T>

/**
 * A log in one kind of database, for the store's threads: a narrow floor below which kinds differ. SQLite answers at
 * once, PostgreSQL later. What throws is fatal: the thread ends, and the next one looks at what is there.
 */
export interface LogDatabase {
  /**
   * Takes drafts into the transaction that the next `commit` ends, in their order. From the first one on nothing else may
   * be asked until then.
   */
  add(drafts: PackedDrafts): Awaitable<void>
  /** Seals and saves all that was added. A draft that a thread before this one did get into the log has its row already. */
  commit(): Awaitable<{
    /** `seq` of the row of each draft, in their order. */
    readonly seqs: readonly number[]
    /** Rows of the log afterwards. */
    readonly size: number
  }>
  /** What may follow a commit, once it was answered. */
  settle(): Awaitable<void>
  /** Rows [from, to) by `seq`, as far as a page goes; an empty page is the end. */
  page(fromSeq: number, toSeq: number): Awaitable<readonly StoredRow[]>
  /** One more than the largest `seq` that lies there, whatever the head says; 0 where no row does. */
  end(): Awaitable<number>
  find(filter: AuditFilter): Awaitable<{ readonly rows: readonly StoredRow[]; readonly next?: number }>
  head(): Awaitable<AuditHead>
  /** Saved nodes of a level above 0. */
  nodes(level: number, from: number, to: number): Awaitable<readonly Hash[]>
  saveCheckpoint(checkpoint: KeptCheckpoint): Awaitable<void>
  newestCheckpoint(upToSize: number): Awaitable<KeptCheckpoint | undefined>
  checkpoints(fromSize: number): Awaitable<readonly KeptCheckpoint[]>
  saveSegment(segment: ArchivedSegment): Awaitable<void>
  /** Removes some rows that lie in segments, and at last most of their checkpoints; false when none is left. */
  dropArchived(): Awaitable<boolean>
  segments(): Awaitable<readonly ArchivedSegment[]>
  openings(seq: number): Awaitable<readonly Opening[]>
  erase(refs: readonly CommitmentRef[]): Awaitable<number>
  close(): Awaitable<void>
  /** Lets go of the database as it is, closed or not: what was not committed is not kept. */
  abandon(): void
}

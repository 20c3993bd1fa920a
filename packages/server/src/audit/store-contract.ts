import type { JsonObject } from './canonical.js'
import type { Commitment, Opening } from './commitment.js'
import type { AuditEventType } from './event-types.js'
import type { Frontier, TreeNode } from './frontier.js'
import type { Hash } from './hashes.js'
import type { TreeSource } from './proofs.js'

/** What shall be recorded, before it has a place in the log. `seal` turns it into a row. */
export interface Draft {
  /** A UUID, lower case. */
  readonly id: string
  /** UTC with milliseconds: `2026-11-21T04:21:55.634Z`. */
  readonly timestamp: string
  readonly eventType: AuditEventType
  /** An agent id, a key's name or `system`. Never a person's datum. At most 128 characters. */
  readonly actor: string
  /** What it was done to: a server, a tool, a key. At most 256 characters, may be empty. */
  readonly target: string
  /** More about it, at most 8 KiB of canonical JSON; numbers are whole. `commitments` is a name of ours. */
  readonly details: JsonObject
  /** Values that the row commits to without holding them; salt and value go to the erasable table. At most 16. */
  readonly commitments?: readonly Commitment[]
  /** Who said so: `daemon`, or `ingest:<name of the key>`. */
  readonly origin: string
}

/** A row as it lies in the store. What verifiers hash are these bytes, never a new serialisation. */
export interface StoredRow {
  /** Its place in the log: 0 for the first, without a gap. Also its index as a leaf of the tree. */
  readonly seq: number
  /** RFC 8785 JSON of the whole row, `row_hash` included, in UTF-8. */
  readonly bytes: Uint8Array
  /** The row's `row_hash`. */
  readonly rowHash: Hash
}

/** Where a log stands: all that is needed to add the next row. */
export interface AuditHead {
  /** The log's name: first line of its checkpoints, name of its keys. */
  readonly log: string
  /** `row_hash` of the last row; of an empty log the hash that its name gives. */
  readonly lastHash: Hash
  /** The tree's right edge; its `size` is the number of rows, and the next row's `seq`. */
  readonly frontier: Frontier
}

/** What `seal` makes of drafts: to be saved in one transaction. */
export interface Sealed {
  /** One row for each draft, in their order. */
  readonly rows: readonly StoredRow[]
  /** Where the log stands after them. */
  readonly head: AuditHead
  /** Subtrees that they completed, at levels 8, 16, 24 …: what proofs need instead of reading every row. */
  readonly nodes: readonly TreeNode[]
}

/** Which rows. All conditions hold together. */
export interface AuditFilter {
  readonly eventTypes?: readonly AuditEventType[]
  readonly actor?: string
  readonly target?: string
  /** Not before, inclusive; a timestamp as rows have it. */
  readonly since?: string
  /** Before, exclusive. */
  readonly until?: string
  /** Text that stands anywhere in the row, case kept. */
  readonly text?: string
  /** Only rows with a smaller `seq`: the page after one that ended with `next`. */
  readonly beforeSeq?: number
  /** Most rows of the page, 1 to 1000. Default: 100. */
  readonly limit?: number
}

export interface AuditPage {
  /** Newest first. */
  readonly rows: readonly StoredRow[]
  /** `beforeSeq` of the next page; absent on the last. */
  readonly next?: number
}

/** Rows that were moved out of the store into files: [first, end.size). Segments touch each other. */
export interface ArchivedSegment {
  readonly first: number
  /** Where the log stood after the segment's last row: what the live rows go on from. */
  readonly end: AuditHead
  /** File of the rows themselves. */
  readonly rowsFile: string
  /** File of their leaf hashes, from which roots are recomputed when the rows are gone. */
  readonly leavesFile: string
}

/** One value that can be opened or erased. */
export interface CommitmentRef {
  readonly seq: number
  readonly field: string
}

/**
 * Tables of a store in SQLite (`audit.db`) that verifiers read by themselves; a store may have more columns and tables.
 * `row_hash`, `last_hash` and the hashes of a frontier (a JSON array) are hexadecimal, `note` is a signed note whole.
 *
 * - row_data: seq INTEGER PRIMARY KEY, bytes BLOB, row_hash TEXT
 * - checkpoints: size INTEGER PRIMARY KEY, note TEXT
 * - segments: first INTEGER PRIMARY KEY, size INTEGER, last_hash TEXT, frontier TEXT (the last two after its last row)
 *
 * Where rows lie. One log, of which the store is the only writer or one of several that take turns. Rejections are
 * registered errors. A store refuses to change or delete a row by itself, other than by `archive`.
 */
export interface AuditStore {
  /** Seals and saves; all or none. Resolves after the commit is durable, with the `seq` of each draft's row. */
  append(drafts: readonly Draft[]): Promise<readonly number[]>
  /** Rows from `fromSeq` up to `toSeq` (exclusive; default: all that are there when reading begins), by `seq`. */
  read(range: { readonly fromSeq: number; readonly toSeq?: number }): AsyncIterable<StoredRow>
  find(filter: AuditFilter): Promise<AuditPage>
  head(): Promise<AuditHead>
  /** Leaves (archived ones too) and saved nodes, for proofs. */
  tree(): TreeSource
  /** Keeps a signed note. A later one of the same size takes the place of the earlier. */
  saveCheckpoint(checkpoint: { readonly size: number; readonly note: string }): Promise<void>
  /** The signed note of the largest size, or of the largest up to `upToSize`; undefined where there is none. */
  newestCheckpoint(range?: {
    readonly upToSize?: number
  }): Promise<{ readonly size: number; readonly note: string } | undefined>
  /** Signed notes by rising size. */
  checkpoints(range?: {
    readonly fromSize?: number
  }): Promise<readonly { readonly size: number; readonly note: string }[]>
  /** Moves rows below `beforeSeq` (lowered to the size of a kept checkpoint) into files in `dir`; undefined when there are none. */
  archive(beforeSeq: number, dir: string): Promise<ArchivedSegment | undefined>
  /** By rising `first`. */
  segments(): Promise<readonly ArchivedSegment[]>
  /** What opens the commitments of a row and was not erased. */
  openings(seq: number): Promise<readonly Opening[]>
  /** Erases salts and values for good; resolves to how many were there. The rows stay as they are. */
  erase(refs: readonly CommitmentRef[]): Promise<number>
  /** Finishes what was asked for, then lets go of the store. Idempotent. */
  close(): Promise<void>
}

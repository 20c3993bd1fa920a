import { vitalsError } from '../errors/index.js'
import { type Checkpoint, openCheckpoint } from './checkpoint.js'
import type { AuditFault } from './faults.js'
import { type FrontierBuilder, growFrontier } from './frontier.js'
import type { Hash } from './hashes.js'
import type { VerifierKey } from './keys.js'
import { readSeam } from './row.js'
import { beginLog } from './seal.js'
import type { AuditHead } from './store-contract.js'

/** Most rows behind the newest checkpoint, by default: ten times as many as one that keeps its time lets come together. */
export const MAX_UNSIGNED_ROWS = 10_000
/** How far back a row that stands twice is told from one that is another. */
const RECENT_ROWS = 1024

/** One thing found where a log lies, in the order in which it lies there. */
export type Evidence =
  /** A row's stored bytes, and what stands beside them in a store. */
  | { readonly bytes: Uint8Array; readonly seq?: number; readonly rowHash?: string }
  /** In place of a row whose bytes are gone, its leaf hash; with the last of a segment, where the chain stood. */
  | { readonly leaf: Hash; readonly seq: number; readonly lastHash?: Hash }

export interface VerifySetup {
  /** The keys that are trusted for the log: one at least, all of one name, which is the log's. */
  readonly keys: readonly VerifierKey[]
  /** Signed notes, kept elsewhere or with the log. All are checked, and each must hold. */
  readonly checkpoints: readonly string[]
  /**
   * Where the rows begin, when they are not the log's first: out of the header of a file, or what an earlier check
   * returned. Nothing in it is trusted: a checkpoint at or behind it shows it to be right.
   */
  readonly start?: AuditHead
  /** Most rows behind the newest checkpoint. Default: 10,000. */
  readonly maxUnsignedRows?: number
}

export type Verdict =
  | {
      readonly ok: true
      /** Where the log stands at its end: from here a later check can go on. */
      readonly head: AuditHead
      /** How many of its rows a checkpoint covers; those behind it could have been rewritten unseen. */
      readonly signedSize: number
      /** When the newest checkpoint was made, by its maker: seconds since 1970-01-01 UTC. */
      readonly signedAtSeconds: number
    }
  | ({ readonly ok: false } & Bad)

/** What is wrong, and where. */
interface Bad {
  /** The first row that is not as it should be. */
  readonly seq: number
  readonly fault: AuditFault
}

/** What is not known of yet but by its place: what still comes decides its word. */
interface Open extends Bad {
  readonly fault: 'missing' | 'rewritten'
}

/** Checks a log row by row, in both its structures, in memory that does not grow with it. */
export class Verification {
  readonly #log: string
  readonly #maxUnsignedRows: number
  readonly #tree: FrontierBuilder
  /** By rising size, from the start on. */
  readonly #checkpoints: readonly Checkpoint[]
  #nextCheckpoint = 0
  /** `row_hash` of the last row, where it is known. */
  #lastHash: Hash | undefined
  /** Rows below it agree with a checkpoint, or are not ours to check. */
  #proven: number
  #provenBy: Checkpoint | undefined
  readonly #recent: (Hash | undefined)[] = new Array(RECENT_ROWS)
  #open: Open | undefined
  #bad: Bad | undefined

  /** @throws VitalsError AUDIT_KEY_INVALID without a key, or with keys of several logs */
  constructor({ keys, checkpoints, start, maxUnsignedRows = MAX_UNSIGNED_ROWS }: VerifySetup) {
    const [first] = keys
    if (!first || keys.some(({ name }) => name !== first.name))
      throw vitalsError('AUDIT_KEY_INVALID', { reason: 'a log is checked with one key at least, all of one name' })
    this.#log = first.name
    const { frontier, lastHash } = start && start.frontier.size > 0 ? start : beginLog(this.#log)
    this.#maxUnsignedRows = maxUnsignedRows
    this.#tree = growFrontier(frontier)
    this.#lastHash = lastHash
    this.#proven = frontier.size
    const { opened, bad } = openAll(checkpoints, this.#log, keys)
    this.#checkpoints = opened
      .filter(({ size }) => size >= frontier.size)
      .sort((a, b) => a.size - b.size || a.timeSeconds - b.timeSeconds)
    this.#bad = bad ?? this.#uncovered() ?? this.#compare()
  }

  /** Takes what comes next. Returns false when nothing that follows can change the verdict. */
  take(evidence: Evidence): boolean {
    this.#bad ??= 'leaf' in evidence ? this.#takeLeaf(evidence) : this.#takeRow(evidence)
    return this.#bad === undefined
  }

  /** The verdict, once nothing more comes. */
  end(): Verdict {
    const bad = this.#bad ?? this.#open ?? this.#lacking()
    if (bad) return { ok: false, ...bad }
    return {
      ok: true,
      head: { log: this.#log, lastHash: this.#lastHash as Hash, frontier: this.#tree.snapshot() },
      signedSize: this.#proven,
      signedAtSeconds: (this.#provenBy as Checkpoint).timeSeconds,
    }
  }

  #takeRow({ bytes, seq, rowHash }: Extract<Evidence, { bytes: Uint8Array }>): Bad | undefined {
    const seam = readSeam(bytes, this.#lastHash)
    if (this.#open?.fault === 'missing') return this.#search(seam?.seq)
    const place = this.#tree.size
    if (!seam) return this.#settle({ seq: place, fault: 'changed' })
    if (seam.seq !== place) return this.#misplaced(seam.seq, seam.rowHash)
    if (!seam.follows) return this.#settle({ seq: Math.max(this.#proven, place - 1), fault: 'changed' })
    if ((seq ?? place) !== place || (rowHash ?? seam.rowHash) !== seam.rowHash)
      return this.#settle({ seq: place, fault: 'changed' })
    return this.#accept(seam.leaf, seam.rowHash)
  }

  #takeLeaf({ leaf, seq, lastHash }: Extract<Evidence, { leaf: Hash }>): Bad | undefined {
    if (this.#open?.fault === 'missing') return this.#search(seq)
    return seq === this.#tree.size ? this.#accept(leaf, lastHash) : this.#misplaced(seq, undefined)
  }

  #accept(leaf: Hash, rowHash: Hash | undefined): Bad | undefined {
    this.#recent[this.#tree.size % RECENT_ROWS] = rowHash
    this.#lastHash = rowHash
    this.#tree.append(leaf)
    return this.#compare()
  }

  /** A sound row stands where another should. */
  #misplaced(seq: number, rowHash: Hash | undefined): Bad | undefined {
    const place = this.#tree.size
    if (seq > place) {
      const missing = { seq: place, fault: 'missing' } as const
      if (this.#open) return this.#settle(missing)
      this.#open = missing
      return undefined
    }
    const known = seq >= Math.max(this.#proven, place - RECENT_ROWS) ? this.#recent[seq % RECENT_ROWS] : undefined
    const twoOfOne = known !== undefined && rowHash !== undefined && known !== rowHash
    return this.#settle(twoOfOne ? { seq, fault: 'forked' } : { seq: place, fault: 'reordered' })
  }

  /** Looks whether the row that is not in its place stands further on. */
  #search(seq: number | undefined): Bad | undefined {
    return seq !== undefined && seq === this.#open?.seq ? { seq, fault: 'reordered' } : undefined
  }

  /** Holds the tree and the chain, as they stand, against the checkpoints of this size. */
  #compare(): Bad | undefined {
    const { size } = this.#tree
    let right: Checkpoint | undefined
    let wrong = false
    for (let next = this.#checkpoints[this.#nextCheckpoint]; next?.size === size; ) {
      if (next.root === this.#tree.root() && (this.#lastHash ?? next.lastHash) === next.lastHash) right = next
      else wrong = true
      next = this.#checkpoints[++this.#nextCheckpoint]
    }
    if (right && (wrong || this.#open)) return { seq: this.#proven, fault: 'forked' }
    if (wrong) this.#open ??= { seq: this.#proven, fault: 'rewritten' }
    if (!right) return undefined
    this.#proven = size
    this.#provenBy = right
    return undefined
  }

  /** What is wrong behind a checkpoint that does not agree says nothing more than that. */
  #settle(bad: Bad): Bad {
    return this.#open ?? bad
  }

  /** Without a checkpoint at the start or behind it there is nothing to hold anything against. */
  #uncovered(): Bad | undefined {
    return this.#checkpoints.length > 0 ? undefined : { seq: this.#proven, fault: 'unsigned' }
  }

  /** What is wrong at the end of a log of which nothing was before. */
  #lacking(): Bad | undefined {
    const { size } = this.#tree
    if ((this.#checkpoints.at(-1) as Checkpoint).size > size) return { seq: size, fault: 'cut' }
    const covered = this.#lastHash !== undefined && size - this.#proven <= this.#maxUnsignedRows
    return covered ? undefined : { seq: this.#proven, fault: 'unsigned' }
  }
}

/** A note that does not hold is a fault at the first row that those before it in the list leave uncovered. */
function openAll(notes: readonly string[], log: string, keys: readonly VerifierKey[]) {
  const opened: Checkpoint[] = []
  let covered = 0
  for (const note of notes) {
    const checkpoint = openCheckpoint(note, log, keys)
    if (typeof checkpoint === 'string') return { opened, bad: { seq: covered, fault: checkpoint } }
    covered = Math.max(covered, checkpoint.size)
    opened.push(checkpoint)
  }
  return { opened }
}

export interface Progress {
  /** Rows looked at so far. */
  readonly rows: number
}

export interface VerifyOptions {
  /** Called every 10,000 rows. */
  readonly onProgress?: (progress: Progress) => void
}

const PROGRESS_ROWS = 10_000

/** Checks a log, or what is there of it, as it lies. Reads no further than it must. Rejects as `found` does. */
export async function verifyLog(
  found: AsyncIterable<Evidence>,
  setup: VerifySetup,
  { onProgress }: VerifyOptions = {},
): Promise<Verdict> {
  const verification = new Verification(setup)
  let rows = 0
  for await (const evidence of found) {
    if (!verification.take(evidence)) break
    if (++rows % PROGRESS_ROWS === 0) onProgress?.({ rows })
  }
  return verification.end()
}

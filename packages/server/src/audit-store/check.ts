import {
  type AuditHead,
  beginLog,
  type Frontier,
  frontierAt,
  frontierRoot,
  growFrontier,
  type Hash,
  readSeam,
  type StoredRow,
  type TreeNode,
} from '../audit/index.js'
import type { LogDatabase } from './database.js'
import { treeOf } from './tree.js'

/** Where a log stops being sound. */
export interface Break {
  /** The first row that is not as it should be: where the sound ones end. */
  readonly seq: number
  readonly reason: string
}

type Position = Omit<AuditHead, 'log'>

/**
 * Looks row by row whether rows follow each other from `start` on, as the chain and the tree have it. Knows no keys:
 * it finds what a disk or a crash did, while `verifyLog` finds what anybody did.
 */
export class RowCheck {
  readonly #tree: ReturnType<typeof growFrontier>
  #lastHash: Hash

  constructor(start: Position) {
    this.#tree = growFrontier(start.frontier)
    this.#lastHash = start.lastHash
  }

  /** Takes the next row; tells what is wrong with it. `onNode` is told of the subtrees that it completes. */
  take({ seq, bytes, rowHash }: StoredRow, onNode?: (node: TreeNode) => void): Break | undefined {
    const place = this.#tree.size
    if (seq !== place) return { seq: place, reason: seq > place ? 'it is not there' : `row ${seq} stands twice` }
    const seam = readSeam(bytes, this.#lastHash)
    if (seam?.seq !== seq || seam.rowHash !== rowHash)
      return { seq, reason: 'its bytes are not those that its hash was made of' }
    if (!seam.follows) return { seq, reason: 'it does not follow the row before it' }
    this.#tree.append(seam.leaf, onNode)
    this.#lastHash = seam.rowHash
    return undefined
  }

  /** Tells whether what was seen is what the store says of its end. */
  end({ frontier, lastHash }: Position): Break | undefined {
    const { size } = this.#tree
    if (frontier.size > size) return { seq: size, reason: `the log had ${frontier.size} rows` }
    if (frontier.size < size) return { seq: frontier.size, reason: `the log ended at ${frontier.size} rows` }
    if (lastHash === this.#lastHash && sameHashes(frontier, this.#tree.snapshot())) return undefined
    return { seq: size, reason: 'the saved end of the log is not that of its rows' }
  }

  /** Where the sound rows end. */
  position(): Position {
    return { lastHash: this.#lastHash, frontier: this.#tree.snapshot() }
  }
}

const sameHashes = (a: Frontier, b: Frontier): boolean => a.hashes.join() === b.hashes.join()

/** Where the rows begin that the store still holds. */
export async function liveStart(database: LogDatabase, log: string): Promise<Position> {
  return (await database.segments()).at(-1)?.end ?? beginLog(log)
}

const NOTE = /^[^\n]+\n(\d{1,15})\n([A-Za-z0-9+/]{43}=)\nlast_hash ([0-9a-f]{64})\n/

/**
 * Looks at the rows behind the newest checkpoint, which is what a start has time for, or at all of them. Returns the first
 * that is not sound, and below which place nothing may be given up, because a checkpoint was signed of it.
 */
export async function checkLog(
  database: LogDatabase,
  log: string,
  { all }: { readonly all: boolean },
): Promise<{ readonly bad?: Break; readonly signed: number }> {
  const first = await liveStart(database, log)
  const newest = await database.newestCheckpoint(Number.MAX_SAFE_INTEGER)
  const signed = newest?.size ?? 0
  // Files of archives may be out of reach: then all rows are looked at that go on from them.
  const signedAt =
    all || signed <= first.frontier.size ? undefined : await checkpointAt(database, signed, newest?.note ?? '')
  const start = signedAt ?? first
  if ('reason' in start) return { bad: start, signed }
  const check = new RowCheck(start)
  for (let at = start.frontier.size; ; ) {
    const page = await database.page(at, Number.MAX_SAFE_INTEGER)
    for (const row of page) {
      const bad = check.take(row)
      if (bad) return { bad, signed }
    }
    if (page.length === 0) break
    at += page.length
  }
  const bad = check.end(await database.head())
  return { signed, ...(bad && { bad }) }
}

/**
 * Where the log stood at a checkpoint, by its rows, which have to be those that it says; undefined where that needs a file
 * of an archive that is not there.
 */
async function checkpointAt(database: LogDatabase, size: number, note: string): Promise<Position | Break | undefined> {
  const [, , root = '', lastHash = ''] = NOTE.exec(note) ?? []
  const [last] = await database.page(size - 1, size)
  const frontier = await frontierAt(treeOf(database), size).catch((error: Error) => error)
  if (frontier instanceof Error && (frontier as NodeJS.ErrnoException).code === 'ENOENT') return undefined
  if (frontier instanceof Error) return { seq: size - 1, reason: frontier.message }
  const isRoot = Buffer.from(frontierRoot(frontier.hashes), 'hex').toString('base64') === root
  if (!isRoot || last?.rowHash !== lastHash)
    return { seq: size - 1, reason: 'the rows up to it are not those of the newest checkpoint' }
  return { lastHash, frontier }
}

/** Ways to tamper with an audit log of which checkpoints were kept, each with what a verifier has to say of it. */
import fc from 'fast-check'
import { rowHash } from '../../packages/server/src/audit/hashes.js'
import { type AuditHead, joinNotes, type StoredRow, signCheckpoint } from '../../packages/server/src/audit/index.js'
import { checkpointsOf, type MadeLog, makeLog, testSigner } from '../fixtures/audit-logs.js'

export const KEEPER = testSigner(1)
export const STRANGER = testSigner(2)

/** A log as its keeper left it, and what was kept of it elsewhere. */
export interface Kept {
  readonly log: MadeLog
  /** Sizes of the checkpoints, rising. The last of them covers what nobody may touch unseen. */
  readonly sizes: readonly number[]
}

/** A log as a verifier finds it. */
export interface Found {
  /** Lines of the file of rows, behind its header. */
  readonly lines: readonly Uint8Array[]
  /** File of checkpoints. */
  readonly checkpoints: string
  readonly expected: readonly [row: number, fault: string]
}

const MAX_ROWS = 24
const logs = Array.from({ length: MAX_ROWS }, (_, n) => makeLog(n + 1))

export const kept: fc.Arbitrary<Kept> = fc.integer({ min: 1, max: MAX_ROWS }).chain((count) =>
  fc.record({
    log: fc.constant(logs[count - 1]!),
    sizes: fc
      .uniqueArray(fc.integer({ min: 1, max: count }), { minLength: 1, maxLength: 4 })
      .map((sizes) => sizes.sort((a, b) => a - b)),
  }),
)

export const linesOf = (rows: readonly StoredRow[]): readonly Uint8Array[] => rows.map(({ bytes }) => bytes)
/** How many rows the checkpoints cover. */
export const covered = ({ sizes }: Kept): number => sizes.at(-1)!
/** The largest checkpoint that does not cover row `seq`: what lies below it is shown to be right. */
export const provenBelow = ({ sizes }: Kept, seq: number): number => sizes.findLast((size) => size <= seq) ?? 0
export const notesOf = ({ log, sizes }: Kept): string => joinNotes(checkpointsOf(log, sizes, [KEEPER]))

/** A way to tamper: picks with the given numbers from 0 up to 1, and says what has to be found. */
type Way = (from: Kept, pick: (below: number) => number) => Found | undefined

const spliced = (lines: readonly Uint8Array[], at: number, remove: number, ...add: readonly Uint8Array[]) =>
  lines.toSpliced(at, remove, ...add)

/** What is found of a row that claims another's place: a checkpoint right behind it sees it first. */
function strangeRow(from: Kept, seq: number, otherwise: readonly [number, string]): readonly [number, string] {
  return from.sizes.includes(seq + 1) ? [provenBelow(from, seq), 'rewritten'] : otherwise
}

/** A row told otherwise, with hashes that fit. */
const retold = (head: AuditHead): StoredRow => makeLog(1, head, 'b').rows[0]!

export const WAYS: Readonly<Record<string, Way>> = {
  'a bit is flipped': (from, pick) => {
    const seq = pick(covered(from))
    const line = Buffer.from(from.log.rows[seq]!.bytes)
    const bit = pick(line.length * 8)
    line[bit >> 3]! ^= 1 << (bit & 7)
    return {
      lines: spliced(linesOf(from.log.rows), seq, 1, line),
      checkpoints: notesOf(from),
      expected: [seq, 'changed'],
    }
  },
  'the end of a line is damaged': (from, pick) => {
    const seq = pick(covered(from))
    const flipped = Buffer.from([0x0a ^ (1 << pick(8))])
    const lines = linesOf(from.log.rows)
    const joined = Buffer.concat([lines[seq]!, flipped, lines[seq + 1] ?? Buffer.alloc(0)])
    return { lines: spliced(lines, seq, 2, joined), checkpoints: notesOf(from), expected: [seq, 'changed'] }
  },
  'rows are deleted': (from, pick) => {
    const seq = pick(covered(from))
    const count = 1 + pick(from.log.rows.length - seq)
    const word = seq + count < from.log.rows.length ? 'missing' : 'cut'
    return { lines: spliced(linesOf(from.log.rows), seq, count), checkpoints: notesOf(from), expected: [seq, word] }
  },
  'rows are swapped': (from, pick) => {
    const lines = [...linesOf(from.log.rows)]
    const [one, other] = [pick(covered(from)), pick(lines.length)].sort((a, b) => a - b) as [number, number]
    if (one === other) return undefined
    ;[lines[one], lines[other]] = [lines[other]!, lines[one]!]
    return { lines, checkpoints: notesOf(from), expected: [one, 'reordered'] }
  },
  'a row is moved': (from, pick) => {
    const lines = linesOf(from.log.rows)
    const [seq, to] = [pick(covered(from)), pick(lines.length)]
    if (seq === to) return undefined
    const moved = spliced(spliced(lines, seq, 1), to, 0, lines[seq]!)
    return { lines: moved, checkpoints: notesOf(from), expected: [Math.min(seq, to), 'reordered'] }
  },
  'a row is replayed': (from, pick) => {
    const lines = linesOf(from.log.rows)
    const [seq, at] = [pick(lines.length), pick(covered(from) + 1)]
    const place = seq === at ? at + 1 : at
    return { lines: spliced(lines, at, 0, lines[seq]!), checkpoints: notesOf(from), expected: [place, 'reordered'] }
  },
  'rows are inserted': (from, pick) => {
    const seq = pick(covered(from))
    const forged = makeLog(1 + pick(3), from.log.heads[seq]!, 'b').rows
    const checkpoint = from.sizes.find((size) => size > seq && size <= seq + forged.length)
    const expected =
      checkpoint === undefined ? ([seq, 'forked'] as const) : ([provenBelow(from, seq), 'rewritten'] as const)
    return { lines: spliced(linesOf(from.log.rows), seq, 0, ...linesOf(forged)), checkpoints: notesOf(from), expected }
  },
  'what is no row is inserted': (from, pick) => {
    const seq = pick(covered(from) + 1)
    const line = Buffer.from(['', '{}', ' ', 'row', '{"actor":"a","version":1}'][pick(5)]!)
    return {
      lines: spliced(linesOf(from.log.rows), seq, 0, line),
      checkpoints: notesOf(from),
      expected: [seq, 'changed'],
    }
  },
  'the end is cut off': (from, pick) => {
    const size = pick(covered(from))
    return { lines: linesOf(from.log.rows).slice(0, size), checkpoints: notesOf(from), expected: [size, 'cut'] }
  },
  'the file ends within a row': (from, pick) => {
    const size = pick(covered(from))
    const lines = linesOf(from.log.rows)
    const torn = lines[size]!.subarray(0, 1 + pick(lines[size]!.length - 1))
    return { lines: [...lines.slice(0, size), torn], checkpoints: notesOf(from), expected: [size, 'changed'] }
  },
  'a row is told otherwise, with a hash that fits': (from, pick) => {
    const seq = pick(covered(from))
    const lines = spliced(linesOf(from.log.rows), seq, 1, retold(from.log.heads[seq]!).bytes)
    return { lines, checkpoints: notesOf(from), expected: strangeRow(from, seq, [seq, 'changed']) }
  },
  'all that follows a row is told otherwise': (from, pick) => {
    const seq = pick(covered(from))
    const forged = makeLog(from.log.rows.length - seq, from.log.heads[seq]!, 'b').rows
    const lines = spliced(linesOf(from.log.rows), seq, forged.length, ...linesOf(forged))
    return { lines, checkpoints: notesOf(from), expected: [provenBelow(from, seq), 'rewritten'] }
  },
  'the keeper signs a second history': (from, pick) => {
    const seq = pick(covered(from))
    const forged = makeLog(covered(from) - seq + pick(4), from.log.heads[seq]!, 'b')
    const size = seq + forged.rows.length
    const checkpoints = joinNotes([notesOf(from), ...checkpointsOf(forged, [size], [KEEPER])])
    const lines = spliced(linesOf(from.log.rows), seq, MAX_ROWS, ...linesOf(forged.rows))
    return { lines, checkpoints, expected: [provenBelow(from, seq), 'forked'] }
  },
  'a stranger signs a history of his own': (from, pick) => {
    const forged = makeLog(from.log.rows.length, undefined, 'b')
    const own = checkpointsOf(forged, from.sizes, [STRANGER])
    const first = pick(2) === 0
    const checkpoints = joinNotes(first ? [...own, notesOf(from)] : [notesOf(from), ...own])
    return { lines: linesOf(forged.rows), checkpoints, expected: [first ? 0 : covered(from), 'foreign key'] }
  },
  'the keeper signs one of the two structures wrongly': (from, pick) => {
    const [one, other] = [covered(from), pick(covered(from))]
    const [right, wrong] = [from.log.heads[one]!, from.log.heads[other]!]
    const lastHash = pick(2) === 0 ? wrong.lastHash : right.lastHash
    const hashes = lastHash === right.lastHash ? wrong.frontier.hashes : right.frontier.hashes
    const note = signCheckpoint({ ...right, lastHash, frontier: { size: one, hashes } }, 0, [KEEPER])
    const before = { ...from, sizes: from.sizes.slice(0, -1) }
    const checkpoints = joinNotes([...checkpointsOf(from.log, before.sizes, [KEEPER]), note])
    return { lines: linesOf(from.log.rows), checkpoints, expected: [provenBelow(before, one), 'rewritten'] }
  },
  'every checkpoint is gone': (from) => ({ lines: linesOf(from.log.rows), checkpoints: '', expected: [0, 'unsigned'] }),
  'a hash is told otherwise and hashed again': (from, pick) => {
    const seq = pick(covered(from))
    const line = Buffer.from(from.log.rows[seq]!.bytes)
    const at = line.lastIndexOf(',"row_hash":"')
    line.write('0'.repeat(64), at - 65, 'latin1')
    line.write(rowHash(line, at, at + 78), at + 13, 'latin1')
    const proven = provenBelow(from, seq)
    const expected = [Math.max(proven, seq - 1), 'changed'] as const
    return { lines: spliced(linesOf(from.log.rows), seq, 1, line), checkpoints: notesOf(from), expected }
  },
}

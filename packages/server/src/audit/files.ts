import { vitalsError } from '../errors/index.js'
import { canonicalize } from './canonical.js'
import { frontierLength } from './frontier.js'
import { HASH_BYTES, type Hash, isHash } from './hashes.js'
import { readLines } from './lines.js'
import { MAX_ROW_BYTES } from './row.js'
import type { AuditHead, StoredRow } from './store-contract.js'
import type { Evidence } from './verification.js'

/** First line of a file of rows, an export or an archive, says so; that of a file of leaf hashes this. */
export const ROWS_FORMAT = 'mcp-vitals/audit-rows/v1'
export const LEAVES_FORMAT = 'mcp-vitals/audit-leaves/v1'

/** Bytes that are gathered before they are handed on. */
const CHUNK_BYTES = 65_536

/** The first line of both files, canonical JSON. */
interface Header {
  readonly format: string
  readonly log: string
  /** `seq` of the first row. */
  readonly first: number
  /** `prev_hash` of the first row. */
  readonly prev_hash: Hash
  /** Frontier of the tree over the rows before it. */
  readonly frontier: readonly Hash[]
  /** In a file of leaf hashes: how many rows the log had after the last of them, and that row's `row_hash`. */
  readonly size?: number
  readonly last_hash?: Hash
}

function headerLine(format: string, { log, lastHash, frontier }: AuditHead, end?: AuditHead): Buffer {
  const header: Header = {
    format,
    log,
    first: frontier.size,
    prev_hash: lastHash,
    frontier: frontier.hashes,
    ...(end && { size: end.frontier.size, last_hash: end.lastHash }),
  }
  return Buffer.from(`${canonicalize(header, { numbers: 'safe-integer', maxDepth: 2 })}\n`)
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** Whether this has the form of a place where a log may stand. That it did stand there a checkpoint alone can tell. */
export function isHead({ log, lastHash, frontier: { size, hashes } }: AuditHead): boolean {
  return (
    typeof log === 'string' &&
    isHash(lastHash) &&
    isCount(size) &&
    Array.isArray(hashes) &&
    hashes.every(isHash) &&
    hashes.length === frontierLength(size)
  )
}

function readHeader(line: Uint8Array | undefined, format: string): Header {
  try {
    const header = JSON.parse(Buffer.from(line ?? []).toString('utf8')) as Header
    const { first, prev_hash, frontier, log } = header
    if (header.format === format && isHead({ log, lastHash: prev_hash, frontier: { size: first, hashes: frontier } }))
      return header
  } catch {
    // It is no JSON, which is said below as well.
  }
  throw vitalsError('AUDIT_FILE_INVALID', { format })
}

const startOf = ({ log, first, prev_hash, frontier }: Header): AuditHead => ({
  log,
  lastHash: prev_hash,
  frontier: { size: first, hashes: frontier },
})

/** What a file holds: where its rows begin, by its own account, and what a verifier looks at. */
export interface FoundFile {
  readonly start: AuditHead
  readonly found: AsyncIterable<Evidence>
}

/** Joins small parts to larger ones. */
async function* gather(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = []
  let sizeBytes = 0
  for await (const part of parts) {
    waiting.push(part)
    sizeBytes += part.length
    if (sizeBytes < CHUNK_BYTES) continue
    yield Buffer.concat(waiting)
    waiting = []
    sizeBytes = 0
  }
  if (sizeBytes > 0) yield Buffer.concat(waiting)
}

/**
 * A file of rows: a header, then each row's stored bytes in a line. What is exported and what is archived are the same.
 *
 * @param start where the log stood before the first of them
 */
export function writeRowsFile(start: AuditHead, rows: AsyncIterable<StoredRow>): AsyncIterable<Uint8Array> {
  async function* parts() {
    yield headerLine(ROWS_FORMAT, start)
    for await (const { bytes } of rows) {
      yield bytes
      yield LINE_END
    }
  }
  return gather(parts())
}

const LINE_END = Buffer.from('\n')

/** Reads a file of rows. Rejects with AUDIT_FILE_INVALID when it has no header; rows are for a verifier to judge. */
export async function readRowsFile(chunks: AsyncIterable<Uint8Array>): Promise<FoundFile> {
  const lines = readLines(chunks, MAX_ROW_BYTES + 1)
  const { value } = await lines.next()
  return { start: startOf(readHeader(value?.bytes, ROWS_FORMAT)), found: lines }
}

/**
 * A file of leaf hashes: a header, then 32 bytes for each row. Roots, and so checkpoints, can be recomputed from it when
 * the rows themselves are gone.
 */
export function writeLeavesFile(
  start: AuditHead,
  leaves: AsyncIterable<Hash>,
  end: AuditHead,
): AsyncIterable<Uint8Array> {
  async function* parts() {
    yield headerLine(LEAVES_FORMAT, start, end)
    for await (const leaf of leaves) yield Buffer.from(leaf, 'hex')
  }
  return gather(parts())
}

/** Reads a file of leaf hashes. Rejects with AUDIT_FILE_INVALID when it has no header, or is not of the size that it says. */
export async function readLeavesFile(chunks: AsyncIterable<Uint8Array>): Promise<FoundFile> {
  const pieces = cut(chunks)
  const { value } = await pieces.next()
  const header = readHeader(value, LEAVES_FORMAT)
  const { first, size, last_hash: lastHash } = header
  if (!isCount(size) || !isHash(lastHash) || size < first)
    throw vitalsError('AUDIT_FILE_INVALID', { format: LEAVES_FORMAT })
  async function* leaves(): AsyncGenerator<Evidence> {
    let seq = first
    for await (const bytes of pieces) {
      const leaf = Buffer.from(bytes).toString('hex')
      if (!isHash(leaf) || seq >= (size as number)) throw vitalsError('AUDIT_FILE_INVALID', { format: LEAVES_FORMAT })
      yield seq + 1 === size ? { leaf, seq, lastHash: lastHash as Hash } : { leaf, seq }
      seq++
    }
  }
  return { start: startOf(header), found: leaves() }
}

/** A first line, then pieces of 32 bytes; the last may be shorter. */
async function* cut(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0)
  let inHeader = true
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk])
    if (inHeader) {
      const end = rest.indexOf('\n')
      if (end === -1 && rest.length <= MAX_ROW_BYTES) continue
      yield rest.subarray(0, end === -1 ? MAX_ROW_BYTES : end)
      rest = rest.subarray(end + 1)
      inHeader = false
    }
    let at = 0
    for (; rest.length - at >= HASH_BYTES; at += HASH_BYTES) yield rest.subarray(at, at + HASH_BYTES)
    rest = rest.subarray(at)
  }
  if (rest.length > 0) yield rest
}

/** Several places one after the other, as archives and the live log. */
export async function* oneAfterTheOther(found: readonly AsyncIterable<Evidence>[]): AsyncGenerator<Evidence> {
  for (const one of found) yield* one
}

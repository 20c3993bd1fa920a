import { createReadStream, existsSync } from 'node:fs'
import {
  type AuditHead,
  type AuditStore,
  type Evidence,
  isHead,
  oneAfterTheOther,
  readLeavesFile,
  readRowsFile,
} from '../audit/index.js'
import { vitalsError } from '../errors/index.js'

/** All of a log that a verifier looks at. */
export interface WholeLog {
  readonly start?: AuditHead
  readonly found: AsyncIterable<Evidence>
  readonly checkpoints: readonly string[]
  /** How many rows there are, where it is known. */
  readonly rows?: number
}

/**
 * The log with its archives, as far as their files are there: of an archive without rows the leaf hashes stand in. Rejects
 * with AUDIT_DAMAGED.
 */
export async function wholeOf(
  reader: Pick<AuditStore, 'segments' | 'head' | 'read' | 'checkpoints'>,
): Promise<WholeLog> {
  const segments = await reader.segments()
  for (const { end } of segments)
    if (!isHead(end))
      throw vitalsError('AUDIT_DAMAGED', {
        store: end.log,
        seq: end.frontier.size,
        reason: 'where its archive ends no log can stand',
      })
  const parts: AsyncIterable<Evidence>[] = []
  let start: AuditHead | undefined
  for (const [n, { rowsFile, leavesFile, end }] of segments.entries()) {
    const part = await openPart(rowsFile, leavesFile)
    if (part) parts.push(part.found)
    if (part && n === 0) start = part.start
    if (part) continue
    parts.length = 0
    start = end
  }
  const head = await reader.head()
  const live = segments.at(-1)?.end.frontier.size ?? 0
  // Where nothing was archived no number is too small: what lies before the first row would be shown by a search.
  parts.push(reader.read({ fromSeq: live > 0 ? live : Number.MIN_SAFE_INTEGER }))
  const checkpoints = (await reader.checkpoints({ fromSize: start?.frontier.size ?? 0 })).map(({ note }) => note)
  return { ...(start && { start }), found: oneAfterTheOther(parts), checkpoints, rows: head.frontier.size }
}

async function openPart(rowsFile: string, leavesFile: string) {
  for (const [file, read] of [
    [rowsFile, readRowsFile],
    [leavesFile, readLeavesFile],
  ] as const)
    if (existsSync(file)) return read(createReadStream(file))
  return undefined
}

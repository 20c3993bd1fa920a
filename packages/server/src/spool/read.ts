import { closeSync, openSync, readSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { decodeHeader, type Header } from './format.js'
import type { Owner } from './owner.js'

const HEADER_BYTES = 2048

/** One line of a spool as it was found: `event` is not checked. */
export interface SpooledEvent {
  readonly seq: number
  readonly event: unknown
  /** What lay beside it. */
  readonly values?: unknown
}

/** Who writes this file; nothing when its header cannot be read. */
export function readOwner(path: string): Owner | undefined {
  return readHeader(path)?.owner
}

/** The header alone. */
export function readHeader(path: string): Header | undefined {
  try {
    const fd = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(HEADER_BYTES)
      const text = bytes.toString('utf8', 0, readSync(fd, bytes, 0, HEADER_BYTES, 0))
      const end = text.indexOf('\n')
      return end < 0 ? undefined : decodeHeader(text.slice(0, end))
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

/**
 * The lines of a segment whose writer is gone, in rising order, `batchEvents` at a time. What cannot be read (a torn last
 * line) and what stands twice (a write that failed and was repeated) is passed over.
 */
export async function* readSegment(path: string, batchEvents: number): AsyncGenerator<readonly SpooledEvent[]> {
  const bytes = await readFile(path)
  let batch: SpooledEvent[] = []
  let last = 0
  let start = bytes.indexOf(10) + 1
  for (let end = bytes.indexOf(10, start); start > 0 && end >= 0; end = bytes.indexOf(10, start)) {
    const found = parse(bytes.toString('utf8', start, end))
    start = end + 1
    if (!found || !(found.seq > last)) continue
    last = found.seq
    batch.push(found)
    if (batch.length < batchEvents) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function parse(line: string): SpooledEvent | undefined {
  try {
    const value = JSON.parse(line) as SpooledEvent
    return Number.isSafeInteger(value.seq) ? { seq: value.seq, event: value.event, values: value.values } : undefined
  } catch {
    return undefined
  }
}

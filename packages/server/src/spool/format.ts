import type { Sender } from '@mcp-vitals/instrument/ship'
import type { Owner } from './owner.js'

/** Version of the file format; a reader leaves files of another version alone. */
const FORMAT = 1
/** Ids that may name a file: what `POST /v1/events` takes as a stream. */
const FILE_NAME = /^([A-Za-z0-9_-]{1,64})\.(\d{6,})\.jsonl$/

/** The first line of each segment. */
export interface Header {
  readonly stream: string
  readonly sender: Sender
  readonly owner: Owner
  /** Events of the stream that its spool had dropped when the segment began. */
  readonly dropped: number
}

/** Name of a stream's segment: names sort in the order of writing. */
export function segmentName(stream: string, index: number): string {
  return `${stream}.${String(index).padStart(6, '0')}.jsonl`
}

/** The stream that a file of the spool directory belongs to, or nothing for a foreign file. */
export function streamOf(fileName: string): string | undefined {
  return FILE_NAME.exec(fileName)?.[1]
}

export function encodeHeader(header: Header): string {
  return `${JSON.stringify({ spool: FORMAT, ...header })}\n`
}

/** Reads a first line; nothing where it is torn or foreign. */
export function decodeHeader(line: string): Header | undefined {
  try {
    const value = JSON.parse(line) as Partial<Header> & { spool?: unknown }
    const whole =
      value.spool === FORMAT &&
      typeof value.stream === 'string' &&
      typeof value.sender?.name === 'string' &&
      Number.isSafeInteger(value.owner?.pid)
    return whole ? ({ dropped: 0, ...value } as Header) : undefined
  } catch {
    return undefined
  }
}

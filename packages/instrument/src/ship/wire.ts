import { type Lines, NEWLINE, roomFor } from './lines.js'

/** Who sends a stream, as it says itself. */
export interface Sender {
  /** What sends: `wrap`, `library`, or a word of its own. At most 64 characters. */
  readonly kind: string
  /** Name of what is observed; names the entrance (`ingest:<name>`). At most 128 characters. */
  readonly name: string
  /** Version of the sender's program. At most 64 characters. */
  readonly version: string
}

/** What one post carries. No lines: a heartbeat, which says that the sender lives. */
export interface Batch {
  readonly stream: string
  readonly sender: Sender
  /** Events of this stream that were dropped, in all, since its first: a repeated batch counts nothing twice. */
  readonly dropped: number
  readonly lines: Lines
}

const COMMA = 0x2c
const encoder = new TextEncoder()
const END = encoder.encode(']}')

/** Makes bodies in one buffer, which is used again: memory that is asked for anew for each costs more than the copy. */
export class BatchEncoder {
  #room = new Uint8Array(0)

  /** The JSON body of a batch, UTF-8, as `POST /v1/events` takes it (docs/reference/ingest.md), until the next is asked for. */
  encode({ stream, sender, dropped, lines }: Batch): Uint8Array {
    const head = encoder.encode(`${JSON.stringify({ stream, sender, dropped }).slice(0, -1)},"events":[`)
    // The last line's break has no successor to part it from.
    const listed = lines.bytes.subarray(0, -1)
    const sizeBytes = head.length + listed.length + END.length
    if (sizeBytes > this.#room.length) this.#room = new Uint8Array(roomFor(sizeBytes))
    const body = this.#room.subarray(0, sizeBytes)
    body.set(head)
    body.set(listed, head.length)
    body.set(END, head.length + listed.length)
    for (let at = body.indexOf(NEWLINE); at >= 0; at = body.indexOf(NEWLINE, at)) body[at] = COMMA
    return body
  }
}

/** Who sends a stream, as it says itself. */
export interface Sender {
  /** What sends: `wrap`, `library`, or a word of its own. At most 64 characters. */
  readonly kind: string
  /** Name of what is observed; names the entrance (`ingest:<name>`). At most 128 characters. */
  readonly name: string
  /** Version of the sender's program. At most 64 characters. */
  readonly version: string
}

/** One numbered event, as text: `json` is the event's JSON, without a line break. */
export interface Line {
  /** 1, 2, 3 … within the stream, given once and never again. */
  readonly seq: number
  readonly json: string
}

/** What one post carries. No lines: a heartbeat, which says that the sender lives. */
export interface Batch {
  readonly stream: string
  readonly sender: Sender
  /** Events of this stream that were dropped, in all, since its first: a repeated batch counts nothing twice. */
  readonly dropped: number
  readonly lines: readonly Line[]
}

/** How a line stands in a batch and in a spool. */
export function encodeLine({ seq, json }: Line): string {
  return `{"seq":${seq},"event":${json}}`
}

/** The JSON body of a batch, as `POST /v1/events` takes it (docs/reference/ingest.md). */
export function encodeBatch({ stream, sender, dropped, lines }: Batch): string {
  const head = JSON.stringify({ stream, sender, dropped })
  return `${head.slice(0, -1)},"events":[${lines.map(encodeLine).join(',')}]}`
}

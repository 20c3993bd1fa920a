import { createHash, timingSafeEqual } from 'node:crypto'
import type { Event } from '@mcp-vitals/instrument/event'
import type { Publish, Source } from '@mcp-vitals/instrument/stream'
import { checkEvents, type IncomingBatch, type Rejected, readBatch } from './batch.js'
import { readBody } from './body.js'
import type { IngestOptions } from './options.js'
import { Streams } from './streams.js'

/** How often silent streams are looked for. Milliseconds. */
const SWEEP_MS = 5_000
/** When a sender that was turned away shall come again. Seconds. */
const RETRY_AFTER_SECONDS = 1

/** What the ingest needs of the store: it commits events together with their stream's mark. */
export interface IngestStore {
  /** Keeps, in one transaction, the events above the stream's mark, and raises the mark. `fresh`: those that were new. */
  appendStream(
    stream: string,
    batch: readonly { readonly seq: number; readonly event: Event }[],
  ): Promise<{ readonly highWater: number; readonly fresh: readonly Event[] }>
  /** Highest number kept of the stream; 0 for one never heard of. */
  mark(stream: string): Promise<number>
}

export interface IngestDependencies {
  readonly publish: Publish
  readonly store: IngestStore
  /** What senders show as `Authorization: Bearer …`. */
  readonly token: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic, milliseconds. */
  readonly clock: () => number
  readonly options: IngestOptions
}

/** The answer to a batch that was taken. */
export interface Taken {
  /** Every event up to this number needs no sending any more. */
  readonly highWater: number
  /** Events of this batch that were new. */
  readonly accepted: number
  readonly rejected: readonly Rejected[]
}

export interface IngestStats {
  /** Streams heard of lately. */
  readonly streams: number
  readonly accepted: number
  readonly rejected: number
  /** Events that senders, or their spools, say they dropped. */
  readonly dropped: number
}

export interface Ingest extends Source {
  /** Answers one `POST /v1/events`. Never rejects. */
  handle(request: Request): Promise<Response>
  /** Takes a batch that did not come by HTTP, such as one out of a spool. Rejects when the store does. */
  take(batch: IncomingBatch): Promise<Taken>
  stats(): IngestStats
}

/** Takes numbered streams of events from other processes: first into the store, then to the stream, then the answer. */
export function createIngest(dependencies: IngestDependencies): Ingest {
  return new HttpIngest(dependencies)
}

class HttpIngest implements Ingest {
  readonly name = 'ingest'
  readonly #dependencies: IngestDependencies
  readonly #tokenHash: Buffer
  readonly #streams: Streams
  #timer: NodeJS.Timeout | undefined
  #reading = 0
  #accepted = 0
  #rejected = 0

  constructor(dependencies: IngestDependencies) {
    const { publish, token, options, now, clock } = dependencies
    this.#dependencies = dependencies
    this.#tokenHash = sha256(token)
    this.#streams = new Streams({
      maxStreams: options.maxStreams,
      silentAfterMs: options.silentAfterMs,
      now,
      clock,
      // Made here, not sent by anybody: for the stream they are local.
      onLost: (events) => {
        for (const event of events) publish(event, 'local')
      },
    })
  }

  async start(): Promise<void> {
    this.#timer ??= setInterval(() => this.#streams.sweep(), SWEEP_MS).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
  }

  stats(): IngestStats {
    const { size, dropped } = this.#streams
    return { streams: size, accepted: this.#accepted, rejected: this.#rejected, dropped }
  }

  async handle(request: Request): Promise<Response> {
    const refusal = this.#refuse(request)
    if (refusal) return refusal
    this.#reading++
    try {
      return await this.#answer(request)
    } catch {
      return answer(503, { error: { field: '', reason: 'the event store is not available' } }, retryLater())
    } finally {
      this.#reading--
    }
  }

  take(batch: IncomingBatch): Promise<Taken> {
    return this.#take(batch, false)
  }

  #refuse(request: Request): Response | undefined {
    if (request.method !== 'POST') return problem(405, '', 'only POST is answered here', { allow: 'POST' })
    if (!this.#isAuthorized(request.headers.get('authorization')))
      return problem(401, 'authorization', 'must be "Bearer" and the ingest token', { 'www-authenticate': 'Bearer' })
    const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
    if (type !== 'application/json') return problem(415, 'content-type', 'must be application/json')
    if (this.#reading >= this.#dependencies.options.maxConcurrent)
      return problem(503, '', 'too many posts at the same time', retryLater())
    return undefined
  }

  #isAuthorized(header: string | null): boolean {
    const [, given] = /^Bearer +(\S+)$/i.exec(header ?? '') ?? []
    return given !== undefined && timingSafeEqual(sha256(given), this.#tokenHash)
  }

  async #answer(request: Request): Promise<Response> {
    const { maxBodyBytes, bodyTimeoutMs } = this.#dependencies.options
    const body = await readBody(request, maxBodyBytes, bodyTimeoutMs)
    if ('problem' in body) return problem(body.problem.status, '', body.problem.reason)
    const read = readBatch(body.text)
    if ('problem' in read) return answer(400, { error: read.problem })
    return answer(200, await this.#take(read.batch, true))
  }

  async #take({ stream, sender, dropped, events }: IncomingBatch, live: boolean): Promise<Taken> {
    const { store, publish, now } = this.#dependencies
    const { good, rejected } = checkEvents(events, now())
    const { highWater, fresh } =
      good.length > 0 ? await store.appendStream(stream, good) : { highWater: await store.mark(stream), fresh: [] }
    this.#streams.heard(stream, dropped, fresh, live)
    for (const event of fresh) publish(event, `ingest:${sender.name}`)
    this.#accepted += fresh.length
    this.#rejected += rejected.length
    // A rejected event is done with as well: it will not be better the next time.
    return { highWater: Math.max(highWater, rejected.at(-1)?.seq ?? 0), accepted: fresh.length, rejected }
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function retryLater(): Record<string, string> {
  return { 'retry-after': String(RETRY_AFTER_SECONDS) }
}

function problem(status: number, field: string, reason: string, headers?: Record<string, string>): Response {
  return answer(status, { error: { field, reason } }, headers)
}

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store', ...headers } })
}

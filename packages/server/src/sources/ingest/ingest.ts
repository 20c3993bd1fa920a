import { createHash, timingSafeEqual } from 'node:crypto'
import type { Event, EventOf } from '@mcp-vitals/instrument/event'
import type { Publish, Source } from '@mcp-vitals/instrument/stream'
import {
  checkEvents,
  completed,
  type IncomingBatch,
  type IncomingPost,
  type Mask,
  type Rejected,
  type RejectReason,
  readBatch,
} from './batch.js'
import { readBody } from './body.js'
import { Limiter } from './limiter.js'
import type { IngestOptions } from './options.js'
import { Streams } from './streams.js'
import { type RefusalReason, Tally } from './tally.js'

/** How often silent streams are looked for. Milliseconds. */
const SWEEP_MS = 5_000
/** When a sender that was turned away shall come again. Seconds. */
const RETRY_AFTER_SECONDS = 1

/** What the ingest needs of the store: it commits events, those of a stream together with the stream's mark. */
export interface IngestStore {
  /** Keeps events that have no stream; all or none. */
  append(entries: readonly { readonly event: Event }[]): Promise<void>
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
  readonly mask: Mask
  /** The same for the id of a stream, which the store keeps too. */
  readonly cleanId: (id: string) => string
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
  /** Events taken. */
  readonly accepted: number
  /** Events not taken, for their own fault. */
  readonly rejected: Readonly<Record<RejectReason, number>>
  /** Posts of which nothing was taken. */
  readonly refused: Readonly<Record<RefusalReason, number>>
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

/** Takes events from other processes, numbered or not: first into the store, then to the stream, then the answer. */
export function createIngest(dependencies: IngestDependencies): Ingest {
  return new HttpIngest(dependencies)
}

class HttpIngest implements Ingest {
  readonly name = 'ingest'
  readonly #dependencies: IngestDependencies
  readonly #tokenHash: Buffer
  readonly #streams: Streams
  #timer: NodeJS.Timeout | undefined
  readonly #limiter: Limiter
  readonly #tally = new Tally()
  #reading = 0

  constructor(dependencies: IngestDependencies) {
    const { publish, token, options, now, clock } = dependencies
    this.#dependencies = dependencies
    this.#tokenHash = sha256(token)
    this.#limiter = new Limiter({ ...options, clock })
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
    const { accepted, rejected, refused } = this.#tally
    const { size, dropped } = this.#streams
    return { streams: size, accepted, rejected: { ...rejected }, refused: { ...refused }, dropped }
  }

  async handle(request: Request): Promise<Response> {
    const refusal = this.#refuse(request)
    if (refusal) return refusal
    this.#reading++
    try {
      return await this.#answer(request)
    } catch {
      return this.#problem('store', 503, '', 'the event store is not available', retryAfter(RETRY_AFTER_SECONDS))
    } finally {
      this.#reading--
    }
  }

  take(batch: IncomingBatch): Promise<Taken> {
    return this.#takeNumbered(batch, false)
  }

  #refuse(request: Request): Response | undefined {
    if (request.method !== 'POST')
      return this.#problem('method', 405, '', 'only POST is answered here', { allow: 'POST' })
    if (!this.#isAuthorized(request.headers.get('authorization'))) {
      const reason = 'must be "Bearer" and the ingest token'
      return this.#problem('unauthorized', 401, 'authorization', reason, { 'www-authenticate': 'Bearer' })
    }
    const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
    if (type !== 'application/json') return this.#problem('media_type', 415, 'content-type', 'must be application/json')
    if (this.#reading >= this.#dependencies.options.maxConcurrent)
      return this.#problem('busy', 503, '', 'too many posts at the same time', retryAfter(RETRY_AFTER_SECONDS))
    return undefined
  }

  #isAuthorized(header: string | null): boolean {
    const [, given] = /^Bearer +(\S+)$/i.exec(header ?? '') ?? []
    return given !== undefined && timingSafeEqual(sha256(given), this.#tokenHash)
  }

  async #answer(request: Request): Promise<Response> {
    const { maxBodyBytes, bodyTimeoutMs, maxEvents } = this.#dependencies.options
    const body = await readBody(request, maxBodyBytes, bodyTimeoutMs)
    if ('problem' in body) return this.#problem(body.problem.word, body.problem.status, '', body.problem.reason)
    const read = readBatch(body.text)
    if ('problem' in read) return this.#problem('frame', 400, read.problem.field, read.problem.reason)
    const { batch } = read
    if (batch.events.length > maxEvents)
      return this.#problem('too_many_events', 413, 'events', `must be at most ${maxEvents} events`)
    const excess = this.#limiter.admit(batch.sender.name, batch.events.length)
    if (excess) {
      const reason = `has sent too many ${excess.limit.replaceAll('_', ' ')}`
      return this.#problem(excess.limit, 429, 'sender.name', reason, retryAfter(excess.retryAfterSeconds))
    }
    return answer(200, await ('stream' in batch ? this.#takeNumbered(batch, true) : this.#takeSimple(batch)))
  }

  async #takeNumbered({ stream: told, sender, dropped, events }: IncomingBatch, live: boolean): Promise<Taken> {
    const { store, mask, cleanId, now } = this.#dependencies
    const stream = cleanId(told)
    const { good, starts, rejected, reasons } = checkEvents(events, now(), mask)
    const { highWater, fresh } =
      good.length > 0 ? await store.appendStream(stream, good) : { highWater: await store.mark(stream), fresh: [] }
    this.#streams.heard(stream, dropped, fresh, live)
    this.#publish(fresh, starts, sender.name)
    this.#tally.took(fresh.length, reasons)
    // A rejected event is done with as well: it will not be better the next time.
    return { highWater: Math.max(highWater, rejected.at(-1)?.seq ?? 0), accepted: fresh.length, rejected }
  }

  async #takeSimple({ sender, events }: IncomingPost): Promise<Omit<Taken, 'highWater'>> {
    const { store, mask, now } = this.#dependencies
    const at = now()
    const { good, starts, rejected, reasons } = checkEvents(completed(events, at), at, mask)
    if (good.length > 0) await store.append(good)
    this.#publish(
      good.map(({ event }) => event),
      starts,
      sender.name,
    )
    this.#tally.took(good.length, reasons)
    return { accepted: good.length, rejected }
  }

  #publish(events: readonly Event[], starts: ReadonlyMap<Event, EventOf<'request.started'>>, sender: string): void {
    const { publish, cleanId } = this.#dependencies
    // The audit log keeps who said it, and a sender may call itself anything.
    const entrance = `ingest:${cleanId(sender)}` as const
    for (const event of events) {
      const started = starts.get(event)
      if (started) publish(started, entrance)
      publish(event, entrance)
    }
  }

  #problem(
    word: RefusalReason,
    status: number,
    field: string,
    reason: string,
    headers?: Record<string, string>,
  ): Response {
    this.#tally.refused[word]++
    return answer(status, { error: { field, reason } }, headers)
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function retryAfter(seconds: number): Record<string, string> {
  return { 'retry-after': String(seconds) }
}

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store', ...headers } })
}

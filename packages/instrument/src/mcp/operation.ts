import { completed, type Draft, EVENT_VERSION, type Event, type EventOf, type Origin } from '../event/index.js'
import type { CallReading } from './call-reading.js'
import type { TokenKey } from './paths.js'
import type { Recent } from './recent.js'
import { type Outcome, statusOf } from './status.js'

export type Direction = EventOf<'notification'>['direction']

/** Told of tool calls that are open, between those who read messages and those who record by hand. */
export interface CallRegister {
  begin(call: Operation): void
  /** Nothing where it ended already. */
  end(call: Operation): void
}

/** In whose name, where and by which clocks events are made. */
export interface Voice {
  readonly origin: Origin
  readonly publish: (event: Event) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** `recent`: holds the newest of what calls make. */
  readonly server: { readonly recent: Recent }
  readonly calls?: CallRegister | undefined
}

/** What is known of a request when it passes. */
export interface Asked {
  readonly direction: Direction
  readonly method: string
  readonly name: string | undefined
  readonly requestBytes: number
}

/** How an operation ended, beyond its outcome. */
export interface EndDetails {
  readonly errorCode?: string | undefined
  /** In place of the status that the outcome has by itself: an HTTP status where no JSON-RPC answer came. */
  readonly status?: number | undefined
  /** The name is none that the server lists. */
  readonly unknownName?: boolean
  /** What is read off its result comes in a message of its own: a second `end` says when. */
  readonly resultFollows?: boolean
}

const NO_DETAILS: EndDetails = {}

/** One operation: a request and its answer, over all rounds of input and the task that it may become. */
export class Operation implements Asked {
  readonly direction: Direction
  readonly method: string
  readonly name: string | undefined
  /** The conversation that it is part of now. */
  owner: object
  /** Of its open request: by which key its answer is known, and when it came, monotonic milliseconds. */
  key: TokenKey = ''
  askedAt = 0
  /** Task that the request is about (`tasks/*`). */
  aboutTask: string | undefined
  /** The request asked to be run as a task. */
  askedForTask = false
  /** It runs as a task. */
  task = false
  /** The request asked for a list from its beginning. */
  firstPage = true
  progress = 0
  requestBytes = 0
  responseBytes = 0
  /** The operation that waits for this one: it was asked in the middle of it. */
  asker: Operation | undefined
  /** What is read off it for events of its own. */
  reading: CallReading | undefined
  /** The program tells of this call by hand too, and of what class its error is. */
  claimed = false
  errorType: string | undefined
  /** The trace that it is part of, where its caller sent one. */
  traceId: string | undefined
  /** Its neighbours in the register of open calls. */
  older: Operation | undefined
  newer: Operation | undefined
  #id = ''
  readonly #voice: Voice
  readonly #startedAt: number
  #rounds = 1
  #waitMs = 0
  /** What it waits for at the moment, and since when. */
  #waits = 0
  #waitingSince = 0
  #ended: EventOf<'request.ended'> | undefined
  #release: (() => void) | undefined
  /** The caller's span in the trace. */
  #parentSpanId: string | undefined

  constructor(voice: Voice, owner: object, direction: Direction, method: string, name: string | undefined) {
    this.#voice = voice
    this.#startedAt = voice.clock()
    this.owner = owner
    this.direction = direction
    this.method = method
    this.name = name
  }

  /** Publishes `request.started`. `id`: unique within the stream. `traceId`, `parentSpanId`: where the caller sent them. */
  begin(id: string, traceId: string | undefined, parentSpanId?: string): void {
    this.#id = id
    this.traceId = traceId
    this.#parentSpanId = parentSpanId
    const { origin, now, publish, server } = this.#voice
    const started: Draft<'request.started'> = {
      v: EVENT_VERSION,
      type: 'request.started',
      at: now(),
      server: origin.server,
      direction: this.direction,
      method: this.method,
      operation: id,
    }
    if (this.name !== undefined) started.name = this.name
    publish(server.recent.started.hold(completed(started, origin, traceId)))
    if (this.isToolCall) this.#voice.calls?.begin(this)
  }

  /** The server asked for input: its clock stops. */
  wait(): void {
    if (this.#waits++ === 0) this.#waitingSince = this.#voice.clock()
  }

  /** The input came. */
  goOn(): void {
    if (this.#waits > 0 && --this.#waits === 0) this.#waitMs += Math.max(0, this.#voice.clock() - this.#waitingSince)
  }

  /** The input came, in another request. */
  resume(owner: object, requestBytes: number): void {
    this.goOn()
    this.#rounds++
    this.claimed = false
    this.owner = owner
    this.requestBytes += requestBytes
  }

  /** What to do when it ends; in place of what was said before, which is done now. */
  onEnd(release: (() => void) | undefined): void {
    this.#release?.()
    this.#release = release
  }

  /** Publishes `request.ended`, the first time, and then what is read off the call, once. */
  end(outcome: Outcome, details = NO_DETAILS): void {
    if (!this.#ended) {
      if (this.#release) this.onEnd(undefined)
      while (this.#waits > 0) this.goOn()
      this.asker?.goOn()
      if (this.isToolCall) this.#voice.calls?.end(this)
      this.#ended = this.#voice.server.recent.ended.hold(this.#ending(outcome, details))
      this.#voice.publish(this.#ended)
      if (details.resultFollows) return
    }
    const { reading } = this
    if (!reading) return
    this.reading = undefined
    for (const fact of reading.derive(this.#ended)) this.#voice.publish(fact)
  }

  #ending(outcome: Outcome, { errorCode, status, unknownName }: EndDetails): EventOf<'request.ended'> {
    const { clock, now, origin } = this.#voice
    const ending: Draft<'request.ended'> = {
      v: EVENT_VERSION,
      type: 'request.ended',
      at: now(),
      server: origin.server,
      direction: this.direction,
      method: this.method,
      operation: this.#id,
      outcome,
      status: status ?? statusOf(outcome, errorCode, unknownName),
      durationMs: toMicros(Math.max(0, clock() - this.#startedAt - this.#waitMs)),
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
    }
    if (this.name !== undefined) ending.name = this.name
    if (this.errorType !== undefined && outcome !== 'ok') ending.errorType = this.errorType
    if (errorCode !== undefined) ending.errorCode = errorCode
    if (this.#waitMs > 0) ending.waitMs = toMicros(this.#waitMs)
    if (this.#parentSpanId) ending.parentSpanId = this.#parentSpanId
    if (this.#rounds > 1) ending.rounds = this.#rounds
    if (this.task) ending.task = true
    if (this.progress > 0) ending.progress = this.progress
    return completed(ending, origin, this.traceId)
  }

  get isToolCall(): boolean {
    return this.direction === 'client_to_server' && this.method === 'tools/call'
  }
}

/** Milliseconds to the microsecond: what a clock tells beyond it is noise, which would be sent and stored. */
function toMicros(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

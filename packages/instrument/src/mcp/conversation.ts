import { type Event, event, type Origin } from '../event/index.js'
import type { Head } from './head.js'
import type { Listing } from './known.js'
import { Lane } from './lane.js'
import { CONVERSATION_LIMITS, type ConversationLimits } from './limits.js'
import type { ServerMemory } from './memory.js'
import { isFailure, kindOf } from './message.js'
import { NAMED_METHODS } from './methods.js'
import { type Direction, type EndDetails, Operation, type Voice } from './operation.js'
import { createBodyReader, createLineReader, type Findings, type Reader } from './readers.js'
import { asksForInput, Rounds } from './rounds.js'
import { type CloseReason, Session } from './session.js'
import { createEventReader } from './sse.js'
import type { Outcome } from './status.js'
import { tokenKey } from './take.js'
import { createdTask, Tasks } from './tasks.js'
import { traceIdOf } from './trace.js'
import { Unreadable, type UnreadableReason } from './unreadable.js'

const INVALID_PARAMS = '-32602'

/** What a conversation is made with. */
export interface ConversationOptions {
  /** The envelope of every event. Sessions are told of only where `session` is set. */
  readonly origin: Origin
  /** Takes the events. Must not throw. */
  readonly publish: (event: Event) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic milliseconds, the same clock for all conversations of a server. */
  readonly clock: () => number
  /** Shared by all conversations of the server. */
  readonly server: ServerMemory
  /** In place of single defaults of `CONVERSATION_LIMITS`. */
  readonly limits?: Partial<ConversationLimits>
}

/** Of a body or an event stream that answers one request. */
export interface AnswerOptions {
  /** JSON token of that request's id: an error that has no id of its own ends it. */
  readonly answering?: string | undefined
}

/** How much a conversation holds. */
export interface ConversationStats {
  readonly open: number
  readonly lateAnswers: number
  readonly progressTokens: number
}

/**
 * One session, stdio connection or stateless exchange: reads what both sides say and publishes what it means.
 * A direction names who speaks: `client_to_server` for the client's bytes.
 */
export interface Conversation {
  /** Requests that wait for an answer, both directions. */
  readonly open: number
  /** A reader of newline-delimited JSON (stdio). */
  lines(direction: Direction): Reader
  /** A reader of one JSON message or batch (an HTTP body). Make one for each body. */
  body(direction: Direction, options?: AnswerOptions): Reader
  /** A reader of server-sent events. Make one for each stream. */
  events(direction: Direction, options?: AnswerOptions): Reader
  /** Whether the request with this id (its JSON token) is open. `direction`: who asked. */
  awaits(direction: Direction, id: string): boolean
  /**
   * Ends one open request that will get no answer here. `direction`: who asked. `id`: its JSON token. False where no
   * such request is open.
   */
  fail(direction: Direction, id: string, outcome: Outcome, details?: EndDetails): boolean
  /** Ends the requests that are too old, and tells the sum of a flood of junk that is over. Done at every message; call it where messages may stop coming. */
  sweep(): void
  /**
   * Ends every open request, and the session with what it still waits for. A conversation that is no session leaves
   * rounds and tasks to the next one. What is read later is ignored. Idempotent.
   */
  close(outcome: Outcome, reason: CloseReason): void
  stats(): ConversationStats
}

/** Begins to watch one session, connection or exchange. */
export function createConversation(options: ConversationOptions): Conversation {
  return new Correlator(options)
}

class Correlator implements Conversation {
  readonly #voice: Voice
  readonly #server: ServerMemory
  readonly #limits: ConversationLimits
  readonly #lanes: Readonly<Record<Direction, Lane>>
  readonly #unread: Readonly<Record<Direction, Unreadable>>
  readonly #session: Session
  readonly #rounds: Rounds
  readonly #tasks: Tasks
  #toolListing: Listing | undefined
  #promptListing: Listing | undefined
  #closed = false

  constructor({ origin, publish, now, clock, server, limits }: ConversationOptions) {
    this.#voice = { origin, publish, now, clock }
    this.#server = server
    this.#limits = { ...CONVERSATION_LIMITS, ...limits }
    this.#lanes = {
      client_to_server: new Lane(this.#limits.lateAnswers),
      server_to_client: new Lane(this.#limits.lateAnswers),
    }
    this.#unread = {
      client_to_server: new Unreadable(this.#voice, 'client_to_server'),
      server_to_client: new Unreadable(this.#voice, 'server_to_client'),
    }
    this.#session = new Session(this.#voice)
    this.#rounds = new Rounds(server.waiting, this, server.nextConversation())
    this.#tasks = new Tasks(server.tasks, server.results)
  }

  get open(): number {
    return this.#lanes.client_to_server.size + this.#lanes.server_to_client.size
  }

  lines(direction: Direction): Reader {
    return createLineReader(this.#findings(direction))
  }

  body(direction: Direction, options?: AnswerOptions): Reader {
    return createBodyReader(this.#findings(direction, options))
  }

  events(direction: Direction, options?: AnswerOptions): Reader {
    return createEventReader(this.#findings(direction, options))
  }

  awaits(direction: Direction, id: string): boolean {
    const key = tokenKey(id)
    return key !== undefined && this.#lanes[direction].has(key)
  }

  fail(direction: Direction, id: string, outcome: Outcome, details?: EndDetails): boolean {
    const key = tokenKey(id)
    const operation = key === undefined ? undefined : this.#lanes[direction].abandoned(key)
    operation?.end(outcome, details)
    return operation !== undefined
  }

  sweep(): void {
    this.#sweep(this.#voice.clock())
  }

  close(outcome: Outcome, reason: CloseReason): void {
    if (this.#closed) return
    this.#closed = true
    for (const unread of Object.values(this.#unread)) unread.close()
    for (const lane of Object.values(this.#lanes)) {
      for (let operation = lane.abandonOldest(); operation; operation = lane.abandonOldest()) operation.end(outcome)
    }
    if (this.#voice.origin.session === undefined) return
    for (const shelf of this.#server.shelves) {
      for (const operation of shelf.drain(this)) operation.end(outcome)
    }
    this.#session.close(reason)
  }

  stats(): ConversationStats {
    const { client_to_server: asked, server_to_client: backwards } = this.#lanes
    return {
      open: this.open,
      lateAnswers: asked.lateSize + backwards.lateSize,
      progressTokens: asked.progressSize + backwards.progressSize,
    }
  }

  #findings(direction: Direction, { answering }: AnswerOptions = {}): Findings {
    const key = answering === undefined ? undefined : tokenKey(answering)
    return {
      tree: this.#server.extraction?.tree,
      onHead: (head) => this.#receive(direction, head, key),
      onFault: (reason, sizeBytes) => this.#unreadable(direction, reason, sizeBytes),
    }
  }

  #receive(direction: Direction, head: Head, answering: string | undefined): void {
    if (this.#closed) return
    const at = this.#voice.clock()
    this.#sweep(at)
    const kind = kindOf(head.fields)
    if (kind === 'request') this.#request(direction, head, at)
    else if (kind === 'notification') this.#notification(direction, head, at)
    else if (kind === 'response') this.#response(direction, head, answering, at)
    else this.#unreadable(direction, 'not_jsonrpc', head.end - head.start)
  }

  #request(direction: Direction, { fields, start, end }: Head, at: number): void {
    const key = fields.id!
    const method = fields.method!
    const lane = this.#lanes[direction]
    lane.abandoned(key)?.end('replaced')
    const name = NAMED_METHODS.has(method) ? fields.name : undefined
    const request = { direction, method, name, requestBytes: end - start }
    const operation = this.#rounds.resume(request, fields) ?? this.#start(request, fields.traceparent)
    operation.aboutTask = fields.taskOf
    operation.askedForTask = fields.taskAsked === 'object'
    operation.firstPage = fields.cursor === undefined
    if (name !== undefined && isToolCall(operation)) operation.reading ??= this.#server.extraction?.begin(name, fields)
    lane.add(key, operation, at)
    if (fields.progressToken !== undefined) lane.track(fields.progressToken, operation)
    if (this.open > this.#limits.openRequests) this.#abandonOldest()
    if (direction === 'client_to_server') this.#session.requested(method, fields)
  }

  #start(request: Omit<ConstructorParameters<typeof Operation>[2], 'id'>, traceparent: string | undefined): Operation {
    const traceId = traceIdOf(traceparent)
    const voice = traceId ? { ...this.#voice, origin: { ...this.#voice.origin, traceId } } : this.#voice
    const id = this.#server.nextOperation(voice.origin.server, voice.now())
    return new Operation(voice, this, { id, ...request })
  }

  #notification(direction: Direction, { fields, start, end }: Head, at: number): void {
    const method = fields.method!
    const { origin, publish, now } = this.#voice
    publish(event('notification', now(), origin, { direction, method, sizeBytes: end - start }))
    if (method === 'notifications/cancelled' && fields.cancelledId !== undefined) {
      this.#lanes[direction].abandoned(fields.cancelledId)?.end('cancelled')
    } else if (method === 'notifications/progress' && fields.reportedProgress !== undefined) {
      this.#lanes[opposite(direction)].progressed(fields.reportedProgress)
    } else if (method === 'notifications/tools/list_changed') this.#server.known.forget('tools/call')
    else if (method === 'notifications/prompts/list_changed') this.#server.known.forget('prompts/get')
    else if (method.startsWith('notifications/tasks')) this.#tasks.reported(opposite(direction), fields, at)
  }

  #response(direction: Direction, head: Head, answering: string | undefined, at: number): void {
    const { fields } = head
    const lane = this.#lanes[opposite(direction)]
    const key = fields.id === undefined || fields.id === 'null' ? answering : fields.id
    const sizeBytes = head.end - head.start
    const operation = key === undefined ? undefined : lane.answered(key)
    if (!operation) {
      if (key === undefined || !lane.takeLate(key)) this.#unreadable(direction, 'unknown_id', sizeBytes)
      return
    }
    operation.responseBytes += sizeBytes
    const task = createdTask(operation, fields)
    if (isFailure(fields)) this.#failed(operation, fields.errorCode)
    else if (asksForInput(fields)) this.#rounds.park(operation, fields.requestState, at)
    else if (task !== undefined) this.#tasks.follow(operation, task, fields, at)
    else this.#succeeded(operation, head, at)
  }

  #failed(operation: Operation, errorCode: string | undefined): void {
    operation.end('protocol_error', { errorCode, unknownName: this.#isUnknown(operation, errorCode) })
    this.#tasks.failed(operation, errorCode)
  }

  #succeeded(operation: Operation, head: Head, at: number): void {
    const { fields } = head
    operation.reading?.answered(fields, 'answer')
    if (fields.isError) operation.end('tool_error', { unknownName: this.#isUnknown(operation) })
    else operation.end('ok')
    this.#tasks.answered(operation, fields, at)
    if (operation.direction !== 'client_to_server') return
    this.#session.answered(operation.method, fields)
    if (operation.method === 'tools/list') this.#toolsListed(operation, head)
    else if (operation.method === 'prompts/list') this.#promptsListed(operation, head)
  }

  #toolsListed(operation: Operation, { fields, start, end }: Head): void {
    const tools = fields.toolNames ?? []
    const cut = fields.toolsCut ?? false
    const last = isLastPage(fields)
    this.#toolListing ??= this.#server.known.listing('tools/call')
    this.#toolListing.page(tools, { first: operation.firstPage, last, cut })
    const { origin, publish, now } = this.#voice
    const hashes = fields.toolHashes ?? []
    publish(event('tools.listed', now(), origin, { tools, hashes, sizeBytes: end - start, complete: last && !cut }))
  }

  #promptsListed(operation: Operation, { fields }: Head): void {
    this.#promptListing ??= this.#server.known.listing('prompts/get')
    const page = { first: operation.firstPage, last: isLastPage(fields), cut: fields.promptsCut ?? false }
    this.#promptListing.page(fields.promptNames ?? [], page)
  }

  #isUnknown({ direction, method, name }: Operation, errorCode?: string): boolean {
    if (direction !== 'client_to_server') return false
    // Its one argument is the resource's name, and since 2026-07-28 this code says that there is no such resource.
    if (method === 'resources/read' && errorCode === INVALID_PARAMS) return true
    return this.#server.known.lacks(method, name)
  }

  #unreadable(direction: Direction, reason: UnreadableReason, sizeBytes: number): void {
    if (!this.#closed) this.#unread[direction].take(reason, sizeBytes)
  }

  #sweep(at: number): void {
    for (const unread of Object.values(this.#unread)) unread.sweep(at)
    for (const lane of [this.#lanes.client_to_server, this.#lanes.server_to_client]) {
      while (at - (lane.oldestSince ?? at) > this.#limits.requestAgeMs) lane.abandonOldest()?.end('unanswered')
    }
    this.#server.sweep(at)
  }

  #abandonOldest(): void {
    const { client_to_server: asked, server_to_client: backwards } = this.#lanes
    const asksFirst = (asked.oldestSince ?? Infinity) <= (backwards.oldestSince ?? Infinity)
    const lane = asksFirst && asked.size > 0 ? asked : backwards.size > 0 ? backwards : asked
    lane.abandonOldest()?.end('unanswered')
  }
}

function opposite(direction: Direction): Direction {
  return direction === 'client_to_server' ? 'server_to_client' : 'client_to_server'
}

function isToolCall({ direction, method }: Operation): boolean {
  return direction === 'client_to_server' && method === 'tools/call'
}

function isLastPage({ nextCursor }: Head['fields']): boolean {
  return nextCursor === undefined || nextCursor === 'null'
}

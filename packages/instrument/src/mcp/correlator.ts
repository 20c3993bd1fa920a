import { type Event, event, type Origin } from '../event/index.js'
import { isFailure, kindOf } from './kind.js'
import type { Listing } from './known.js'
import { Lane } from './lane.js'
import { CONVERSATION_LIMITS, type ConversationLimits } from './limits.js'
import type { ServerMemory } from './memory.js'
import { NAMED_METHODS } from './methods.js'
import { type Asked, type Direction, type EndDetails, Operation, type Voice } from './operation.js'
import type { Captured } from './paths.js'
import { asksForInput, Rounds } from './rounds.js'
import { type CloseReason, Session } from './session.js'
import type { Outcome } from './status.js'
import { createdTask, resultOf, Tasks } from './tasks.js'
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

/** Of one body or event stream. Requests are named by the keys of their ids, see `tokenKey`. */
export interface BodyOptions {
  /** The request that it answers: an error that has no id of its own ends it. */
  readonly answering?: string | undefined
  /** Told of each request in it, once it was read. */
  readonly onRequest?: ((key: string, method: string) => void) | undefined
}

/** How much a conversation holds. */
export interface ConversationStats {
  readonly open: number
  readonly lateAnswers: number
  readonly progressTokens: number
}

/** What was said: one message. */
export interface Said {
  readonly fields: Captured
  readonly sizeBytes: number
}

/** One session, stdio connection or stateless exchange, as far as it does not matter how its messages are read. */
export interface Observation {
  /** Requests that wait for an answer, both directions. */
  readonly open: number
  /** Whether the request with this key (see `tokenKey`) is open. `direction`: who asked. */
  awaits(direction: Direction, key: string): boolean
  /**
   * Ends one open request that will get no answer here. `direction`: who asked. `key`: see `tokenKey`. False where no
   * such request is open.
   */
  fail(direction: Direction, key: string, outcome: Outcome, details?: EndDetails): boolean
  /** Ends the requests that are too old, and tells the sum of a flood of junk that is over. Done at every message; call it where messages may stop coming. */
  sweep(): void
  /**
   * Ends every open request, and the session with what it still waits for. A conversation that is no session leaves
   * rounds and tasks to the next one. What is read later is ignored. Idempotent.
   */
  close(outcome: Outcome, reason: CloseReason): void
  stats(): ConversationStats
}

/**
 * Matches requests and answers, whatever reads them: told of each message's head, it publishes what the message means.
 * A direction names who speaks: `client_to_server` for the client.
 */
export class Correlator implements Observation {
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

  awaits(direction: Direction, key: string): boolean {
    return this.#lanes[direction].has(key)
  }

  fail(direction: Direction, key: string, outcome: Outcome, details?: EndDetails): boolean {
    const operation = this.#lanes[direction].abandoned(key)
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

  /** One message, by what was taken of it. `sizeBytes`: 0 where that is not known. */
  receive(direction: Direction, head: Said, { answering, onRequest }: BodyOptions = {}): void {
    if (this.#closed) return
    const at = this.#voice.clock()
    this.#sweep(at)
    const kind = kindOf(head.fields)
    if (kind === 'request') {
      this.#request(direction, head, at)
      onRequest?.(head.fields.id!, head.fields.method!)
    } else if (kind === 'notification') this.#notification(direction, head, at)
    else if (kind === 'response') this.#response(direction, head, answering, at)
    else this.unreadable(direction, 'not_jsonrpc', head.sizeBytes)
  }

  #request(direction: Direction, { fields, sizeBytes }: Said, at: number): void {
    const key = fields.id!
    const method = fields.method!
    const lane = this.#lanes[direction]
    lane.abandoned(key)?.end('replaced')
    const name = NAMED_METHODS.has(method) ? fields.name : undefined
    const request = { id: '', direction, method, name, requestBytes: sizeBytes }
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

  #start(request: Asked & { id: string }, traceparent: string | undefined): Operation {
    const traceId = traceIdOf(traceparent)
    const voice = traceId ? { ...this.#voice, origin: { ...this.#voice.origin, traceId } } : this.#voice
    request.id = this.#server.nextOperation(voice.origin.server, voice.now())
    return new Operation(voice, this, request)
  }

  #notification(direction: Direction, { fields, sizeBytes }: Said, at: number): void {
    const method = fields.method!
    const { origin, publish, now } = this.#voice
    publish(event('notification', now(), origin, { direction, method, sizeBytes }))
    if (method === 'notifications/cancelled' && fields.cancelledId !== undefined) {
      this.#lanes[direction].abandoned(fields.cancelledId)?.end('cancelled')
    } else if (method === 'notifications/progress' && fields.reportedProgress !== undefined) {
      this.#lanes[opposite(direction)].progressed(fields.reportedProgress)
    } else if (method === 'notifications/tools/list_changed') this.#server.known.forget('tools/call')
    else if (method === 'notifications/prompts/list_changed') this.#server.known.forget('prompts/get')
    else if (method.startsWith('notifications/tasks')) this.#tasks.reported(opposite(direction), fields, at)
  }

  #response(direction: Direction, head: Said, answering: string | undefined, at: number): void {
    const { fields, sizeBytes } = head
    const lane = this.#lanes[opposite(direction)]
    const key = fields.id === undefined || fields.id === 'null' ? answering : fields.id
    const operation = key === undefined ? undefined : lane.answered(key)
    if (!operation) {
      if (key === undefined || !lane.takeLate(key)) this.unreadable(direction, 'unknown_id', sizeBytes)
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

  #succeeded(operation: Operation, head: Said, at: number): void {
    const { fields } = head
    operation.reading?.answered(fields, 'answer')
    const { outcome, errorCode } = resultOf(fields.isError, fields.toolErrorCodes)
    operation.end(outcome, { errorCode, unknownName: this.#isUnknown(operation) })
    this.#tasks.answered(operation, fields, at)
    if (operation.direction !== 'client_to_server') return
    this.#session.answered(operation.method, fields)
    if (operation.method === 'tools/list') this.#toolsListed(operation, head)
    else if (operation.method === 'prompts/list') this.#promptsListed(operation, head)
  }

  #toolsListed(operation: Operation, { fields, sizeBytes }: Said): void {
    const tools = fields.toolNames ?? []
    const cut = fields.toolsCut ?? false
    const last = isLastPage(fields)
    this.#toolListing ??= this.#server.known.listing('tools/call')
    this.#toolListing.page(tools, { first: operation.firstPage, last, cut })
    const { origin, publish, now } = this.#voice
    const hashes = fields.toolHashes ?? []
    publish(event('tools.listed', now(), origin, { tools, hashes, sizeBytes, complete: last && !cut }))
  }

  #promptsListed(operation: Operation, { fields }: Said): void {
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

  /** The speaker said what could not be understood. */
  unreadable(direction: Direction, reason: UnreadableReason, sizeBytes: number): void {
    if (!this.#closed) this.#unread[direction].take(reason, sizeBytes)
  }

  #sweep(at: number): void {
    this.#unread.client_to_server.sweep(at)
    this.#unread.server_to_client.sweep(at)
    this.#giveUp(this.#lanes.client_to_server, at)
    this.#giveUp(this.#lanes.server_to_client, at)
    this.#server.sweep(at)
  }

  #giveUp(lane: Lane, at: number): void {
    while (at - (lane.oldestSince ?? at) > this.#limits.requestAgeMs) lane.abandonOldest()?.end('unanswered')
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

function isLastPage({ nextCursor }: Captured): boolean {
  return nextCursor === undefined || nextCursor === 'null'
}

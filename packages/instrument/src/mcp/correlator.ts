import { type Event, event, type Origin } from '../event/index.js'
import { isFailure, type Kind, kindOf } from './kind.js'
import type { Listing } from './known.js'
import { Lane } from './lane.js'
import { CONVERSATION_LIMITS, type ConversationLimits } from './limits.js'
import type { SharedMemory } from './memory.js'
import { NAMED_METHODS } from './methods.js'
import { type CallRegister, type Direction, Operation } from './operation.js'
import type { Captured, TokenKey } from './paths.js'
import { asksForInput, Rounds } from './rounds.js'
import { type CloseReason, Session } from './session.js'
import type { Outcome } from './status.js'
import { createdTask, resultOf, Tasks } from './tasks.js'
import { TRACEPARENT } from './trace.js'
import { Unreadable, type UnreadableReason } from './unreadable.js'

const INVALID_PARAMS = '-32602'
/** Ages are looked at once in so many milliseconds: with many open requests it takes time to find the oldest. */
const SWEEP_EVERY_MS = 500

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
  readonly server: SharedMemory
  /** Told of tool calls that begin and end. Default nobody. */
  readonly calls?: CallRegister | undefined
  /** Pseudonym of what the client shows to the server that it might be told apart by, for this process alone. */
  readonly credential?: string | undefined
  /** In place of single defaults of `CONVERSATION_LIMITS`. */
  readonly limits?: Partial<ConversationLimits>
}

/**
 * Matches requests and answers, whatever reads them: told of each message's head, it publishes what the message means.
 * A direction names who speaks: `client_to_server` for the client.
 */
export class Correlator {
  readonly #voice: ConversationOptions
  readonly #server: SharedMemory
  readonly #limits: ConversationLimits
  readonly #asked: Lane
  readonly #backwards: Lane
  readonly #session: Session
  /** Made when there is something for them: a conversation may be one request long. */
  #rounds: Rounds | undefined
  #tasks: Tasks | undefined
  #listings: { [method: string]: Listing } | undefined
  /** When to look again for what is too old. */
  #sweepsAt = 0
  #closed = false

  constructor(options: ConversationOptions) {
    const { server, limits } = options
    this.#voice = options
    this.#server = server
    this.#limits = limits ? { ...CONVERSATION_LIMITS, ...limits } : CONVERSATION_LIMITS
    this.#asked = new Lane(this.#limits.lateAnswers)
    this.#backwards = new Lane(this.#limits.lateAnswers)
    this.#session = new Session(options)
  }

  /** Requests that wait for an answer, both directions. */
  get open(): number {
    return this.#asked.size + this.#backwards.size
  }

  /**
   * Ends every open request, and the session with what it still waits for. A conversation that is no session leaves
   * rounds and tasks to the next one. What is read later is ignored. Idempotent.
   */
  close(outcome: Outcome, reason: CloseReason): void {
    if (this.#closed) return
    this.#closed = true
    for (const lane of this.#lanes) {
      lane.unreadable?.close()
      for (let open = lane.abandonOldest(); open; open = lane.abandonOldest()) open.end(outcome)
    }
    if (this.#voice.origin.session === undefined) return
    for (const operation of this.#server.drain(this)) operation.end(outcome)
    this.#session.close(reason)
  }

  /**
   * One message, by what was taken of it. `sizeBytes`: 0 where that is not known. `answering`: the request that it is part of
   * the answer to. Gives what it is; nothing once the conversation is closed.
   */
  receive(direction: Direction, fields: Captured, sizeBytes: number, answering?: string): Kind | undefined {
    if (this.#closed) return undefined
    const at = this.#voice.clock()
    if (at >= this.#sweepsAt) this.sweepAt(at)
    const kind = kindOf(fields)
    const { recent } = this.#server
    if (fields.method === undefined) recent.answers.hold(fields)
    else recent.fields.hold(fields)
    if (kind === 'request') this.#request(direction, fields, sizeBytes, answering, at)
    else if (kind === 'notification') this.#notification(direction, fields, sizeBytes, at)
    else if (kind === 'response') this.#response(direction, fields, sizeBytes, answering, at)
    else this.unreadable(direction, 'not_jsonrpc', sizeBytes)
    return kind
  }

  #request(
    direction: Direction,
    fields: Captured,
    requestBytes: number,
    answering: string | undefined,
    at: number,
  ): void {
    const key = fields.id!
    const method = fields.method!
    const lane = this.laneOf(direction)
    lane.abandoned(key)?.end('replaced')
    const name = NAMED_METHODS.has(method) ? fields.name : undefined
    const goesOn = fields.retriedState ?? fields.inputResponses
    const operation =
      (goesOn ? this.#roundsOf().resume({ direction, method, name, requestBytes }, fields) : undefined) ??
      this.#begin(direction, fields, name, requestBytes)
    operation.aboutTask = fields.taskOf
    operation.askedForTask = fields.taskAsked === 'object'
    operation.firstPage = fields.cursor === undefined
    if (direction === 'server_to_client' && method !== 'ping') this.#askWithin(operation, fields, answering)
    if (name !== undefined && operation.isToolCall) operation.reading ??= this.#server.extraction?.begin(name, fields)
    lane.open(key, operation, at)
    if (fields.progressToken !== undefined) lane.track(fields.progressToken, operation)
    if (this.open > this.#limits.openRequests) this.#abandonOldest()
    if (direction === 'client_to_server') this.#session.requested(method, fields)
    else this.#session.heard()
  }

  #begin(direction: Direction, fields: Captured, name: string | undefined, requestBytes: number): Operation {
    const { origin, now } = this.#voice
    const operation = this.#server.recent.operations.hold(
      new Operation(this.#voice, this, direction, fields.method!, name),
    )
    operation.requestBytes = requestBytes
    const [, traceId = origin.traceId, parentSpanId] = TRACEPARENT.exec(fields.traceparent ?? '') ?? []
    operation.begin(this.#server.nextOperation(origin.server, now()), traceId, parentSpanId)
    return operation
  }

  /** The server asks its client in the middle of a call, which waits until that is answered. */
  #askWithin(question: Operation, { relatedTask }: Captured, answering: string | undefined): void {
    question.asker = relatedTask
      ? this.#tasksOf().running(relatedTask)
      : this.#asked.asking(answering, question.traceId)
    question.asker?.wait()
  }

  #notification(direction: Direction, fields: Captured, sizeBytes: number, at: number): void {
    const method = fields.method!
    const { origin, publish, now } = this.#voice
    publish(this.#server.recent.others.hold(event('notification', now(), origin, { direction, method, sizeBytes })))
    if (direction === 'client_to_server') this.#session.heard()
    if (method === 'notifications/cancelled' && fields.cancelledId !== undefined) {
      this.laneOf(direction).abandoned(fields.cancelledId)?.end('cancelled')
    } else if (method === 'notifications/progress' && fields.reportedProgress !== undefined) {
      this.laneOf(opposite(direction)).progressed(fields.reportedProgress)
    } else if (method === 'notifications/tools/list_changed') this.#server.known.forget('tools/call')
    else if (method === 'notifications/prompts/list_changed') this.#server.known.forget('prompts/get')
    else if (method.startsWith('notifications/tasks')) this.#tasksOf().reported(opposite(direction), fields, at)
  }

  #response(
    direction: Direction,
    fields: Captured,
    sizeBytes: number,
    answering: string | undefined,
    at: number,
  ): void {
    const lane = this.laneOf(opposite(direction))
    const key = fields.id === undefined || fields.id === 'null' ? answering : fields.id
    const operation = key === undefined ? undefined : (lane.answered(key) ?? this.answeredAlike(lane, key))
    if (!operation) {
      if (key === undefined || !lane.takeLate(key)) this.unreadable(direction, 'unknown_id', sizeBytes)
      return
    }
    operation.responseBytes += sizeBytes
    const task = createdTask(operation, fields)
    if (isFailure(fields)) this.#failed(operation, fields.errorCode)
    else if (asksForInput(fields)) this.#roundsOf().park(operation, fields.requestState, at)
    else if (task !== undefined) this.#tasksOf().follow(operation, task, fields, at)
    else this.#succeeded(operation, fields, sizeBytes, at)
  }

  #failed(operation: Operation, errorCode: string | undefined): void {
    operation.end('protocol_error', { errorCode, unknownName: this.#isUnknown(operation, errorCode) })
    if (operation.aboutTask) this.#tasksOf().failed(operation, errorCode)
  }

  #succeeded(operation: Operation, fields: Captured, sizeBytes: number, at: number): void {
    operation.reading?.answered(fields, 'answer')
    const { outcome, errorCode } = resultOf(fields.isError, fields.toolErrorCodes)
    if (outcome === 'ok') operation.end(outcome)
    else operation.end(outcome, { errorCode, unknownName: this.#isUnknown(operation) })
    if (operation.aboutTask) this.#tasksOf().answered(operation, fields, at)
    if (operation.direction !== 'client_to_server') return
    this.#session.answered(operation.method, fields)
    if (operation.method === 'tools/list') this.#toolsListed(operation, fields, sizeBytes)
    else if (operation.method === 'prompts/list')
      this.#listed('prompts/get', operation, fields, fields.promptNames, fields.promptsCut)
  }

  #toolsListed(operation: Operation, fields: Captured, sizeBytes: number): void {
    const { toolNames: tools = [], toolHashes: hashes = [], toolsCut } = fields
    const complete = this.#listed('tools/call', operation, fields, tools, toolsCut)
    const { origin, publish, now, credential } = this.#voice
    const caller = credential ? `${this.#session.kind}.${credential}` : this.#session.kind
    publish(event('tools.listed', now(), origin, { tools, hashes, sizeBytes, complete, caller }))
  }

  /** Learns the names that this method calls; says whether this page was the last one, and was read as a whole. */
  #listed(
    method: string,
    { firstPage: first }: Operation,
    { nextCursor }: Captured,
    names: readonly string[] = [],
    cut = false,
  ): boolean {
    const last = nextCursor === undefined || nextCursor === 'null'
    this.#listings ??= {}
    this.#listings[method] ??= this.#server.known.listing(method)
    this.#listings[method](names, { first, last, cut })
    return last && !cut
  }

  #isUnknown({ direction, method, name }: Operation, errorCode?: string): boolean {
    if (direction !== 'client_to_server') return false
    // Its one argument is the resource's name, and since 2026-07-28 this code says that there is no such resource.
    if (method === 'resources/read' && errorCode === INVALID_PARAMS) return true
    return this.#server.known.lacks(method, name)
  }

  /** The speaker said what could not be understood. */
  unreadable(direction: Direction, reason: UnreadableReason, sizeBytes: number): void {
    if (this.#closed) return
    const lane = this.laneOf(direction)
    lane.unreadable ??= new Unreadable(this.#voice, direction)
    lane.unreadable.take(reason, sizeBytes)
  }

  /** The request that this answer may be for, where none has its key. */
  protected answeredAlike(_lane: Lane, _key: TokenKey): Operation | undefined {
    return undefined
  }

  get #lanes(): readonly Lane[] {
    return [this.#asked, this.#backwards]
  }

  /** Where the requests that this side sent wait. */
  protected laneOf(direction: Direction): Lane {
    return direction === 'client_to_server' ? this.#asked : this.#backwards
  }

  #roundsOf(): Rounds {
    this.#rounds ??= new Rounds(this.#server.waiting, this, this.#server.nextConversation())
    return this.#rounds
  }

  #tasksOf(): Tasks {
    this.#tasks ??= new Tasks(this.#server.tasks, this.#server.results)
    return this.#tasks
  }

  /** Ends what is too old, at this monotonic time. Done at messages. */
  protected sweepAt(at: number): void {
    this.#sweepsAt = at + SWEEP_EVERY_MS
    for (const lane of this.#lanes) {
      lane.unreadable?.sweep(at)
      while (at - (lane.oldest?.askedAt ?? at) > this.#limits.requestAgeMs) lane.abandonOldest()?.end('unanswered')
    }
    this.#server.sweep(at)
  }

  #abandonOldest(): void {
    const asked = this.#asked
    const backwards = this.#backwards
    const asksFirst = (asked.oldest?.askedAt ?? Infinity) <= (backwards.oldest?.askedAt ?? Infinity)
    // Where neither has more than streams, the client's go first.
    const oldest = (asksFirst ? asked : backwards).abandonOldest() ?? backwards.abandonOldest()
    oldest?.end('unanswered')
  }
}

function opposite(direction: Direction): Direction {
  return direction === 'client_to_server' ? 'server_to_client' : 'client_to_server'
}

import { randomUUID } from 'node:crypto'
import type { ChildExit } from '../../children/index.js'
import { createAnswer } from './answer.js'
import type { Backoff } from './backoff.js'
import type { ServerContext, Startable } from './context.js'
import { Delivery } from './delivery.js'
import type { Exchange } from './exchange.js'
import { NO_SESSION, OVERLOADED, processFailure, STOPPING, silence } from './failures.js'
import { keyOf, type Message } from './message.js'
import { type Copies, type Observer, observeLater } from './observe.js'
import { PING } from './ping.js'
import type { ProcessTaker, ServerProcess } from './process.js'
import { type SessionStream, SessionStreams } from './replay.js'
import { acknowledge, CODES, type Refusal, refuse } from './respond.js'
import { acceptOf, congested } from './sse.js'

const NEWLINE = Buffer.from('\n')

/** One legacy session over HTTP, with a server process of its own. */
export class StdioSession {
  /** What the protocol calls it: 122 random bits. */
  readonly id = randomUUID()
  /** What the events call it. */
  readonly pseudonym = randomUUID()
  readonly #entry: Startable
  readonly #context: ServerContext
  readonly #backoff: Backoff
  readonly #onGone: () => void
  readonly #observer: Observer
  readonly #output: Copies
  readonly #process: ServerProcess
  readonly #delivery: Delivery
  readonly #streams: SessionStreams
  /** Newest stream for what belongs to no call. */
  #listening: SessionStream | undefined
  readonly #startTimer: NodeJS.Timeout
  readonly #startedAt: number
  #lastTraffic: number
  /** Key of the `initialize` that is not answered yet. */
  #initialize: string | undefined
  /** It answered `initialize`. */
  #started = false
  /** What every further request is told, once the session is over. */
  #over: Refusal | undefined

  /** `begin` gives its process. `backoff` is told how that went; `onGone`: the session ended by itself. */
  constructor(
    entry: Startable,
    context: ServerContext,
    backoff: Backoff,
    begin: (taker: ProcessTaker, session: string) => ServerProcess,
    onGone: () => void,
  ) {
    this.#entry = entry
    this.#context = context
    this.#backoff = backoff
    this.#onGone = onGone
    this.#startedAt = context.clock()
    this.#lastTraffic = this.#startedAt
    const onLost = () => context.counters.undelivered++
    this.#delivery = new Delivery(onLost)
    this.#streams = new SessionStreams(context.options, onLost)
    this.#observer = observeLater(context, this.pseudonym)
    this.#output = this.#observer.copies('server_to_client', 'lines')
    const taker: ProcessTaker = {
      onMessages: (messages) => this.#deliver(messages),
      onLine: (line) => this.#read(line),
      onJunk: (line) => this.#read(line),
      onTooLong: (id, errorCode) => this.#observer.fail(keyOf(id) ?? '', 'protocol_error', { errorCode }),
      onExit: (exit) => this.#exited(exit),
    }
    this.#process = begin(taker, this.pseudonym)
    const { startTimeoutMs } = context.options
    this.#startTimer = setTimeout(() => this.#giveUp(silence(context.server, startTimeoutMs)), startTimeoutMs)
    this.#startTimer.unref()
  }

  /** Takes one POST: `body` is one line, `messages` what it holds. Answers it now or later. */
  post(exchange: Exchange, body: Buffer, messages: readonly Message[], batch: boolean): void {
    exchange.session = this.pseudonym
    this.#lastTraffic = this.#context.clock()
    const requests = messages.filter(({ kind }) => kind === 'request')
    const refusal = this.#over ?? this.#duplicate(requests)
    if (refusal) {
      refuse(exchange, { ...refusal, id: requests[0]?.id })
      return
    }
    if (!this.#process.send(body)) {
      refuse(exchange, { ...OVERLOADED, id: requests[0]?.id })
      return
    }
    if (requests.length === 0) acknowledge(exchange, 202)
    else this.#expect(exchange, requests, batch)
    for (const { cancelledId } of messages)
      if (cancelledId !== undefined) this.#delivery.forgo(keyOf(cancelledId) ?? '')
    this.#observer.whole('client_to_server', body)
  }

  /** Takes a GET: the stream for what belongs to no call, or the rest of any stream whose connection was lost. */
  listen(exchange: Exchange): void {
    exchange.session = this.pseudonym
    const refusal = this.#over ?? this.#unwilling(exchange)
    if (refusal) {
      refuse(exchange, refusal)
      return
    }
    const headers = { 'mcp-session-id': this.id }
    const last = exchange.header('last-event-id')
    const resumed = last === undefined ? undefined : this.#streams.resume(last, exchange, headers)
    this.#noteEnd(exchange)
    if (resumed && resumed !== this.#listening) return
    if (!resumed && this.#delivery.listening) {
      refuse(exchange, {
        status: 409,
        code: CODES.transport,
        message: 'Conflict: this session has a stream open already.',
      })
      return
    }
    if (!resumed) {
      this.#listening?.end()
      this.#listening = this.#streams.open(exchange, headers)
    }
    this.#delivery.listen(exchange, this.#listening!)
  }

  /** Milliseconds since anything passed; 0 while somebody waits at a stream or a call. */
  idleMs(): number {
    const { busy, listening } = this.#delivery
    return busy || listening ? 0 : this.#context.clock() - this.#lastTraffic
  }

  /** Whether its process answers, asked beside its client; undefined where it has a call in flight, or cannot be asked. */
  async answers(timeoutMs: number): Promise<boolean | undefined> {
    return this.#started && !this.#over && !this.#delivery.busy ? this.#process.answers(PING, timeoutMs) : undefined
  }

  /** Looks after what its observer holds for too long. */
  sweep(): void {
    this.#observer.sweep()
  }

  /** Ends the session and its process. Resolves when no process is left. */
  async end(reason: 'client' | 'idle' | 'shutdown'): Promise<void> {
    this.#close(reason === 'shutdown' ? STOPPING : NO_SESSION)
    this.#observer.close('cancelled', reason)
    await this.#process.end()
  }

  #expect(exchange: Exchange, requests: readonly Message[], batch: boolean): void {
    const opening = requests.find(({ method }) => method === 'initialize')
    this.#initialize ??= opening?.key
    const answer = createAnswer({
      exchange,
      requests,
      batch,
      openStream: (to, headers) => this.#streams.open(to, headers),
      headers: () => (opening && !this.#over ? { 'mcp-session-id': this.id } : {}),
    })
    this.#delivery.expect(answer, requests)
    this.#noteEnd(exchange)
    // The session's id is in the head of this answer: who has not got it can never come back.
    if (opening) exchange.res.once('close', () => !exchange.res.headersSent && this.#leave())
  }

  #leave(): void {
    if (this.#over) return
    this.#close(NO_SESSION)
    this.#observer.close('cancelled', 'client')
    this.#discard()
  }

  /** A client that leaves is traffic too: it may come back. */
  #noteEnd({ res }: Exchange): void {
    res.once('close', () => {
      this.#lastTraffic = this.#context.clock()
    })
  }

  #duplicate(requests: readonly Message[]): Refusal | undefined {
    const keys = requests.map(({ key }) => key!)
    if (!keys.some((key, at) => keys.indexOf(key) < at || this.#delivery.awaits(key))) return undefined
    return { status: 400, code: CODES.invalidRequest, message: 'A request with this id is in flight already.' }
  }

  #unwilling(exchange: Exchange): Refusal | undefined {
    if (acceptOf(exchange.header('accept')).events) return undefined
    return {
      status: 406,
      code: CODES.transport,
      message: 'Not Acceptable: the client must accept text/event-stream.',
    }
  }

  #deliver(messages: readonly Message[]): void {
    this.#lastTraffic = this.#context.clock()
    for (const message of messages) {
      const isFirst = !this.#started && !this.#over && message.kind === 'response'
      const opens = isFirst && this.#delivery.answeredBy(message) === this.#initialize
      // Before the answer leaves, so that a refused `initialize` carries no session id.
      const refused = opens && message.failed
      if (opens) this.#began()
      if (refused) this.#over = NO_SESSION
      const exchange = this.#delivery.deliver(message)
      if (exchange) this.#throttle(exchange)
      if (refused) this.#discard()
    }
  }

  /** `initialize` was answered, by whatever: the process runs. */
  #began(): void {
    this.#started = true
    clearTimeout(this.#startTimer)
    this.#backoff.worked()
  }

  /** Looks at a line of output, its bytes as they are, so that a long one is not copied. */
  #read(line: Buffer): void {
    this.#output.feed(line)
    this.#output.feed(NEWLINE)
  }

  /** A client that reads slowly slows its own server down, and fills no memory here. */
  #throttle({ res }: Exchange): void {
    if (!congested(res)) return
    this.#process.pause()
    const resume = () => {
      res.off('drain', resume).off('close', resume)
      this.#process.resume()
    }
    res.once('drain', resume).once('close', resume)
  }

  #giveUp(refusal: Refusal): void {
    this.#backoff.failed(refusal, this.#startedAt, false)
    this.#close(refusal)
    this.#observer.close('timeout', 'lost')
    this.#discard()
  }

  #discard(): void {
    this.#onGone()
    void this.#process.end().then(() => this.#observer.close('cancelled', 'server'))
  }

  #exited(exit: ChildExit): void {
    if (this.#over) return
    const refusal = processFailure(this.#context.server, this.#entry, exit)
    // A process that began and ended takes its own session along, and says nothing of the next.
    if (!this.#started) this.#backoff.failed(refusal, this.#startedAt, false)
    this.#close(refusal)
    this.#output.end()
    this.#observer.close('process_exit', 'server')
    this.#onGone()
  }

  #close(refusal: Refusal): void {
    this.#over ??= refusal
    clearTimeout(this.#startTimer)
    this.#delivery.close(refusal)
    this.#streams.close()
  }
}

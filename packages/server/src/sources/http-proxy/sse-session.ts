import { randomUUID } from 'node:crypto'
import { keyAmong } from '@mcp-vitals/instrument/mcp'
import type { ChildExit } from '../../children/index.js'
import type { Backoff, Backoffs } from './backoff.js'
import type { ServerContext, Startable } from './context.js'
import { credentialOf } from './credential.js'
import type { Exchange } from './exchange.js'
import { NO_STREAM, OVERLOADED, processFailure, STOPPING, silence } from './failures.js'
import { keyOf, type Message, type Parcel } from './message.js'
import { type Copies, type Observer, observeLater } from './observe.js'
import { type ServerProcess, startServerProcess } from './process.js'
import { acknowledge, CODES, errorMessage, type Refusal, refuse } from './respond.js'
import { congested, type EventStream, openEventStream } from './sse.js'
import { messageAddress } from './sse-address.js'

const NEWLINE = Buffer.from('\n')

/** What a session shares with the others of its server. */
export interface SseSessionOptions {
  readonly entry: Startable
  readonly context: ServerContext
  /** Those of the callers; of one, told how the start went. */
  readonly backoffs: Backoffs
}

/**
 * One session over the deprecated HTTP+SSE transport in front of a stdio server: an event stream with a process of its
 * own. Everything that the process says goes to the stream; the session ends with it.
 */
export class SseSession {
  /** Names it in the address for POSTs: 122 random bits. */
  readonly key = randomUUID()
  /** What the events call it. */
  readonly pseudonym = randomUUID()
  /** Who opened it, where keys are asked for: nobody else may post to it. */
  holder: string | undefined
  readonly #options: SseSessionOptions
  readonly #backoff: Backoff
  readonly #exchange: Exchange
  readonly #stream: EventStream
  readonly #observer: Observer
  readonly #output: Copies
  readonly #process: ServerProcess
  readonly #startTimer: NodeJS.Timeout
  readonly #startedAt: number
  /** Requests of the client that are not answered: key → id as JSON text. */
  readonly #waiting = new Map<string, string>()
  /** Key of the first `initialize`. */
  #initialize: string | undefined
  /** It was answered. */
  #started = false
  /** Why nothing is passed on any more. */
  #over: Refusal | undefined

  /** Opens the stream and starts the process, whose slot the caller took. */
  constructor(options: SseSessionOptions, exchange: Exchange) {
    const { entry, context, backoffs } = options
    this.#options = options
    this.#backoff = backoffs.of(credentialOf(exchange))
    this.#exchange = exchange
    this.#startedAt = context.clock()
    this.#observer = observeLater(context, this.pseudonym, 'sse')
    this.#output = this.#observer.copies('server_to_client', 'lines')
    exchange.session = this.pseudonym
    exchange.awaiting = this
    this.#stream = openEventStream(exchange)
    this.#announce()
    this.#process = startServerProcess({
      entry,
      context,
      session: this.pseudonym,
      onMessages: (messages) => this.#deliver(messages),
      onLine: (line) => this.#read(line),
      onJunk: (line) => this.#read(line),
      onTooLong: (id, errorCode) => this.#observer.fail(keyOf(id) ?? '', 'protocol_error', { errorCode }),
      onExit: (exit) => this.#exited(exit),
    })
    this.#startTimer = setTimeout(() => this.#giveUp(), context.options.startTimeoutMs)
    this.#startTimer.unref()
  }

  /** True while a call waits for its answer. */
  get isAwaited(): boolean {
    return this.#waiting.size > 0
  }

  /** True while its process is there for it. */
  get running(): boolean {
    return this.#over === undefined
  }

  /** Takes one POST, and accepts it: what it asks is answered on the stream. */
  post(exchange: Exchange, { line, messages }: Parcel): void {
    exchange.session = this.pseudonym
    const requests = messages.filter(({ kind }) => kind === 'request')
    const refusal = this.#duplicate(requests) ?? (this.#over || this.#process.send(line) ? undefined : OVERLOADED)
    if (refusal) {
      refuse(exchange, { ...refusal, id: requests[0]?.id })
      return
    }
    acknowledge(exchange, 202)
    for (const { key, id } of requests) this.#waiting.set(key!, id!)
    for (const { cancelledId } of messages) this.#waiting.delete(keyOf(cancelledId) ?? '')
    this.#initialize ??= requests.find(({ method }) => method === 'initialize')?.key
    this.#observer.whole('client_to_server', line)
    if (this.#over && requests.length > 0) this.#finish(this.#over, 'process_exit', 'server')
  }

  /** Looks after what its observer holds for too long. */
  sweep(): void {
    this.#observer.sweep()
  }

  /** Ends the session and its process. Resolves when no process is left. */
  async end(reason: 'client' | 'idle' | 'shutdown'): Promise<void> {
    this.#finish(reason === 'shutdown' ? STOPPING : NO_STREAM, 'cancelled', reason)
    await this.#process.end()
  }

  #announce(): void {
    const { req, res } = this.#exchange
    const announcement = Buffer.from(`event: endpoint\ndata: ${messageAddress(req.url, this.key)}\n\n`)
    this.#exchange.responseBytes += announcement.length
    res.write(announcement)
  }

  #duplicate(requests: readonly Message[]): Refusal | undefined {
    const keys = requests.map(({ key }) => key!)
    if (!keys.some((key, at) => keys.indexOf(key) < at || this.#waiting.has(key))) return undefined
    return { status: 400, code: CODES.invalidRequest, message: 'A request with this id is in flight already.' }
  }

  #deliver(messages: readonly Message[]): void {
    for (const { kind, key, bytes } of messages) {
      if (this.#over) {
        this.#options.context.counters.undelivered++
        continue
      }
      this.#stream.send(bytes)
      if (kind !== 'response') continue
      const answered = keyAmong([...this.#waiting.keys()], key ?? '')
      if (answered === undefined) continue
      this.#waiting.delete(answered)
      if (answered === this.#initialize) this.#began()
    }
    this.#throttle()
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
  #throttle(): void {
    const { res } = this.#exchange
    if (!congested(res)) return
    this.#process.pause()
    const resume = () => {
      res.off('drain', resume).off('close', resume)
      this.#process.resume()
    }
    res.once('drain', resume).once('close', resume)
  }

  /** Nothing was agreed on in time: by the server, or by a client that never asked. */
  #giveUp(): void {
    const { context } = this.#options
    if (this.#over) this.#finish(this.#over, 'process_exit', 'server')
    else if (this.#initialize === undefined) void this.end('idle')
    else {
      const refusal = silence(context.server, context.options.startTimeoutMs)
      this.#backoff.failed(refusal, this.#startedAt, false)
      this.#finish(refusal, 'timeout', 'lost')
      void this.#process.end()
    }
  }

  #exited(exit: ChildExit): void {
    if (this.#over) return
    const { entry, context } = this.#options
    this.#over = processFailure(context.server, entry, exit)
    if (!this.#started) this.#backoff.failed(this.#over, this.#startedAt, false)
    this.#output.end()
    // Who has asked nothing yet gets the reason as the answer to what he asks: a stream has no other place for it.
    if (this.#initialize !== undefined || this.#waiting.size > 0) this.#finish(this.#over, 'process_exit', 'server')
  }

  /** Answers what is open with an error, and ends the stream. */
  #finish(refusal: Refusal, ...closing: Parameters<Observer['close']>): void {
    this.#over ??= refusal
    clearTimeout(this.#startTimer)
    for (const id of this.#waiting.values()) this.#stream.send(Buffer.from(errorMessage({ ...refusal, id })))
    this.#waiting.clear()
    this.#stream.end()
    this.#observer.close(...closing)
  }
}

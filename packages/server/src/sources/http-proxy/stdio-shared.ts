import type { ChildExit } from '../../children/index.js'
import { type Answer, createAnswer } from './answer.js'
import { splice } from './bytes.js'
import type { ServerContext, Startable } from './context.js'
import type { Exchange } from './exchange.js'
import { OVERLOADED, processFailure } from './failures.js'
import { jsonOf, type Message } from './message.js'
import { type Copies, type Observer, observeLater } from './observe.js'
import { ParamHeaders } from './param-headers.js'
import { DISCOVER } from './ping.js'
import { type ServerProcess, startServerProcess } from './process.js'
import { acknowledge, CODES, type Refusal, refuse } from './respond.js'
import { statusOf } from './routing.js'

/** Bytes that a client left unread, beyond which its stream is cut: it shares the process with others. */
const MAX_UNREAD_BYTES = 8_388_608
/** Id of the gateway's own probe; those of calls count from 1. */
const PROBE_ID = '0'

const NEWLINE = Buffer.from('\n')

/** What a server answered to `server/discover`. */
export type Probed = readonly string[] | 'unknown' | 'silent'

/** One call in flight: what its client named things, and who watches it. */
interface Call {
  readonly answer: Answer
  readonly key: string
  readonly id: string
  readonly token: string | undefined
  readonly method: string | undefined
  readonly observer: Observer
  readonly copies: Copies
}

/**
 * One process of a modern server, shared by the calls of many clients. Their ids, progress tokens and cancellations are
 * replaced by the gateway's own, token by token, and put back in the answers; every other byte stays.
 */
export class SharedProcess {
  readonly #entry: Startable
  readonly #context: ServerContext
  readonly #onGone: (failure: Refusal | undefined) => void
  readonly #process: ServerProcess
  /** Watches what belongs to no call. */
  readonly #observer: Observer
  /** The gateway's id, as JSON text, → the call. */
  readonly #calls = new Map<string, Call>()
  readonly #paramHeaders = new ParamHeaders()
  #lastId = 0
  #lastTraffic: number
  #over: Refusal | undefined
  #onProbe: ((found: Probed) => void) | undefined

  /** Starts the process, whose slot the caller took. `onGone`: it ended by itself, and whether that was a failure. */
  constructor(entry: Startable, context: ServerContext, onGone: (failure: Refusal | undefined) => void) {
    this.#entry = entry
    this.#context = context
    this.#onGone = onGone
    this.#lastTraffic = context.clock()
    this.#observer = observeLater(context)
    const output = this.#observer.copies('server_to_client', 'lines')
    this.#process = startServerProcess({
      entry,
      context,
      onMessages: (messages) => {
        for (const message of messages) this.#deliver(message)
      },
      onJunk: (line) => {
        output.feed(line)
        output.feed(NEWLINE)
      },
      onExit: (exit) => this.#exited(exit),
    })
  }

  /** Why it ended by itself; undefined while it runs. */
  get failure(): Refusal | undefined {
    return this.#over
  }

  /**
   * Asks `server/discover`. Resolves to the revisions that the server has, none where it does not say, where the answer
   * is a result or knows the modern error for versions; to `unknown` for another error, and to `silent` for silence of
   * `timeoutMs`, and for an exit.
   */
  probe(timeoutMs: number): Promise<Probed> {
    return new Promise((resolve) => {
      const settle = (found: Probed) => {
        clearTimeout(timer)
        this.#onProbe = undefined
        resolve(found)
      }
      const timer = setTimeout(() => settle('silent'), timeoutMs)
      this.#onProbe = settle
      this.#process.send(DISCOVER(PROBE_ID))
      if (this.#over) settle('silent')
    })
  }

  /** Gives its process away, to be handed over: it is over itself. */
  release(refusal: Refusal): ServerProcess {
    this.#close(refusal, 'cancelled')
    this.#observer.close('cancelled', 'server')
    return this.#process
  }

  /** Takes one modern POST, whose `message` is one line. Answers it now or later. */
  post(exchange: Exchange, message: Message): void {
    this.#lastTraffic = this.#context.clock()
    // It may have left while its body was read, or the era was found out.
    if (exchange.res.closed) return
    if (this.#over) {
      refuse(exchange, { ...this.#over, id: message.id })
      return
    }
    if (message.kind === 'request') this.#call(exchange, message)
    else this.#notify(exchange, message)
  }

  /** Milliseconds since anything passed; 0 while a call is open or an answer to the probe is awaited. */
  idleMs(): number {
    return this.#calls.size > 0 || this.#onProbe ? 0 : this.#context.clock() - this.#lastTraffic
  }

  /** Whether it answers, asked beside its clients; undefined where calls are in flight, or it cannot be asked. */
  async answers(timeoutMs: number): Promise<boolean | undefined> {
    return this.#over || this.#calls.size > 0 || this.#onProbe ? undefined : this.#process.answers(DISCOVER, timeoutMs)
  }

  /** Tells of a flood of junk that is over. */
  sweep(): void {
    this.#observer.sweep()
  }

  /** Ends the process. Resolves when it is gone. */
  async end(refusal: Refusal): Promise<void> {
    this.#close(refusal, 'cancelled')
    await this.#process.end()
  }

  #call(exchange: Exchange, message: Message): void {
    const refusal = this.#paramHeaders.refusalOf(exchange.req.headers, message)
    if (refusal) {
      refuse(exchange, refusal)
      return
    }
    const own = String(++this.#lastId)
    const changes = [message.idRange, message.progressTokenRange].map((at) => ({ at, token: own }))
    if (!this.#process.send(splice(message.bytes, changes))) {
      refuse(exchange, { ...OVERLOADED, id: message.id })
      return
    }
    if (message.method === 'subscriptions/listen') exchange.endless = true
    const observer = observeLater(this.#context, undefined, 'http', exchange.agent)
    const answer = createAnswer({ exchange, requests: [message], batch: false })
    const copies = observer.copies('server_to_client', 'lines')
    const { key, id, progressToken: token, method } = message
    this.#calls.set(own, { answer, key: key!, id: id!, token, method, observer, copies })
    observer.whole('client_to_server', message.bytes)
    exchange.res.once('close', () => this.#left(own))
  }

  /**
   * A notification of a client. One that cancels is acknowledged alone: over HTTP a call is cancelled by leaving it,
   * and ids of different clients cannot be told apart.
   */
  #notify(exchange: Exchange, message: Message): void {
    if (message.method !== 'notifications/cancelled') this.#process.send(message.bytes)
    acknowledge(exchange, 202)
    const observer = observeLater(this.#context, undefined, 'http', exchange.agent)
    observer.whole('client_to_server', message.bytes)
    observer.close('cancelled', 'client')
  }

  /** The client closed the stream of a call before its answer: over stdio that is a notification. */
  #left(own: string): void {
    const call = this.#calls.get(own)
    if (!call) return
    this.#calls.delete(own)
    call.observer.close('cancelled', 'client')
    this.#process.send(Buffer.from(cancellation(own)))
  }

  #deliver(message: Message): void {
    this.#lastTraffic = this.#context.clock()
    if (message.id === PROBE_ID && message.kind === 'response') {
      const modern = !message.failed || message.errorCode === UNSUPPORTED_VERSION
      this.#onProbe?.(modern ? versionsIn(message) : 'unknown')
      return
    }
    if (message.kind === 'response') this.#respond(message)
    else this.#forward(message)
  }

  #respond(message: Message): void {
    const call = this.#calls.get(message.id ?? '')
    if (!call) {
      this.#context.counters.undelivered++
      return
    }
    this.#calls.delete(message.id!)
    const restored = splice(message.bytes, [
      { at: message.idRange, token: call.id },
      { at: message.subscriptionIdRange, token: call.id },
    ])
    call.answer.respond(call.key, restored, statusOf(message.errorCode))
    if (call.method === 'tools/list') this.#paramHeaders.learn(message)
    call.copies.feed(Buffer.concat([restored, NEWLINE]))
    call.observer.close('unanswered', 'server')
  }

  /** A notification belongs to the call that it names; one that names none to the only call there is, or to nobody. */
  #forward(message: Message): void {
    const named =
      message.subscriptionId ??
      (message.method === 'notifications/progress' ? message.progressToken : message.cancelledId)
    const own = named ?? (this.#calls.size === 1 ? [...this.#calls.keys()][0]! : '')
    const call = message.kind === 'notification' ? this.#calls.get(own) : undefined
    if (!call?.answer.streams) {
      this.#context.counters.undelivered++
      return
    }
    const restored = splice(message.bytes, [
      { at: message.subscriptionIdRange, token: call.id },
      { at: message.cancelledIdRange, token: call.id },
      { at: message.progressTokenRange, token: call.token ?? call.id },
    ])
    call.answer.notify(restored)
    call.copies.feed(Buffer.concat([restored, NEWLINE]))
    const { res } = call.answer.exchange
    if (res.writableLength > MAX_UNREAD_BYTES) res.destroy()
  }

  #exited(exit: ChildExit): void {
    const isFailure = exit.code !== 0 || this.#onProbe !== undefined || this.#calls.size > 0
    this.#observer.close('process_exit', 'server')
    this.#onProbe?.('silent')
    if (this.#over) return
    const refusal = processFailure(this.#context.server, this.#entry, exit)
    this.#close(refusal, 'process_exit')
    this.#onGone(isFailure ? refusal : undefined)
  }

  #close(refusal: Refusal, outcome: 'cancelled' | 'process_exit'): void {
    this.#over ??= refusal
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const { answer, observer } of calls) {
      answer.fail(refusal)
      observer.close(outcome, outcome === 'process_exit' ? 'server' : 'shutdown')
    }
  }
}

const UNSUPPORTED_VERSION = String(CODES.unsupportedVersion)

/** The revisions that the answer to `server/discover` names, whether it is a result or an error. */
function versionsIn(answer: Message): readonly string[] {
  const { result, error } = jsonOf(answer) as {
    result?: { supportedVersions?: unknown }
    error?: { data?: { supported?: unknown } }
  }
  const versions = result?.supportedVersions ?? error?.data?.supported
  return Array.isArray(versions) ? versions.filter((version) => typeof version === 'string') : []
}

function cancellation(id: string): string {
  return `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id},"reason":"The client left."}}`
}

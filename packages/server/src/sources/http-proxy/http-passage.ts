import {
  type AnswerHead,
  type Call,
  type CallTaker,
  ConnectTimeOut,
  type HttpClient,
  InvalidAnswer,
  type RequestHead,
} from '../../http-client/index.js'
import type { ServerContext } from './context.js'
import type { Exchange } from './exchange.js'
import { type LinkFault, linkFailure } from './failures.js'
import type { AnswerWay, OpenWay } from './http-answer.js'
import { carriesBody } from './http-headers.js'
import type { Watch } from './http-watch.js'
import { passInformation } from './information.js'
import { refuse } from './respond.js'

/** Methods that change nothing, so that a request without a body may be sent a second time (RFC 9110, 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
/** How a connection ends that the server had closed before it saw the request. */
const CLOSED_BEFORE = new Set(['ECONNRESET', 'EPIPE'])

export interface PassageOptions {
  readonly exchange: Exchange
  readonly context: ServerContext
  readonly watch: Watch
  readonly client: HttpClient
  readonly request: RequestHead
  readonly openWay: OpenWay
}

/** One exchange on its way to an HTTP server, and the answer on its way back: bytes first, then the look at their copy. */
export class Passage implements CallTaker {
  readonly #exchange: Exchange
  readonly #context: ServerContext
  readonly #watch: Watch
  readonly #client: HttpClient
  readonly #request: RequestHead
  readonly #openWay: OpenWay
  readonly #hasBody: boolean
  /** Bytes of the request's body that are still to come, where their number is known. */
  #left: number
  #call: Call
  #way: AnswerWay | undefined
  #isSecondTry = false
  #isConnected = false
  /** The rest of the request goes nowhere. */
  #isCutShort = false
  #isAnswered = false
  #isOver = false
  #patience: NodeJS.Timeout | undefined

  constructor({ exchange, context, watch, client, request, openWay }: PassageOptions) {
    this.#exchange = exchange
    this.#context = context
    this.#watch = watch
    this.#client = client
    this.#request = request
    this.#openWay = openWay
    this.#hasBody = carriesBody(exchange.req)
    this.#left = Number(exchange.req.headers['content-length'] ?? Number.POSITIVE_INFINITY)
    this.#call = client.send(request, this)
  }

  /** Follows the exchange from here on. */
  begin(): void {
    const { req, res } = this.#exchange
    this.#limitAnswering()
    if (this.#hasBody) req.on('data', (chunk: Buffer) => this.#pass(chunk))
    else {
      this.#call.end()
      req.resume()
    }
    req.once('end', () => this.#sentAll())
    res.once('close', () => this.#closed())
  }

  onConnected(): void {
    this.#isConnected = true
  }

  onDrain(): void {
    this.#goOn()
    this.#exchange.req.resume()
  }

  onInformation(head: AnswerHead): void {
    passInformation(this.#exchange.res, head)
  }

  onHead(head: AnswerHead): void {
    clearTimeout(this.#patience)
    this.#patience = undefined
    try {
      this.#way = this.#openWay(this.#exchange, head, this.#call, this.#watch)
    } catch {
      this.#call.destroy()
      this.#refuse({ kind: 'unreadable', reason: 'its head could not be written again as it came' })
      return
    }
    this.#limitSilence()
  }

  onData(chunk: Buffer): void {
    this.#patience?.refresh()
    this.#way?.data(chunk)
  }

  onTold(): void {
    this.#way?.told()
  }

  onEnd(rawTrailers: readonly string[]): void {
    this.#isAnswered = true
    clearTimeout(this.#patience)
    this.#way?.end(rawTrailers)
  }

  onError(error: NodeJS.ErrnoException): void {
    clearTimeout(this.#patience)
    if (this.#isOver) return
    if (this.#way) {
      // The server reads no more: what is left of the request goes nowhere.
      this.#cutShort()
      if (!this.#isAnswered) this.#broken(false)
      return
    }
    if (this.#exchange.res.destroyed) return
    if (this.#mayRepeat(error)) {
      this.#isSecondTry = true
      this.#isConnected = false
      this.#call = this.#client.send(this.#request, this, true)
      this.#limitAnswering()
      this.#call.end()
      return
    }
    this.#refuse(faultOf(error, this.#isConnected))
  }

  /**
   * Carries a piece of the body on, at the pace of the server, and then has it looked at. The last piece of a body whose
   * length is known ends the request, so that a short one is one write.
   */
  #pass(chunk: Buffer): void {
    const { req } = this.#exchange
    this.#left -= chunk.length
    if (!this.#isCutShort) {
      if (this.#left === 0) this.#call.end(chunk)
      else if (!this.#call.write(chunk)) req.pause()
    }
    this.#exchange.requestBytes += chunk.length
    this.#goOn()
    this.#watch.sent(chunk)
  }

  #sentAll(): void {
    if (this.#hasBody && !this.#isCutShort && !this.#call.isEnded)
      this.#call.end(undefined, this.#exchange.req.rawTrailers)
    this.#goOn()
    this.#watch.sentAll()
  }

  /** The client has its answer, or left before. */
  #closed(): void {
    const { req, res } = this.#exchange
    clearTimeout(this.#patience)
    if (this.#isOver) return
    if (!res.writableFinished && !(this.#isAnswered && this.#call.isEnded)) {
      this.#isOver = true
      this.#watch.left()
      this.#give()
    } else if (!this.#call.isEnded && !this.#isCutShort) {
      // It was answered early, and may go on sending.
      req.once('close', () => {
        if (!this.#call.isEnded) this.#give()
      })
    }
  }

  #give(): void {
    clearTimeout(this.#patience)
    this.#call.destroy()
  }

  #cutShort(): void {
    this.#isCutShort = true
    this.#exchange.req.resume()
  }

  #broken(isTimeOut: boolean): void {
    this.#isOver = true
    this.#way?.broken(isTimeOut)
  }

  #refuse(fault: LinkFault): void {
    const { req } = this.#exchange
    this.#isOver = true
    this.#cutShort()
    const answer = () => {
      this.#watch.failed(fault.kind.endsWith('timeout'))
      refuse(this.#exchange, { ...linkFailure(this.#context, fault), id: this.#watch.id })
    }
    // Whose call it was is known at the end of its request.
    if (req.readableEnded) answer()
    else req.once('end', answer)
  }

  /** A kept connection that the server had closed by itself says nothing of the request, which it never saw. */
  #mayRepeat({ code }: NodeJS.ErrnoException): boolean {
    const isSafe = SAFE_METHODS.has(this.#request.method) && !this.#hasBody
    return isSafe && !this.#isSecondTry && this.#call.isReused && CLOSED_BEFORE.has(code ?? '')
  }

  /**
   * Fails the call where no answer begins within `responseTimeoutMs` of its last byte, or where the server takes none of
   * it for so long; no limit where that is not set. While the client is the slow one, the server is not blamed. A stream
   * that is asked for may begin with its first event, whenever that comes.
   */
  #limitAnswering(): void {
    const { responseTimeoutMs } = this.#context.options
    if (responseTimeoutMs === undefined || this.#request.method === 'GET') return
    const timer = setTimeout(() => {
      if (!this.#call.isEnded && !this.#call.needsDrain) {
        timer.refresh()
        return
      }
      this.#give()
      this.#refuse({ kind: 'answer timeout' })
    }, responseTimeoutMs).unref()
    this.#patience = timer
  }

  /** Some of the request went on, so the server has its time again. */
  #goOn(): void {
    if (!this.#way) this.#patience?.refresh()
  }

  /**
   * Cuts an answer of which nothing came for `streamIdleTimeoutMs`; no limit where that is not set. While its reader is
   * the slow one, the server is not blamed.
   */
  #limitSilence(): void {
    const { streamIdleTimeoutMs } = this.#context.options
    if (streamIdleTimeoutMs === undefined || this.#isAnswered) return
    const timer = setTimeout(() => {
      if (this.#exchange.res.writableNeedDrain) {
        timer.refresh()
        return
      }
      this.#give()
      this.#cutShort()
      this.#broken(true)
    }, streamIdleTimeoutMs).unref()
    this.#patience = timer
  }
}

function faultOf(error: NodeJS.ErrnoException, isConnected: boolean): LinkFault {
  if (error instanceof ConnectTimeOut) return { kind: 'connect timeout' }
  if (error instanceof InvalidAnswer) return { kind: 'unreadable', reason: error.message }
  return { kind: isConnected ? 'broken off' : 'unreachable', reason: error.code ?? error.message }
}

import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { ServerContext } from './context.js'
import type { Exchange } from './exchange.js'
import { type LinkFault, linkFailure } from './failures.js'
import { carriesBody, passedHeaders } from './http-headers.js'
import { limitAnswering, limitConnecting, limitSilence, TimeOut } from './http-timeouts.js'
import type { HttpWatch } from './http-watch.js'
import { passInformation } from './information.js'
import { refuse } from './respond.js'

/** Methods that change nothing, so that a request without a body may be sent a second time (RFC 9110, 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
/** How a connection ends that the server had closed before it saw the request. */
const CLOSED_BEFORE = new Set(['ECONNRESET', 'EPIPE'])

/** Looks at one exchange, by copies of the bytes that passed. */
export type Watch = Pick<
  HttpWatch,
  'id' | 'sent' | 'sentAll' | 'answered' | 'received' | 'receivedAll' | 'left' | 'failed'
>

/** What has a body, and headers that say how long it is. */
type Body = Readable & Pick<IncomingMessage, 'headers' | 'rawTrailers'>

export interface PassageOptions {
  readonly exchange: Exchange
  readonly context: ServerContext
  readonly watch: Watch
  /** Begins a request to the server, its headers known and its body still to come. */
  readonly open: (isSecondTry: boolean) => ClientRequest
  readonly onAnswer: typeof passAnswer
}

/** One exchange on its way to an HTTP server, and the answer on its way back: bytes first, then the look at their copy. */
export class Passage {
  readonly #exchange: Exchange
  readonly #context: ServerContext
  readonly #watch: Watch
  readonly #open: PassageOptions['open']
  readonly #onAnswer: typeof passAnswer
  readonly #hasBody: boolean
  #upstream: ClientRequest
  #answer: IncomingMessage | undefined
  #stopCarrying = () => {}
  #onSent = () => {}
  #isConnected = false
  #over = false

  constructor({ exchange, context, watch, open, onAnswer }: PassageOptions) {
    this.#exchange = exchange
    this.#context = context
    this.#watch = watch
    this.#open = open
    this.#onAnswer = onAnswer
    this.#hasBody = carriesBody(exchange.req)
    this.#upstream = this.#send(false)
  }

  /** Follows the exchange from here on. */
  begin(): void {
    const { req, res } = this.#exchange
    const watch = this.#watch
    if (!this.#hasBody) req.resume()
    req.once('end', () => watch.sentAll())
    res.once('close', () => {
      if (res.writableFinished || this.#upstream.destroyed) return
      this.#over = true
      watch.left()
      this.#upstream.destroy()
    })
  }

  #send(isSecondTry: boolean): ClientRequest {
    const { req, res } = this.#exchange
    const { options } = this.#context
    const upstream = this.#open(isSecondTry)
    this.#isConnected = false
    limitConnecting(upstream, options.connectTimeoutMs, () => {
      this.#isConnected = true
    })
    // A stream that is asked for may begin with its first event, whenever that comes.
    if (req.method !== 'GET') this.#onSent = limitAnswering(upstream, options.responseTimeoutMs)
    upstream.on('information', (information) => passInformation(res, information))
    upstream.once('response', (answer) => this.#pass(answer))
    upstream.once('upgrade', (_, socket) => {
      socket.destroy()
      this.#failed(new Error('it answered with another protocol'), isSecondTry)
    })
    upstream.on('error', (error) => this.#failed(error, isSecondTry))
    if (this.#hasBody) this.#stopCarrying = carry(req, upstream, (chunk) => this.#sent(chunk))
    else upstream.end()
    return upstream
  }

  #sent(chunk: Buffer): void {
    this.#exchange.requestBytes += chunk.length
    this.#onSent()
    this.#watch.sent(chunk)
  }

  #pass(answer: IncomingMessage): void {
    const { res } = this.#exchange
    if (this.#over || res.destroyed) return
    this.#answer = answer
    try {
      this.#onAnswer(this.#exchange, answer, this.#watch)
    } catch {
      // What node:http read and would not write, such as a status below 100.
      this.#answer = undefined
      this.#upstream.destroy()
      this.#failed(new Error('its answer is no HTTP'), true)
      return
    }
    limitSilence(answer, res, this.#context.options.streamIdleTimeoutMs)
  }

  #failed(error: NodeJS.ErrnoException, isSecondTry: boolean): void {
    const { req, res } = this.#exchange
    if (this.#over || res.destroyed) return
    if (this.#answer) {
      // The server closes its side after its answer, and reads no more: what is left of the request goes nowhere.
      this.#stopCarrying()
      return
    }
    if (!isSecondTry && this.#mayRepeat(error)) {
      this.#upstream = this.#send(true)
      return
    }
    this.#over = true
    this.#stopCarrying()
    const fault = faultOf(error, this.#isConnected)
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
    const isSafe = SAFE_METHODS.has(this.#exchange.req.method ?? '') && !this.#hasBody
    return isSafe && this.#upstream.reusedSocket && CLOSED_BEFORE.has(code ?? '')
  }
}

/** Passes an answer on as it comes. Throws where it cannot be written. */
export function passAnswer(exchange: Exchange, answer: IncomingMessage, watch: Watch): void {
  const { res } = exchange
  res.writeHead(answer.statusCode!, answer.statusMessage, passedHeaders(answer.rawHeaders))
  sendHeaderSoon(exchange)
  carry(answer, res, (chunk) => {
    exchange.responseBytes += chunk.length
    watch.received(chunk)
  })
  watch.answered(answer.statusCode!, answer.headers)
  answer.once('end', () => watch.receivedAll())
  answer.once('error', (error) => {
    watch.failed(error instanceof TimeOut)
    res.destroy()
  })
}

/**
 * Sends the header without waiting for the body, where that does not come with it: one write in place of two is a
 * quarter of what a call costs. node:http's own way to flush would write the header as UTF-8, two bytes for one of Latin-1.
 */
function sendHeaderSoon(exchange: Exchange): void {
  const { res } = exchange
  setImmediate(() => {
    if (exchange.responseBytes === 0 && !res.writableEnded && !res.destroyed) res.write('', 'latin1')
  })
}

/**
 * Carries a body on as it comes, at the pace of its reader, and shows each piece to `look` once it is on its way. The last
 * piece of a body whose length is known ends it, so that a short message is one write, its header included: pipes take
 * twice the work for it. The answer lets the rest of the body go nowhere.
 */
function carry(from: Body, to: ClientRequest | ServerResponse, look: (chunk: Buffer) => void): () => void {
  let left = Number(from.headers['content-length'] ?? Number.POSITIVE_INFINITY)
  let isStopped = false
  from.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (!isStopped) {
      if (left === 0) to.end(chunk)
      else if (!to.write(chunk)) from.pause()
    }
    look(chunk)
  })
  to.on('drain', () => from.resume())
  from.once('end', () => {
    if (isStopped || to.writableEnded) return
    addTrailers(to, from)
    to.end()
  })
  return () => {
    isStopped = true
    from.resume()
  }
}

/** Trailers pass where the message is sent in chunks; elsewhere there is no place for them. */
function addTrailers(to: ClientRequest | ServerResponse, { rawTrailers }: Pick<IncomingMessage, 'rawTrailers'>): void {
  const pairs: [string, string][] = []
  for (let at = 0; at < rawTrailers.length; at += 2) pairs.push([rawTrailers[at]!, rawTrailers[at + 1]!])
  if (pairs.length > 0) to.addTrailers(pairs)
}

function faultOf(error: NodeJS.ErrnoException, isConnected: boolean): LinkFault {
  if (error instanceof TimeOut) return { kind: error.kind === 'connect' ? 'connect timeout' : 'answer timeout' }
  return { kind: isConnected ? 'broken off' : 'unreachable', reason: error.code ?? error.message }
}

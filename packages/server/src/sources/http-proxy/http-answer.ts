import type { AnswerHead, Call } from '../../http-client/index.js'
import type { Exchange } from './exchange.js'
import { addedTrailers, furtherCodings, passedHeaders, placeOf, valueIn } from './http-headers.js'
import type { Watch } from './http-watch.js'

/** Takes an answer of an HTTP server piece by piece, behind its head. */
export interface AnswerWay {
  /** A piece of the body. */
  data(chunk: Buffer): void
  /** Whatever came together was given. */
  told(): void
  /** It is complete; trailers in the raw form of headers. */
  end(rawTrailers: readonly string[]): void
  /** It broke off, or stood still for too long. */
  broken(isTimeOut: boolean): void
}

/** What a way may do with the answer's source. */
export type AnswerSource = Pick<Call, 'pause' | 'resume' | 'destroy'>

/** Finds the way of an answer, by its head. Throws where that cannot be written. */
export type OpenWay = (exchange: Exchange, head: AnswerHead, source: AnswerSource, watch: Watch) => AnswerWay

/** Passes an answer on as it comes. */
export const passAnswer: OpenWay = (exchange, head, source, watch) => new PassedAnswer(exchange, head, source, watch)

class PassedAnswer implements AnswerWay {
  readonly #exchange: Exchange
  readonly #source: AnswerSource
  readonly #watch: Watch
  /** Bytes of the body that are still to come, where their number is known. */
  #left: number
  #isPaused = false

  constructor(exchange: Exchange, { status, message, rawHeaders }: AnswerHead, source: AnswerSource, watch: Watch) {
    this.#exchange = exchange
    this.#source = source
    this.#watch = watch
    this.#left = Number(valueIn(rawHeaders, 'content-length') ?? Number.POSITIVE_INFINITY)
    exchange.res.writeHead(status, message, headersFor(exchange, rawHeaders))
    watch.answered(status, rawHeaders)
  }

  /**
   * The last piece of a body whose length is known ends the answer, so that a short one is one write, its header
   * included: the system takes twice the work for two.
   */
  data(chunk: Buffer): void {
    const { res } = this.#exchange
    this.#left -= chunk.length
    if (this.#left === 0) res.end(chunk)
    else if (!res.write(chunk)) this.#pause()
    this.#exchange.responseBytes += chunk.length
    this.#watch.received(chunk)
  }

  /** The head does not wait for a body that did not come with it, but for what is on its way already. */
  told(): void {
    const { res, responseBytes } = this.#exchange
    if (responseBytes > 0 || res.writableEnded || res.headersSent === false) return
    setImmediate(sendHead, this.#exchange)
  }

  end(rawTrailers: readonly string[]): void {
    const { res } = this.#exchange
    if (!res.writableEnded) {
      if (rawTrailers.length > 0) res.addTrailers(addedTrailers(rawTrailers))
      res.end()
    }
    this.#watch.receivedAll()
  }

  broken(isTimeOut: boolean): void {
    this.#watch.failed(isTimeOut)
    this.#exchange.res.destroy()
  }

  #pause(): void {
    this.#source.pause()
    if (this.#isPaused) return
    this.#isPaused = true
    this.#exchange.res.once('drain', () => {
      this.#isPaused = false
      this.#source.resume()
    })
  }
}

/**
 * What was done to a body beside cutting it in chunks was not asked for, is done still, and is said to the client as the
 * server said it; one of HTTP/1.0 does not know the header (RFC 9112, 6.1). `Trailer` tells of what comes behind chunks;
 * node:http does not write it where there are none.
 */
function headersFor({ req, res }: Exchange, raw: readonly string[]): string[] {
  const headers = passedHeaders(raw, codedAs)
  if (!res.useChunkedEncodingByDefault && placeOf(headers, 'transfer-encoding') >= 0)
    throw new TypeError('a client of HTTP/1.0 knows no codings of the transfer')
  const at = placeOf(headers, 'trailer')
  if (at < 0) return headers
  const hasChunks = res.useChunkedEncodingByDefault && req.method !== 'HEAD' && placeOf(raw, 'transfer-encoding') >= 0
  return hasChunks ? headers : headers.filter((_, place) => headers[place - (place % 2)]!.toLowerCase() !== 'trailer')
}

function codedAs(name: string, value: string): string | undefined {
  return name === 'transfer-encoding' && furtherCodings(value) !== undefined ? value : undefined
}

/** node:http's own way to flush would write the head as UTF-8, two bytes for one of Latin-1. */
function sendHead({ res, responseBytes }: Exchange): void {
  if (responseBytes === 0 && !res.writableEnded && !res.destroyed) res.write('', 'latin1')
}

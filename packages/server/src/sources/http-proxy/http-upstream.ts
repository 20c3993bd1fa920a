import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { TLSSocket } from 'node:tls'
import type { UrlEntry } from '../../children/index.js'
import type { ServerContext, Upstream } from './context.js'
import type { Exchange } from './exchange.js'
import { OUTSIDE, unreachable } from './failures.js'
import { passedHeaders, requestHeaders, targetOf } from './http-headers.js'
import { HttpSessions } from './http-sessions.js'
import { HttpWatch } from './http-watch.js'
import { refuse } from './respond.js'

/**
 * How long a connection waits for its next request: less than the 5 s after which common servers close it, since a
 * request that meets the closing is lost and may not be sent twice.
 */
const IDLE_CONNECTION_MS = 4_000

/** Passes every exchange on to a server that speaks Streamable HTTP itself, byte for byte as it comes. */
export class HttpUpstream implements Upstream {
  readonly #entry: UrlEntry
  readonly #context: ServerContext
  readonly #sessions: HttpSessions
  readonly #agent: HttpAgent

  constructor(entry: UrlEntry, context: ServerContext) {
    this.#entry = entry
    this.#context = context
    this.#sessions = new HttpSessions(context)
    this.#agent = new (entry.url.startsWith('https:') ? HttpsAgent : HttpAgent)({
      keepAlive: true,
      timeout: IDLE_CONNECTION_MS,
    })
  }

  handle(exchange: Exchange, rest: string): void {
    const { req } = exchange
    const target = targetOf(this.#entry, rest)
    if (!target) {
      refuse(exchange, OUTSIDE)
      return
    }
    const send = target.protocol === 'https:' ? requestHttps : requestHttp
    const upstream = send(target, {
      method: req.method,
      headers: requestHeaders(req.rawHeaders, target, this.#entry),
      agent: this.#agent,
    })
    const watch = new HttpWatch(exchange, this.#context, this.#sessions)
    this.#limitConnecting(upstream)
    this.#passRequest(exchange, upstream, watch)
    upstream.once('response', (answer) => passAnswer(exchange, answer, watch))
    upstream.on('error', (error) => this.#fail(exchange, watch, error))
    exchange.res.once('close', () => {
      if (exchange.res.writableFinished || upstream.destroyed) return
      watch.left()
      upstream.destroy()
    })
  }

  sweep(): void {
    this.#sessions.sweep(this.#context.options.httpSessionIdleMs)
  }

  /** No process here is ours. */
  tenants(): readonly [] {
    return []
  }

  get sessions(): number {
    return this.#sessions.size
  }

  async stop(): Promise<void> {
    this.#sessions.stop()
    this.#agent.destroy()
  }

  #passRequest(exchange: Exchange, upstream: ClientRequest, watch: HttpWatch): void {
    const { req } = exchange
    req.pipe(upstream)
    // After the pipe's own listener: the bytes are on their way before anybody looks at them.
    req.on('data', (chunk: Buffer) => {
      exchange.requestBytes += chunk.length
      watch.sent(chunk)
    })
    req.once('end', () => watch.sentAll())
  }

  #limitConnecting(upstream: ClientRequest): void {
    const { connectTimeoutMs } = this.#context.options
    const timer = setTimeout(() => upstream.destroy(timeout(connectTimeoutMs)), connectTimeoutMs)
    timer.unref()
    const connected = () => clearTimeout(timer)
    upstream.once('close', connected)
    upstream.once('socket', (socket) => {
      if (!socket.connecting) connected()
      else socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', connected)
    })
  }

  #fail(exchange: Exchange, watch: HttpWatch, error: NodeJS.ErrnoException): void {
    if (exchange.res.destroyed) return
    const timedOut = error.code === 'ETIMEDOUT'
    watch.failed(timedOut)
    exchange.req.unpipe().resume()
    const reason = error.code ?? 'the connection failed'
    refuse(exchange, { ...unreachable(this.#context.server, timedOut, reason), id: watch.id })
  }
}

function timeout(timeoutMs: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`no connection within ${timeoutMs} ms`), { code: 'ETIMEDOUT' })
}

function passAnswer(exchange: Exchange, answer: IncomingMessage, watch: HttpWatch): void {
  const { res } = exchange
  if (res.destroyed) return
  res.writeHead(answer.statusCode!, answer.statusMessage, passedHeaders(answer.rawHeaders))
  res.flushHeaders()
  answer.pipe(res)
  watch.answered(answer.statusCode!, answer.headers)
  answer.on('data', (chunk: Buffer) => {
    exchange.responseBytes += chunk.length
    watch.received(chunk)
  })
  answer.once('end', () => watch.receivedAll())
  answer.once('error', () => {
    watch.failed(false)
    res.destroy()
  })
}

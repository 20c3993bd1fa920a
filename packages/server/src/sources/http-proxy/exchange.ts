import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { type EventOf, event, type Origin } from '@mcp-vitals/instrument/event'
import type { Publish } from '@mcp-vitals/instrument/stream'
import type { Pass } from './door.js'
import { headerOf } from './http-headers.js'
import type { Looks } from './looks.js'
import type { GatewayOptions } from './options.js'

type Ended = Omit<EventOf<'http'>, keyof Origin | 'v' | 'type' | 'at'>

/** Status in the events for a client that left before it was answered. */
const CLIENT_LEFT = 499

/** What is used of a request. */
export type ClientRequest = Readable &
  Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders' | 'rawTrailers' | 'socket'>

/**
 * Tells whether an exchange is still waited for. An object and no function: a closure in a field of an exchange had V8
 * promote all of the exchange to the old generation, which made the collections of each call take a third of its time.
 */
export interface Awaiting {
  readonly isAwaited: boolean
}

/** One HTTP request to the gateway and its answer, with what the `http` event counts. */
export interface Exchange {
  /** The request; where a door read its body, one with what passes of it. */
  req: ClientRequest
  readonly res: ServerResponse
  /** A header's one value; `name` in lower case. */
  readonly header: (name: string) => string | undefined
  /** Bytes of body so far. Who reads or writes them adds them up. */
  requestBytes: number
  responseBytes: number
  /** `sse` where the client speaks the deprecated HTTP+SSE transport. */
  transport: 'http' | 'sse'
  /** Silence on its event stream after which a comment passes. */
  readonly keepAliveMs: number
  /** Pseudonym of the session it belongs to, once known. */
  session: string | undefined
  /** Who holds the key that it showed, and what events call him; undefined where no key is asked for. */
  holder?: string | undefined
  agent?: string | undefined
  /** With what it was let in, where there is a door. */
  pass?: Pass | undefined
  /** A stream that ends when its reader leaves: a stop need not wait for it, and it has no duration. */
  endless: boolean
  /** Knows whether somebody still waits for something here. Without it, somebody does until the exchange is closed, unless it is endless. */
  awaiting: Awaiting | undefined
  /** Its own answer has passed. What follows on the same stream is no part of its duration. */
  answered(): void
}

/** What all exchanges of a gateway share. */
export interface ExchangeContext {
  readonly publish: Publish
  readonly now: () => number
  readonly clock: () => number
  readonly options: Pick<GatewayOptions, 'keepAliveMs'>
  readonly looks: Looks
}

export interface ExchangeSetup {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Undefined where the path names no server that there is. */
  readonly server: string | undefined
  readonly context: ExchangeContext
  /** Told of the session of a client that showed a key. */
  readonly onSession?: (session: string, agent: string) => void
}

/** Follows one exchange to its end, and then publishes its `http` event. */
export function beginExchange(setup: ExchangeSetup): Exchange {
  return new WatchedExchange(setup)
}

class WatchedExchange implements Exchange {
  req: ClientRequest
  readonly res: ServerResponse
  requestBytes = 0
  responseBytes = 0
  transport: 'http' | 'sse' = 'http'
  readonly keepAliveMs: number
  holder: string | undefined
  agent: string | undefined
  pass: Pass | undefined
  endless: boolean
  awaiting: Awaiting | undefined
  readonly #setup: ExchangeSetup
  readonly #began: number
  #answeredAt: number | undefined
  #session: string | undefined

  constructor(setup: ExchangeSetup) {
    const { req, res, context } = setup
    this.#setup = setup
    this.req = req
    this.res = res
    this.keepAliveMs = context.options.keepAliveMs
    this.endless = req.method === 'GET'
    this.#began = context.clock()
    res.once('close', () => context.looks.later(() => this.#closed()))
  }

  get session(): string | undefined {
    return this.#session
  }

  set session(pseudonym: string | undefined) {
    this.#session = pseudonym
    if (pseudonym !== undefined && this.agent !== undefined) this.#setup.onSession?.(pseudonym, this.agent)
  }

  readonly header = (name: string): string | undefined => headerOf(this.#setup.req.headers, name)

  answered(): void {
    this.#answeredAt ??= this.#setup.context.clock()
  }

  #closed(): void {
    const { req, res, server, context } = this.#setup
    // Set one by one: spreads in a literal cost microseconds, and this is on the path of every call.
    const origin: { -readonly [K in keyof Origin]: Origin[K] } = {
      server: server ?? 'mcp-vitals',
      transport: this.transport,
    }
    if (this.#session !== undefined) origin.session = this.#session
    if (this.agent !== undefined) origin.agent = this.agent
    const ended: { -readonly [K in keyof Ended]: Ended[K] } = {
      method: (req.method ?? '').slice(0, 16),
      path: `/mcp/${server ?? 'unknown'}`.slice(0, 128),
      status: res.headersSent ? res.statusCode : CLIENT_LEFT,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
    }
    if (!this.endless) ended.durationMs = Math.max(0, (this.#answeredAt ?? context.clock()) - this.#began)
    context.publish(event('http', context.now(), origin, ended))
  }
}

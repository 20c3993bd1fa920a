import { credentialOf } from './credential.js'
import type { Exchange } from './exchange.js'
import { heldBack, NO_STREAM, STOPPING, tooManyChildren } from './failures.js'
import type { Parcel } from './message.js'
import { CODES, refuse } from './respond.js'
import type { Tenant } from './slots.js'
import { acceptOf } from './sse.js'
import { keyIn } from './sse-address.js'
import { SseSession, type SseSessionOptions } from './sse-session.js'

/** The sessions over the deprecated HTTP+SSE transport in front of one stdio server. */
export class SseSessions {
  readonly #options: SseSessionOptions
  readonly #byKey = new Map<string, SseSession>()
  readonly #ending = new Set<Promise<void>>()
  #retired = false

  constructor(options: SseSessionOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#byKey.size
  }

  /** Takes the GET that begins a session. Closing it ends the session. */
  async open(exchange: Exchange): Promise<void> {
    const { context, backoffs } = this.#options
    const { slots } = context
    const { hold } = backoffs.of(credentialOf(exchange))
    exchange.transport = 'sse'
    if (!acceptOf(exchange.header('accept')).events)
      refuse(exchange, {
        status: 406,
        code: CODES.transport,
        message: 'Not Acceptable: the client must accept text/event-stream.',
      })
    else if (hold) refuse(exchange, heldBack(context, hold))
    else if (!(await slots.claim())) refuse(exchange, tooManyChildren(context))
    // To make room takes its time, and the client may have left, or the gateway stopped.
    else if (this.#retired || exchange.res.closed) {
      slots.give()
      refuse(exchange, STOPPING)
    } else this.#begin(exchange)
  }

  /** Takes a POST, whose body is `parcel`. */
  post(exchange: Exchange, query: string, parcel: Parcel): void {
    exchange.transport = 'sse'
    const session = this.#byKey.get(keyIn(query))
    if (session && session.holder === exchange.holder) session.post(exchange, parcel)
    else refuse(exchange, { ...NO_STREAM, id: parcel.messages.find(({ kind }) => kind === 'request')?.id })
  }

  /** Opens no more. */
  retire(): void {
    this.#retired = true
  }

  holds(key: string): boolean {
    return this.#byKey.has(key)
  }

  sweep(): void {
    for (const session of this.#byKey.values()) session.sweep()
  }

  /** None of them is idle: somebody waits at each stream. */
  tenants(): readonly Tenant[] {
    return [...this.#byKey.values()]
      .filter(({ running }) => running)
      .map((session) => ({ idleMs: () => 0, end: () => session.end('idle') }))
  }

  async stop(): Promise<void> {
    this.retire()
    for (const [key, session] of this.#byKey) this.#end(key, session, 'shutdown')
    await Promise.all(this.#ending)
  }

  #begin(exchange: Exchange): void {
    const session = new SseSession(this.#options, exchange)
    session.holder = exchange.holder
    this.#byKey.set(session.key, session)
    exchange.res.once('close', () => this.#end(session.key, session, 'client'))
  }

  #end(key: string, session: SseSession, reason: 'client' | 'shutdown'): void {
    if (!this.#byKey.delete(key)) return
    const ended = session.end(reason).finally(() => this.#ending.delete(ended))
    this.#ending.add(ended)
  }
}

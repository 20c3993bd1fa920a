import type { ServerContext, Startable } from './context.js'
import { credentialOf } from './credential.js'
import type { Exchange } from './exchange.js'
import { STOPPING, tooManyChildren } from './failures.js'
import type { Parcel } from './message.js'
import { CODES, type Refusal, refuse } from './respond.js'
import type { Tenant } from './slots.js'
import { SharedProcess } from './stdio-shared.js'

const ONE_MESSAGE: Refusal = {
  status: 400,
  code: CODES.invalidRequest,
  message: 'Without a session one message is taken at a time.',
}

/**
 * Clients of `POST /message` that opened no event stream before it: each message is answered in the answer to its POST.
 * They share a connection by credential, as the clients of the modern era do.
 */
export class Sessionless {
  readonly #entry: Startable
  readonly #context: ServerContext
  readonly #shared = new Map<string, SharedProcess>()
  readonly #ending = new Set<Promise<void>>()
  #retired = false

  constructor(entry: Startable, context: ServerContext) {
    this.#entry = entry
    this.#context = context
  }

  /** Takes one POST, whose body is `messages`. */
  async post(exchange: Exchange, { messages, batch }: Parcel): Promise<void> {
    const [message] = messages
    if (batch || message === undefined) {
      refuse(exchange, ONE_MESSAGE)
      return
    }
    // Who takes anything gets JSON, however long it takes: that is what curl and scripts read.
    if (!/text\/event-stream/i.test(exchange.header('accept') ?? '')) exchange.req.headers.accept = 'application/json'
    const shared = await this.#of(credentialOf(exchange))
    if (shared instanceof SharedProcess) shared.post(exchange, message)
    else refuse(exchange, { ...shared, id: message.id })
  }

  retire(): void {
    this.#retired = true
  }

  sweep(): void {
    for (const [credential, shared] of this.#shared) {
      shared.sweep()
      if (shared.idleMs() >= this.#context.options.sessionIdleMs) void this.#end(credential, shared)
    }
  }

  tenants(): readonly Tenant[] {
    return [...this.#shared].map(([credential, shared]) => ({
      idleMs: () => shared.idleMs(),
      end: () => this.#end(credential, shared),
    }))
  }

  async stop(): Promise<void> {
    this.#retired = true
    for (const [credential, shared] of this.#shared) void this.#end(credential, shared)
    await Promise.all(this.#ending)
  }

  async #of(credential: string): Promise<SharedProcess | Refusal> {
    const known = this.#shared.get(credential)
    if (known) return known
    const { slots } = this.#context
    if (!(await slots.claim())) return tooManyChildren(this.#context)
    const other = this.#shared.get(credential)
    // Another was quicker while this one waited for room, or the server is on its way out.
    if (other || this.#retired) slots.give()
    if (this.#retired) return STOPPING
    if (other) return other
    const shared = new SharedProcess(this.#entry, this.#context, () => {
      if (this.#shared.get(credential) === shared) this.#shared.delete(credential)
    })
    this.#shared.set(credential, shared)
    return shared
  }

  #end(credential: string, shared: SharedProcess): Promise<void> {
    this.#shared.delete(credential)
    const ended = shared.end(STOPPING).finally(() => this.#ending.delete(ended))
    this.#ending.add(ended)
    return ended
  }
}

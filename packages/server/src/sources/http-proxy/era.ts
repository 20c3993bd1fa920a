import type { Backoffs } from './backoff.js'
import type { ServerContext, Startable } from './context.js'
import { credentialOf } from './credential.js'
import type { Exchange } from './exchange.js'
import { heldBack, STOPPING, tooManyChildren } from './failures.js'
import type { Message } from './message.js'
import { observeLater } from './observe.js'
import { CODES, type Refusal, refuse } from './respond.js'
import { LEGACY_VERSIONS } from './routing.js'
import type { Tenant } from './slots.js'
import type { Spare } from './spare.js'
import { SharedProcess } from './stdio-shared.js'

/**
 * The modern side of one stdio server: a shared process for each credential, and the knowledge whether the server speaks
 * the modern era at all, which the first modern request finds out.
 */
export class SharedProcesses {
  readonly #entry: Startable
  readonly #context: ServerContext
  readonly #processes = new Map<string, SharedProcess>()
  readonly #ending = new Set<Promise<void>>()
  readonly #backoffs: Backoffs
  readonly #spare: Spare
  #era: 'unknown' | 'modern' | 'legacy' = 'unknown'
  /** The revisions that a modern server has; none where it does not say. */
  #versions: readonly string[] = []
  #stopped = false
  #probing: Promise<Refusal | undefined> | undefined

  /** `spare` is given the process of a server that turns out to be of the legacy era. */
  constructor(entry: Startable, context: ServerContext, backoffs: Backoffs, spare: Spare) {
    this.#spare = spare
    this.#entry = entry
    this.#context = context
    this.#backoffs = backoffs
  }

  /** Answers one modern POST, whose `message` is one line. */
  post(exchange: Exchange, message: Message): void {
    const credential = credentialOf(exchange)
    if (this.#era === 'modern') {
      const { protocolVersion: requested } = message
      if (requested !== undefined && this.#versions.length > 0 && !this.#versions.includes(requested)) {
        this.#refuse(exchange, message, unsupported(requested, this.#versions))
        return
      }
      const known = this.#processes.get(credential)
      if (known) known.post(exchange, message)
      else void this.#processOf(credential).then((shared) => this.#postTo(shared, exchange, message))
      return
    }
    if (this.#era === 'legacy') {
      this.#refuse(exchange, message, legacyRefusal(message))
      return
    }
    this.#probing ??= this.#probe(credential).finally(() => {
      this.#probing = undefined
    })
    void this.#probing.then((refusal) => {
      if (refusal === undefined) this.post(exchange, message)
      // A client that only asks is sent to `initialize`, whose failure tells more to more clients.
      else if (message.method === 'server/discover') this.#refuse(exchange, message, legacyRefusal(message))
      else {
        this.#refuse(exchange, message, refusal)
        // Turned away with 503 it began nothing.
        if (refusal.status === 502) this.#countFailed(exchange, message)
      }
    })
  }

  /** Ends the processes that were idle for too long. */
  sweep(): void {
    for (const [credential, shared] of this.#processes) {
      shared.sweep()
      if (shared.idleMs() >= this.#context.options.sessionIdleMs) void this.#end(credential, shared)
    }
  }

  /** Those that run, the newest last. */
  running(): readonly SharedProcess[] {
    return [...this.#processes.values()]
  }

  tenants(): readonly Tenant[] {
    return [...this.#processes].map(([credential, shared]) => ({
      idleMs: () => shared.idleMs(),
      end: () => this.#end(credential, shared),
    }))
  }

  /** Ends every process. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const [credential, shared] of this.#processes) void this.#end(credential, shared)
    await Promise.all(this.#ending)
  }

  #postTo(shared: SharedProcess | Refusal, exchange: Exchange, message: Message): void {
    if (shared instanceof SharedProcess) shared.post(exchange, message)
    else this.#refuse(exchange, message, shared)
  }

  #refuse(exchange: Exchange, message: Message, refusal: Refusal): void {
    refuse(exchange, { ...refusal, id: message.id })
  }

  /** The process ended before it could be given the message: that counts as if it had ended within it. */
  #countFailed({ agent }: Exchange, { bytes }: Message): void {
    const observer = observeLater(this.#context, undefined, 'http', agent)
    observer.whole('client_to_server', bytes)
    observer.close('process_exit', 'server')
  }

  /**
   * Finds the era out. Resolves to what to tell a client where that was not possible: no process may be started, or one
   * ended at the question. A broken server is not a legacy one.
   */
  async #probe(credential: string): Promise<Refusal | undefined> {
    const shared = await this.#processOf(credential)
    if (!(shared instanceof SharedProcess)) return shared
    const found = await shared.probe(this.#context.options.probeTimeoutMs)
    if (shared.failure) return shared.failure
    this.#backoffs.of(credential).worked()
    this.#era = typeof found === 'string' ? 'legacy' : 'modern'
    if (typeof found !== 'string') this.#versions = found
    // Who did not answer at all may have lost its wits.
    else if (found === 'silent' || this.#stopped) void this.#end(credential, shared)
    else {
      this.#processes.delete(credential)
      this.#spare.keep(shared.release(STOPPING))
    }
    return undefined
  }

  /** The process of a credential, a new one where there is none; a refusal where it may not be started. */
  async #processOf(credential: string): Promise<SharedProcess | Refusal> {
    const backoff = this.#backoffs.of(credential)
    const { hold } = backoff
    if (hold) return heldBack(this.#context, hold)
    const { slots } = this.#context
    const isRoom = await slots.claim()
    if (isRoom && this.#stopped) slots.give()
    if (this.#stopped) return STOPPING
    const known = this.#processes.get(credential)
    // Another call was quicker while this one waited for room.
    if (known && isRoom) slots.give()
    if (known) return known
    if (!isRoom) return tooManyChildren(this.#context)
    const began = this.#context.clock()
    const shared = new SharedProcess(this.#entry, this.#context, (failure) => {
      if (this.#processes.get(credential) === shared) this.#processes.delete(credential)
      if (failure) backoff.failed(failure, began, true)
    })
    this.#processes.set(credential, shared)
    return shared
  }

  #end(credential: string, shared: SharedProcess): Promise<void> {
    this.#processes.delete(credential)
    const ended = shared.end(STOPPING).finally(() => this.#ending.delete(ended))
    this.#ending.add(ended)
    return ended
  }
}

/** What a server of the legacy era would say to a modern request over HTTP. */
function legacyRefusal(message: Message): Refusal {
  if (message.method === 'server/discover')
    return { status: 404, code: CODES.methodNotFound, message: 'Method not found' }
  return {
    ...unsupported(message.protocolVersion, LEGACY_VERSIONS),
    message: 'Unsupported protocol version: this server opens sessions with `initialize`.',
  }
}

/** A server over HTTP refuses the revisions that it does not have; over stdio some answer `server/discover` in any. */
function unsupported(requested: string | undefined, supported: readonly string[]): Refusal {
  return {
    status: 400,
    code: CODES.unsupportedVersion,
    message: `Unsupported protocol version: ${requested} (supported: ${supported.join(', ')}).`,
    data: { supported, requested },
  }
}

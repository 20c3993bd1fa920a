import { createHmac, randomBytes } from 'node:crypto'
import type { CommandEntry } from '../../children/index.js'
import type { ServerContext } from './context.js'
import type { Exchange } from './exchange.js'
import { STOPPING, tooManyChildren } from './failures.js'
import type { Message } from './message.js'
import { CODES, type Refusal, refuse } from './respond.js'
import { LEGACY_VERSIONS } from './routing.js'
import { SharedProcess } from './stdio-shared.js'

/** Lives as long as this process: what it makes of a credential means nothing anywhere else. */
const KEY = randomBytes(32)

/**
 * The modern side of one stdio server: a shared process for each credential, and the knowledge whether the server speaks
 * the modern era at all, which the first modern request finds out.
 */
export class SharedProcesses {
  readonly #entry: CommandEntry
  readonly #context: ServerContext
  readonly #processes = new Map<string, SharedProcess>()
  readonly #ending = new Set<Promise<void>>()
  #era: 'unknown' | 'modern' | 'legacy' = 'unknown'
  #probing: Promise<Refusal | undefined> | undefined

  constructor(entry: CommandEntry, context: ServerContext) {
    this.#entry = entry
    this.#context = context
  }

  /** Answers one modern POST, whose `message` is one line. */
  post(exchange: Exchange, message: Message): void {
    const credential = credentialOf(exchange.header('authorization'))
    if (this.#era === 'modern') {
      const shared = this.#processOf(credential)
      if (shared) shared.post(exchange, message)
      else this.#refuse(exchange, message, tooManyChildren(this.#context.server, this.#context.options.maxChildren))
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
      else this.#refuse(exchange, message, message.method === 'server/discover' ? legacyRefusal(message) : refusal)
    })
  }

  /** Ends the processes that were idle for too long. */
  sweep(): void {
    for (const [credential, shared] of this.#processes) {
      shared.sweep()
      if (shared.idle(this.#context.options.sessionIdleMs)) this.#end(credential, shared)
    }
  }

  /** Ends every process. */
  async stop(): Promise<void> {
    for (const [credential, shared] of this.#processes) this.#end(credential, shared)
    await Promise.all(this.#ending)
  }

  #refuse(exchange: Exchange, message: Message, refusal: Refusal): void {
    refuse(exchange, { ...refusal, id: message.id })
  }

  /**
   * Finds the era out. Resolves to what to tell a client where that was not possible: no room for a process, or one that
   * ended at the question. A broken server is not a legacy one.
   */
  async #probe(credential: string): Promise<Refusal | undefined> {
    const { server, options } = this.#context
    const shared = this.#processOf(credential)
    if (!shared) return tooManyChildren(server, options.maxChildren)
    const modern = await shared.probe(options.probeTimeoutMs)
    if (shared.failure) return shared.failure
    this.#era = modern ? 'modern' : 'legacy'
    if (!modern) this.#end(credential, shared)
    return undefined
  }

  #processOf(credential: string): SharedProcess | undefined {
    const known = this.#processes.get(credential)
    if (known) return known
    if (!this.#context.slots.take()) return undefined
    const shared = new SharedProcess(this.#entry, this.#context, () => {
      if (this.#processes.get(credential) === shared) this.#processes.delete(credential)
    })
    this.#processes.set(credential, shared)
    return shared
  }

  #end(credential: string, shared: SharedProcess): void {
    this.#processes.delete(credential)
    const ended = shared.end(STOPPING).finally(() => this.#ending.delete(ended))
    this.#ending.add(ended)
  }
}

/** Tells callers apart without keeping what they hold. */
function credentialOf(authorization: string | undefined): string {
  return authorization === undefined ? '' : createHmac('sha256', KEY).update(authorization).digest('base64')
}

/** What a server of the legacy era would say to a modern request over HTTP. */
function legacyRefusal(message: Message): Refusal {
  if (message.method === 'server/discover')
    return { status: 404, code: CODES.methodNotFound, message: 'Method not found' }
  return {
    status: 400,
    code: CODES.unsupportedVersion,
    message: 'Unsupported protocol version: this server opens sessions with `initialize`.',
    data: { supported: LEGACY_VERSIONS, requested: message.protocolVersion },
  }
}

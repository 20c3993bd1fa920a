import { createHmac, randomBytes } from 'node:crypto'
import type { CommandEntry } from '../../children/index.js'
import type { ServerContext } from './context.js'
import type { Exchange } from './exchange.js'
import { tooManyChildren } from './failures.js'
import type { Message } from './message.js'
import { CODES, type Refusal, refuse } from './respond.js'
import { LEGACY_VERSIONS } from './routing.js'
import { SharedProcess } from './stdio-shared.js'

/** Lives as long as this process: what it makes of a credential means nothing anywhere else. */
const KEY = randomBytes(32)

const STOPPED: Refusal = { status: 503, code: CODES.transport, message: 'The server process was ended.' }

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
  #probing: Promise<void> | undefined

  constructor(entry: CommandEntry, context: ServerContext) {
    this.#entry = entry
    this.#context = context
  }

  get size(): number {
    return this.#processes.size
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
    void this.#probing.then(() => {
      if (this.#era === 'unknown') this.#refuse(exchange, message, legacyRefusal(message))
      else this.post(exchange, message)
    })
  }

  /** Ends the processes that were idle for too long. */
  sweep(): void {
    for (const [credential, shared] of this.#processes)
      if (shared.idle(this.#context.options.sessionIdleMs)) this.#end(credential, shared)
  }

  /** Ends every process. */
  async stop(): Promise<void> {
    for (const [credential, shared] of this.#processes) this.#end(credential, shared)
    await Promise.all(this.#ending)
  }

  #refuse(exchange: Exchange, message: Message, refusal: Refusal): void {
    refuse(exchange, { ...refusal, id: message.id })
  }

  /** Finds the era out. A server that ends at the question leaves it unknown: a broken one is not a legacy one. */
  async #probe(credential: string): Promise<void> {
    const shared = this.#processOf(credential)
    if (!shared) return
    const modern = await shared.probe(this.#context.options.probeTimeoutMs)
    if (modern) this.#era = 'modern'
    else if (this.#processes.get(credential) === shared) {
      this.#era = 'legacy'
      this.#end(credential, shared)
    }
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
    const ended = shared.end(STOPPED).finally(() => this.#ending.delete(ended))
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

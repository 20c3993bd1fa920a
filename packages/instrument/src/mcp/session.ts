import { type Event, type EventOf, event, type Given, REVISION_PATTERN } from '../event/index.js'
import type { Voice } from './operation.js'
import type { Captured } from './paths.js'
import { quickHash } from './quick-hash.js'

const REVISION = new RegExp(REVISION_PATTERN)

/** What ended a session. */
export type CloseReason = EventOf<'session.closed'>['reason']

const NOTHING: Captured = {}

/** Tells when a session opens and closes, once each, where the conversation is one. */
export class Session {
  readonly #voice: Voice
  #openedAt: number | undefined
  /** Whether its beginning was heard. */
  #isOpened = false
  #client: Captured = NOTHING
  #server: Captured = NOTHING

  constructor(voice: Voice) {
    this.#voice = voice
  }

  /**
   * Something passed that passes in open sessions alone. What was open before anybody listened is closed as well: its
   * duration counts from now.
   */
  heard(): void {
    if (this.#voice.origin.session !== undefined) this.#openedAt ??= this.#voice.clock()
  }

  /** A request of the client passed. A modern client's first one opens the session, unless it only looks around. */
  requested(method: string, fields: Captured): void {
    if (method === 'initialize' || fields.modernVersion !== undefined) this.#client = fields
    if (method === 'initialize' || method === 'server/discover') return
    this.heard()
    if (fields.modernVersion === undefined) return
    this.#open({
      era: 'modern',
      protocolVersion: revision(fields.modernVersion),
      clientName: fields.modernClientName,
      clientVersion: fields.modernClientVersion,
      serverName: this.#server.modernServerName,
      serverVersion: this.#server.modernServerVersion,
    })
  }

  /** A request of the client got a result. That of `initialize` opens the session. */
  answered(method: string, fields: Captured): void {
    if (method === 'server/discover') this.#server = fields
    if (method !== 'initialize') return
    this.#open({
      era: 'legacy',
      protocolVersion: revision(fields.agreedVersion),
      clientName: this.#client.clientName,
      clientVersion: this.#client.clientVersion,
      serverName: fields.serverName,
      serverVersion: fields.serverVersion,
    })
  }

  /** Equal for clients between which a server can see no difference: by name, capabilities and modern revision. */
  get kind(): string {
    const { clientName, capabilities, modernClientName, modernCapabilities, modernVersion } = this.#client
    const seen = [clientName ?? modernClientName, capabilities ?? modernCapabilities, modernVersion]
    return quickHash(seen.join()).toString(16)
  }

  close(reason: CloseReason): void {
    if (this.#openedAt === undefined) return
    const durationMs = Math.max(0, this.#voice.clock() - this.#openedAt)
    this.#tell('session.closed', { durationMs, reason })
  }

  #open(opened: Given<'session.opened'>): void {
    if (this.#voice.origin.session === undefined || this.#isOpened) return
    this.#isOpened = true
    this.#openedAt = this.#voice.clock()
    this.#tell('session.opened', opened)
  }

  #tell<T extends 'session.opened' | 'session.closed'>(type: T, fields: Given<T>): void {
    const { now, origin, publish, server } = this.#voice
    publish(server.recent.others.hold(event(type, now(), origin, fields) as unknown as Event))
  }
}

/** What a peer calls its revision may be any text; what is none is not told on. */
function revision(text: string | undefined): string | undefined {
  return text !== undefined && REVISION.test(text) ? text : undefined
}

import { completed, type Draft, EVENT_VERSION, type EventOf, REVISION } from '../event/index.js'
import type { Voice } from './operation.js'
import type { Captured } from './paths.js'

const REVISION_PATTERN = new RegExp(REVISION.pattern)

/** What ended a session. */
export type CloseReason = EventOf<'session.closed'>['reason']

type Opened = Pick<
  EventOf<'session.opened'>,
  'protocolVersion' | 'clientName' | 'clientVersion' | 'serverName' | 'serverVersion'
>

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
    if (method === 'initialize') this.#client = fields
    if (method === 'initialize' || method === 'server/discover') return
    this.heard()
    if (fields.modernVersion === undefined) return
    this.#open('modern', {
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
    this.#open('legacy', {
      protocolVersion: revision(fields.agreedVersion),
      clientName: this.#client.clientName,
      clientVersion: this.#client.clientVersion,
      serverName: fields.serverName,
      serverVersion: fields.serverVersion,
    })
  }

  close(reason: CloseReason): void {
    if (this.#openedAt === undefined) return
    const { clock, now, origin, publish, recent } = this.#voice
    const durationMs = Math.max(0, clock() - this.#openedAt)
    const closed: Draft<'session.closed'> = {
      v: EVENT_VERSION,
      type: 'session.closed',
      at: now(),
      server: origin.server,
      durationMs,
      reason,
    }
    publish(recent.others.hold(completed(closed, origin)))
  }

  #open(era: 'legacy' | 'modern', facts: { readonly [K in keyof Opened]: string | undefined }): void {
    const { clock, now, origin, publish, recent } = this.#voice
    if (origin.session === undefined || this.#isOpened) return
    this.#isOpened = true
    this.#openedAt = clock()
    const opened: Draft<'session.opened'> = {
      v: EVENT_VERSION,
      type: 'session.opened',
      at: now(),
      server: origin.server,
      era,
    }
    const { protocolVersion, clientName, clientVersion, serverName, serverVersion } = facts
    if (protocolVersion !== undefined) opened.protocolVersion = protocolVersion
    if (clientName !== undefined) opened.clientName = clientName
    if (clientVersion !== undefined) opened.clientVersion = clientVersion
    if (serverName !== undefined) opened.serverName = serverName
    if (serverVersion !== undefined) opened.serverVersion = serverVersion
    publish(recent.others.hold(completed(opened, origin)))
  }
}

/** What a peer calls its revision may be any text; what is none is not told on. */
function revision(text: string | undefined): string | undefined {
  return text !== undefined && REVISION_PATTERN.test(text) ? text : undefined
}

import type { Origin } from '../event/index.js'
import { type CloseReason, createObjectConversation, type Direction, type ObjectConversation } from '../mcp/index.js'
import type { Around, Link } from '../vitals/index.js'
import { kindOfTransport, type TransportKind, type TransportLike } from './shapes.js'
import type { Shared } from './shared.js'
import { type Ears, tap } from './tap.js'

/** Which side of a connection is ours. */
export type Side = 'server' | 'client'

/** What is known of a connection before anything passes. */
export interface ConnectionOptions {
  readonly side: Side
  readonly server: string
  readonly kind: TransportKind | undefined
  readonly owner: Owner
}

/** Whose connection it is. */
export interface Owner {
  /** Whether anything is to be heard: false since it was uninstrumented. */
  readonly on: boolean
  /** Whether our side asked for the end. */
  readonly closing: boolean
  /** The connection ended. */
  ended(connection: Connection): void
}

/** One transport that our side is connected to: makes a conversation of what passes. */
export class Connection implements Ears {
  readonly transport: TransportLike
  readonly #shared: Shared
  readonly #options: ConnectionOptions
  readonly #owner: Owner
  readonly #inward: Direction
  readonly #outward: Direction
  readonly #untap: () => void
  #conversation: ObjectConversation | undefined
  #link: Link | undefined

  /** Listens from now on. Throws TypeError where the transport takes no change. */
  constructor(shared: Shared, transport: TransportLike, options: ConnectionOptions) {
    this.#shared = shared
    this.transport = transport
    this.#options = options
    this.#owner = options.owner
    this.#inward = options.side === 'server' ? 'client_to_server' : 'server_to_client'
    this.#outward = options.side === 'server' ? 'server_to_client' : 'client_to_server'
    this.#untap = tap(transport, this)
  }

  received(message: unknown): Around | undefined {
    return this.#hear(this.#inward, message)
  }

  sent(message: unknown): Around | undefined {
    return this.#hear(this.#outward, message)
  }

  closed(): void {
    const { side, owner } = this.#options
    const theirs = side === 'server' ? 'client' : 'server'
    this.close(owner.closing ? side : theirs)
    owner.ended(this)
  }

  /** Ends what is open, and leaves the transport as it was. */
  close(reason: CloseReason): void {
    this.#shared.guard(() => {
      this.#shared.time.tick()
      this.#conversation?.close('cancelled', reason)
      if (this.#link) this.#shared.hub.surround?.closed(this.#link)
    })
    this.#shared.guard(this.#untap)
  }

  #hear(direction: Direction, message: unknown): Around | undefined {
    if (!this.#owner.on) return undefined
    let around: Around | undefined
    try {
      this.#shared.time.tick()
      this.#conversation ??= this.#begin()
      const { surround } = this.#shared.hub
      if (surround !== undefined) around = surround.passing(this.#link!, message, direction === this.#outward)
      const heard = around?.message ?? message
      this.#conversation.hear(direction, heard, this.#shared.sizer.of(heard), around?.traceparent)
    } catch {
      this.#shared.hub.stats.faults++
    }
    return around
  }

  #begin(): ObjectConversation {
    const { server, kind, side } = this.#options
    const { hub, time, calls } = this.#shared
    const { memory, definitions } = this.#shared.served(server)
    const transport = kind ?? kindOfTransport(this.transport)
    const heard: Origin = side === 'client' ? { server, side, transport } : { server, transport }
    const origin = this.#isSession(transport) ? { ...heard, session: this.#shared.nextSession() } : heard
    this.#link = { side, server, session: origin.session, transport }
    return createObjectConversation(
      {
        origin,
        publish: hub.publish,
        now: time.now,
        clock: time.clock,
        server: memory,
        calls: side === 'server' ? calls : undefined,
      },
      definitions,
    )
  }

  /** Over HTTP a server's exchange is part of a session where it has an id, which it has from the first message on. */
  #isSession(transport: TransportKind): boolean {
    return transport !== 'http' || this.#options.side === 'client' || this.transport.sessionId !== undefined
  }
}

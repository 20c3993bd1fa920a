import type { Origin } from '../event/index.js'
import { type CloseReason, type Direction, ObjectConversation } from '../mcp/index.js'
import type { Around, Link, Surround } from '../vitals/index.js'
import { kindOfTransport, type TransportKind, type TransportLike } from './shapes.js'
import type { Shared } from './shared.js'
import { type Ears, type Tap, tap } from './tap.js'

/** Which side of a connection is ours. */
export type Side = 'server' | 'client'

/** What is known of a connection before anything passes. */
export interface ConnectionOptions {
  readonly side: Side
  readonly server: string
  readonly kind: TransportKind | undefined
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
  readonly #tap: Tap
  #origin: Origin | undefined
  #conversation: ObjectConversation | undefined
  #link: Link | undefined

  /** Listens from now on. Throws TypeError where the transport takes no change. */
  constructor(shared: Shared, transport: TransportLike, options: ConnectionOptions, owner: Owner) {
    this.#shared = shared
    this.transport = transport
    this.#options = options
    this.#owner = owner
    this.#tap = tap(transport, this)
  }

  closed(): void {
    const { side } = this.#options
    const theirs = side === 'server' ? 'client' : 'server'
    this.#end(this.#owner.closing ? side : theirs)
    this.#tap.ears = undefined
    this.#owner.ended(this)
  }

  /** Ends what is open, and leaves the transport as it was: one that was closed, too. */
  takeAway(): void {
    if (this.#tap.ears === this) this.#end('shutdown')
    this.#shared.guard(() => this.#tap.end(this))
  }

  #end(reason: CloseReason): void {
    const { hub, time } = this.#shared
    this.#shared.guard(() => {
      time.tick()
      this.#conversation?.close('cancelled', reason)
      if (this.#link) hub.surround?.closed(this.#link)
    })
  }

  hear(isOurs: boolean, message: unknown): Around | undefined {
    if (!this.#owner.on) return undefined
    const { hub, time, sizer } = this.#shared
    let around: Around | undefined
    try {
      time.tick()
      this.#conversation ??= this.#begin()
      if (hub.surround !== undefined) around = this.#surrounded(hub.surround, message, isOurs)
      const heard = around?.message ?? message
      const direction: Direction =
        (this.#options.side === 'server') === isOurs ? 'server_to_client' : 'client_to_server'
      this.#conversation.hear(direction, heard, sizer.of(heard), around?.traceparent)
    } catch {
      hub.stats.faults++
    }
    return around
  }

  #surrounded(surround: Surround, message: unknown, isOurs: boolean): Around | undefined {
    const { server, transport, session } = this.#origin!
    this.#link ??= { side: this.#options.side, server, session, transport }
    return surround.passing(this.#link, message, isOurs)
  }

  #begin(): ObjectConversation {
    const { server, kind, side } = this.#options
    const { hub, time, calls } = this.#shared
    const transport = kind ?? kindOfTransport(this.transport)
    // Over HTTP a server's exchange is part of a session where it has an id, which it has from the first message on.
    const isSession = side === 'client' || transport !== 'http' || this.transport.sessionId !== undefined
    const origin = {
      server,
      transport,
      side: side === 'client' ? side : undefined,
      session: isSession ? this.#shared.nextSession() : undefined,
    } as Origin
    this.#origin = origin
    return new ObjectConversation(
      {
        origin,
        publish: hub.publish,
        now: time.now,
        clock: time.clock,
        server: this.#shared.served(server),
        calls: side === 'server' ? calls : undefined,
      },
      hub,
    )
  }
}

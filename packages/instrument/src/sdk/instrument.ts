import { Connection, type Owner, type Side } from './connection.js'
import { checkOptions, type InstrumentOptions, nameOf } from './options.js'
import { method, Override } from './override.js'
import { type Instrumentable, isObject, ownName, type Peer, peerOf, type TransportLike } from './shapes.js'
import { type Shared, shared } from './shared.js'
import { untap } from './tap.js'

/**
 * Has every message of a server observed: its tools, resources, prompts, completions, logging, sampling, elicitation, roots,
 * tasks, notifications, progress, cancellations and sessions. `server`: a `McpServer` or `Server` of
 * `@modelcontextprotocol/sdk` 1.x or `@modelcontextprotocol/server` 2.x, before or after `connect`; a server that is made
 * for one request costs little. Returns the same object, whose behaviour does not change. Again counts once. One that
 * takes no change, such as a frozen one, is left alone: `vitals().stats.faults` counts it.
 * Throws TypeError where it is no server, and TypeError or RangeError for options that cannot be meant.
 */
export function instrument<T extends Instrumentable>(server: T, options: InstrumentOptions = {}): T {
  attach(server, 'server', options)
  return server
}

/**
 * The same for a `Client`: what it asks of a server, and what that server asks of it. `options.server` names the server
 * in events and labels; default `upstream`.
 */
export function instrumentClient<T extends Instrumentable>(client: T, options: InstrumentOptions = {}): T {
  attach(client, 'client', options)
  return client
}

/** Takes the instrument away from a server or client, which is then as it was. Nothing happens where there is none. */
export function uninstrument<T extends Instrumentable>(target: T): T {
  const peer = peerOf(target)
  if (peer) shared().instruments.get(peer)?.off()
  return target
}

function attach(target: unknown, side: Side, options: InstrumentOptions): void {
  const peer = peerOf(target)
  if (!peer) throw new TypeError(`instrument takes what has a connect(), as a McpServer has: ${typeof target}`)
  checkOptions(options)
  const all = shared()
  if (!all.instruments.get(peer)) all.guard(() => all.instruments.set(peer, new Instrument(all, peer, side, options)))
}

class Instrument implements Owner {
  readonly #shared: Shared
  readonly #peer: Peer
  readonly #side: Side
  readonly #options: InstrumentOptions
  readonly #connect: Override
  readonly #close: Override | undefined
  on = true
  closing = false
  /** The newest that did not end. */
  #connection: Connection | undefined
  /** Where the newest that ended was. Not the connection: what a server has is copied in each collection while it lives. */
  #left: TransportLike | undefined
  /** Those before it that did not end: SDKs before 1.26 let a server be connected to several transports at a time. */
  #earlier: readonly WeakRef<Connection>[] = []

  /** Throws TypeError where the peer takes no change, as a frozen one. */
  constructor(shared: Shared, peer: Peer, side: Side, options: InstrumentOptions) {
    this.#shared = shared
    this.#peer = peer
    this.#side = side
    this.#options = options
    const instrument = this
    const { connect: connectAsEver, close: closeAsEver } = peer
    this.#connect = new Override(
      peer,
      'connect',
      method(function connect(...args) {
        instrument.#listen(args[0])
        return Reflect.apply(connectAsEver, this, args)
      }),
    )
    try {
      if (typeof closeAsEver === 'function')
        this.#close = new Override(
          peer,
          'close',
          method(function close(...args) {
            instrument.closing = true
            return Reflect.apply(closeAsEver, this, args)
          }),
        )
    } catch (error) {
      this.#connect.undo()
      throw error
    }
    this.#listen(peer.transport)
  }

  /** Takes itself away from its server or client. */
  off(): void {
    if (!this.on) return
    this.on = false
    this.#shared.guard(() => {
      this.#connect.undo()
      this.#close?.undo()
    })
    for (const connection of this.#all()) connection.takeAway()
    const left = this.#left
    // As it was, unless somebody listens there again.
    if (left) this.#shared.guard(() => untap(left))
    this.#left = undefined
    this.#connection = undefined
    this.#earlier = []
    this.#shared.instruments.set(this.#peer, undefined)
  }

  ended(connection: Connection): void {
    if (this.#connection === connection) {
      this.#connection = undefined
      this.#left = connection.transport
    } else {
      this.#earlier = this.#earlier.filter((each) => each.deref() !== connection)
      connection.takeAway()
    }
  }

  #all(): readonly Connection[] {
    const all = [...this.#earlier.map((each) => each.deref()), this.#connection]
    return all.filter((connection) => connection !== undefined)
  }

  #listen(transport: unknown): void {
    if (!this.on || !isObject(transport)) return
    const to = transport as unknown as TransportLike
    if (to === this.#connection?.transport) return
    this.#shared.guard(() => {
      const { server, transport: kind } = this.#options
      this.closing = false
      if (this.#connection) {
        const open = this.#all()
        if (open.some((connection) => connection.transport === to)) return
        this.#earlier = open.map((connection) => new WeakRef(connection))
      }
      const fallback = this.#side === 'server' ? (this.#shared.hub.server ?? 'server') : 'upstream'
      const name = nameOf(server, ownName(this.#peer), fallback)
      this.#connection = new Connection(this.#shared, to, { side: this.#side, server: name, kind }, this)
    })
  }
}

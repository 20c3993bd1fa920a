import { Connection, type Owner, type Side } from './connection.js'
import { checkOptions, type InstrumentOptions, nameOf } from './options.js'
import { type Instrumentable, isObject, ownName, type Peer, peerOf, type TransportLike } from './shapes.js'
import { type Shared, shared } from './shared.js'
import { override, tap } from './tap.js'

/**
 * Has every message of a server observed: its tools, resources, prompts, completions, logging, sampling, elicitation, roots,
 * tasks, notifications, progress, cancellations and sessions. `server`: a `McpServer` or `Server` of
 * `@modelcontextprotocol/sdk` 1.x or `@modelcontextprotocol/server` 2.x, before or after `connect`; a server that is made
 * for one request costs little. Returns the same object, whose behaviour does not change. Again counts once.
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
  if (peer) shared().instruments.get(peer)?.()
  return target
}

function attach(target: unknown, side: Side, options: InstrumentOptions): void {
  const peer = peerOf(target)
  if (!peer)
    throw new TypeError(
      `${side === 'server' ? 'instrument' : 'instrumentClient'} takes what has a connect(), such as a McpServer or a Client: ${String(target)}`,
    )
  checkOptions(options)
  const { instruments } = shared()
  if (!instruments.has(peer)) instruments.set(peer, new Instrument(peer, side, options).off)
}

class Instrument implements Owner {
  readonly #shared: Shared = shared()
  readonly #peer: Peer
  readonly #side: Side
  readonly #options: InstrumentOptions
  readonly #undo: readonly (() => void)[]
  on = true
  closing = false
  /** The transport that is listened at. */
  #transport: object | undefined
  #untap: (() => void) | undefined
  #connection: Connection | undefined

  constructor(peer: Peer, side: Side, options: InstrumentOptions) {
    this.#peer = peer
    this.#side = side
    this.#options = options
    const connecting = (transport: unknown) => this.#listen(transport)
    const closing = () => {
      this.closing = true
    }
    this.#undo = [
      override(
        peer,
        'connect',
        (original) =>
          function connect(...args) {
            connecting(args[0])
            return Reflect.apply(original, this, args)
          },
      ),
      override(
        peer,
        'close',
        (original) =>
          function close(...args) {
            closing()
            return Reflect.apply(original, this, args)
          },
      ),
    ]
    this.#shared.guard(() => this.#listen(peer.transport))
  }

  readonly off = (): void => {
    if (!this.on) return
    this.on = false
    for (const each of this.#undo) each()
    this.#connection?.close('shutdown')
    this.#stop()
    this.#shared.instruments.delete(this.#peer)
  }

  ended(connection: object): void {
    if (this.#connection === connection) this.#stop()
  }

  #listen(transport: unknown): void {
    if (!this.on || !isObject(transport) || transport === this.#transport) return
    this.#shared.guard(() => {
      const { server, transport: kind } = this.#options
      const connection = new Connection(this.#shared, transport as unknown as TransportLike, {
        side: this.#side,
        server: nameOf(server, ownName(this.#peer), this.#side === 'server' ? this.#shared.hub.server : 'upstream'),
        kind,
        owner: this,
      })
      this.closing = false
      this.#untap = tap(transport, connection)
      this.#transport = transport
      this.#connection = connection
    })
  }

  #stop(): void {
    this.#shared.guard(() => this.#untap?.())
    this.#untap = this.#transport = this.#connection = undefined
  }
}

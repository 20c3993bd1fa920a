/** Listens at a transport: the object stays the same one, and what passes stays what it is. */

import type { Around } from '../vitals/index.js'
import { around } from './around.js'
import { createMarks } from './marks.js'
import { type Call, Override } from './override.js'

/** What is heard. Must not throw. */
export interface Ears {
  /** The other side's message, before our side gets it: in what is returned, where there is something. */
  received(message: unknown): Around | undefined
  /** Our side's question or notification before the transport gets it; an answer after it, since it can wait for us. */
  sent(message: unknown): Around | undefined
  /** The transport was closed, before our side hears of it. */
  closed(): void
}

/**
 * Listens at a transport from now on, in place of whoever listened before. Throws TypeError where the transport takes no
 * change, and then has changed nothing.
 */
export function tap(transport: object, ears: Ears): Tap {
  const made = taps.get(transport) ?? new Tap(transport)
  made.ears = ears
  return made
}

/** Leaves a transport that was closed as it was, unless somebody listens there again. */
export function untap(transport: object): void {
  taps.get(transport)?.end(undefined)
}

const taps = createMarks<Tap>()

/** What was changed at one transport. */
export class Tap {
  /** Who listens. A transport that was closed is left with nobody: to give it back would cost as much as a call. */
  ears: Ears | undefined
  readonly onmessage: Handler
  readonly onclose: Handler
  readonly #transport: object
  readonly #send: Override | undefined

  /** See `tap`. */
  constructor(transport: object) {
    this.#transport = transport
    this.onmessage = new Handler(this, transport, 'onmessage')
    this.onclose = new Handler(this, transport, 'onclose')
    const { send } = transport as { send?: unknown }
    try {
      if (typeof send === 'function') this.#send = new Override(transport, 'send', listeningSend(this, send as Call))
      this.onmessage.begin()
      this.onclose.begin()
      taps.set(transport, this)
      this.onmessage.tell()
      this.onclose.tell()
    } catch (error) {
      this.#giveBack()
      throw error
    }
  }

  /** Leaves the transport as it was, unless somebody else listens there by now. */
  end(ears: Ears | undefined): void {
    if (this.ears !== ears || taps.get(this.#transport) !== this) return
    taps.set(this.#transport, undefined)
    this.#giveBack()
  }

  #giveBack(): void {
    this.#send?.undo()
    this.onmessage.end()
    this.onclose.end()
  }
}

function listeningSend(tap: Tap, original: Call): Call {
  return function send(...args) {
    const { ears } = tap
    if (!ears) return Reflect.apply(original, this, args)
    const message = args[0]
    if (isAnswer(message)) {
      const sending = Reflect.apply(original, this, args)
      ears.sent(message)
      return sending
    }
    const surround = ears.sent(message)
    if (!surround) return Reflect.apply(original, this, args)
    if (surround.message !== undefined) args[0] = surround.message
    return around(surround, () => Reflect.apply(original, this, args))
  }
}

function isAnswer(message: unknown): boolean {
  try {
    return typeof message === 'object' && message !== null && !('method' in message)
  } catch {
    // A proxy that lets nobody look: its transport shall say so, and not we.
    return false
  }
}

type Key = 'onmessage' | 'onclose'

/**
 * A handler of a transport that others set, and what is put before it. A transport either keeps it in a property of its
 * own or hands it on in a setter of its class, which still gets it.
 */
class Handler {
  given: unknown
  heard: unknown
  readonly setter: ((value: unknown) => void) | undefined
  readonly #tap: Tap
  readonly #transport: object
  readonly #key: Key
  /** The property that the object had itself. */
  readonly #own: PropertyDescriptor | undefined
  #begun = false
  /** The argument of the call that runs: a handler that calls the one before it is no second message. */
  #during: unknown
  #depth = 0

  constructor(tap: Tap, transport: object, key: Key) {
    this.#tap = tap
    this.#transport = transport
    this.#key = key
    this.#own = Object.hasOwn(transport, key) ? Object.getOwnPropertyDescriptor(transport, key) : undefined
    this.setter = this.#own ? this.#own.set : key in transport ? inheritedSetter(transport, key) : undefined
    this.take((transport as Record<string, unknown>)[key])
  }

  take(given: unknown): void {
    this.given = given
    this.heard = typeof given === 'function' ? this.#listening(given as Call) : given
  }

  begin(): void {
    // Enumerable as it is without us: what no class has a setter for is an ordinary property once it is set.
    const isEnumerable = this.#own?.enumerable ?? this.setter === undefined
    Object.defineProperty(this.#transport, this.#key, (isEnumerable ? SHOWN : HIDDEN)[this.#key])
    this.#begun = true
  }

  /** Hands on what was there already. */
  tell(): void {
    if (this.given !== undefined) this.setter?.call(this.#transport, this.heard)
  }

  end(): void {
    if (!this.#begun) return
    const holder = this.#transport as Record<string, unknown>
    const own = this.#own
    if (own && !own.set) Object.defineProperty(holder, this.#key, { ...own, value: this.given })
    else {
      delete holder[this.#key]
      if (own) Object.defineProperty(holder, this.#key, own)
      if (this.given !== undefined || this.setter) holder[this.#key] = this.given
    }
  }

  /** One function, since each that stands in between is one more to walk where a stack is written down, as for every abort. */
  #listening(given: Call): unknown {
    const handler = this
    const tap = this.#tap
    const isMessage = this.#key === 'onmessage'
    return function (this: unknown, ...args: unknown[]): unknown {
      const { ears } = tap
      const message = args[0]
      if (!ears || (handler.#depth > 0 && message === handler.#during)) return Reflect.apply(given, this, args)
      const surround = isMessage ? ears.received(message) : void ears.closed()
      const before = handler.#during
      handler.#during = message
      handler.#depth++
      try {
        return surround ? around(surround, () => Reflect.apply(given, this, args)) : Reflect.apply(given, this, args)
      } finally {
        handler.#during = before
        handler.#depth--
      }
    }
  }
}

/**
 * What a transport's handler becomes. All transports have the same functions: an accessor of its own would
 * make each of them a kind of its own, and whatever is done with it slow.
 */
function accessor(key: Key, enumerable: boolean): PropertyDescriptor {
  return {
    configurable: true,
    enumerable,
    get() {
      return taps.get(this)?.[key].heard
    },
    set(given: unknown) {
      const handler = taps.get(this)?.[key]
      handler?.take(given)
      handler?.setter?.call(this, handler.heard)
    },
  }
}

const SHOWN = { onmessage: accessor('onmessage', true), onclose: accessor('onclose', true) }
const HIDDEN = { onmessage: accessor('onmessage', false), onclose: accessor('onclose', false) }

function inheritedSetter(transport: object, key: string): ((value: unknown) => void) | undefined {
  for (let at = Object.getPrototypeOf(transport); at; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, key)
    if (found) return found.set
  }
  return undefined
}

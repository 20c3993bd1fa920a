/** Listens at a transport: the object stays the same one, and what passes stays what it is. */

import type { Around } from '../vitals/index.js'
import { around } from './around.js'
import { createMarks } from './marks.js'
import { type Call, method, Override } from './override.js'
import { isObject } from './shapes.js'

/** What is heard. Must not throw. */
export interface Ears {
  /**
   * A message passes, in what is returned, where there is something. `isOurs`: our side says it. The other side's comes before
   * our side gets it, our questions and notifications before the transport gets them, our answers after it, since they can wait
   * for us.
   */
  hear(isOurs: boolean, message: unknown): Around | undefined
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
  taps.get(transport)?.end()
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
      if (typeof send === 'function')
        this.#send = new Override(transport, 'send', method(listeningSend(this, send as Call)))
      taps.set(transport, this)
      this.onmessage.begin()
      this.onclose.begin()
    } catch (error) {
      this.#giveBack()
      throw error
    }
  }

  /** Leaves the transport as it was, unless somebody other than these listens there by now. */
  end(ears?: Ears): void {
    if ((this.ears && this.ears !== ears) || taps.get(this.#transport) !== this) return
    this.#giveBack()
  }

  #giveBack(): void {
    this.#send?.undo()
    this.onmessage.end()
    this.onclose.end()
    taps.set(this.#transport, undefined)
  }
}

function listeningSend(tap: Tap, original: Call): Call {
  return function send(...args) {
    const { ears } = tap
    if (!ears) return Reflect.apply(original, this, args)
    const message = args[0]
    if (isAnswer(message)) {
      const sending = Reflect.apply(original, this, args)
      ears.hear(true, message)
      return sending
    }
    const surround = ears.hear(true, message)
    if (!surround) return Reflect.apply(original, this, args)
    if (surround.message !== undefined) args[0] = surround.message
    return around(surround, () => Reflect.apply(original, this, args))
  }
}

function isAnswer(message: unknown): boolean {
  try {
    return isObject(message) && !('method' in message)
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
  #override: Override | undefined
  /** The argument of the call that runs: a handler that calls the one before it is no second message. */
  #during: unknown
  #depth = 0

  constructor(tap: Tap, transport: object, key: Key) {
    this.#tap = tap
    this.#transport = transport
    this.#key = key
    this.setter = setterOf(transport, key)
    this.take((transport as Record<string, unknown>)[key])
  }

  take(given: unknown): void {
    this.given = given
    this.heard = typeof given === 'function' ? this.#listening(given as Call) : given
  }

  begin(): void {
    // Enumerable as it is without us: what no class has a setter for is an ordinary property once it is set.
    this.#override = new Override(this.#transport, this.#key, ACCESSORS[this.#key], !this.setter)
    // Hands on what was there already.
    if (this.given !== undefined) this.setter?.call(this.#transport, this.heard)
  }

  end(): void {
    const override = this.#override
    if (override?.undo() && (override.own || this.setter || this.given !== undefined))
      (this.#transport as Record<string, unknown>)[this.#key] = this.given
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
      const surround = isMessage ? ears.hear(false, message) : void ears.closed()
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
function accessor(key: Key): PropertyDescriptor {
  return {
    configurable: true,
    enumerable: false,
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

const ACCESSORS = { onmessage: accessor('onmessage'), onclose: accessor('onclose') }

function setterOf(transport: object, key: string): ((value: unknown) => void) | undefined {
  for (let at = transport; at; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, key)
    if (found) return found.set
  }
  return undefined
}

/** Listens at a transport: the object stays the same one, and what passes stays what it is. */
import type { Around, Delivery } from '../vitals/index.js'
import { createMarks } from './marks.js'

type Call = (this: unknown, ...args: unknown[]) => unknown

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
 * Listens at a transport until the function that is returned is called, which leaves it as it was. Throws TypeError where
 * the transport takes no change, and then has changed nothing.
 */
export function tap(transport: object, ears: Ears): () => void {
  return allOrNone(
    () => tapSend(transport, ears),
    () => tapHandler(transport, 'onmessage', (message) => ears.received(message)),
    () =>
      tapHandler(transport, 'onclose', () => {
        ears.closed()
        return undefined
      }),
  )
}

/** Makes every change, or, where one of them throws, none. What is returned takes them back. */
export function allOrNone(...changes: readonly (() => () => void)[]): () => void {
  const undo: (() => void)[] = []
  const takeBack = () => {
    for (const each of undo) each()
  }
  try {
    for (const change of changes) undo.push(change())
  } catch (error) {
    takeBack()
    throw error
  }
  return takeBack
}

/** Puts a function before an object's own or inherited one. What is returned takes it away, if it is still there. */
export function override(target: object, key: string, make: (original: Call) => Call): () => void {
  const own = Object.getOwnPropertyDescriptor(target, key)
  const original = (target as Record<string, unknown>)[key]
  if (typeof original !== 'function') return () => {}
  const value = make(original as Call)
  Object.defineProperty(target, key, {
    value,
    writable: true,
    configurable: true,
    enumerable: own?.enumerable ?? false,
  })
  return () => {
    if ((target as Record<string, unknown>)[key] !== value) return
    if (own) Object.defineProperty(target, key, own)
    else delete (target as Record<string, unknown>)[key]
  }
}

function tapSend(transport: object, ears: Ears): () => void {
  return override(
    transport,
    'send',
    (original) =>
      function send(...args) {
        const message = args[0]
        if (isAnswer(message)) {
          const sending = Reflect.apply(original, this, args)
          ears.sent(message)
          return sending
        }
        const around = ears.sent(message)
        if (!around) return Reflect.apply(original, this, args)
        if (around.message !== undefined) args[0] = around.message
        return inside(around, () => Reflect.apply(original, this, args))
      },
  )
}

/** What is around a message changes nothing of whether, how often and with what result it is delivered. */
function inside(around: Around, deliver: () => unknown): unknown {
  let outcome: Delivery | undefined
  const once = () => {
    try {
      outcome ??= { value: deliver() }
    } catch (error) {
      outcome = { error }
    }
  }
  try {
    around.run(once)
  } catch {
    // Ours, since `once` throws nothing.
  }
  once()
  let value = 'value' in outcome! ? outcome.value : undefined
  try {
    if (around.sent) value = around.sent(outcome!)
  } catch {
    // Ours again.
  }
  if ('error' in outcome!) throw outcome.error
  return value
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
type Hear = (message: unknown) => Around | undefined

/** A handler of a transport that others set, and what is put before it. */
class Handler {
  /** The property that the object had itself, and the setter that it has or inherits. */
  readonly own: PropertyDescriptor | undefined
  readonly setter: ((value: unknown) => void) | undefined
  given: unknown
  heard: unknown
  readonly #hear: Hear
  /** The argument of the call that runs: a handler that calls the one before it is no second message. */
  #during: unknown
  #depth = 0

  /** `before`: whoever listened until now, and listens no more. */
  constructor(transport: object, key: Key, hear: Hear, before: Handler | undefined) {
    this.#hear = hear
    this.own = before ? before.own : Object.getOwnPropertyDescriptor(transport, key)
    this.setter = before ? before.setter : this.own ? this.own.set : inheritedSetter(transport, key)
    this.take(before ? before.given : (transport as Record<string, unknown>)[key])
  }

  take(given: unknown): void {
    this.given = given
    this.heard = typeof given === 'function' ? this.#listening(given as Call) : given
  }

  #listening(given: Call): unknown {
    const handler = this
    return function (this: unknown, ...args: unknown[]): unknown {
      return handler.#hand(given, this, args)
    }
  }

  #hand(given: Call, self: unknown, args: unknown[]): unknown {
    const [message] = args
    if (this.#depth > 0 && message === this.#during) return Reflect.apply(given, self, args)
    const around = this.#hear(message)
    const before = this.#during
    this.#during = message
    this.#depth++
    try {
      return around ? inside(around, () => Reflect.apply(given, self, args)) : Reflect.apply(given, self, args)
    } finally {
      this.#during = before
      this.#depth--
    }
  }
}

/**
 * What a transport's handler becomes. All transports have the same functions: an accessor of its own would
 * make each of them a kind of its own, and whatever is done with it slow.
 */
function createAccessor() {
  const handlers = createMarks<Handler>()
  return {
    handlers,
    get(this: object): unknown {
      return handlers.get(this)?.heard
    },
    set(this: object, given: unknown): void {
      const handler = handlers.get(this)
      handler?.take(given)
      handler?.setter?.call(this, handler.heard)
    },
  }
}

const ACCESSORS = { onmessage: createAccessor(), onclose: createAccessor() }

/**
 * Listens at a handler that others set. A transport either keeps it in a property of its own or hands it on in a setter
 * of its class, which still gets it.
 */
function tapHandler(transport: object, key: Key, hear: Hear): () => void {
  const { handlers, get, set } = ACCESSORS[key]
  const before = handlers.get(transport)
  const handler = new Handler(transport, key, hear, before)
  const { own, setter } = handler
  // Enumerable as it is without us: what no class has a setter for is an ordinary property once it is set.
  const enumerable = own?.enumerable ?? setter === undefined
  Object.defineProperty(transport, key, { configurable: true, enumerable, get, set })
  handlers.set(transport, handler)
  if (setter && handler.given !== undefined) setter.call(transport, handler.heard)
  return () => {
    if (handlers.get(transport) !== handler) return
    const holder = transport as Record<string, unknown>
    const { given } = handler
    handlers.set(transport, undefined)
    if (own && !own.set) Object.defineProperty(transport, key, { ...own, value: given })
    else {
      delete holder[key]
      if (own) Object.defineProperty(transport, key, own)
      if (given !== undefined || setter) holder[key] = given
    }
  }
}

function inheritedSetter(transport: object, key: string): ((value: unknown) => void) | undefined {
  for (let at = Object.getPrototypeOf(transport); at; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, key)
    if (found) return found.set
  }
  return undefined
}

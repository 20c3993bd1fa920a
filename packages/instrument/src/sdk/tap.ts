/** Listens at a transport: the object stays the same one, and what passes stays what it is. */
import type { Around } from '../vitals/index.js'

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
  let outcome: { readonly value: unknown } | { readonly error: unknown } | undefined
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
  if ('error' in outcome!) throw outcome.error
  return outcome!.value
}

function isAnswer(message: unknown): boolean {
  try {
    return typeof message === 'object' && message !== null && !('method' in message)
  } catch {
    // A proxy that lets nobody look: its transport shall say so, and not we.
    return false
  }
}

/**
 * Listens at a handler that others set. A transport either keeps it in a property of its own or hands it on in a setter
 * of its class, which still gets it.
 */
function tapHandler(
  transport: object,
  key: 'onmessage' | 'onclose',
  hear: (message: unknown) => Around | undefined,
): () => void {
  const own = Object.getOwnPropertyDescriptor(transport, key)
  const setter = own ? own.set : inheritedSetter(transport, key)
  const holder = transport as Record<string, unknown>
  let handler = holder[key]
  let heard: unknown = listening(handler)
  /** The argument of the call that runs: a handler that calls the one before it is no second message. */
  let during: unknown
  let depth = 0

  function listening(given: unknown): unknown {
    if (typeof given !== 'function') return given
    return function (this: unknown, ...args: unknown[]): unknown {
      const [message] = args
      if (depth > 0 && message === during) return Reflect.apply(given, this, args)
      const around = hear(message)
      const before = during
      during = message
      depth++
      try {
        return around ? inside(around, () => Reflect.apply(given, this, args)) : Reflect.apply(given, this, args)
      } finally {
        during = before
        depth--
      }
    }
  }

  Object.defineProperty(transport, key, {
    configurable: true,
    // As it is without us: what no class has a setter for is an ordinary property once it is set.
    enumerable: own?.enumerable ?? setter === undefined,
    get: () => heard,
    set(given: unknown) {
      handler = given
      heard = listening(given)
      setter?.call(transport, heard)
    },
  })
  if (setter && handler !== undefined) setter.call(transport, heard)
  return () => {
    if (own && !own.set) Object.defineProperty(transport, key, { ...own, value: handler })
    else {
      delete holder[key]
      if (own) Object.defineProperty(transport, key, own)
      if (handler !== undefined || setter) holder[key] = handler
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

import type { Transport } from '@modelcontextprotocol/client'

/** How long the slowest question of a connection took. */
export interface Slowest {
  /** Milliseconds; undefined where none was answered. */
  ms(): number | undefined
  /** Forgets what was answered so far. */
  reset(): void
}

/**
 * Times each question that a client asks over this transport, to its own answer: a call is one question, and the several that a
 * check asks one after the other are no latency that anybody meets. To be called before the client takes the transport.
 */
export function timeSlowest(end: Transport, clock: () => number): Slowest {
  const asked = new Map<unknown, number>()
  let slowestMs: number | undefined
  const send = end.send.bind(end)
  end.send = (message, options) => {
    if ('method' in message && 'id' in message) asked.set(message.id, clock())
    return send(message, options)
  }
  let given: Transport['onmessage']
  const timed: NonNullable<Transport['onmessage']> = (message, extra) => {
    const at = 'method' in message ? undefined : asked.get(message.id)
    if (at !== undefined) slowestMs = Math.max(slowestMs ?? 0, clock() - at)
    given?.(message, extra)
  }
  Object.defineProperty(end, 'onmessage', {
    configurable: true,
    enumerable: true,
    get: () => given && timed,
    set: (handler: Transport['onmessage']) => {
      given = handler
    },
  })
  return {
    ms: () => slowestMs,
    reset() {
      slowestMs = undefined
    },
  }
}

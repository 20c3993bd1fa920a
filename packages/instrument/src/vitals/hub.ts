import type { Event } from '../event/index.js'

/** Most events remembered while nobody listens, and for listeners that come while the process is young. */
export const EARLY_EVENTS = 1000
/** Shared by every copy of this package in the process whose hub has this shape; a new shape takes a new number. */
const KEY = Symbol.for('mcp-vitals.instrument/2')

/** Hears of each event, at once. Must be quick. What it throws is counted and goes no further. */
export type Listener = (event: Event) => void

/** One connection of a server or client, the same object for all that passes there. */
export interface Link {
  /** Which side of it is ours. */
  readonly side: 'server' | 'client'
  /** Name of the server in events. */
  readonly server: string
  /** Pseudonym of the session, where there is one. */
  readonly session?: string | undefined
  readonly transport?: string | undefined
}

/** What stands around one message. */
export interface Around {
  /** What is to be sent, and heard of, in place of the message. Only of one that our side sends. */
  readonly message?: unknown
  /** W3C `traceparent` that events tell of in place of the message's own; empty where they shall tell of none. */
  readonly traceparent?: string | undefined
  /** Runs what handles or sends the message, once and at once. What it gives or throws is nobody's business here. */
  run(deliver: () => void): void
  /** Told how sending went, where our side sends. Gives what the sender gets in place of the value: a promise of the same. */
  sent?(how: Delivery): unknown
}

/** What delivering a message gave, or threw. */
export type Delivery = { readonly value: unknown } | { readonly error: unknown }

/** Stands around the messages of connections, as spans do. Nothing of it may throw. */
export interface Surround {
  /** A message passes. `sent`: our side says it, else the other. An answer of ours is told of once it was sent. */
  passing(link: Link, message: unknown, sent: boolean): Around | undefined
  /** Nothing more passes there. */
  closed(link: Link): void
}

/** The one place of a process where what is observed meets those who want to know of it. */
export interface Vitals {
  /** Name of the server that the program gave, where an event's maker is told no other. Default: none, see `serverName`. */
  server?: string | undefined
  /** Tells every listener. Never throws. */
  publish(event: Event): void
  /**
   * Adds a listener; the answer takes it away. What was published before the first listener came, up to
   * `EARLY_EVENTS`, is told to it first; so it is to one that comes before so many were published in all.
   */
  attach(listener: Listener): () => void
  /** The one value of this name in the process, made when it is first asked for. */
  share<T>(name: string, make: () => T): T
  /** Hashes of tools' definitions, where somebody wants them: equal hash, equal definition. Default: nobody does. */
  hashOf?: ((definition: unknown) => string) | undefined
  /** What stands around messages. Default nothing. */
  surround?: Surround | undefined
  /** Events that were published before the first listener came and found no room, and throws that were swallowed. */
  readonly stats: { lost: number; faults: number }
}

/** The hub of this process. Nothing happens before something is published. */
export function vitals(): Vitals {
  const holder = globalThis as { [KEY]?: Vitals }
  holder[KEY] ??= createVitals()
  return holder[KEY]
}

function createVitals(): Vitals {
  let listeners: readonly Listener[] = []
  let early: Event[] | undefined = []
  const shared = new Map<string, unknown>()
  const stats = { lost: 0, faults: 0 }

  function tell(listener: Listener, event: Event): void {
    try {
      listener(event)
    } catch {
      stats.faults++
    }
  }

  return {
    stats,
    publish(event) {
      if (early) remember(event)
      for (let i = 0; i < listeners.length; i++) tell(listeners[i]!, event)
    },
    attach(listener) {
      for (const event of early ?? []) tell(listener, event)
      if (early && early.length >= EARLY_EVENTS) early = undefined
      listeners = [...listeners, listener]
      return () => {
        listeners = listeners.filter((other) => other !== listener)
      }
    },
    share<T>(name: string, make: () => T): T {
      if (!shared.has(name)) shared.set(name, make())
      return shared.get(name) as T
    },
  }

  function remember(event: Event): void {
    if (early!.length < EARLY_EVENTS) early!.push(event)
    else if (listeners.length > 0) early = undefined
    else stats.lost++
  }
}

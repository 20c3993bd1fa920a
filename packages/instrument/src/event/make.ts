import { EVENT_VERSION } from './constants.js'
import type { EVENTS, EventOf, EventType, Origin } from './events.js'
import type { Shape } from './fields.js'

/** An event that is being made: its fields are set one by one, in the order of its declaration. */
export type Draft<T extends EventType> = { -readonly [K in keyof EventOf<T>]: EventOf<T>[K] }

/** Makes an event. `at` is milliseconds since 1970 (pass the clock in: this module has none). */
export function event<T extends EventType>(
  type: T,
  at: number,
  origin: Origin,
  fields: Shape<(typeof EVENTS)[T]['fields']>,
): EventOf<T> {
  return Object.assign(beginEvent(type, at, origin), fields) as unknown as EventOf<T>
}

/**
 * The envelope of an event, whose own fields the caller sets. For the events of every call: setting fields costs a
 * quarter of what spreads in a literal do.
 */
export function beginEvent<T extends EventType>(type: T, at: number, origin: Origin): Draft<T> {
  const { server, session, transport, agent, traceId, derived } = origin
  const made: { -readonly [K in keyof Origin]: Origin[K] } & { v: number; type: T; at: number } = {
    v: EVENT_VERSION,
    type,
    at,
    server,
  }
  if (session !== undefined) made.session = session
  if (transport !== undefined) made.transport = transport
  if (agent !== undefined) made.agent = agent
  if (traceId !== undefined) made.traceId = traceId
  if (derived !== undefined) made.derived = derived
  return made as unknown as Draft<T>
}

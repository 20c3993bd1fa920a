import type { Event } from '@mcp-vitals/instrument/event'
import type { Value } from './sqlite.js'

/** The columns of an event's row, in the order of `encodeRow`. `body` is JSON: the fields that have no column. */
export const EVENT_COLUMNS = 'at, type, server, session, body'

/** An event as the values of `EVENT_COLUMNS`. */
export function encodeRow({ at, type, server, session, ...rest }: Event): Value[] {
  return [at, type, server, session ?? null, JSON.stringify(rest)]
}

/** The event that `encodeRow` made these values of, as JSON text. */
export function decodeRow([at, type, server, session, body]: readonly Value[]): Event {
  const envelope = { at, type, server, ...(session === null ? {} : { session }) }
  return { ...envelope, ...(JSON.parse(String(body)) as object) } as unknown as Event
}

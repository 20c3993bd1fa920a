import type { EventOf, EventType } from '../event/index.js'
import type { Entrance } from '../stream/index.js'
import type { WatchedServer } from './server.js'

/** Moves the metrics of `server` by one event, which came in by `entrance`. */
export type EventFold<T extends EventType> = (event: EventOf<T>, server: WatchedServer, entrance: Entrance) => void

/** Event type → its fold. */
export type EventFolds = { readonly [T in EventType]?: EventFold<T> }

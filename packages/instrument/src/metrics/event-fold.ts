import type { EventOf, EventType } from '../event/index.js'
import type { WatchedServer } from './server.js'

/** Moves the metrics of `server` by one event. */
export type EventFold<T extends EventType> = (event: EventOf<T>, server: WatchedServer) => void

/** Event type → its fold. */
export type EventFolds = { readonly [T in EventType]?: EventFold<T> }

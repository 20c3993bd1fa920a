/** What `request.ended` says, as metrics ask for it. */
import type { EventOf } from '../event/index.js'
import type { CALL_STATUSES } from './server.js'

type RequestEnded = EventOf<'request.ended'>

export function isToolCall(event: RequestEnded): boolean {
  return event.method === 'tools/call' && event.direction === 'client_to_server'
}

export function callStatus(event: RequestEnded): (typeof CALL_STATUSES)[number] {
  if (event.outcome === 'ok') return 'success'
  return isWithdrawn(event) ? 'cancelled' : 'error'
}

/** Whether the asker gave up on it by itself: by a cancellation, or by using its id again. */
export function isWithdrawn({ outcome }: RequestEnded): boolean {
  return outcome === 'cancelled' || outcome === 'replaced'
}

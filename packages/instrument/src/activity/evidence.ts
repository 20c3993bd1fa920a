import { type Event, type EventOf, OWN_SERVER } from '../event/index.js'

/** What an event says of the server that it tells of; `undefined`: nothing. */
export type Evidence = 'up' | 'down' | undefined

/** Requests that every healthy server answers at once: silence on one of these says that the server is not well. */
const HANDSHAKES: ReadonlySet<string> = new Set(['initialize', 'ping', 'server/discover', 'tools/list'])

/** A client that waited for a handshake this long before it gave up met silence; before that it may have changed its mind. */
const PATIENCE_MS = 10_000

/**
 * Any answer, a refusal included, says that the server is up; a broken connection, a silent handshake, or a crash that
 * leaves no process (`processesLeft`, after the event) that it is down, and so does a monitor after so many failures. Where every session has a process of its own,
 * one crash leaves the others well.
 */
export function evidenceOf(event: Event, processesLeft: number): Evidence {
  switch (event.type) {
    case 'session.opened':
      return 'up'
    case 'request.ended':
      return event.direction === 'client_to_server' ? evidenceOfAnswer(event) : undefined
    case 'probe':
      // A component that is no server is watched under our own name, and says nothing of us.
      return event.server === OWN_SERVER ? undefined : evidenceOfCheck(event)
    case 'process.ended':
      return event.crashed && processesLeft === 0 ? 'down' : undefined
    default:
      return undefined
  }
}

/**
 * A check that bears out how the server is judged. One that does not, since its judgement waits for more of them, leaves what
 * a client saw: it would be taken back else by a monitor that knows less.
 */
function evidenceOfCheck({ ok, state }: EventOf<'probe'>): Evidence {
  return ok === (state === 'up') ? state : undefined
}

function evidenceOfAnswer({ outcome, method, status, durationMs }: EventOf<'request.ended'>): Evidence {
  switch (outcome) {
    case 'ok':
    case 'tool_error':
    case 'protocol_error':
      return 'up'
    case 'transport_error':
      // Below 500 it is the server's own HTTP status: it refused, and so it is there.
      return status < 500 ? 'up' : 'down'
    case 'timeout':
    case 'unanswered':
      return HANDSHAKES.has(method) ? 'down' : undefined
    case 'cancelled':
      return HANDSHAKES.has(method) && durationMs >= PATIENCE_MS ? 'down' : undefined
    default:
      return undefined
  }
}

import { type Event, type EventOf, event } from '@mcp-vitals/instrument/event'

/** Sessions and requests that one stream may hold open here; what is beyond them is not closed when the stream is lost. */
const MAX_OPEN = 10_000

/** What the events of one stream have begun and not ended, so that it can be ended for a sender that is lost. */
export class OpenThings {
  readonly #sessions = new Map<string, EventOf<'session.opened'>>()
  readonly #requests = new Map<string, EventOf<'request.started'>>()
  #lastAt = 0

  /** Takes one event of the stream, in order. */
  see(seen: Event): void {
    this.alive(seen.at)
    if (seen.type === 'session.opened') hold(this.#sessions, sessionKey(seen), seen)
    else if (seen.type === 'session.closed') this.#sessions.delete(sessionKey(seen))
    else if (seen.type === 'request.started') hold(this.#requests, seen.operation, seen)
    else if (seen.type === 'request.ended') this.#requests.delete(seen.operation)
  }

  /** The sender was known to live at this time, milliseconds since 1970. */
  alive(at: number): void {
    this.#lastAt = Math.max(this.#lastAt, at)
  }

  /** The ends of all that is open: its duration reaches to the last sign of life. */
  lost(at: number): Event[] {
    const since = (start: number) => Math.max(0, this.#lastAt - start)
    const requests = [...this.#requests.values()].map((started) => {
      const { v: _, type: __, at: startedAt, direction, method, name, operation, ...origin } = started
      const named = name === undefined ? {} : { name }
      const ended = { outcome: 'unanswered', status: 504, requestBytes: 0, responseBytes: 0 } as const
      const fields = { direction, method, ...named, operation, durationMs: since(startedAt), ...ended }
      return event('request.ended', at, origin, fields)
    })
    const sessions = [...this.#sessions.values()].map((opened) => {
      const { server, session, transport, agent, traceId } = opened
      const origin = Object.fromEntries(
        Object.entries({ server, session, transport, agent, traceId }).filter(([, value]) => value !== undefined),
      ) as { server: string }
      return event('session.closed', at, origin, { durationMs: since(opened.at), reason: 'lost' })
    })
    this.#requests.clear()
    this.#sessions.clear()
    return [...requests, ...sessions]
  }
}

function sessionKey({ server, session }: Event): string {
  return JSON.stringify([server, session])
}

function hold<T>(open: Map<string, T>, key: string, value: T): void {
  if (open.size < MAX_OPEN) open.set(key, value)
}

import type { Origin } from '@mcp-vitals/instrument/event'
import { type BodyOptions, type Conversation, createConversation } from '@mcp-vitals/instrument/mcp'
import type { ServerContext } from './context.js'

type Closing = Parameters<Conversation['close']>
type Direction = Parameters<Conversation['lines']>[0]
/** How the bytes of one direction are cut into messages: one body, lines, or server-sent events. */
export type Framing = 'body' | 'lines' | 'events'

/** Takes copies of the bytes that passed. */
export interface Copies {
  feed(bytes: Buffer): void
  end(): void
}

/** What a request got in place of its answer. */
export interface FailDetails {
  /** The HTTP status, where it was that. */
  readonly status?: number
  /** The code of the JSON-RPC error that the gateway gave. */
  readonly errorCode?: string
}

/** The observer of one conversation. What goes wrong in it is counted, and never reaches a call. */
export interface Observer {
  /** `options`: of a body or stream; lines have none. */
  copies(direction: Direction, framing: Framing, options?: BodyOptions): Copies
  /** Requests that wait for an answer, both directions. */
  readonly open: number
  /** Whether the client's request with this key is open. */
  awaits(key: string): boolean
  /** A whole message or batch, at once. */
  whole(direction: Direction, bytes: Buffer): void
  /** The client's request with this key will not be answered. Answered ones are left alone. */
  fail(key: string, outcome: Closing[0], details?: FailDetails): void
  /** Looks after what is too old. Done at every message; call it where messages may stop coming. */
  sweep(): void
  close(outcome: Closing[0], reason: Closing[1]): void
}

/**
 * Watches one session, or one exchange without a session (`session` left out). `credential`: see `ConversationOptions`,
 * where the server gets it.
 */
export function observe(
  context: ServerContext,
  session?: string,
  transport: 'http' | 'sse' = 'http',
  agent?: string,
  credential?: string,
): Observer {
  const { publish, now, clock, server, memory, counters } = context
  const safely = (act: () => void) => {
    try {
      act()
    } catch {
      counters.observerFaults++
    }
  }
  const origin: Origin = { server, transport, ...(session && { session }), ...(agent && { agent }) }
  const conversation = createConversation({ origin, publish, now, clock, server: memory, credential })

  function copies(direction: Direction, framing: Framing, options?: BodyOptions): Copies {
    const reader = framing === 'lines' ? conversation.lines(direction) : conversation[framing](direction, options)
    return {
      feed: (bytes) => safely(() => reader.feed(bytes)),
      end: () => safely(() => reader.end()),
    }
  }

  return {
    copies,
    whole(direction, bytes) {
      const copy = copies(direction, 'body')
      copy.feed(bytes)
      copy.end()
    },
    get open() {
      return conversation.open
    },
    awaits: (key) => conversation.awaits('client_to_server', key),
    fail: (key, outcome, details) => safely(() => conversation.fail('client_to_server', key, outcome, details)),
    sweep: () => safely(() => conversation.sweep()),
    close: (outcome, reason) => safely(() => conversation.close(outcome, reason)),
  }
}

/**
 * The same, which looks later, in the order in which all passed: what forwards and what looks drive each other out of the
 * processor’s caches (see `Looks`).
 */
export function observeLater(
  context: ServerContext,
  session?: string,
  transport: 'http' | 'sse' = 'http',
  agent?: string,
): Observer {
  const { looks } = context
  const observer = observe(context, session, transport, agent)
  return {
    copies(direction, framing, options) {
      const copies = observer.copies(direction, framing, options)
      return {
        feed: (bytes) => looks.later(() => copies.feed(bytes), bytes.length),
        end: () => looks.later(() => copies.end()),
      }
    },
    whole: (direction, bytes) => looks.later(() => observer.whole(direction, bytes), bytes.length),
    get open() {
      looks.settle()
      return observer.open
    },
    awaits(key) {
      looks.settle()
      return observer.awaits(key)
    },
    fail: (key, outcome, details) => looks.later(() => observer.fail(key, outcome, details)),
    sweep: () => looks.later(() => observer.sweep()),
    close: (outcome, reason) => looks.later(() => observer.close(outcome, reason)),
  }
}

import { type ConversationOptions, Correlator } from './correlator.js'
import { keyAmong } from './keys.js'
import type { Lane } from './lane.js'
import type { Direction, EndDetails, Operation } from './operation.js'
import type { TokenKey } from './paths.js'
import { createBodyReader, createLineReader, type Findings, type LineReader, type Reader } from './readers.js'
import type { CloseReason } from './session.js'
import { createEventReader } from './sse.js'
import type { Outcome } from './status.js'
import type { Tree } from './trie.js'

/** Of one body or event stream. Requests are named by the keys of their ids, see `tokenKey`. */
export interface BodyOptions {
  /** The request that it answers: an error that has no id of its own ends it. */
  readonly answering?: string | undefined
  /** Told of each request in it, once it was read. */
  readonly onRequest?: ((key: string, method: string) => void) | undefined
}

/** How much a conversation holds. */
export interface ConversationStats {
  readonly open: number
  readonly lateAnswers: number
  readonly progressTokens: number
}

/** One session, stdio connection or stateless exchange, as far as it does not matter how its messages are read. */
export interface Observation {
  /** Requests that wait for an answer, both directions. */
  readonly open: number
  /** Whether the request with this key (see `tokenKey`) is open. `direction`: who asked. */
  awaits(direction: Direction, key: TokenKey): boolean
  /**
   * Ends one open request that will get no answer here. `direction`: who asked. `key`: see `tokenKey`. False where no
   * such request is open.
   */
  fail(direction: Direction, key: TokenKey, outcome: Outcome, details?: EndDetails): boolean
  /** Ends the requests that are too old, and tells the sum of a flood of junk that is over. Done at every message; call it where messages may stop coming. */
  sweep(): void
  /**
   * Ends every open request, and the session with what it still waits for. A conversation that is no session leaves
   * rounds and tasks to the next one. What is read later is ignored. Idempotent.
   */
  close(outcome: Outcome, reason: CloseReason): void
  stats(): ConversationStats
}

/**
 * One session, stdio connection or stateless exchange: reads the bytes of both sides and publishes what they mean.
 * A direction names who speaks: `client_to_server` for the client's bytes.
 */
export interface Conversation extends Observation {
  /** A reader of newline-delimited JSON (stdio). */
  lines(direction: Direction): LineReader
  /** A reader of one JSON message or batch (an HTTP body). Make one for each body. */
  body(direction: Direction, options?: BodyOptions): Reader
  /** A reader of server-sent events. Make one for each stream. */
  events(direction: Direction, options?: BodyOptions): Reader
}

/** Begins to watch one session, connection or exchange. */
export function createConversation(options: ConversationOptions): Conversation {
  return new ByteConversation(options)
}

class ByteConversation extends Correlator implements Conversation {
  readonly #tree: Tree | undefined
  readonly #clock: () => number

  constructor(options: ConversationOptions) {
    super(options)
    this.#tree = options.server.extraction?.tree
    this.#clock = options.clock
  }

  awaits(direction: Direction, key: TokenKey): boolean {
    return this.laneOf(direction).has(key)
  }

  fail(direction: Direction, key: TokenKey, outcome: Outcome, details?: EndDetails): boolean {
    const operation = this.laneOf(direction).abandoned(key)
    operation?.end(outcome, details)
    return operation !== undefined
  }

  sweep(): void {
    this.sweepAt(this.#clock())
  }

  stats(): ConversationStats {
    const asked = this.laneOf('client_to_server')
    const backwards = this.laneOf('server_to_client')
    return {
      open: this.open,
      lateAnswers: (asked.late?.length ?? 0) + (backwards.late?.length ?? 0),
      progressTokens: (asked.progress?.size ?? 0) + (backwards.progress?.size ?? 0),
    }
  }

  lines(direction: Direction): LineReader {
    return createLineReader(this.#findings(direction))
  }

  body(direction: Direction, options?: BodyOptions): Reader {
    return createBodyReader(this.#findings(direction, options))
  }

  events(direction: Direction, options?: BodyOptions): Reader {
    return createEventReader(this.#findings(direction, options))
  }

  /** Readers of bytes see ids as they were written, whatever their writer held them in. */
  protected override answeredAlike(lane: Lane, key: TokenKey): Operation | undefined {
    const keys = lane.all().map((open) => open.key as string)
    const alike = keyAmong(keys, key as string)
    return alike === undefined ? undefined : lane.answered(alike)
  }

  #findings(direction: Direction, options?: BodyOptions): Findings {
    return {
      tree: this.#tree,
      onHead: ({ fields, start, end }) => {
        const kind = this.receive(direction, fields, end - start, options?.answering)
        // Readers of bytes hold keys as texts.
        if (kind === 'request') options?.onRequest?.(fields.id as string, fields.method!)
      },
      onFault: (reason, sizeBytes) => this.unreadable(direction, reason, sizeBytes),
    }
  }
}

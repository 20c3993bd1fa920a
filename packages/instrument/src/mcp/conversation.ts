import { type BodyOptions, type ConversationOptions, Correlator, type Observation } from './correlator.js'
import type { Direction } from './operation.js'
import { createBodyReader, createLineReader, type Findings, type Reader } from './readers.js'
import { createEventReader } from './sse.js'
import type { Tree } from './trie.js'

/**
 * One session, stdio connection or stateless exchange: reads the bytes of both sides and publishes what they mean.
 * A direction names who speaks: `client_to_server` for the client's bytes.
 */
export interface Conversation extends Observation {
  /** A reader of newline-delimited JSON (stdio). */
  lines(direction: Direction): Reader
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

  constructor(options: ConversationOptions) {
    super(options)
    this.#tree = options.server.extraction?.tree
  }

  lines(direction: Direction): Reader {
    return createLineReader(this.#findings(direction))
  }

  body(direction: Direction, options?: BodyOptions): Reader {
    return createBodyReader(this.#findings(direction, options))
  }

  events(direction: Direction, options?: BodyOptions): Reader {
    return createEventReader(this.#findings(direction, options))
  }

  #findings(direction: Direction, options?: BodyOptions): Findings {
    return {
      tree: this.#tree,
      onHead: ({ fields, start, end }) => this.receive(direction, fields, end - start, options),
      onFault: (reason, sizeBytes) => this.unreadable(direction, reason, sizeBytes),
    }
  }
}

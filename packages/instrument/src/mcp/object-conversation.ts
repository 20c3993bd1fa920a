import type { CallReader } from './call-reading.js'
import { type ConversationOptions, Correlator } from './correlator.js'
import { type DefinitionHashes, type Fields, fieldsOf } from './objects.js'
import type { Direction } from './operation.js'

/** One session, connection or exchange whose messages are objects: a program's own, before they are bytes. */
export interface ObjectConversation extends Pick<Correlator, 'close'> {
  /**
   * One message, as it passes. `sizeBytes`: 0 where that is not known. `traceparent`: in place of the one that it brings.
   * May throw where a getter of the message does.
   */
  hear(direction: Direction, message: unknown, sizeBytes: number, traceparent?: string): void
}

/** Begins to watch one session, connection or exchange of objects. `hashes`: asked where tools are listed. */
export function createObjectConversation(options: ConversationOptions, hashes: DefinitionHashes): ObjectConversation {
  return new Objects(options, hashes)
}

class Objects extends Correlator implements ObjectConversation {
  readonly #hashes: DefinitionHashes
  readonly #extraction: CallReader | undefined

  constructor(options: ConversationOptions, hashes: DefinitionHashes) {
    super(options)
    this.#hashes = hashes
    this.#extraction = options.server.extraction
  }

  hear(direction: Direction, message: unknown, sizeBytes: number, traceparent?: string): void {
    if (Array.isArray(message) && message.length > 0) {
      // Of a batch the size of each is not asked for: no SDK that speaks them still makes one.
      for (const each of message) this.receive(direction, this.#fieldsOf(each), 0)
      return
    }
    const fields = this.#fieldsOf(message)
    if (traceparent !== undefined) fields.traceparent = traceparent
    this.receive(direction, fields, sizeBytes)
  }

  #fieldsOf(message: unknown): Fields {
    const fields = fieldsOf(message, this.#hashes)
    this.#extraction?.read?.(message, fields)
    return fields
  }
}

import { type ConversationOptions, Correlator } from './correlator.js'
import type { SharedMemory } from './memory.js'
import { type DefinitionHashes, type Fields, fieldsOf } from './objects.js'
import type { Direction } from './operation.js'

/** One session, connection or exchange whose messages are objects: a program's own, before they are bytes. */
export class ObjectConversation extends Correlator {
  readonly #hashes: DefinitionHashes
  readonly #server: SharedMemory

  /** `hashes`: asked where tools are listed. */
  constructor(options: ConversationOptions, hashes: DefinitionHashes) {
    super(options)
    this.#hashes = hashes
    this.#server = options.server
  }

  /**
   * One message, as it passes. `sizeBytes`: 0 where that is not known. `traceparent`: in place of the one that it brings.
   * May throw where a getter of the message does.
   */
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
    this.#server.extraction?.read?.(message, fields)
    return fields
  }
}

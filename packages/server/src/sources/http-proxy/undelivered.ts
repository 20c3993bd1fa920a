/** Most messages, and most bytes, that wait for a stream to be opened. The oldest go first. */
const MAX_MESSAGES = 256
const MAX_BYTES = 1_048_576

/** Messages of a server that no stream is open for yet. */
export interface Waiting {
  push(message: Buffer): void
  /** All that waits, oldest first; nothing waits afterwards. */
  take(): readonly Buffer[]
}

/** A bounded queue; `onLost` is told of each message that had to go. */
export function createWaiting(onLost: () => void): Waiting {
  let messages: Buffer[] = []
  let bytes = 0
  return {
    push(message) {
      messages.push(message)
      bytes += message.length
      while (messages.length > MAX_MESSAGES || (bytes > MAX_BYTES && messages.length > 0)) {
        bytes -= messages.shift()!.length
        onLost()
      }
    },
    take() {
      const taken = messages
      messages = []
      bytes = 0
      return taken
    },
  }
}

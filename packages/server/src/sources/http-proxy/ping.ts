import { randomUUID } from 'node:crypto'
import type { Message } from './message.js'

/**
 * Asks a process of a server whether it answers at all, beside what its clients ask. The ids are ours alone, so that no answer
 * reaches a client or an observer, however late it comes. What is no longer a method of the protocol is answered all the
 * same, by an error.
 */
export interface Pings {
  /** Sends a `ping`. True: any answer came. False: none within `timeoutMs`. Undefined: it could not be asked, or ended. */
  ask(send: (message: Buffer) => boolean, timeoutMs: number): Promise<boolean | undefined>
  /** Whether this is an answer to one of ours. */
  takes(messages: readonly Message[]): boolean
  /** The process has ended. */
  end(): void
}

export function createPings(): Pings {
  const prefix = `mcp-vitals-${randomUUID()}-`
  const open = new Map<string, (isAnswered: boolean | undefined) => void>()
  let count = 0
  return {
    ask(send, timeoutMs) {
      const id = JSON.stringify(`${prefix}${++count}`)
      return new Promise((resolve) => {
        const settle = (isAnswered: boolean | undefined) => {
          clearTimeout(timer)
          open.delete(id)
          resolve(isAnswered)
        }
        const timer = setTimeout(() => settle(false), timeoutMs).unref()
        open.set(id, settle)
        if (!send(Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`))) settle(undefined)
      })
    },
    takes(messages) {
      const [message] = messages
      if (messages.length !== 1 || message?.kind !== 'response' || !message.id?.startsWith(`"${prefix}`)) return false
      open.get(message.id)?.(true)
      return true
    },
    end() {
      for (const settle of [...open.values()]) settle(undefined)
    },
  }
}

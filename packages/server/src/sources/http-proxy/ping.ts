import { randomUUID } from 'node:crypto'
import type { Message } from './message.js'
import { FIRST_MODERN_VERSION } from './routing.js'

/** A request that any server of its era answers, under an id, which is JSON text. */
export type Question = (id: string) => Buffer

/** For a legacy server. */
export const PING: Question = (id) => Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`)

/** For a modern server, or one whose era is to be found out: one that is pinged may take its client for a legacy one. */
export const DISCOVER: Question = (id) =>
  Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"server/discover","params":{"_meta":${META}}}`)

const META = JSON.stringify({
  'io.modelcontextprotocol/protocolVersion': FIRST_MODERN_VERSION,
  'io.modelcontextprotocol/clientInfo': { name: 'mcp-vitals', version: '0' },
  'io.modelcontextprotocol/clientCapabilities': {},
})

/**
 * Asks a process of a server whether it answers at all, beside what its clients ask. The ids are ours alone, so that no answer
 * reaches a client or an observer, however late it comes.
 */
export interface Pings {
  /** Sends a question. True: any answer came. False: none within `timeoutMs`. Undefined: it could not be asked, or ended. */
  ask(question: Question, send: (message: Buffer) => boolean, timeoutMs: number): Promise<boolean | undefined>
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
    ask(question, send, timeoutMs) {
      const id = JSON.stringify(`${prefix}${++count}`)
      return new Promise((resolve) => {
        const settle = (isAnswered: boolean | undefined) => {
          clearTimeout(timer)
          open.delete(id)
          resolve(isAnswered)
        }
        const timer = setTimeout(() => settle(false), timeoutMs).unref()
        open.set(id, settle)
        if (!send(question(id))) settle(undefined)
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

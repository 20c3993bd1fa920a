import type { Event, EventOf, EventType } from '../../../packages/instrument/src/event/index.js'
import {
  type Conversation,
  type ConversationLimits,
  createConversation,
  createServerMemory,
  type MemoryLimits,
} from '../../../packages/instrument/src/mcp/index.js'

/** A server under observation, with a clock that stands still until it is moved. */
export function watchServer(limits: Partial<ConversationLimits> = {}, memoryLimits: Partial<MemoryLimits> = {}) {
  const events: Event[] = []
  const time = { ms: 0 }
  const server = createServerMemory(memoryLimits)

  function open(session?: string) {
    const conversation = createConversation({
      origin: { server: 'shop', transport: 'stdio', ...(session !== undefined && { session }) },
      publish: (event) => events.push(event),
      now: () => 1e12 + time.ms,
      clock: () => time.ms,
      server,
      limits,
    })
    return { conversation, ...speakers(conversation) }
  }

  const of = <T extends EventType>(type: T) => events.filter((event) => event.type === type) as unknown as EventOf<T>[]
  return { events, time, server, open, of }
}

function speakers(conversation: Conversation) {
  const up = conversation.lines('client_to_server')
  const down = conversation.lines('server_to_client')
  const line = (message: object) => Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  return {
    client: (message: object) => up.feed(line(message)),
    server: (message: object) => down.feed(line(message)),
  }
}

/** A request of 2026-07-28. */
export function modern(id: number | string, method: string, params: object = {}) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'editor', version: '3.1' },
  }
  return { id, method, params: { ...params, _meta } }
}

import type { Event } from '../../../packages/instrument/src/event/index.js'
import { createConversation, createServerMemory, type Direction } from '../../../packages/instrument/src/mcp/index.js'
import { createDerivations, type Derivation } from '../../../packages/server/src/derive/index.js'
import { derivationOptions } from '../../../packages/server/src/derive/options.js'

/** One server whose calls are read by these derivations, and what both sides say. */
export function deriving(derivations: readonly Derivation[], name = 'comms') {
  const events: Event[] = []
  const compiled = createDerivations(derivationOptions.parse(derivations))
  const server = createServerMemory({}, compiled.rulesOf(name))
  let id = 0

  function open(session?: string) {
    const conversation = createConversation({
      origin: { server: name, transport: 'stdio', ...(session !== undefined && { session }) },
      publish: (event) => events.push(event),
      now: () => 1e12,
      clock: () => 0,
      server,
    })
    const say = (direction: Direction, message: object) => {
      const reader = conversation.body(direction)
      reader.feed(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })))
      reader.end()
    }
    const client = (message: object) => say('client_to_server', message)
    const answer = (message: object) => say('server_to_client', message)
    return {
      conversation,
      client,
      answer,
      /** A whole call. `end`: the answer’s `result` or `error`. */
      call(tool: string, given: object, end: object = { result: {} }, meta: object = {}) {
        id++
        client({ id, method: 'tools/call', params: { arguments: given, name: tool, _meta: meta } })
        answer({ id, ...end })
      },
    }
  }

  /** What came beyond requests and their ends, without `v` and `at`. */
  function derived() {
    return events
      .filter(({ type }) => !/^(request\.|notification|session\.|tools\.)/.test(type))
      .map(({ v: _, at: __, ...rest }) => rest as Record<string, unknown>)
  }

  return { events, server, open, derived, ...open() }
}

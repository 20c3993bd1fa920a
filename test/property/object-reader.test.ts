/** Two readers of one session, of its bytes and of its objects: they tell the same, but for sizes. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Event } from '../../packages/instrument/src/event/index.js'
import {
  createConversation,
  createServerMemory,
  type Direction,
  ObjectConversation,
  ServerMemory,
} from '../../packages/instrument/src/mcp/index.js'
import { Definitions } from '../../packages/instrument/src/node/definitions.js'

const text = fc.oneof(
  fc.constantFrom('a', 'b', '', 'completed', 'failed', 'working', 'task', 'input_required', '2025-11-25', '2026-07-28'),
  fc.constantFrom(
    'MCP error -32602: no',
    'MCP error x',
    `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    '\ud83d',
    'é\u2028"\\',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.integer({ min: 100, max: 300 }).map((length) => '😀x'.repeat(length)),
)
const id = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(1, 2, '1', 'a') },
  fc.constantFrom(null, 1.5, -0, 1e21, 'x'.repeat(300), true, {}),
)
/** A value where another type may be wanted. */
const any = fc.oneof(
  { weight: 3, arbitrary: text },
  fc.constantFrom(null, true, false, 0, -32602, 1e20, 0.5),
  fc.constant([]),
  fc.constant({}),
)
const odd = <T>(usual: fc.Arbitrary<T>) => fc.oneof({ weight: 6, arbitrary: usual }, any)
const some = (shape: Record<string, fc.Arbitrary<unknown>>) => fc.record(shape, { requiredKeys: [] })
const spec = (name: string) => `io.modelcontextprotocol/${name}`

const info = odd(some({ name: any, version: any }))
const meta = odd(
  some({
    progressToken: id,
    traceparent: text,
    [spec('protocolVersion')]: any,
    [spec('clientInfo')]: info,
    [spec('serverInfo')]: info,
    [spec('subscriptionId')]: id,
  }),
)
const params = odd(
  some({
    name: any,
    arguments: any,
    protocolVersion: any,
    clientInfo: info,
    cursor: any,
    requestId: id,
    progressToken: id,
    requestState: any,
    inputResponses: any,
    task: odd(some({ ttl: any })),
    taskId: any,
    status: any,
    result: odd(some({ isError: any })),
    _meta: meta,
  }),
)
const tool = odd(some({ name: any, description: any, inputSchema: fc.object({ maxDepth: 2 }) }))
const content = odd(fc.array(odd(some({ type: any, text: any })), { maxLength: 3 }))
const result = odd(
  some({
    isError: any,
    content,
    resultType: any,
    protocolVersion: any,
    serverInfo: info,
    nextCursor: any,
    requestState: any,
    task: odd(some({ taskId: any, status: any })),
    taskId: any,
    status: any,
    result: odd(some({ isError: any, content })),
    error: odd(some({ code: any })),
    tools: odd(fc.array(tool, { maxLength: 4 })),
    prompts: odd(fc.array(tool, { maxLength: 4 })),
    _meta: meta,
  }),
)
const method = fc.constantFrom(
  ...['tools/call', 'tools/list', 'prompts/list', 'prompts/get', 'resources/read', 'initialize', 'server/discover'],
  ...['tasks/get', 'tasks/result', 'sampling/createMessage', 'subscriptions/listen', 'x'.repeat(200), 'ping'],
)
const note = fc.constantFrom(
  ...['cancelled', 'progress', 'tools/list_changed', 'prompts/list_changed', 'tasks/status', 'message'].map(
    (name) => `notifications/${name}`,
  ),
)
const version = fc.oneof({ weight: 20, arbitrary: fc.constant('2.0') }, any)
const message = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ jsonrpc: version, id, method, params }, { requiredKeys: ['jsonrpc', 'id', 'method'] }),
  },
  { weight: 5, arbitrary: fc.record({ jsonrpc: version, id, result }) },
  { weight: 2, arbitrary: fc.record({ jsonrpc: version, id, error: odd(some({ code: any, message: text })) }) },
  { weight: 3, arbitrary: fc.record({ jsonrpc: version, method: note, params }) },
  { weight: 1, arbitrary: any },
)
const said = fc.record({ from: fc.constantFrom<Direction>('client_to_server', 'server_to_client'), message })

function witness() {
  const events: Event[] = []
  let time = 0
  const options = {
    origin: { server: 's', session: 'x', transport: 'stdio' as const },
    publish: (event: Event) => events.push(event),
    now: () => 1e12 + time,
    clock: () => time,
  }
  return { events, options, tick: () => time++ }
}

/** The events without sizes, which of objects are estimates. */
function sizeless(events: readonly Event[]): unknown {
  return events.map((event) => {
    const told: Record<string, unknown> = { ...event }
    for (const size of ['sizeBytes', 'requestBytes', 'responseBytes']) delete told[size]
    return told
  })
}

it('a session of objects gives the events that its bytes give', () => {
  fc.assert(
    fc.property(fc.array(said, { maxLength: 25 }), (session) => {
      const bytes = witness()
      const objects = witness()
      const outside = createConversation({ ...bytes.options, server: createServerMemory() })
      const inside = new ObjectConversation({ ...objects.options, server: new ServerMemory() }, new Definitions())
      for (const { from, message: given } of session) {
        const json = JSON.stringify(given)
        outside.lines(from).feed(Buffer.from(`${json}\n`))
        inside.hear(from, JSON.parse(json), 0)
        bytes.tick()
        objects.tick()
      }
      for (const each of [outside, inside]) each.close('cancelled', 'client')
      expect(sizeless(objects.events)).toEqual(sizeless(bytes.events))
    }),
    { numRuns: 3000 },
  )
})

import { describe, expect, test } from 'vitest'
import { checkEvent, type Event, type EventOf, type EventType } from '../../packages/instrument/src/event/index.js'
import type { Publish, Source } from '../../packages/instrument/src/stream/index.js'

/** A JSON-RPC message. */
export type Message = Readonly<Record<string, unknown>>

/** A source between a client and the scripted server (test/fixtures/scripted.mjs), ready for `initialize`. */
export interface SourceUnderTest {
  /** Started already. */
  readonly source: Source
  /** Sends one message from the client to the server. */
  send(message: Message): void
  /** Ends the session as a client of this transport does, and resolves when the source has seen it. */
  leave(): Promise<void>
  /** Frees what is left. */
  dispose(): Promise<void>
}

/** What differs between sources: the rest of what they say of one conversation must be equal. */
export interface SourceHarness {
  readonly name: string
  readonly transport: 'stdio' | 'http' | 'sse' | 'memory'
  /** Makes the source as server `scripted`; `onMessage` gets every message that reaches the client, in order. */
  open(publish: Publish, onMessage: (message: Message) => void): Promise<SourceUnderTest>
}

const DEADLINE_MS = 20_000

/** Declares the tests that every source passes. */
export function describeSource(harness: SourceHarness): void {
  describe(`a source: ${harness.name}`, () => {
    test('a scripted conversation gives the canonical events', async () => {
      const world = await open(harness)
      await converse(world)
      await world.under.leave()
      await until(() => world.of('session.closed').length === 1)
      for (const event of world.events) expect(checkEvent(event)).toEqual({ event })
      expect(
        world.events.filter(({ type }) => type in CANONICAL).map(({ server, transport }) => `${server} ${transport}`),
      ).toEqual(world.events.filter(({ type }) => type in CANONICAL).map(() => `scripted ${harness.transport}`))
      for (const [type, expected] of Object.entries(CANONICAL))
        expect(
          world.events.filter((event) => event.type === type).map((event) => pick(event, expected.fields)),
          type,
        ).toEqual(expected.rows)
      await world.under.dispose()
    })

    test('each request that started ends once, in its session, with its sizes and a duration', async () => {
      const world = await open(harness)
      await converse(world)
      await world.under.leave()
      await until(() => world.of('session.closed').length === 1)
      const operations = (type: 'request.started' | 'request.ended') =>
        world
          .of(type)
          .map(({ operation }) => operation)
          .sort()
      expect(operations('request.ended')).toEqual(operations('request.started'))
      expect(new Set(operations('request.started')).size).toBe(operations('request.started').length)
      const [{ session }] = world.of('session.opened') as [EventOf<'session.opened'>]
      expect(session).toMatch(/^.{8,64}$/)
      for (const ended of world.of('request.ended')) {
        expect(ended.requestBytes).toBeGreaterThan(0)
        expect(ended.responseBytes > 0).toBe(ended.outcome !== 'cancelled')
      }
      await world.under.dispose()
    })

    test('what the server says reaches the client, all of it, unchanged', async () => {
      const world = await open(harness)
      await converse(world)
      expect(world.messages.map((message) => message.id ?? message.method).sort()).toEqual(
        ['a', 'ask-1', 'b', 'notifications/message', 'd', 'e', 'f', 'g', 'h', 'p'].sort(),
      )
      expect(world.answer('b')).toEqual({ jsonrpc: '2.0', id: 'b', result: { tools: TOOLS } })
      expect(world.answer('d')).toEqual({
        jsonrpc: '2.0',
        id: 'd',
        result: { content: [{ type: 'text', text: 'it failed' }], isError: true },
      })
      expect(world.answer('f')).toMatchObject({ error: { code: -32601, message: 'method not found' } })
      await world.under.leave()
      await world.under.dispose()
    })

    test('stop ends what is open, once, however often it is called', async () => {
      const world = await open(harness)
      await initialize(world)
      world.under.send(call('w', 'wait'))
      await until(() => world.of('request.started').some(({ name }) => name === 'wait'))
      await Promise.all([world.under.source.stop(), world.under.source.stop()])
      await world.under.source.stop()
      expect(world.of('request.ended').filter(({ name }) => name === 'wait')).toHaveLength(1)
      expect(world.of('session.closed')).toHaveLength(1)
      await world.under.dispose()
    })
  })
}

const TOOLS = ['echo', 'fail', 'ask', 'wait'].map((name) => ({ name, inputSchema: { type: 'object' } }))
const toServer = (method: string, outcome: string, status: number, more: object = {}) => ({
  direction: 'client_to_server',
  method,
  outcome,
  status,
  ...more,
})
const REQUEST_FIELDS = ['direction', 'method', 'name', 'outcome', 'status', 'errorCode'] as const

/** What is said of the conversation below: type, the fields compared, and the events in order. */
const CANONICAL: Readonly<Partial<Record<EventType, { fields: readonly string[]; rows: readonly object[] }>>> = {
  'session.opened': {
    fields: ['era', 'protocolVersion', 'clientName', 'clientVersion', 'serverName', 'serverVersion'],
    rows: [
      {
        era: 'legacy',
        protocolVersion: '2025-06-18',
        clientName: 'scripted-client',
        clientVersion: '9.9',
        serverName: 'scripted-server',
        serverVersion: '1.2.3',
      },
    ],
  },
  'session.closed': { fields: ['reason'], rows: [{ reason: 'client' }] },
  'request.ended': {
    fields: REQUEST_FIELDS,
    rows: [
      toServer('initialize', 'ok', 200),
      toServer('tools/list', 'ok', 200),
      toServer('tools/call', 'ok', 200, { name: 'echo' }),
      toServer('tools/call', 'tool_error', 500, { name: 'fail' }),
      // The server's list of tools is complete and has no such name: unknown, by whatever code the server says so.
      toServer('tools/call', 'protocol_error', 404, { name: 'missing', errorCode: '-32602' }),
      toServer('no/such/method', 'protocol_error', 404, { errorCode: '-32601' }),
      { direction: 'server_to_client', method: 'sampling/createMessage', outcome: 'ok', status: 200 },
      toServer('tools/call', 'ok', 200, { name: 'ask' }),
      toServer('tools/call', 'cancelled', 499, { name: 'wait' }),
      toServer('ping', 'ok', 200),
    ],
  },
  notification: {
    fields: ['direction', 'method'],
    rows: [
      { direction: 'client_to_server', method: 'notifications/initialized' },
      { direction: 'server_to_client', method: 'notifications/message' },
      { direction: 'client_to_server', method: 'notifications/cancelled' },
    ],
  },
  'tools.listed': {
    fields: ['tools', 'complete'],
    rows: [{ tools: ['echo', 'fail', 'ask', 'wait'], complete: true }],
  },
  unreadable: { fields: ['reason'], rows: [] },
}

interface World {
  readonly under: SourceUnderTest
  readonly events: readonly Event[]
  readonly messages: readonly Message[]
  of<T extends EventType>(type: T): EventOf<T>[]
  answer(id: string): Message | undefined
}

async function open(harness: SourceHarness): Promise<World> {
  const events: Event[] = []
  const messages: Message[] = []
  const under = await harness.open(
    (event) => events.push(event),
    (message) => messages.push(message),
  )
  return {
    under,
    events,
    messages,
    of: <T extends EventType>(type: T) => events.filter((event) => event.type === type) as unknown as EventOf<T>[],
    answer: (id) => messages.find((message) => message.id === id),
  }
}

const request = (id: string, method: string, params: object = {}) => ({ jsonrpc: '2.0', id, method, params })
const call = (id: string, name: string) => request(id, 'tools/call', { name, arguments: { text: 'hello' } })

async function ask(world: World, message: ReturnType<typeof request>): Promise<void> {
  world.under.send(message)
  await until(() => world.answer(message.id) !== undefined)
}

async function initialize(world: World): Promise<void> {
  const clientInfo = { name: 'scripted-client', version: '9.9' }
  await ask(
    world,
    request('a', 'initialize', { protocolVersion: '2025-06-18', capabilities: { sampling: {} }, clientInfo }),
  )
  world.under.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
}

/** The scripted conversation: one step after the other, so that there is one order. */
async function converse(world: World): Promise<void> {
  await initialize(world)
  await ask(world, request('b', 'tools/list'))
  await ask(world, call('h', 'echo'))
  await ask(world, call('d', 'fail'))
  await ask(world, call('e', 'missing'))
  await ask(world, request('f', 'no/such/method'))
  world.under.send(call('g', 'ask'))
  await until(() => world.answer('ask-1') !== undefined)
  const result = { role: 'assistant', content: { type: 'text', text: 'yes' }, model: 'none' }
  world.under.send({ jsonrpc: '2.0', id: 'ask-1', result })
  await until(() => world.answer('g') !== undefined)
  world.under.send(call('w', 'wait'))
  await until(() => world.of('request.started').some(({ name }) => name === 'wait'))
  world.under.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'w' } })
  await until(() => world.of('request.ended').some(({ name }) => name === 'wait'))
  await ask(world, request('p', 'ping'))
  await until(() => world.of('request.ended').some(({ method }) => method === 'ping'))
}

function pick(event: object, fields: readonly string[]): object {
  return Object.fromEntries(Object.entries(event).filter(([key]) => fields.includes(key)))
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition was not met in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { McpServer as ModernServer } from '@modelcontextprotocol/server'
import { expect, it } from 'vitest'
import { instrument, uninstrument, vitals } from '../../../packages/instrument/src/index.js'
import { createMetricsFold, createRegistry, expose } from '../../../packages/instrument/src/metrics/index.js'
import { configure } from '../../../packages/instrument/src/record.js'
import { until } from '../../fixtures/until.js'
import { connected, listen, PAIRS, shop } from './servers.js'

const ROUNDS = 10_000
/** Rounds after which everything that is kept once is there. */
const WARM_UP = 2000
/** Less than 200 bytes for each round. */
const MOST_GROWTH_BYTES = (ROUNDS - WARM_UP) * 200
/** What may still be on its way out when the last round ends. */
const MOST_ALIVE = 20

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

async function heapBytes(): Promise<number> {
  await new Promise(setImmediate)
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

/** A client that says hello, calls a tool and leaves, without waiting for the answer where it is in a hurry. */
async function visit(near: Near, id: number, hurried: boolean): Promise<void> {
  const clientInfo = { name: 'me', version: '1' }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  await near.send({ jsonrpc: '2.0', id: 'first', method: 'initialize', params })
  await new Promise(setImmediate)
  await near.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: { text: 'a' } } })
  if (!hurried) await new Promise(setImmediate)
  await near.close()
}

interface Near {
  onmessage?: (message: never) => void
  send(message: object): Promise<void>
  close(): Promise<void>
}

/** As small as a server with a tool can be: each round makes one. */
function lone() {
  const server = new ModernServer({ name: 'lone', version: '1' })
  server.registerTool('echo', {}, () => ({ content: [] }))
  return server
}

it.each([
  [1, 'one server'],
  [2, 'one server'],
  [2, 'a server each'],
] as const)('leaves nothing behind of 10,000 connections: SDK %i, %s', { timeout: 300_000 }, async (major, servers) => {
  const { fold } = createMetricsFold(createRegistry())
  const detach = vitals().attach((event) => fold(event, 'local'))
  const one = instrument(shop(major))
  /** Of each round its transport, our function in it, and its server. */
  const gone: WeakRef<object>[] = []
  let before = 0
  let answered = 0
  for (let round = 1; round <= ROUNDS; round++) {
    const server = servers === 'one server' ? one : instrument(lone())
    const [near, far] = PAIRS[major].pair() as unknown as [Near, Near]
    near.onmessage = () => answered++
    await server.connect(far as never)
    gone.push(new WeakRef(far), new WeakRef(far.send), ...(server === one ? [] : [new WeakRef(server)]))
    await visit(near, round, round % 2 === 1)
    if (round === WARM_UP) before = await heapBytes()
  }
  expect(answered).toBeGreaterThanOrEqual(ROUNDS)
  const alive = () => gone.filter((each) => each.deref() !== undefined).length
  await until(
    async () => (await heapBytes()) - before < MOST_GROWTH_BYTES && alive() < MOST_ALIVE,
    20_000,
    () => `${alive()} of ${gone.length} objects are alive, ${process.memoryUsage().heapUsed - before} bytes more`,
  )
  detach()
})

it('ends what is open when its client goes, and says who went', async () => {
  const heard = listen()
  for (const leaver of ['client', 'server'] as const) {
    const { server, client } = await connected(1, instrument)
    await (leaver === 'client' ? client : server).close()
  }
  const [near, far] = InMemoryTransport.createLinkedPair()
  const server = instrument(shop(1))
  await server.connect(far)
  await near.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text: 'a' } } })
  await near.close()
  heard.stop()
  expect(heard.of('session.closed').map(({ reason }) => reason)).toEqual(['client', 'server', 'client'])
  expect(heard.of('request.ended').at(-1)).toMatchObject({ method: 'tools/call', outcome: 'cancelled' })
})

it('listens at a server that is connected already, and again after it was uninstrumented', async () => {
  const registry = createRegistry()
  const { fold } = createMetricsFold(registry)
  const detach = vitals().attach((event) => fold(event, 'local'))
  const heard = listen()
  const { server, client } = await connected(1, (made) => made)
  const call = () => client.callTool({ name: 'echo', arguments: { text: 'a' } })
  await call()
  expect(heard.events).toEqual([])
  instrument(server, { server: 'late' })
  await call()
  uninstrument(server)
  await call()
  instrument(server, { server: 'again', transport: 'stdio' })
  await call()
  await client.close()
  heard.stop()
  expect(heard.of('request.ended').map(({ server: name, transport }) => [name, transport])).toEqual([
    ['late', 'memory'],
    ['again', 'stdio'],
  ])
  // Sessions whose beginning was not heard end all the same.
  expect(heard.of('session.closed').map(({ server: name, reason }) => [name, reason])).toEqual([
    ['late', 'shutdown'],
    ['again', 'client'],
  ])
  for (const name of ['late', 'again']) expect(expose(registry)).toContain(`mcp_active_sessions{server="${name}"} 0`)
  detach()
})

it('hears what the others that listen at a transport leave it, each message once', async () => {
  const heard = listen()
  const server = instrument(shop(1))
  const [near, far] = InMemoryTransport.createLinkedPair()
  const seen: string[] = []
  // A handler that is there before the server's: the SDK calls it first.
  far.onmessage = (message) => seen.push((message as { method: string }).method)
  await server.connect(far)
  await near.send({ jsonrpc: '2.0', id: 1, method: 'ping' })
  await near.close()
  heard.stop()
  expect(seen).toEqual(['ping'])
  expect(heard.of('request.started')).toHaveLength(1)
})

it('survives messages that throw when they are looked at', async () => {
  const passed: unknown[] = []
  const transport = {
    start: async () => {},
    close: async () => {},
    send: async (message: unknown) => void passed.push(message),
  }
  const server = instrument(shop(1))
  await server.connect(transport)
  const faults = vitals().stats.faults
  const hostile = {
    jsonrpc: '2.0' as const,
    get method(): string {
      throw new Error('not this one')
    },
  }
  await transport.send(hostile)
  expect(passed[0]).toBe(hostile)
  expect(vitals().stats.faults).toBe(faults + 1)
})

it.each([
  [() => instrument({} as never), /takes what has a connect\(\)/],
  [() => instrument(shop(1), { server: '' }), /1 to 128 characters/],
  [() => instrument(shop(1), { server: 'mcp-vitals' }), /other than "mcp-vitals"/],
  [() => instrument(shop(1), { transport: 'pigeon' as never }), /stdio, http, sse, memory/],
  [() => instrument(shop(1), null as never), /options must be an object/],
])('says what is wrong with what it is given', (wrong, words) => {
  expect(wrong).toThrow(words)
})

it('names a server that has no name as the program was told, else `server`', async () => {
  const { of, stop } = listen()
  const visited = async () => {
    const transport: { onmessage?: (message: unknown) => void; send(): void } = { send() {} }
    const server = {
      async connect(to: typeof transport) {
        to.onmessage = () => {}
      },
    }
    await instrument(server).connect(transport)
    transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/initialized' })
  }
  await visited()
  configure({ server: 'told' })
  await visited()
  vitals().server = undefined
  stop()
  expect(of('notification').map(({ server }) => server)).toEqual(['server', 'told'])
})

it('leaves what others put in the place of its own handler', async () => {
  const [, transport] = PAIRS[1].pair()
  const server = instrument(shop(1))
  await server.connect(transport)
  const theirs = { value: () => {}, configurable: true, enumerable: true, writable: true }
  Object.defineProperty(transport, 'onmessage', theirs)
  uninstrument(server)
  expect(Object.getOwnPropertyDescriptor(transport, 'onmessage')).toEqual(theirs)
})

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { expect, it } from 'vitest'
import { instrument, uninstrument, vitals } from '../../../packages/instrument/src/index.js'
import { createMetricsFold, createRegistry } from '../../../packages/instrument/src/metrics/index.js'
import { connected, listen, shop } from './servers.js'

const ROUNDS = 10_000
/** Rounds after which everything that is kept once is there. */
const WARM_UP = 2000
/** Less than 200 bytes for each round. */
const MOST_GROWTH_BYTES = (ROUNDS - WARM_UP) * 200

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapBytes(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

it('leaves nothing behind of 10,000 connections', async () => {
  const { fold } = createMetricsFold(createRegistry())
  const detach = vitals().attach((event) => fold(event, 'local'))
  const server = instrument(shop(1))
  let before = 0
  let answered = 0
  for (let round = 1; round <= ROUNDS; round++) {
    const [near, far] = InMemoryTransport.createLinkedPair()
    near.onmessage = () => answered++
    await server.connect(far)
    const clientInfo = { name: 'me', version: '1' }
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
    await near.send({ jsonrpc: '2.0', id: 'first', method: 'initialize', params })
    await new Promise(setImmediate)
    await near.send({
      jsonrpc: '2.0',
      id: round,
      method: 'tools/call',
      params: { name: 'echo', arguments: { text: 'a' } },
    })
    // Every other client leaves with a request open.
    if (round % 2 === 0) await new Promise(setImmediate)
    await near.close()
    if (round === WARM_UP) before = heapBytes()
  }
  expect(answered).toBeGreaterThanOrEqual(ROUNDS)
  expect(heapBytes() - before).toBeLessThan(MOST_GROWTH_BYTES)
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
  expect(heard.of('session.closed').map(({ reason }) => reason)).toEqual(['client', 'server'])
  expect(heard.of('request.ended').at(-1)).toMatchObject({ method: 'tools/call', outcome: 'cancelled' })
})

it('listens at a server that is connected already, and again after it was uninstrumented', async () => {
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
  [() => instrument(shop(1), { server: 'mcp-vitals' }), /choose another/],
  [() => instrument(shop(1), { transport: 'pigeon' as never }), /stdio, http, sse, memory/],
])('says what is wrong with what it is given', (wrong, words) => {
  expect(wrong).toThrow(words)
})

/** The first request to a server that is not there × each pairing: what the client sees, and what the observer says. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ServerEntry } from '../../packages/server/src/children/index.js'
import { listeningPeer } from '../fixtures/peers.js'
import { META, OPENING, rpc } from './fault-matrix/clients.js'
import { OPENINGS, PAIRINGS, type Pairing } from './fault-matrix/table.js'
import { code, type Harness, serve, until, url } from './gateway-harness.js'
import { ENDPOINT, openStream, sse } from './gateway-sse-harness.js'

type Opening = keyof typeof OPENINGS
const cells = (Object.keys(OPENINGS) as Opening[]).flatMap((opening) =>
  (Object.keys(PAIRINGS) as Pairing[]).flatMap((pairing) => {
    const cell = OPENINGS[opening].cells[pairing]
    return typeof cell === 'string' ? [] : [{ opening, pairing, ...cell }]
  }),
)

let peer: Awaited<ReturnType<typeof listeningPeer>>
let harness: Harness

beforeAll(async () => {
  peer = await listeningPeer()
  const gone = await listeningPeer()
  await gone.close()
  const address = { nobody: `http://127.0.0.1:${gone.port}/at`, mute: `http://127.0.0.1:${peer.port}/at` }
  const process = {
    nobody: { ...code(''), command: '/no/such/command' },
    mute: code('process.stdin.resume()'),
  }
  const entryOf = (opening: Opening, pairing: Pairing): ServerEntry => {
    const { server } = PAIRINGS[pairing]
    return server === 'stdio' ? process[opening] : (server === 'sse' ? sse : url)(address[opening])
  }
  harness = await serve(
    Object.fromEntries(cells.map(({ opening, pairing }) => [nameOf(opening, pairing), entryOf(opening, pairing)])),
    { startTimeoutMs: 500, probeTimeoutMs: 500, responseTimeoutMs: 500 },
  )
})
afterAll(async () => {
  await harness.stop()
  await peer.close()
})

function nameOf(opening: Opening, pairing: Pairing): string {
  return `${opening}-${pairing.replaceAll(/\W+/g, '-')}`
}

async function post(address: URL, message: object, headers: Record<string, string>): Promise<string> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify(message),
  })
  return `${response.status} ${await response.text()}`
}

/** Asks on a stream; leaves it where its head does not come as long as a POST would have been waited for. */
async function askOnStream(server: string): Promise<string> {
  const leaving = new AbortController()
  const address = harness.address(server)
  const headers = { accept: 'text/event-stream' }
  const opened = fetch(address, { headers, signal: leaving.signal }).catch(() => undefined)
  if (server === nameOf('mute', 'sse to sse')) {
    await until(() => harness.gateway.stats().inFlight > 0, 'the stream was asked for')
    leaving.abort()
    return (await opened) ? 'opened' : 'left'
  }
  const first = (await opened)!
  if (first.status !== 200) return `${first.status} ${await first.text()}`
  leaving.abort()
  const stream = await openStream(address)
  await until(() => ENDPOINT.test(stream.text), 'an endpoint')
  const endpoint = new URL(ENDPOINT.exec(stream.text)![1]!, address)
  const [status] = (await post(endpoint, rpc(1, 'initialize', OPENING), {})).split(' ')
  await until(() => stream.over !== undefined, 'the stream is over')
  return `${status} ${stream.text.replaceAll('\n', ' ')}${stream.over}`
}

test.each(cells)('$pairing: $opening', async ({ opening, pairing, seen, counted }) => {
  const server = nameOf(opening, pairing)
  const { client, era } = PAIRINGS[pairing]
  const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'any' }
  const ask = (): Promise<string> => {
    if (client === 'sse') return askOnStream(server)
    const call = rpc(7, 'tools/call', { name: 'any', arguments: {}, _meta: META })
    return era === 'legacy'
      ? post(harness.address(server), rpc(1, 'initialize', OPENING), {})
      : post(harness.address(server), call, modern)
  }
  expect(await ask()).toMatch(seen)
  const told = () =>
    harness.events.flatMap((event) => {
      if (event.server !== server) return []
      if (event.type === 'request.ended') return [event.outcome]
      return event.type === 'http' && counted.startsWith(event.method) ? [`${event.method} ${event.status}`] : []
    })
  await until(() => told().length > 0, `${server} was told of`)
  expect(told()).toEqual([counted])
  await until(() => harness.gateway.stats().inFlight === 0, 'nothing is left')
})

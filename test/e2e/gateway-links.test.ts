/** Connections to HTTP servers that fail, hang, or are read slowly. */
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect as connectSocket, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { isWhole, listenRaw } from '../fixtures/wire.js'
import { type Harness, serve, until, url } from './gateway-harness.js'

let harness: Harness
let upstream: Server
const sockets = new Set<Socket>()
afterEach(async () => {
  await harness.stop()
  for (const socket of sockets) socket.destroy()
  upstream.close()
})

type Options = Parameters<typeof serve>[1]

/** A gateway before a server that treats each connection so. */
async function behind(treat: (socket: Socket) => void, options: Options = {}) {
  const raw = await listenRaw((socket) => {
    sockets.add(socket)
    treat(socket)
  })
  upstream = raw.server
  harness = await serve({ raw: url(`http://127.0.0.1:${raw.port}/mcp`) }, options)
}

/** Calls back with each whole request of a connection. */
function onRequest(socket: Socket, answer: (number: number) => void): void {
  let bytes = Buffer.alloc(0)
  let number = 0
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk])
    if (!isWhole(bytes)) return
    bytes = Buffer.alloc(0)
    answer(++number)
  })
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const CALL = JSON.stringify({ jsonrpc: '2.0', id: 'c-1', method: 'tools/call', params: { name: 'add', arguments: {} } })
const post = (headers: Record<string, string> = {}) =>
  fetch(harness.address('raw'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: CALL,
  })
const outcomes = () => harness.ofType('request.ended').map(({ outcome }) => outcome)

/** A server that takes one request on each connection, and resets it at the second. */
async function behindForgetful(): Promise<() => number> {
  let connections = 0
  await behind((socket) => {
    connections++
    onRequest(socket, (number) => (number === 1 ? socket.write(OK) : socket.resetAndDestroy()))
  })
  return () => connections
}

test('a GET over a kept connection that the server had closed is sent once more, and nobody knows', async () => {
  const connections = await behindForgetful()
  for (let at = 1; at <= 2; at++) {
    const response = await fetch(harness.address('raw'))
    expect([response.status, await response.text(), connections()]).toEqual([200, 'ok', at])
  }
})

test('a POST is never sent twice: it may have been carried out, and its client is told so', async () => {
  const connections = await behindForgetful()
  await (await post()).text()
  const response = await post()
  expect([response.status, connections()]).toEqual([502, 1])
  expect(await response.json()).toMatchObject({
    id: 'c-1',
    error: {
      message: expect.stringMatching(/closed the connection.*may have been/),
      data: { code: 'UPSTREAM_BROKEN_OFF' },
    },
  })
  await until(() => outcomes().length === 2, 'both calls ended')
  expect(outcomes()).toEqual(['transport_error', 'transport_error'])
})

test.each([
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
  ['a status that there is none of', 'HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok'],
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a head without an end', `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(70_000)}`],
])('a server that answers with %s is 502, and the gateway goes on', async (_, said) => {
  await behind((socket) => onRequest(socket, () => socket.write(said)))
  const response = await post()
  expect([response.status, await response.json()]).toEqual([
    502,
    expect.objectContaining({ id: 'c-1', error: expect.objectContaining({ data: { code: 'UPSTREAM_UNREADABLE' } }) }),
  ])
  await until(() => outcomes().length === 1, 'the call ended')
  expect(outcomes()).toEqual(['transport_error'])
  expect((await fetch(`${harness.origin}/mcp/nobody`)).status).toBe(404)
})

test('a server that does not begin its answer is given up after `responseTimeoutMs`, but a GET stream waits', async () => {
  await behind((socket) => onRequest(socket, () => {}), { responseTimeoutMs: 100 })
  const stream = fetch(harness.address('raw')).catch(() => 'open to the end')
  const response = await post()
  expect([response.status, await response.json()]).toEqual([
    504,
    expect.objectContaining({ id: 'c-1', error: expect.objectContaining({ data: { code: 'UPSTREAM_SILENT' } }) }),
  ])
  await until(() => outcomes().length === 1, 'the call ended')
  expect(outcomes()).toEqual(['timeout'])
  expect(harness.ofType('http').map(({ method }) => method)).toEqual(['POST'])
  for (const socket of sockets) socket.destroy()
  expect(await stream).not.toBe('open to the end')
})

test('an answer that stands still is cut after `streamIdleTimeoutMs`', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
  await behind((socket) => onRequest(socket, () => socket.write(`${head}8\r\n: hi\n\n\r\n`)), {
    streamIdleTimeoutMs: 100,
  })
  const response = await post()
  await expect(response.text()).rejects.toThrow()
  await until(() => outcomes().length === 1, 'the call ended')
  expect(outcomes()).toEqual(['timeout'])
})

test('a stream of a session whose events have ids may break: its call waits for the rest', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
  let said = 'e\r\nid: 1\ndata: \n\n\r\n'
  await behind((socket) => onRequest(socket, () => socket.write(head + said, () => socket.resetAndDestroy())))
  const session = { 'mcp-session-id': 's-1' }
  await expect((await post(session)).text()).rejects.toThrow()
  await until(() => harness.ofType('http').length === 1, 'the exchange is over')
  expect(outcomes()).toEqual([])
  const result = 'data: {"jsonrpc":"2.0","id":"c-1","result":{}}\n\n'
  said = `${result.length.toString(16)}\r\n${result}\r\n`
  await fetch(harness.address('raw'), { headers: { ...session, 'last-event-id': '1' } }).then((rest) =>
    rest.text().catch(() => ''),
  )
  await until(() => outcomes().length === 1, 'the call ended')
  expect(outcomes()).toEqual(['ok'])
})

test('the system looks after the other side of a connection that is silent', async () => {
  await behind((socket) => onRequest(socket, () => {}))
  const stop = new AbortController()
  const waiting = fetch(harness.address('raw'), { signal: stop.signal }).catch(() => {})
  await until(() => sockets.size > 0, 'the connection is there')
  const port = (upstream.address() as AddressInfo).port.toString(16).toUpperCase().padStart(4, '0')
  // proc(5): the field after the queues begins with the timer that runs; 02 is TCP's keep-alive.
  const timers = () =>
    readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => columns[2]?.endsWith(`:${port}`) && columns[3] === '01')
      .map((columns) => columns[5]?.slice(0, 2))
  await until(() => timers().includes('02'), 'the keep-alive timer runs')
  stop.abort()
  await waiting
})

const TOTAL_BYTES = 100 * 1024 * 1024
/** What the system's buffers and ours may hold of a stream that nobody reads. */
const HELD_BYTES = 24 * 1024 * 1024
const PIECE = Buffer.alloc(65_536, 'x')

/** Writes as fast as the other side takes it; gives the number of bytes that were taken so far. */
function pour(socket: Socket, then: () => void): () => number {
  let poured = 0
  const go = () => {
    while (poured < TOTAL_BYTES) {
      poured += PIECE.length
      if (!socket.write(PIECE)) {
        socket.once('drain', go)
        return
      }
    }
    then()
  }
  go()
  return () => poured
}

/** Resolves when a figure no longer grows. */
async function settled(figure: () => number): Promise<number> {
  let last = -1
  let since = performance.now()
  await until(() => {
    if (figure() !== last) since = performance.now()
    last = figure()
    return performance.now() - since > 300
  }, 'it stands still')
  return last
}

test('a reader that stops slows the server down, and 100 MB come whole when it goes on', async () => {
  let poured = () => 0
  await behind((socket) =>
    onRequest(socket, () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL_BYTES}\r\n\r\n`)
      poured = pour(socket, () => {})
    }),
  )
  const reader = connectSocket(Number(new URL(harness.origin).port), '127.0.0.1')
  reader.write('GET /mcp/raw HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  await new Promise((resolve) => reader.once('data', resolve).once('data', () => reader.pause()))
  expect(await settled(() => poured())).toBeLessThan(HELD_BYTES)
  let got = 0
  await new Promise((resolve) => {
    reader.on('data', (chunk) => {
      got += chunk.length
    })
    reader.once('end', resolve).resume()
  })
  expect(got).toBeGreaterThanOrEqual(TOTAL_BYTES - 1024 * 1024)
})

test('a server that does not read slows its client down, and sees it leave in the middle of a request', async () => {
  let isClosed = false
  await behind((socket) => {
    socket.once('data', () => socket.pause())
    socket.once('close', () => {
      isClosed = true
    })
  })
  const writer = connectSocket(Number(new URL(harness.origin).port), '127.0.0.1').on('error', () => {})
  writer.write(`POST /mcp/raw HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${TOTAL_BYTES}\r\n\r\n`)
  const poured = pour(writer, () => {})
  expect(await settled(poured)).toBeLessThan(HELD_BYTES)
  writer.destroy()
  for (const socket of sockets) socket.resume()
  await until(() => isClosed, 'the server’s connection was closed')
  await until(() => harness.gateway.stats().inFlight === 0, 'nothing is left')
})

test('a client that asks before it sends its body is told to go on', async () => {
  await behind((socket) => onRequest(socket, () => socket.write(OK)))
  const client = connectSocket(Number(new URL(harness.origin).port), '127.0.0.1')
  client.write('POST /mcp/raw HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n')
  let got = ''
  client.setEncoding('latin1').on('data', (text) => {
    got += text
  })
  await until(() => got === 'HTTP/1.1 100 Continue\r\n\r\n', 'it may go on')
  client.write('{}')
  await until(() => got.endsWith('\r\n\r\nok'), 'the answer is there')
  client.destroy()
})

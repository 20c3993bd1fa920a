/** Which connection carries which call, and what becomes of both. */
import type { Server, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type CallTaker, HttpClient } from '../../../packages/server/src/http-client/index.js'
import { until } from '../../fixtures/until.js'
import { isWhole, listenRaw } from '../../fixtures/wire.js'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
let server: Server
let client: HttpClient
let nowMs = 0
let sockets: Socket[] = []
afterEach(() => {
  client.stop()
  for (const socket of sockets) socket.destroy()
  server.close()
})

/** A server, and a client of it. `treat` gets each connection. */
async function behind(treat: (socket: Socket, number: number) => void): Promise<void> {
  sockets = []
  const raw = await listenRaw((socket) => treat(socket, sockets.push(socket)))
  server = raw.server
  client = new HttpClient(new URL(`http://127.0.0.1:${raw.port}/`), {
    connectTimeoutMs: () => 10_000,
    maxHeadBytes: 16_384,
    clock: () => nowMs,
  })
}

/** The same, where each request on a connection is answered by what `said` gives for its number. */
function answering(said: (number: number, connection: number) => string): Promise<void> {
  return behind((socket, connection) => {
    let bytes = Buffer.alloc(0)
    let number = 0
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      if (!isWhole(bytes)) return
      bytes = Buffer.alloc(0)
      socket.write(said(++number, connection))
    })
  })
}

interface Heard extends CallTaker {
  body: string
  isEnded: boolean
  error: NodeJS.ErrnoException | undefined
}

function listener(more: Partial<CallTaker> = {}): Heard {
  const heard: Heard = {
    body: '',
    isEnded: false,
    error: undefined,
    onConnected: () => {},
    onDrain: () => {},
    onInformation: () => {},
    onHead: () => {},
    onTold: () => {},
    onData: (chunk) => {
      heard.body += chunk.toString('latin1')
    },
    onEnd: () => {
      heard.isEnded = true
    },
    onError: (error) => {
      heard.error = error
    },
    ...more,
  }
  return heard
}

const GET = { method: 'GET', path: '/', rawHeaders: ['Host', 'x'] }
const POST = { method: 'POST', path: '/', rawHeaders: ['Host', 'x', 'Content-Length', '4'] }
const settled = (heard: Heard) =>
  until(
    () => heard.isEnded || heard.error !== undefined,
    10_000,
    () => 'the call never ended',
  )

/** One call from its begin to its end: what its body was, and on which connection, counted from 1. */
async function call(isFresh = false): Promise<string> {
  const heard = listener()
  const sent = client.send(GET, heard, isFresh)
  sent.end()
  await settled(heard)
  return `${heard.error?.code ?? heard.body} on ${sent.isReused ? 'a kept' : 'a new'} one of ${sockets.length}`
}

test('a connection carries one call after another, until it has waited too long or another is asked for', async () => {
  await answering(() => OK)
  expect(await call()).toBe('ok on a new one of 1')
  nowMs += 3_999
  expect(await call()).toBe('ok on a kept one of 1')
  expect(await call(true)).toBe('ok on a new one of 2')
  nowMs += 4_000
  expect(await call()).toBe('ok on a new one of 3')
})

test.each([
  ['Keep-Alive: timeout=3', 1_999, 'kept'],
  ['Keep-Alive: max=9, timeout=3', 2_000, 'new'],
  ['Keep-Alive: timeout=1', 0, 'new'],
  ['Keep-Alive: timeout=60', 4_000, 'new'],
  ['Connection: x, close', 0, 'new'],
])('what a server says of its connection holds: %s, after %d ms', async (header, waitMs, expected) => {
  await answering(() => OK.replace('Content', `${header}\r\nContent`))
  await call()
  nowMs += waitMs
  expect(await call()).toContain(`ok on a ${expected}`)
})

test.each([
  ['HTTP/1.0', OK.replace('1.1', '1.0'), 'new'],
  ['HTTP/1.0 that keeps', OK.replace('1.1', '1.0').replace('Content', 'Connection: Keep-Alive\r\nContent'), 'kept'],
  ['bytes behind the answer', `${OK}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`, 'new'],
])('%s', async (_, said, expected) => {
  await answering(() => said)
  expect(await call()).toBe('ok on a new one of 1')
  expect(await call()).toContain(`ok on a ${expected}`)
})

test('what comes while nobody asked ends the connection, and is no answer to the next', async () => {
  await answering(() => OK)
  await call()
  sockets[0]!.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged')
  await until(
    () => sockets[0]?.closed ?? false,
    10_000,
    () => 'it stayed open',
  )
  expect(await call()).toBe('ok on a new one of 2')
})

test('a connection that was paused for a reader still hears that it was closed', async () => {
  await answering(() => OK)
  const heard = listener({ onData: () => sent.pause() })
  const sent = client.send(GET, heard)
  sent.end()
  await settled(heard)
  await new Promise((resolve) => sockets[0]!.once('close', resolve).end())
  expect(await call()).toBe('ok on a new one of 2')
})

test('a request that is answered early goes on, and its connection carries the next', async () => {
  await behind((socket) => {
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1')
      if (seen.endsWith('ab') || seen.endsWith('Connection: keep-alive\r\n\r\n')) socket.write(OK)
    })
  })
  let seen = ''
  const heard = listener()
  const sent = client.send(POST, heard)
  sent.write(Buffer.from('ab'))
  await settled(heard)
  sent.end(Buffer.from('cd'))
  expect([heard.body, heard.error]).toEqual(['ok', undefined])
  expect(await call()).toBe('ok on a kept one of 1')
  expect(seen).toContain('\r\n\r\nabcdGET / HTTP/1.1\r\n')
})

test('where the server closes after an early answer, the sender is told once to send no more', async () => {
  await behind((socket) => socket.once('data', () => socket.end(OK.replace('Content', 'Connection: close\r\nContent'))))
  const heard = listener()
  const sent = client.send(POST, heard)
  sent.write(Buffer.from('ab'))
  await until(
    () => heard.error !== undefined,
    10_000,
    () => 'nothing was told',
  )
  expect([heard.body, heard.isEnded, heard.error?.code]).toEqual(['ok', true, 'ECONNRESET'])
  sent.end(Buffer.from('cd'))
})

test('an answer that is cut off fails, and so does none at all', async () => {
  await behind((socket, number) => socket.once('data', () => socket.end(number === 1 ? OK.slice(0, -1) : '')))
  const heard = listener()
  client.send(GET, heard).end()
  await settled(heard)
  expect([heard.body, heard.isEnded, heard.error?.code]).toEqual(['o', false, 'ECONNRESET'])
  expect(await call()).toBe('ECONNRESET on a new one of 2')
})

test('who gives a call up hears nothing of it any more, and its connection is closed', async () => {
  await answering((_, connection) => (connection === 1 ? OK.slice(0, -1) : OK))
  const heard = listener({ onData: () => sent.destroy() })
  const sent = client.send(GET, heard)
  sent.end()
  await until(
    () => sockets[0]?.closed ?? false,
    10_000,
    () => 'it stayed open',
  )
  sent.resume()
  sent.write(Buffer.from('x'))
  expect([heard.isEnded, heard.error]).toEqual([false, undefined])
  expect(await call()).toBe('ok on a new one of 2')
})

test('a stop tells calls in flight that they broke off, and those that come after it', async () => {
  await behind(() => {})
  const heard = listener()
  client.send(GET, heard).end()
  await until(
    () => sockets.length === 1,
    10_000,
    () => 'no connection',
  )
  client.stop()
  expect(heard.error?.code).toBe('ECONNRESET')
  expect(await call()).toContain('ECONNRESET')
})

test.each([
  { rawHeaders: ['Host', 'x', 'X-A', 'b\r\nX-C: d'] },
  { rawHeaders: ['Host', 'x', 'X A', 'b'] },
  { path: '/ HTTP/1.1\r\nX: y' },
  { method: 'GET /x' },
])('a head that would be read otherwise is not sent: %j', async (changed) => {
  await answering(() => OK)
  expect(() => client.send({ ...GET, ...changed }, listener())).toThrow(TypeError)
})

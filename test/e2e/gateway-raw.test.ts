/** The same request direct and through the gateway, on bare sockets: nobody shall be able to tell which was which. */
import type { Server, Socket } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exchangeRaw, isWhole, listenRaw, readMessages, type WireMessage } from '../fixtures/wire.js'
import { type Harness, serve, url } from './gateway-harness.js'

let harness: Harness
let upstream: Server
let direct: number
let through: number
/** What the upstream says to the next request, and whether it waits for all of it. */
let answer: (socket: Socket, bytes: Buffer) => void
let isReady: (bytes: Buffer) => boolean
/** What the upstream saw last. */
let seen: Buffer

beforeAll(async () => {
  const raw = await listenRaw((socket) => {
    let bytes = Buffer.alloc(0)
    let isAnswered = false
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      seen = bytes
      if (isAnswered || !isReady(bytes)) return
      isAnswered = true
      answer(socket, bytes)
    })
  })
  upstream = raw.server
  direct = raw.port
  harness = await serve({ raw: url(`http://127.0.0.1:${direct}/mcp/raw`) })
  through = Number(new URL(harness.origin).port)
})
afterAll(async () => {
  await harness.stop()
  upstream.close()
})

/** What speaks of one connection alone, and the clock. `Host` names whom the client meant to reach. */
const OF_THE_HOP = /^(connection:|keep-alive:|date:|host:|transfer-encoding: *chunked$)/i
const comparable = ({ start, headers, body, trailers }: WireMessage) => ({
  start,
  headers: headers.filter((line) => !OF_THE_HOP.test(line)),
  body: body.toString('latin1'),
  trailers,
})

/** One request on a connection of its own, to this port. */
async function ask(port: number, request: Buffer) {
  seen = Buffer.alloc(0)
  const answers = readMessages(await exchangeRaw(port, request), request.toString('latin1').startsWith('HEAD'))
  return { answers: answers.map(comparable), request: seen }
}

interface Case {
  /** Lines of the request's header but Host and Connection, and its body. */
  readonly request?: readonly string[]
  readonly method?: string
  readonly version?: string
  readonly body?: string
  readonly answer: readonly (string | Buffer)[]
  /** The server answers at the end of the header, and reads on. */
  readonly early?: true
}

const OK = 'HTTP/1.1 200 OK'
const withBody = (head: readonly string[], body: string | Buffer) => [
  `${[...head, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n`,
  body,
]
const bare = (...head: string[]) => [`${head.join('\r\n')}\r\n\r\n`]

const CASES: Readonly<Record<string, Case>> = {
  'headers that nobody knows, twice and in odd case': {
    request: ['X-Odd-CASE: 1', 'x-odd-case: 2', 'Mcp-Param-Region: =?base64?w7w=?=', 'Authorization: Bearer abc'],
    body: '{"jsonrpc":"2.0","id":1,"method":"x"}',
    answer: withBody([OK, 'X-One: 1', 'Set-Cookie: a=1', 'x-ONE: 2', 'Set-Cookie: b=2', 'X-Latin: caf\xe9'], 'abc'),
  },
  '401 with two challenges': {
    answer: withBody(
      ['HTTP/1.1 401 Unauthorized', 'WWW-Authenticate: Bearer resource_metadata="x"', 'WWW-Authenticate: Basic'],
      'who?',
    ),
  },
  '403': { answer: withBody(['HTTP/1.1 403 Forbidden', 'WWW-Authenticate: Bearer error="insufficient_scope"'], 'no') },
  'a status message of its own': { answer: withBody(['HTTP/1.1 418 Short and stout'], '{"error":1}') },
  'no status message': { answer: withBody(['HTTP/1.1 422 '], 'x') },
  gzip: { answer: withBody([OK, 'Content-Encoding: gzip', 'Vary: Accept-Encoding'], gzipSync('{"a":1}')) },
  brotli: { answer: withBody([OK, 'Content-Encoding: br'], brotliCompressSync('{"a":1}')) },
  'an encoding that nobody knows': {
    request: ['Accept-Encoding: zstd'],
    answer: withBody([OK, 'Content-Encoding: zstd', 'Content-Type: application/json'], Buffer.from([0x28, 0xb5, 0xff])),
  },
  '204': { method: 'DELETE', answer: bare('HTTP/1.1 204 No Content', 'X-Gone: yes') },
  '202 without a body': { body: '{}', answer: withBody(['HTTP/1.1 202 Accepted'], '') },
  '304': { method: 'GET', request: ['If-None-Match: "v1"'], answer: bare('HTTP/1.1 304 Not Modified', 'ETag: "v1"') },
  '405 for DELETE': {
    method: 'DELETE',
    request: ['Mcp-Session-Id: s-1'],
    answer: withBody(['HTTP/1.1 405 Method Not Allowed', 'Allow: GET, POST'], ''),
  },
  'a redirection': { answer: withBody(['HTTP/1.1 307 Temporary Redirect', 'Location: http://elsewhere.example/'], '') },
  HEAD: { method: 'HEAD', answer: bare(OK, 'Content-Length: 1234', 'Content-Type: application/json') },
  OPTIONS: {
    method: 'OPTIONS',
    request: ['Origin: http://localhost:6274', 'Access-Control-Request-Method: POST'],
    answer: bare(
      'HTTP/1.1 204 No Content',
      'Access-Control-Allow-Origin: *',
      'Access-Control-Expose-Headers: Mcp-Session-Id',
    ),
  },
  'informational answers': {
    answer: [
      ...bare('HTTP/1.1 103 Early Hints', 'Link: </a>; rel=preload'),
      ...bare('HTTP/1.1 102 Processing'),
      ...withBody([OK], 'x'),
    ],
  },
  'chunks and trailers': {
    answer: [...bare(OK, 'Transfer-Encoding: chunked'), '3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Sum: 7\r\nX-Sum: 8\r\n\r\n'],
  },
  'chunks that are compressed besides': {
    answer: [...bare(OK, 'Transfer-Encoding: gzip, chunked'), '3\r\n\x1f\x8b\x08\r\n0\r\nX-Sum: 7\r\n\r\n'],
  },
  'the head of chunks that are compressed besides': {
    method: 'HEAD',
    answer: bare(OK, 'Transfer-Encoding: gzip, chunked'),
  },
  'trailers that were announced': {
    request: ['TE: trailers'],
    answer: [...bare(OK, 'Trailer: X-Sum', 'Transfer-Encoding: chunked'), '3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n'],
  },
  'a head of 60 kB': { answer: withBody([OK, ...Array.from({ length: 3000 }, (_, n) => `X-${n}: ${n}-value`)], 'x') },
  'a body that ends with its connection': { answer: [...bare(OK, 'Content-Type: text/plain'), 'abc'] },
  'a body in chunks': {
    request: ['Transfer-Encoding: chunked'],
    body: '2\r\n{}\r\n3\r\n   \r\n0\r\nX-Sum: 5\r\n\r\n',
    answer: withBody([OK], 'x'),
  },
  'a body in chunks that is compressed besides, and trailers that were announced': {
    request: ['Transfer-Encoding: gzip, chunked', 'Trailer: X-Sum, X-More'],
    body: '3\r\n\x1f\x8b\x08\r\n0\r\nX-Sum: 5\r\nX-More: 6\r\n\r\n',
    answer: withBody([OK], 'x'),
  },
  'a body in chunks where none is common': {
    method: 'DELETE',
    request: ['Transfer-Encoding: chunked'],
    body: '1e\r\nGET /other HTTP/1.1\r\nHost: x\r\n\r\n0\r\n\r\n',
    answer: withBody([OK], 'x'),
  },
  'a stream with ids, retry and keep-alives': {
    method: 'GET',
    request: ['Accept: text/event-stream', 'Last-Event-ID: 17-3', 'Mcp-Session-Id: s-1'],
    answer: [
      ...bare(OK, 'Content-Type: text/event-stream', 'Cache-Control: no-cache', 'Transfer-Encoding: chunked'),
      '1f\r\nid: 1\nretry: 500\ndata: \n\n: ping\r\n0\r\n\r\n',
    ],
  },
  'a client of HTTP/1.0': { version: '1.0', method: 'GET', answer: withBody([OK, 'X-One: 1'], 'abc') },
  'an answer before the end of the request': {
    early: true,
    body: 'x'.repeat(3_000_000),
    answer: withBody(['HTTP/1.1 413 Content Too Large'], 'too much'),
  },
}

test.each(Object.entries(CASES))('%s', async (_, { method = 'POST', version = '1.1', request = [], body, ...rest }) => {
  answer = (socket) => {
    for (const part of rest.answer) socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part)
    socket.end()
  }
  isReady = rest.early ? (bytes) => bytes.includes('\r\n\r\n') : isWhole
  const lines = [`${method} /mcp/raw?q=1 HTTP/${version}`, 'Host: 127.0.0.1', 'Connection: close', ...request]
  if (body !== undefined && !request.some((line) => line.startsWith('Transfer-Encoding')))
    lines.push(`Content-Length: ${body.length}`)
  const sent = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`, 'latin1')
  const expected = await ask(direct, sent)
  const got = await ask(through, sent)
  expect(got.answers).toEqual(expected.answers)
  if (rest.early) return
  const asked = (bytes: Buffer) =>
    readMessages(bytes)
      .map(comparable)
      // The version is that of each connection.
      .map((message) => ({ ...message, start: message.start.replace(/1\.0$/, '1.1') }))
  expect(asked(got.request)).toEqual(asked(expected.request))
})

test('a key for servers that ask for one reaches none that does not', async () => {
  let text = ''
  answer = (socket, bytes) => {
    text = bytes.toString('latin1')
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx')
  }
  isReady = isWhole
  const lines = [
    'x-mcp-vitals-key: mcpv_one',
    'Authorization: Bearer theirs',
    'X-MCP-Vitals-Key: mcpv_two',
    'X-Last: 1',
  ]
  const head = ['POST /mcp/raw HTTP/1.1', 'Host: 127.0.0.1', 'Connection: close', ...lines, 'Content-Length: 2']
  await ask(through, Buffer.from(`${head.join('\r\n')}\r\n\r\n{}`))
  expect(text).not.toMatch(/mcpv_|vitals-key/i)
  expect(text).toContain('\r\nAuthorization: Bearer theirs\r\nX-Last: 1\r\n')
})

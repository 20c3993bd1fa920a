import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Client as SdkClient, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport as SseTransportV1 } from '@modelcontextprotocol/sdk/client/sse.js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { callText, fixture, type Harness, listen, REAL, serve, startHttpServer, until } from './gateway-harness.js'
import { ENDPOINT, openStream, sse } from './gateway-sse-harness.js'

type Handler = (req: IncomingMessage, res: ServerResponse, body: string) => void

let harness: Harness
let everything: Awaited<ReturnType<typeof startHttpServer>>
let fastmcp: Awaited<ReturnType<typeof startHttpServer>>
let raw: Server
let origin: string
let answer: Handler
/** The stream that `stream` answered last. */
let streaming: ServerResponse | undefined

beforeAll(async () => {
  const environment = (port: number) => ({ PORT: String(port) })
  everything = await startHttpServer(() => [REAL.everything, 'sse'], environment, '/sse')
  fastmcp = await startHttpServer((port) => [fixture('fastmcp-server.mjs'), String(port)], undefined, '/sse')
  raw = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', () => answer(req, res, Buffer.concat(chunks).toString()))
  })
  origin = await listen(raw)
  harness = await serve(
    {
      everything: sse(everything.address),
      fastmcp: sse(fastmcp.address),
      raw: { ...sse(`${origin}/base/events?fixed=1`), headers: { 'X-Own': 'entry' } },
    },
    { stopGraceMs: 5_000 },
  )
})
afterAll(async () => {
  await harness.stop()
  raw.closeAllConnections()
  raw.close()
  everything.process.kill()
  fastmcp.process.kill()
})
beforeEach(() => {
  harness.events.length = 0
})

/** Answers each GET with this stream, and each POST with 202; gives what was asked. */
function stream(pieces: readonly string[], headers: Record<string, string> = {}, end = false) {
  const asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = []
  answer = (req, res, body) => {
    asked.push({ method: req.method!, url: req.url!, headers: req.headers, body })
    if (req.method !== 'GET') {
      res.writeHead(202, { 'x-server': 'own' }).end('Accepted')
      return
    }
    streaming = res
    res.writeHead(200, { 'content-type': 'text/event-stream', ...headers }).flushHeaders()
    void (async () => {
      for (const piece of pieces) {
        await new Promise((resolve) => res.write(piece, 'latin1', resolve))
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (end) res.end()
    })()
  }
  return asked
}

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(new URL(path, harness.origin), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })

describe('real servers', () => {
  test('everything, with the clients of both SDKs at a time, each at its own stream', async () => {
    const newest = new SdkClient({ name: 'v2', version: '1.0.0' })
    await newest.connect(new SSEClientTransport(harness.address('everything')))
    const old = new ClientV1({ name: 'v1', version: '1.0.0' })
    await old.connect(new SseTransportV1(new URL(`${harness.address('everything')}/sse`)))
    expect(harness.gateway.stats().sessions).toBe(2)
    const texts = await Promise.all(
      [newest, old].flatMap((client, n) =>
        [1, 2, 3].map((call) => callText(client, 'echo', { message: `${n}.${call}` })),
      ),
    )
    expect(texts).toEqual(['0.1', '0.2', '0.3', '1.1', '1.2', '1.3'].map((text) => `Echo: ${text}`))
    const progress: number[] = []
    await old.callTool({ name: 'trigger-long-running-operation', arguments: { duration: 0.2, steps: 4 } }, undefined, {
      onprogress: (notice) => progress.push(notice.progress),
    })
    // The last notice and the answer come together, and the client then forgets the notice.
    expect(progress.slice(0, 3)).toEqual([1, 2, 3])
    const notices = harness.ofType('notification').filter(({ method }) => method === 'notifications/progress')
    expect(notices).toHaveLength(4)
    await newest.close()
    await old.close()
    await until(() => harness.gateway.stats().sessions === 0, 'both sessions ended')
    const closed = () => harness.ofType('session.closed')
    await until(() => closed().length === 2, 'both sessions were told of')
    const opened = harness.ofType('session.opened')
    expect(opened.map(({ clientName, transport }) => `${clientName} ${transport}`).sort()).toEqual(['v1 sse', 'v2 sse'])
    expect(new Set(closed().map(({ session }) => session))).toEqual(new Set(opened.map(({ session }) => session)))
    expect(closed().map(({ reason }) => reason)).toEqual(['client', 'client'])
    for (const { session } of opened) {
      const calls = harness.ofType('request.ended').filter((e) => e.session === session && e.name === 'echo')
      expect(calls.map(({ outcome, status }) => `${outcome} ${status}`)).toEqual(['ok 200', 'ok 200', 'ok 200'])
      for (const { durationMs, responseBytes } of calls) {
        expect(durationMs).toBeGreaterThan(0)
        expect(responseBytes).toBeGreaterThan(30)
      }
    }
    const http = harness.ofType('http')
    expect(new Set(http.map(({ method, status }) => `${method} ${status}`))).toEqual(new Set(['GET 200', 'POST 202']))
    for (const { method, durationMs, transport } of http) {
      expect(durationMs === undefined).toBe(method === 'GET')
      expect(transport).toBe('sse')
    }
  })

  test('the server asks its client over the stream', async () => {
    const client = new ClientV1({ name: 'asked', version: '1.0.0' }, { capabilities: { sampling: {} } })
    const { CreateMessageRequestSchema } = await import('@modelcontextprotocol/sdk/types.js')
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      model: 'none',
      role: 'assistant' as const,
      content: { type: 'text' as const, text: 'from the client' },
    }))
    await client.connect(new SseTransportV1(harness.address('everything')))
    expect(await callText(client, 'trigger-sampling-request', { prompt: 'p', maxTokens: 5 })).toContain(
      'from the client',
    )
    await client.close()
    await until(() => harness.ofType('session.closed').length === 1, 'the session ended')
    expect(harness.ofType('request.ended').find(({ direction }) => direction === 'server_to_client')).toMatchObject({
      method: 'sampling/createMessage',
      outcome: 'ok',
    })
  })

  test('fastmcp, after the fall-back that the specification describes', async () => {
    const client = new SdkClient({ name: 'falls-back', version: '1.0.0' })
    const address = harness.address('everything')
    const refused = await client.connect(new StreamableHTTPClientTransport(address)).then(
      () => undefined,
      (error) => error,
    )
    const direct = await fetch(everything.address, { method: 'POST', body: '{}' })
    expect(refused).toMatchObject({ status: direct.status })
    expect([404, 405]).toContain(direct.status)
    await client.connect(new SSEClientTransport(address))
    expect(await callText(client, 'echo', { message: 'back' })).toBe('Echo: back')
    await client.close()
    const other = new ClientV1({ name: 'fastmcp', version: '1.0.0' })
    await other.connect(new SseTransportV1(harness.address('fastmcp')))
    expect(await callText(other, 'add', { a: 2, b: 3 })).toBe('5')
    await other.close()
  })
})

describe('bytes', () => {
  test('the stream passes as it is but for the announced address, which leads to us', async () => {
    const pieces = [
      '\xef\xbb\xbf: first\r\n\r\nretry: 50\r\nid: 1\r\nevent: end',
      'point\r',
      '\ndata: /in/side?conver',
      'sation=\xc3\xbc&x=%2F#here\r\n\r\n',
      ': again\n\nevent: message\nid: \xe2',
      '\x82\xac\ndata: {"jsonrpc":"2.0","method":"notifications/x"}\n\nevent: unheard\ndata: of\n\n\n',
      'data: {"not json',
    ]
    const asked = stream(pieces, { 'content-length': String(pieces.join('').length), 'x-Other': 'kept' }, true)
    const opened = await openStream(`${harness.address('raw')}?q=1`, {
      'accept-encoding': 'gzip, br',
      authorization: 'Bearer mine',
    })
    await until(() => opened.over !== undefined, 'the server ended its stream')
    expect(opened.over).toBe('end')
    expect(opened.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-other': 'kept' })
    const [, ours] = ENDPOINT.exec(opened.text)!
    expect(ours).toMatch(/^\/mcp\/raw\/message\?sessionId=[\w-]{36}$/)
    const announced = '/in/side?conversation=\xc3\xbc&x=%2F#here'
    expect(opened.text).toBe(pieces.join('').replace(announced, ours!))
    expect(asked[0]).toMatchObject({
      url: '/base/events?fixed=1&q=1',
      headers: { 'accept-encoding': 'identity', authorization: 'Bearer mine', 'x-own': 'entry' },
    })
  })

  test('a POST reaches the announced address alone, with its own headers and bytes', async () => {
    const asked = stream(['event: endpoint\ndata: in?conversation=1\n\n'])
    const opened = await openStream(harness.address('raw'))
    await until(() => ENDPOINT.test(opened.text), 'the address came')
    const [, ours] = ENDPOINT.exec(opened.text)!
    const body = ' {"jsonrpc":"2.0",\n"method":"notifications/initialized"} '
    const posted = await post(ours!, body, { authorization: 'Bearer mine', 'x-odd': '1' })
    expect([posted.status, await posted.text(), posted.headers.get('x-server')]).toEqual([202, 'Accepted', 'own'])
    expect(asked[1]).toMatchObject({
      method: 'POST',
      url: '/base/in?conversation=1',
      headers: { authorization: 'Bearer mine', 'x-odd': '1', 'x-own': 'entry', host: origin.slice(7) },
      body,
    })
    for (const other of ['/mcp/raw/message', '/mcp/raw/message?sessionId=1', `${ours}x`])
      expect((await post(other, body)).status).toBe(404)
    expect((await post(`${ours}&conversation=2`, body)).status).toBe(202)
    expect(asked.slice(2).map(({ url }) => url)).toEqual(['/base/in?conversation=1'])
    opened.close()
    await until(() => harness.gateway.stats().sessions === 0, 'the session ended')
    expect((await post(ours!, body)).status).toBe(404)
  })

  test('pieces pass as they come, a slow reader holds the server back, and nothing is lost', async () => {
    const big = `event: message\ndata: ${'x'.repeat(1_000_000)}\n\n`
    stream(['event: endpoint\ndata: /in\n\n', ...Array.from({ length: 8 }, () => big)], {}, true)
    const opened = await openStream(harness.address('raw'))
    await until(() => opened.over === 'end', 'all came')
    expect(opened.text.slice(opened.text.indexOf('\n\n') + 2)).toBe(big.repeat(8))
  })
})

describe('refusals', () => {
  test('the answer of a server that gives no stream is its own', async () => {
    answer = (_, res) => res.writeHead(401, { 'www-authenticate': 'Bearer realm="r"' }).end('who?')
    const opened = await openStream(harness.address('raw'))
    expect([opened.status, opened.headers['www-authenticate']]).toEqual([401, 'Bearer realm="r"'])
    await until(() => opened.over !== undefined, 'it ended')
    expect(opened.text).toBe('who?')
    expect(harness.gateway.stats().sessions).toBe(0)
  })

  const HOSTILE = [
    ['another host', 'http://127.0.0.2:1/in', 'it leads to http://127.0.0.2:1 instead of'],
    ['another port', 'http://127.0.0.1:1/in', 'it leads to http://127.0.0.1:1 instead of'],
    ['another scheme', 'https://127.0.0.1/in', 'it leads to https://127.0.0.1 instead of'],
    ['another host, without a scheme', '//evil.example/in', 'it leads to http://evil.example instead of'],
    ['no host at all', 'data:text/plain,x', 'it leads to null instead of'],
    ['no address', 'http://[', 'it is no address'],
    ['too much', `/${'a'.repeat(9000)}`, 'it is longer than 8192 bytes'],
  ] as const
  test.each(HOSTILE)('an announced address that leads to %s', async (_, announced, reason) => {
    stream(['event: endpoint\n', `data: ${announced}\n\n`])
    const opened = await openStream(harness.address('raw'))
    await until(() => opened.over !== undefined, 'it ended')
    expect(opened.status).toBe(502)
    const { error } = JSON.parse(opened.text)
    expect(error).toMatchObject({ code: -32603, data: { code: 'ENDPOINT_REFUSED' } })
    expect(error.message).toContain(reason)
    await until(() => harness.ofType('http').length === 1, 'it was counted')
    expect(harness.ofType('http')[0]).toMatchObject({ method: 'GET', status: 502 })
    expect(harness.ofType('unreadable').map(({ reason }) => reason)).toEqual(['endpoint'])
  })

  test('a second address is held to the same rules, and cuts a stream that has begun', async () => {
    const second = ['event: endpoint\ndata: /a\n\n', 'event: endpoint\ndata: /b\n\n']
    const asked = stream([...second, 'data: http://127.0.0.1:1/in\nevent: endpoint\n\n'])
    const opened = await openStream(harness.address('raw'))
    await until(() => opened.over !== undefined, 'it ended')
    expect(opened.over).toBe('cut')
    const [, ours] = ENDPOINT.exec(opened.text)!
    expect(opened.text).toBe(second.join('').replace('/a', ours!).replace('/b', ours!))
    expect((await post(ours!, '{}')).status).toBe(404)
    expect(asked.length).toBe(1)
    expect(harness.ofType('unreadable').map(({ reason }) => reason)).toEqual(['endpoint'])
  })

  test('a stream that is compressed all the same', async () => {
    stream(['event: endpoint\ndata: /a\n\n'], { 'content-encoding': 'gzip' })
    const opened = await openStream(harness.address('raw'))
    await until(() => opened.over !== undefined, 'it ended')
    expect(opened.status).toBe(502)
    expect(JSON.parse(opened.text).error.message).toContain('compressed (gzip)')
  })
})

describe('ends', () => {
  const ASK = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"slow"}}'
  async function ask() {
    stream(['event: endpoint\ndata: /in\n\n'])
    const opened = await openStream(harness.address('raw'))
    await until(() => ENDPOINT.test(opened.text), 'the address came')
    expect((await post(ENDPOINT.exec(opened.text)![1]!, ASK)).status).toBe(202)
    return opened
  }
  const outcomes = () => harness.ofType('request.ended').map(({ name, outcome }) => `${name} ${outcome}`)

  test('a client that leaves its stream cancels what is in flight', async () => {
    const opened = await ask()
    opened.close()
    await until(() => outcomes().length === 1, 'the call ended')
    expect(outcomes()).toEqual(['slow cancelled'])
    expect(harness.gateway.stats().sessions).toBe(0)
  })

  test.each(['end', 'cut'] as const)('a server that ends its stream (%s) leaves its calls unanswered', async (how) => {
    const opened = await ask()
    if (how === 'end') streaming?.end()
    else streaming?.destroy()
    await until(() => opened.over !== undefined, 'the stream ended')
    expect(opened.over).toBe(how)
    await until(() => outcomes().length === 1, 'the call ended')
    expect(outcomes()).toEqual(['slow transport_error'])
    expect(harness.gateway.stats().sessions).toBe(0)
  })

  test('a POST that the server refuses is a call that failed, with its status', async () => {
    stream(['event: endpoint\ndata: /in\n\n'])
    const opened = await openStream(harness.address('raw'))
    await until(() => ENDPOINT.test(opened.text), 'the address came')
    answer = (_, res) => res.writeHead(429, { 'retry-after': '3' }).end('later')
    const refused = await post(ENDPOINT.exec(opened.text)![1]!, ASK)
    expect([refused.status, refused.headers.get('retry-after'), await refused.text()]).toEqual([429, '3', 'later'])
    await until(() => outcomes().length === 1, 'the call ended')
    expect(harness.ofType('request.ended')[0]).toMatchObject({ outcome: 'transport_error', status: 429 })
    opened.close()
  })

  test('a stop waits for calls in flight, and not for streams', async () => {
    const own = await serve({ everything: sse(everything.address) }, { stopGraceMs: 20_000 })
    const client = new ClientV1({ name: 'v1', version: '1.0.0' })
    await client.connect(new SseTransportV1(own.address('everything')))
    const idle = await openStream(own.address('everything'))
    const call = callText(client, 'trigger-long-running-operation', { duration: 1, steps: 1 })
    await until(() => own.ofType('request.started').some(({ method }) => method === 'tools/call'), 'the call began')
    const stopped = own.stop()
    expect(await call).toContain('completed')
    await stopped
    await until(() => idle.over !== undefined, 'the stream was cut')
    expect(own.ofType('session.closed')).toMatchObject([{ reason: 'shutdown' }])
    await client.close()
  })
})

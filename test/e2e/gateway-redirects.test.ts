/** Redirections of HTTP servers: what a direct client would reach is reached. */
import { createServer, type Server } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { ask, rpc } from '../fixtures/door-clients.js'
import { type Harness, listen, serve, until, url } from './gateway-harness.js'
import { ENDPOINT, openStream, sse } from './gateway-sse-harness.js'

let harness: Harness
let upstream: Server
afterEach(async () => {
  await harness?.stop()
  upstream.closeAllConnections()
  upstream.close()
})

/** A server that sends what comes to `/mcp` elsewhere, and answers everywhere else with where it was asked. */
async function redirecting(location: (origin: string) => string, status = 307): Promise<string> {
  upstream = createServer((request, response) => {
    request.resume()
    if (/^\/mcp(?:\?.*)?$/.test(request.url ?? ''))
      response.writeHead(status, { location: location(`http://${request.headers.host}`) }).end()
    else
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(`${request.method} ${request.url}`))
  })
  return listen(upstream)
}

test.each([
  ['a slash at the end', () => '/mcp/', '/mcp/moved/', 'POST /mcp/'],
  ['its whole address', (origin: string) => `${origin}/mcp/`, '/mcp/moved/', 'POST /mcp/'],
  ['a place below, with a query', () => 'mcp/v2?a=1#b', '/mcp/moved/v2?a=1#b', 'POST /mcp/v2?a=1'],
])('a redirection to %s leads on through the gateway', async (_, location, expected, reached) => {
  harness = await serve({ moved: url(`${await redirecting(location)}/mcp`) })
  const address = harness.address('moved')
  const answer = await ask(address, { body: rpc(1, 'ping') })
  expect([answer.status, answer.headers.location]).toEqual([307, expected])
  const followed = await fetch(address, { method: 'POST', body: '{}' })
  expect(await followed.json()).toBe(reached)
})

test.each([
  ['another server', () => 'http://elsewhere.example/mcp/'],
  ['another path', () => '/other'],
  ['a path with the same beginning', () => '/mcp2'],
  ['a path out of its own', () => '/mcp/../other'],
  ['no address', () => 'http://['],
])('a redirection to %s stays as it came', async (_, location) => {
  harness = await serve({ moved: url(`${await redirecting(location)}/mcp`) })
  const { status, headers } = await ask(harness.address('moved'), { body: rpc(1, 'ping') })
  expect([status, headers.location]).toEqual([307, location()])
})

test('a secret in the query of an entry is not told by a redirection, and goes along once', async () => {
  harness = await serve({ moved: url(`${await redirecting(() => '/mcp/?key=secret&page=2')}/mcp?key=secret`) })
  const { headers } = await ask(`${harness.address('moved')}?page=1`, { body: rpc(1, 'ping') })
  expect(headers.location).toBe('/mcp/moved/?page=2')
  expect(await (await fetch(`${harness.address('moved')}?page=1`)).json()).toBe('GET /mcp/?key=secret&page=2')
})

test('an HTTP+SSE server that leads its client to another address of its own is followed, and its stream relayed', async () => {
  upstream = createServer((request, response) => {
    if (request.url === '/sse') response.writeHead(301, { location: '/sse/' }).end()
    else if (request.url === '/sse/')
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: endpoint\ndata: /in?id=1\n\n')
    else request.resume().once('end', () => response.writeHead(202).end(request.url))
  })
  harness = await serve({ old: sse(`${await listen(upstream)}/sse`) })
  const moved = await openStream(harness.address('old'))
  expect([moved.status, moved.headers.location]).toEqual([301, '/mcp/old/'])
  const stream = await openStream(new URL('/mcp/old/', harness.origin))
  await until(() => ENDPOINT.test(stream.text), 'an endpoint')
  const endpoint = ENDPOINT.exec(stream.text)![1]!
  expect(endpoint).toMatch(/^\/mcp\/old\/message\?sessionId=/)
  const posted = await ask(new URL(endpoint, harness.origin), { body: rpc(1, 'ping') })
  expect([posted.status, posted.text]).toEqual([202, '/in?id=1'])
  stream.close()
})

/** HTTP exchanges, direct and through the gateway: equal bytes and headers both ways, but for those of one connection. */
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Harness, listen, serve, until, url } from '../e2e/gateway-harness.js'
import { type Answer, raw, type Seen, type Sent, seen, send, sent } from './differential/http-bytes.js'
import { cuts, ID_TOKENS, runs, stringToken } from './differential/strange.js'

interface Exchange extends Sent {
  readonly method: string
  readonly suffix: string
  readonly answer: Answer
}

const scripts = new Map<string, Answer>()
const received = new Map<string, Seen>()
let upstream: Server
let direct: string
let harness: Harness

beforeAll(async () => {
  upstream = createServer(async (req, res) => {
    const id = req.headers['x-case'] as string
    received.set(id, { line: `${req.method} ${req.url}`, ...(await seen(req)) })
    await send(scripts.get(id)!, res.writeHead(scripts.get(id)!.status, raw(scripts.get(id)!)))
  })
  direct = `${await listen(upstream)}/mcp/player`
  harness = await serve({ player: url(direct) })
})
afterAll(async () => {
  await harness.stop()
  upstream.close()
})

let cases = 0
/** Plays an exchange at an address: what the server saw, and what the client. */
async function play(told: Exchange, base: string): Promise<{ server: Seen; client: Seen }> {
  const id = String(cases++)
  scripts.set(id, told.answer)
  const address = new URL(`${base}${told.suffix}`)
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    const headers = ['Host', address.host, 'X-Case', id, ...raw(told)]
    const req = request(address, { method: told.method, headers, agent: false })
    req.once('response', resolve).once('error', reject)
    void send(told, req)
  })
  const answer = await answered
  const client = { line: `${answer.statusCode} ${answer.statusMessage}`, ...(await seen(answer)) }
  const server = received.get(id)!
  scripts.delete(id)
  received.delete(id)
  return { server: { ...server, headers: server.headers.filter(([name]) => name !== 'X-Case') }, client }
}

const exchange: fc.Arbitrary<Exchange> = fc
  .record({
    method: fc.constantFrom('POST', 'POST', 'GET', 'DELETE', 'PUT'),
    suffix: fc.constantFrom('', '?q=1', '/below?x=%20y', '/%C3%BC'),
    sent,
    status: fc.constantFrom(200, 200, 200, 202, 400, 401, 403, 404, 405, 429, 500, 503),
    answer: sent,
  })
  .map(({ method, suffix, sent: asked, status, answer }) => {
    // Node's client gives a body to a method that commonly has none only where its length is said.
    const isBare = method === 'GET' || method === 'DELETE'
    const headers = asked.headers.filter(([name]) => !name.startsWith('Content-'))
    const bare = { ...asked, headers, body: Buffer.alloc(0), sized: false }
    return { ...(isBare ? bare : asked), method, suffix, answer: { ...answer, status } }
  })

test('both ends see what they would see directly: line, headers in their order, and every byte of the body', async () => {
  const address = harness.address('player').href
  await fc.assert(
    fc.asyncProperty(exchange, async (told) => {
      const plain = await play(told, direct)
      expect(await play(told, address)).toEqual(plain)
      expect(plain.server.body).toEqual(told.body)
      expect(plain.client.body).toEqual(told.answer.body)
    }),
    runs(400, 'exchanges, HTTP to HTTP'),
  )
}, 600_000)

const RESULTS = {
  ok: '"result":{"content":[]}',
  tool_error: '"result":{"isError":true,"content":[]}',
  protocol_error: '"error":{"code":-32602,"message":"no"}',
} as const

const call = fc.record({
  id: fc.constantFrom(...ID_TOKENS),
  tool: fc.constantFrom('add', 'find', 'grüße'),
  outcome: fc.constantFrom(...(Object.keys(RESULTS) as (keyof typeof RESULTS)[])),
  stream: fc.boolean(),
  before: fc.array(stringToken, { maxLength: 2 }),
  cuts,
})

test('the observer counts what the script says: each call once, with its tool and outcome', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 6 }), async (calls) => {
      const from = harness.events.length
      await Promise.all(
        calls.map(({ id, tool, outcome, stream, before, cuts: places }) => {
          const notices = before.map(
            (text) => `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":${text}}}`,
          )
          const response = `{"jsonrpc":"2.0",${RESULTS[outcome]},"id":${id}}`
          const body = stream ? [...notices, response].map((data) => `data: ${data}\n\n`).join('') : response
          const ask = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":${JSON.stringify(tool)}}}`
          const type = stream ? 'text/event-stream' : 'application/json'
          return play(
            {
              method: 'POST',
              suffix: '',
              headers: [['Content-Type', 'application/json']],
              body: Buffer.from(ask),
              cuts: places,
              sized: true,
              answer: {
                status: 200,
                headers: [['Content-Type', type]],
                body: Buffer.from(body),
                cuts: places,
                sized: false,
              },
            },
            harness.address('player').href,
          )
        }),
      )
      const ended = () => harness.events.slice(from).flatMap((event) => (event.type === 'request.ended' ? [event] : []))
      await until(() => ended().length >= calls.length, 'every call ended')
      expect(
        ended()
          .map(({ name, outcome }) => `${name} ${outcome}`)
          .sort(),
      ).toEqual(calls.map(({ tool, outcome }) => `${tool} ${outcome}`).sort())
    }),
    runs(150, 'watched exchanges, HTTP to HTTP'),
  )
}, 600_000)

/** HTTP exchanges, direct and through the gateway: equal bytes and headers both ways, but for those of one connection. */
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Harness, listen, serve, until, url } from '../e2e/gateway-harness.js'
import { cutAt, cuts, ID_TOKENS, jsonText, runs, stringToken } from './differential/strange.js'

type Headers = readonly (readonly [string, string])[]

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
  readonly cuts: readonly number[]
  readonly sized: boolean
}

interface Exchange {
  readonly method: string
  readonly suffix: string
  readonly headers: Headers
  readonly body: Buffer
  readonly cuts: readonly number[]
  readonly sized: boolean
  readonly answer: Answer
}

/** What a side saw of a message. */
interface Seen {
  readonly line: string
  readonly headers: Headers
  readonly body: Buffer
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'date'])
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

const raw = ({ headers, body, sized }: Pick<Answer, 'headers' | 'body' | 'sized'>): string[] => [
  ...headers.flat(),
  ...(sized ? ['Content-Length', String(body.length)] : []),
]

async function send(told: Pick<Answer, 'body' | 'cuts'>, to: NodeJS.WritableStream): Promise<void> {
  for (const chunk of cutAt(told.body, told.cuts)) {
    to.write(chunk)
    await turn()
  }
  to.end()
}

/** Headers in their order and case, without those that speak of one connection. */
async function seen(message: IncomingMessage): Promise<Omit<Seen, 'line'>> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  const { rawHeaders } = message
  const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1]!] as const] : []))
  return { headers: pairs.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase())), body: Buffer.concat(chunks) }
}

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

const word = fc.stringMatching(/^[A-Za-z0-9-]{1,12}$/)
const headerName = word.map((name) => `X-${name}`)
const headerValue = fc.oneof(
  fc.stringMatching(/^[!-~]([ -~]{0,18}[!-~])?$/),
  fc.constantFrom('=?base64?w7xiZXI=?=', 'Bearer a.b.c', '', 'v\u00e4lue'),
)
const extras = fc.array(fc.tuple(headerName, headerValue), { maxLength: 4 })
const end = fc.constantFrom('\n', '\r\n')
const message = fc.oneof(
  fc
    .tuple(fc.constantFrom(...ID_TOKENS), jsonText)
    .map(([id, item]) => `{"jsonrpc":"2.0","id":${id},"result":${item}}`),
  jsonText.map((item) => `{"jsonrpc":"2.0","method":"notifications/x","params":${item}}`),
  jsonText,
)
const sse = fc
  .array(
    fc.tuple(
      fc.constantFrom('', 'event: message', 'id: 7', 'retry: 5', ': keep-alive', 'event: other', 'bogus'),
      fc.option(message),
      end,
    ),
    { maxLength: 5 },
  )
  .map((events) =>
    events
      .map(([field, data, eol]) => `${field && field + eol}${data === null ? '' : `data: ${data}${eol}`}${eol}`)
      .join(''),
  )
const junk = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes))
const typed = (type: string, text: fc.Arbitrary<string>) =>
  text.map((given) => [[['Content-Type', type]] as Headers, Buffer.from(given)] as const)
const content = fc.oneof(
  typed('application/json', message),
  typed('text/event-stream', sse),
  typed('text/event-stream; charset=utf-8', sse),
  fc.tuple(fc.constantFrom<Headers>([], [['Content-Type', 'text/html']], [['Content-Encoding', 'gzip']]), junk),
)

const exchange: fc.Arbitrary<Exchange> = fc
  .record({
    method: fc.constantFrom('POST', 'POST', 'GET', 'DELETE', 'PUT'),
    suffix: fc.constantFrom('', '?q=1', '/below?x=%20y', '/%C3%BC'),
    extras,
    content,
    cuts,
    sized: fc.boolean(),
    answer: fc.record({
      status: fc.constantFrom(200, 200, 200, 202, 400, 401, 403, 404, 405, 429, 500, 503),
      extras,
      content,
      cuts,
      sized: fc.boolean(),
    }),
  })
  .map(({ extras: more, content: [type, given], answer, method, ...rest }) => {
    // Node's client gives a body to a method that commonly has none only where its length is said.
    const bare = method === 'GET' || method === 'DELETE'
    const [answerType, answerBody] = answer.content
    return {
      ...rest,
      method,
      headers: bare ? more : [...type, ...more],
      body: bare ? Buffer.alloc(0) : given,
      sized: bare ? false : rest.sized,
      answer: {
        status: answer.status,
        headers: [...answerType, ...answer.extras],
        body: answerBody,
        cuts: answer.cuts,
        sized: answer.sized,
      },
    }
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

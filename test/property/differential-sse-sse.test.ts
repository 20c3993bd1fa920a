/**
 * Sessions of HTTP+SSE, direct and through the gateway: equal bytes of events and messages both ways, but for the address
 * that the server announces. (In front of a stdio server: differential-sse.test.ts.)
 */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Harness, listen, serve, until } from '../e2e/gateway-harness.js'
import { sse } from '../e2e/gateway-sse-harness.js'
import {
  type Answer,
  events,
  extras,
  type Headers,
  headersOf,
  raw,
  type Seen,
  type Sent,
  seen,
  send,
  sent,
  write,
} from './differential/http-bytes.js'
import { cuts, ID_TOKENS, runs } from './differential/strange.js'

/** One POST, its answer, and what the server says on the stream at that time. */
interface Step extends Sent {
  readonly answer: Answer
  readonly said: Pick<Sent, 'body' | 'cuts'>
  /** The stream has it before the POST is answered. */
  readonly isFirst: boolean
}

interface Session {
  readonly asking: Headers
  readonly head: Headers
  /** `@` is the address. */
  readonly opening: string
  readonly cuts: readonly number[]
  readonly address: (play: string, origin: string) => string
  readonly steps: readonly Step[]
  readonly over: 'end' | 'cut'
}

/** What both ends saw of a session. */
interface Played {
  readonly server: readonly Seen[]
  readonly stream: { readonly line: string; readonly headers: Headers; readonly text: string; readonly over: string }
  readonly answers: readonly Seen[]
}

const OURS = /\/mcp\/player\/message\?sessionId=[\w-]{36}/
const scripts = new Map<string, Session>()
const received = new Map<string, Seen[]>()
const streams = new Map<string, ServerResponse>()
const speaking = new Map<string, Promise<void>>()
let upstream: Server
let origin: string
let harness: Harness

beforeAll(async () => {
  upstream = createServer((req, res) => void serveOne(req, res))
  origin = await listen(upstream)
  harness = await serve({ player: sse(`${origin}/base/events`) })
})
afterAll(async () => {
  await harness.stop()
  upstream.closeAllConnections()
  upstream.close()
})

async function serveOne(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const play = new URL(req.url!, origin).searchParams.get('play')!
  const told = scripts.get(play)!
  const requests = received.get(play)!
  requests.push({ line: `${req.method} ${req.url!.replace(play, '@')}`, ...(await seen(req)) })
  if (req.method === 'GET') {
    res.writeHead(200, [...told.head.flat(), 'Content-Type', 'text/event-stream'])
    streams.set(play, res)
  }
  const step = requests.length - 2
  // What is said on the stream keeps the order of the requests.
  const before = speaking.get(play)
  const now = (async () => {
    await before
    if (req.method === 'GET') await write(openingOf(told, play), res)
    else await answerPost(told.steps[step]!, res, streams.get(play)!)
    if (step === told.steps.length - 1) finish(told, streams.get(play)!)
  })()
  speaking.set(play, now)
  await now
}

const openingOf = ({ opening, cuts, address }: Session, play: string) => ({
  body: Buffer.from(opening.replace('@', address(play, origin))),
  cuts,
})

async function answerPost({ answer, said, isFirst }: Step, res: ServerResponse, stream: ServerResponse): Promise<void> {
  if (isFirst) await write(said, stream)
  await send(answer, res.writeHead(answer.status, raw(answer)))
  if (!isFirst) await write(said, stream)
}

function finish({ over }: Session, stream: ServerResponse): void {
  if (over === 'end') stream.end()
  else stream.write(': last\n\n', () => stream.socket!.destroySoon())
}

function ask(method: string, address: URL, headers: Headers, told?: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const given = told ? raw(told) : []
    const req = request(address, { method, headers: ['Host', address.host, ...headers.flat(), ...given], agent: false })
    req.once('response', resolve).once('error', reject)
    if (told) void send(told, req)
    else req.end()
  })
}

let plays = 0
async function play(told: Session, base: string): Promise<Played> {
  const name = `p${plays++}`
  scripts.set(name, told)
  received.set(name, [])
  const address = new URL(`${base}?play=${name}`)
  const opened = await ask('GET', address, told.asking)
  let text = ''
  let over = ''
  opened.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  opened.once('end', () => {
    over = 'end'
  })
  opened.once('error', () => {
    over ||= 'cut'
  })
  const announced = Buffer.from(told.address(name, origin)).toString('latin1')
  const endpoint = () => (text.includes(announced) ? announced : OURS.exec(text)?.[0])
  await until(() => endpoint() !== undefined, `an address in ${JSON.stringify(text)}`)
  const given = endpoint()!
  // Its event must be over before it is one.
  await until(() => /[\r\n]{2}/.test(text.slice(text.indexOf(given))), 'the end of the event')
  const to = new URL(Buffer.from(given, 'latin1').toString(), address)
  const answers: Seen[] = []
  for (const step of told.steps) {
    const answer = await ask('POST', to, [], step)
    answers.push({ line: `${answer.statusCode} ${answer.statusMessage}`, ...(await seen(answer)) })
  }
  await until(() => over !== '', 'the stream is over')
  const server = received.get(name)!
  for (const map of [scripts, received, streams, speaking]) map.delete(name)
  const line = `${opened.statusCode} ${opened.statusMessage}`
  return { server, stream: { line, headers: headersOf(opened), text: text.replace(given, '@'), over }, answers }
}

/** How a server may write the one event that is changed. */
const endpoint = fc
  .record({
    end: fc.constantFrom('\n', '\r\n', '\r'),
    isDataFirst: fc.boolean(),
    gap: fc.constantFrom('', ' '),
    more: fc.constantFrom('', 'id: 1', ': why', 'retry: 9', 'bogus'),
  })
  .map(({ end, isDataFirst, gap, more }) => {
    const fields = [`event:${gap}endpoint`, ...(more ? [more] : []), `data:${gap}@`]
    return `${(isDataFirst ? fields.reverse() : fields).join(end)}${end}${end}`
  })
const opening = fc
  .tuple(fc.constantFrom('', '\ufeff'), fc.constantFrom('', ': hello\n\n', '\r\n', 'retry: 5\n\n'), endpoint, events)
  .map((parts) => parts.join(''))
const ADDRESSES = [
  (play: string) => `/in?play=${play}`,
  (play: string) => `in/../in?play=${play}&x=%2F`,
  (play: string, at: string) => `${at}/messages/ü?a=1&play=${play}`,
  (play: string) => `?play=${play}#here`,
] as const
const said = fc.tuple(events, cuts).map(([text, places]) => ({ body: Buffer.from(text), cuts: places }))
const step: fc.Arbitrary<Step> = fc
  .record({
    sent,
    status: fc.constantFrom(202, 202, 200, 400, 401, 404, 500),
    answer: sent,
    said,
    isFirst: fc.boolean(),
  })
  .map(({ sent: posted, status, answer, ...rest }) => ({ ...posted, ...rest, answer: { ...answer, status } }))
const session: fc.Arbitrary<Session> = fc.record({
  asking: extras,
  head: extras,
  opening,
  cuts,
  address: fc.constantFrom(...ADDRESSES),
  steps: fc.array(step, { maxLength: 4 }),
  over: fc.constantFrom('end', 'cut'),
})

test('both ends see what they would see directly: heads, every POST and its answer, and every byte of the stream', async () => {
  const address = harness.address('player').href
  const withoutEncoding = ({ server: [get, ...posts], ...rest }: Played) => {
    const headers = get!.headers.filter(([name]) => name.toLowerCase() !== 'accept-encoding')
    return { ...rest, server: [{ ...get, headers }, ...posts] }
  }
  await fc.assert(
    fc.asyncProperty(session, async (told) => {
      const direct = await play(told, `${origin}/base/events`)
      const through = await play(told, address)
      // A stream that will be read is not asked for compressed.
      expect(through.server[0]!.headers).toContainEqual(['Accept-Encoding', 'identity'])
      expect(withoutEncoding(through)).toEqual(withoutEncoding(direct))
      expect(through.server.slice(1).map(({ body }) => body)).toEqual(told.steps.map(({ body }) => body))
      expect(through.stream.over).toBe(told.over)
    }),
    runs(150, 'sessions, HTTP+SSE to HTTP+SSE'),
  )
}, 600_000)

const ENDS = {
  ok: '"result":{"content":[]}',
  tool_error: '"result":{"isError":true,"content":[]}',
  protocol_error: '"error":{"code":-32602,"message":"no"}',
  /** The POST is refused. */
  transport_error: undefined,
} as const
const REFUSED = 429

/** Ids that are equal as values cannot be in flight together. */
const calls = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom(...ID_TOKENS),
    tool: fc.constantFrom('add', 'find', 'grüße'),
    end: fc.constantFrom(...(Object.keys(ENDS) as (keyof typeof ENDS)[])),
    isFirst: fc.boolean(),
    cuts,
  }),
  { maxLength: 6, selector: ({ id }) => JSON.stringify(JSON.parse(id)) },
)

test('the observer counts what the script says: each call once, with its tool and outcome', async () => {
  const plain = { headers: [['Content-Type', 'application/json']] as Headers, sized: true }
  await fc.assert(
    fc.asyncProperty(calls, async (told) => {
      const from = harness.events.length
      const steps = told.map(({ id, tool, end, isFirst, cuts: places }): Step => {
        const ask = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":${JSON.stringify(tool)}}}`
        const answer = ENDS[end] && `event: message\ndata: {"jsonrpc":"2.0",${ENDS[end]},"id":${id}}\n\n`
        return {
          ...plain,
          body: Buffer.from(ask),
          cuts: places,
          answer: { ...plain, status: answer ? 202 : REFUSED, body: Buffer.from('{}'), cuts: places },
          said: { body: Buffer.from(answer ?? ''), cuts: places },
          isFirst: isFirst && answer !== undefined,
        }
      })
      const opened = 'event: endpoint\ndata: @\n\n'
      await play(
        { asking: [], head: [], opening: opened, cuts: [], address: ADDRESSES[0], steps, over: 'end' },
        harness.address('player').href,
      )
      const ended = () => harness.events.slice(from).flatMap((event) => (event.type === 'request.ended' ? [event] : []))
      await until(() => harness.gateway.stats().sessions === 0, 'the session is over')
      expect(
        ended()
          .map(({ name, outcome, status }) => `${name} ${outcome}${outcome === 'transport_error' ? status : ''}`)
          .sort(),
      ).toEqual(told.map(({ tool, end }) => `${tool} ${end}${ENDS[end] ? '' : REFUSED}`).sort())
    }),
    runs(60, 'watched sessions, HTTP+SSE to HTTP+SSE'),
  )
}, 600_000)

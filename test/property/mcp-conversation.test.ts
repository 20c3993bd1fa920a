import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkEvent, type Event, type EventOf } from '../../packages/instrument/src/event/index.js'
import { createConversation, createServerMemory, type Direction } from '../../packages/instrument/src/mcp/index.js'

const DIRECTIONS = ['client_to_server', 'server_to_client'] as const
/** Few ids, so that they meet; 1, 1.0 and "1" look alike and are two. */
const ID_TOKENS = ['1', '1.0', '"1"', '2', '"a"', `"${'x'.repeat(300)}"`] as const
const idKey = (token: string) => JSON.stringify(JSON.parse(token))

type Step =
  | { does: 'ask'; from: Direction; id: string; token: boolean }
  | { does: 'answer' | 'fault' | 'error' | 'cancel' | 'progress'; from: Direction; id: string }
  | { does: 'junk'; from: Direction }

const from = fc.constantFrom(...DIRECTIONS)
const id = fc.constantFrom(...ID_TOKENS)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('ask' as const), from, id, token: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({ does: fc.constantFrom('answer', 'fault', 'error', 'cancel', 'progress'), from, id }),
  },
  fc.record({ does: fc.constant('junk' as const), from }),
)

function messageOf(step: Step): string {
  if (step.does === 'junk') return '{"jsonrpc":"2.0","id":}'
  const { id } = step
  const fields = {
    ask: `"id":${id},"method":"tools/call","params":{"name":"t"${step.does === 'ask' && step.token ? `,"_meta":{"progressToken":${id}}` : ''}}`,
    answer: `"id":${id},"result":{"content":[{"type":"text","text":"\\"id\\":1"}]}`,
    fault: `"result":{"isError":true},"id":${id}`,
    error: `"id":${id},"error":{"code":-32602,"message":"no"}`,
    cancel: `"method":"notifications/cancelled","params":{"requestId":${id}}`,
    progress: `"method":"notifications/progress","params":{"progressToken":${id},"progress":1}`,
  }
  return `{"jsonrpc":"2.0",${fields[step.does]}}`
}

const opposite = (direction: Direction) => (direction === 'client_to_server' ? 'server_to_client' : 'client_to_server')

/** What should come of the steps, said plainly: per direction a table of open requests and one of late answers. */
function model(steps: readonly Step[]) {
  const ended: { direction: Direction; outcome: string; progress: number }[] = []
  const open = { client_to_server: new Map(), server_to_client: new Map() }
  const late: Record<Direction, string[]> = { client_to_server: [], server_to_client: [] }
  const tokens = { client_to_server: new Map(), server_to_client: new Map() }
  const counts = { started: 0, notification: 0, invalid_json: 0, unknown_id: 0 }

  function end(direction: Direction, key: string, outcome: string): boolean {
    const request = open[direction].get(key)
    if (!request) return false
    open[direction].delete(key)
    for (const [token, owner] of tokens[direction]) if (owner === request) tokens[direction].delete(token)
    ended.push({ direction, outcome, progress: request.progress })
    return true
  }

  for (const step of steps) {
    if (step.does === 'junk') {
      counts.invalid_json++
      continue
    }
    const key = idKey(step.id)
    const asker = opposite(step.from)
    if (step.does === 'ask') {
      if (end(step.from, key, 'replaced')) late[step.from].push(key)
      const request = { progress: 0 }
      open[step.from].set(key, request)
      if (step.token) tokens[step.from].set(key, request)
      counts.started++
    } else if (step.does === 'cancel') {
      counts.notification++
      if (end(step.from, key, 'cancelled')) late[step.from].push(key)
    } else if (step.does === 'progress') {
      counts.notification++
      const request = tokens[asker].get(key)
      if (request) request.progress++
    } else if (!end(asker, key, { answer: 'ok', fault: 'tool_error', error: 'protocol_error' }[step.does])) {
      if (late[asker].includes(key)) late[asker].splice(late[asker].indexOf(key), 1)
      else counts.unknown_id++
    }
  }
  for (const direction of DIRECTIONS) for (const key of [...open[direction].keys()]) end(direction, key, 'process_exit')
  return { ended, counts }
}

function watch() {
  const events: Event[] = []
  let time = 0
  const server = createServerMemory()
  const conversation = createConversation({
    origin: { server: 's', session: 'x', transport: 'stdio' },
    publish: (event) => events.push(event),
    now: () => 1e12 + time,
    clock: () => time++,
    server,
  })
  return { conversation, events, server }
}

function* pieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    yield bytes.slice(at, at + size)
    at += size
  }
}

const ofType = <T extends Event['type']>(events: readonly Event[], type: T) =>
  events.filter((event) => event.type === type) as unknown as EventOf<T>[]

function expectModel(events: readonly Event[], steps: readonly Step[]): void {
  const { ended, counts } = model(steps)
  const started = ofType(events, 'request.started')
  const requests = ofType(events, 'request.ended')
  expect(requests.map(({ direction, outcome, progress = 0 }) => ({ direction, outcome, progress }))).toEqual(ended)
  expect(new Set(started.map(({ operation }) => operation)).size).toBe(counts.started)
  expect(requests.map(({ operation }) => operation).sort()).toEqual(started.map(({ operation }) => operation).sort())
  expect(ofType(events, 'notification')).toHaveLength(counts.notification)
  const unreadable = ofType(events, 'unreadable').map(({ reason }) => reason)
  expect(unreadable.filter((reason) => reason === 'unknown_id')).toHaveLength(counts.unknown_id)
  expect(unreadable.filter((reason) => reason === 'invalid_json')).toHaveLength(counts.invalid_json)
  for (const event of events) expect(checkEvent(event)).toEqual({ event })
}

describe('a conversation', () => {
  it('loses no request and counts none twice, in any order and any pieces', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
        (steps, sizes) => {
          const { conversation, events, server } = watch()
          const readers = {
            client_to_server: conversation.lines('client_to_server'),
            server_to_client: conversation.lines('server_to_client'),
          }
          for (const step of steps) {
            const line = Buffer.from(`${messageOf(step)}${steps.length % 2 ? '\r\n' : '\n'}`)
            for (const piece of pieces(line, sizes)) readers[step.from].feed(piece)
          }
          conversation.close('process_exit', 'server')
          conversation.close('cancelled', 'client')
          expectModel(events, steps)
          expect(conversation.open).toBe(0)
          expect(conversation.stats().progressTokens).toBe(0)
          expect(server.stats()).toEqual({ waiting: 0, tasks: 0, knownNames: 0 })
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('does so when both sides are cut in the middle of each other', () => {
    const ask = (id: number) => ({ does: 'ask' as const, id: String(id), token: false })
    fc.assert(
      fc.property(
        fc.nat({ max: 8 }),
        fc.nat({ max: 8 }),
        fc.infiniteStream(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 60 }))),
        (up, down, turns) => {
          const { conversation, events } = watch()
          const asks = {
            client_to_server: Array.from({ length: up }, (_, i) => ask(i)),
            server_to_client: Array.from({ length: down }, (_, i) => ask(i)),
          }
          const left = DIRECTIONS.map((from) => ({
            reader: conversation.lines(from),
            bytes: Buffer.from(asks[from].map((step) => `${messageOf({ ...step, from })}\n`).join('')) as Uint8Array,
          }))
          for (const [first, size] of turns) {
            const side = left[first ? 0 : 1]!
            side.reader.feed(side.bytes.slice(0, size))
            side.bytes = side.bytes.subarray(size)
            if (left.every(({ bytes }) => bytes.length === 0)) break
          }
          expect(conversation.open).toBe(up + down)
          conversation.close('cancelled', 'client')
          expect(ofType(events, 'request.ended')).toHaveLength(up + down)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('says the same of batches in bodies and of events in streams', () => {
    const readable = step.filter(({ does }) => does !== 'junk')
    const batches = fc.array(fc.tuple(from, fc.array(readable, { minLength: 1, maxLength: 5 }), fc.boolean()), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(batches, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (given, sizes) => {
        const { conversation, events } = watch()
        const steps: Step[] = []
        for (const [from, batch, streamed] of given) {
          const sent = batch.map((step) => ({ ...step, from }))
          steps.push(...sent)
          const text = `[${sent.map(messageOf).join(', ')}]`
          const reader = streamed ? conversation.events(from) : conversation.body(from)
          const body = streamed ? `: hi\r\nid: 7\r\ndata: ${text}\r\n\r\nevent: endpoint\ndata: /x\n\n` : text
          for (const piece of pieces(Buffer.from(body), sizes)) reader.feed(piece)
          reader.end()
        }
        conversation.close('process_exit', 'server')
        expectModel(events, steps)
      }),
      { numRuns: 800 },
    )
  })
})

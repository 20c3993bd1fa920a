/**
 * Clients of 2026-07-28 that share one stdio process: each gets the messages that it would have had alone, byte for byte,
 * its own ids, progress tokens and subscription ids in them, however its neighbours name theirs.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, type Harness, script, serve, until } from '../e2e/gateway-harness.js'
import { type Posted, post } from './differential/post.js'
import { ID_TOKENS, jsonText, runs } from './differential/strange.js'

const SPEC = 'io.modelcontextprotocol'
const META = `"${SPEC}/protocolVersion":"2026-07-28","${SPEC}/clientCapabilities":{}`
const HEADERS = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'say' }

let harness: Harness
beforeAll(async () => {
  harness = await serve({ chorus: script(fixture('chorus.mjs')) })
})
afterAll(() => harness.stop())

/** What a server says in a call; `@ID@` and `@TOKEN@` stand for what the client called them. */
const NOTICES = {
  progress: (extra: string) =>
    `{"jsonrpc":"2.0","method":"notifications/progress","params":{"x":${extra},"progressToken":@TOKEN@,"progress":1}}`,
  tagged: (extra: string) =>
    `{"params":{"_meta":{"${SPEC}/subscriptionId":@ID@},"id":${extra}},"method":"notifications/message","jsonrpc":"2.0"}`,
} as const
const ENDS = {
  ok: (extra: string) => `{"jsonrpc":"2.0","id":@ID@,"result":{"content":[],"structuredContent":${extra}}}`,
  listened: (extra: string) =>
    `{"result":{"_meta":{"${SPEC}/subscriptionId":@ID@},"y":${extra}},"id":@ID@,"jsonrpc":"2.0"}`,
  tool_error: (extra: string) => `{"jsonrpc":"2.0","result":{"isError":true,"content":[],"z":${extra}}, "id" : @ID@ }`,
  protocol_error: (extra: string) =>
    `{"id":@ID@,"error":{"code":-32602,"message":"no","data":${extra}},"jsonrpc":"2.0"}`,
  cancelled: undefined,
} as const
type End = keyof typeof ENDS

interface Call {
  readonly id: string
  readonly token: string | undefined
  readonly idFirst: boolean
  readonly notices: readonly { kind: keyof typeof NOTICES; extra: string; at: number }[]
  readonly end: End
  readonly extra: string
  readonly at: number
}

const call: fc.Arbitrary<Call> = fc.record({
  id: fc.constantFrom(...ID_TOKENS),
  token: fc.option(fc.constantFrom(...ID_TOKENS), { nil: undefined }),
  idFirst: fc.boolean(),
  notices: fc.array(
    fc.record({
      kind: fc.constantFrom(...(Object.keys(NOTICES) as (keyof typeof NOTICES)[])),
      extra: jsonText,
      at: fc.nat({ max: 999 }),
    }),
    { maxLength: 3 },
  ),
  end: fc.constantFrom(...(Object.keys(ENDS) as End[])),
  extra: jsonText,
  at: fc.nat({ max: 999 }),
})

/** What is said in a call, in order; its end comes last. Progress needs a token. */
function saysOf({ notices, token, end, extra, at }: Call): { at: number; text: string }[] {
  const before = notices
    .filter(({ kind }) => kind !== 'progress' || token !== undefined)
    .map((notice) => ({ at: notice.at, text: NOTICES[notice.kind](notice.extra) }))
    .sort((a, b) => a.at - b.at)
  const last = ENDS[end]?.(extra)
  return last === undefined ? before : [...before, { at: 1_000 + at, text: last }]
}

function bodyOf(told: Call, place: number, run: string, of: number, piece: number): string {
  const token = told.token === undefined ? '' : `,"progressToken":${told.token}`
  const given = JSON.stringify({ run, of, place, piece, says: saysOf(told) })
  const params = `"params":{"arguments":${given},"name":"say","_meta":{${META}${token}}}`
  const id = `"id": ${told.id}`
  return `{"jsonrpc":"2.0",${(told.idFirst ? [id, params] : [params, id]).join(',')},"method":"tools/call"}`
}

async function heard(run: string): Promise<{ cancelled: number[] }> {
  const body = `{"jsonrpc":"2.0","id":0,"method":"tools/call","params":{"name":"hear","arguments":{"heard":"${run}"},"_meta":{${META}}}}`
  const asked = await post(harness.address('chorus'), body, { ...HEADERS, 'mcp-name': 'hear' })
  await asked.over
  return JSON.parse(asked.messages[0]!).result.structuredContent
}

let count = 0
test('each client gets its own messages, in order, with its own ids; who leaves cancels its own call', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 3, max: 400 }),
      async (calls, piece) => {
        const run = `run-${count++}`
        const from = harness.events.length
        const expected = calls.map((told) =>
          saysOf(told).map(({ text }) => text.replaceAll('@ID@', told.id).replaceAll('@TOKEN@', String(told.token))),
        )
        const left: number[] = []
        const posted = calls.map(async (told, place) => {
          const leaves = told.end === 'cancelled'
          const body = bodyOf(told, place, run, calls.length, piece)
          const address = harness.address('chorus')
          if (leaves) left.push(place)
          return leaves && expected[place]!.length === 0 ? abandon(address, body) : post(address, body, HEADERS)
        })
        const answers = await Promise.all(posted)
        await until(() => startedSince(from) === calls.length, 'every call began')
        await until(
          () => answers.every((answer, place) => answer.messages.length >= expected[place]!.length),
          `all of ${JSON.stringify(expected)}`,
        )
        await Promise.all(answers.map((answer, place) => (left.includes(place) ? answer.leave() : answer.over)))
        expect(answers.map(({ messages }) => messages)).toEqual(expected)
        for (let times = 0; left.length > 0 && times < 200; times++) {
          if ((await heard(run)).cancelled.length >= left.length) break
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        expect((await heard(run)).cancelled.sort()).toEqual(left.sort())
        expect(outcomes(from)).toEqual(calls.map(({ end }) => (end === 'listened' ? 'ok' : end)).sort())
      },
    ),
    runs(80, 'rounds of clients that share a stdio process'),
  )
}, 600_000)

function startedSince(from: number): number {
  return harness.events.slice(from).filter((event) => event.type === 'request.started' && event.name === 'say').length
}

/** Outcomes of the calls since `from`, but for the ones that only asked what was heard. */
function outcomes(from: number): string[] {
  const asked = harness.events.slice(from).flatMap((event) => (event.type === 'request.ended' ? [event] : []))
  return asked.flatMap(({ name, outcome }) => (name === 'say' ? [outcome as string] : [])).sort()
}

/** Posts without waiting for an answer, which will not come. */
function abandon(address: URL, body: string): Posted {
  const stop = new AbortController()
  const over = fetch(address, {
    method: 'POST',
    headers: { ...HEADERS, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body,
    signal: stop.signal,
  }).then(
    () => {},
    () => {},
  )
  return { status: 0, session: undefined, messages: [], over, leave: () => stop.abort() }
}

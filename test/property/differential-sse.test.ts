/**
 * A client of HTTP+SSE in front of a stdio server: its stream has what the server writes, message for message, byte for
 * byte and in the server's order, and the server gets what the client posts as it was sent.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, type Harness, script, serve, until } from '../e2e/gateway-harness.js'
import { answerTo, bodyOf, calls, filled, OPENING, saysOf } from './differential/session-calls.js'
import { jsonText, runs } from './differential/strange.js'

let harness: Harness
beforeAll(async () => {
  harness = await serve({ chorus: script(fixture('chorus.mjs')) })
})
afterAll(() => harness.stop())

interface Stream {
  readonly messages: readonly string[]
  post(body: string): Promise<void>
  leave(): void
}

async function open(): Promise<Stream> {
  const stop = new AbortController()
  const address = harness.address('chorus')
  const response = await fetch(address, { headers: { accept: 'text/event-stream' }, signal: stop.signal })
  const messages: string[] = []
  let endpoint: URL | undefined
  void read(response.body!, (type, data) => {
    if (type === 'endpoint') endpoint = new URL(data, address)
    else messages.push(data)
  }).catch(() => {})
  await until(() => endpoint !== undefined, 'an endpoint')
  return {
    messages,
    async post(body) {
      const posted = await fetch(endpoint!, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      expect([posted.status, posted.ok]).toEqual([202, true])
      await posted.text()
    },
    leave: () => stop.abort(),
  }
}

async function read(body: ReadableStream<Uint8Array>, onEvent: (type: string, data: string) => void): Promise<void> {
  let pending = ''
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    const events = (pending + decoder.decode(chunk, { stream: true })).split('\n\n')
    pending = events.pop()!
    for (const event of events) {
      const field = (name: string) => event.split('\n').find((line) => line.startsWith(`${name}: `))
      const data = field('data')?.slice('data: '.length)
      if (data) onEvent(field('event')?.slice('event: '.length) ?? 'message', data)
    }
  }
}

let count = 0
test('the stream has all that the server says, in its order, and the server every answer', async () => {
  const stream = await open()
  await stream.post(JSON.stringify(OPENING))
  await until(() => stream.messages.length === 1, 'the answer to initialize')
  await fc.assert(
    fc.asyncProperty(calls, jsonText, async (told, result) => {
      const run = `run-${count++}`
      const [from, begun] = [harness.events.length, stream.messages.length]
      const got = () => stream.messages.slice(begun)
      for (const [place, one] of told.entries()) await stream.post(bodyOf(one, run, told.length, place))
      const said = told.flatMap((one) => saysOf(one).map((said) => ({ at: said.at, text: filled(said, one) })))
      const expected = said.sort((a, b) => a.at - b.at).map(({ text }) => text)
      await until(() => got().length >= expected.length, `all of ${JSON.stringify(expected)}`)
      expect(got()).toEqual(expected)
      const answers = expected.flatMap((text) => answerTo(text, result) ?? [])
      for (const body of answers) await stream.post(body)
      const params = { name: 'hear', arguments: { heard: run } }
      await stream.post(JSON.stringify({ jsonrpc: '2.0', id: run, method: 'tools/call', params }))
      await until(() => got().length > expected.length, 'what was heard')
      expect(JSON.parse(got().at(-1)!).result.structuredContent.answers).toEqual(answers)
      const ended = harness.events
        .slice(from)
        .flatMap((e) => (e.type === 'request.ended' && e.name === 'say' ? [e] : []))
      expect(ended.map(({ outcome }) => outcome).sort()).toEqual(told.map(({ end }) => end).sort())
    }),
    runs(60, 'rounds of calls, HTTP+SSE to stdio'),
  )
  stream.leave()
}, 600_000)

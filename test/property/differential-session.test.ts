/**
 * A session of the legacy era in front of a stdio server: the client gets the server's messages byte for byte, those of a
 * call in its answer and the rest on its stream, in the server's order; what it answers the server gets as it was sent.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, type Harness, script, serve, until } from '../e2e/gateway-harness.js'
import { type Posted, post } from './differential/post.js'
import { answerTo, bodyOf, call, calls, filled, OPENING, saysOf } from './differential/session-calls.js'
import { jsonText, runs } from './differential/strange.js'

let harness: Harness
let address: URL
beforeAll(async () => {
  harness = await serve({ chorus: script(fixture('chorus.mjs')) })
  address = harness.address('chorus')
})
afterAll(() => harness.stop())

async function open(): Promise<Record<string, string>> {
  const opened = await post(address, JSON.stringify(OPENING), {})
  await opened.over
  return { 'mcp-session-id': opened.session!, 'mcp-protocol-version': '2025-11-25' }
}

async function heard(session: Record<string, string>, run: string): Promise<{ answers: string[] }> {
  const params = { name: 'hear', arguments: { heard: run } }
  const asked = await post(address, JSON.stringify({ jsonrpc: '2.0', id: run, method: 'tools/call', params }), session)
  await asked.over
  return JSON.parse(asked.messages[0]!).result.structuredContent
}

/** Answers what the server asked, in order, each in its own spelling. @returns the answers as they were sent */
async function answer(session: Record<string, string>, messages: readonly string[], result: string): Promise<string[]> {
  const sent: string[] = []
  for (const text of messages) {
    const body = answerTo(text, result)
    if (body === undefined) continue
    sent.push(body)
    await (await post(address, body, session)).over
  }
  return sent
}

let count = 0
const outcomesOf = (session: number) =>
  harness.events.slice(session).flatMap((e) => (e.type === 'request.ended' && e.name === 'say' ? [e.outcome] : []))

test('calls side by side: each answer has its own, the stream has the rest, and the server gets every answer', async () => {
  const session = await open()
  const stream = await post(address, undefined, session)
  await fc.assert(
    fc.asyncProperty(calls, jsonText, async (told, result) => {
      const run = `side-${count++}`
      const [from, begun] = [harness.events.length, stream.messages.length]
      const answers: Posted[] = await Promise.all(
        told.map((one, place) => post(address, bodyOf(one, run, told.length, place), session)),
      )
      await Promise.all(answers.map(({ over }) => over))
      expect(answers.map(({ messages }) => messages)).toEqual(
        told.map((one) => saysOf(one).flatMap((said) => (said.owned ? [filled(said, one)] : []))),
      )
      const rest = told.flatMap((one) => saysOf(one).filter(({ owned }) => !owned))
      // Sorting keeps the order of equals, and the server has the calls in the order in which they came.
      const expected = rest.map(({ text }) => text)
      const got = () => stream.messages.slice(begun)
      await until(() => got().length >= expected.length, `all of ${JSON.stringify(expected)}`)
      expect(got().toSorted()).toEqual(expected.toSorted())
      const places = got().map((text) => rest.filter((said) => said.text === text).map(({ at }) => at))
      expect(places.every((at, index) => index === 0 || Math.max(...at) >= Math.min(...places[index - 1]!))).toBe(true)
      const sent = await answer(session, got(), result)
      expect((await heard(session, run)).answers).toEqual(sent)
      expect(outcomesOf(from).toSorted()).toEqual(told.map(({ end }) => end).toSorted())
    }),
    runs(60, 'rounds of calls side by side in a session'),
  )
  stream.leave()
}, 600_000)

test('without a stream a call’s answer has everything, in the server’s order', async () => {
  const session = await open()
  await fc.assert(
    fc.asyncProperty(call, jsonText, async (told, result) => {
      const run = `alone-${count++}`
      const posted = await post(address, bodyOf(told, run, 1, 0), session)
      await posted.over
      expect(posted.messages).toEqual(saysOf(told).map((said) => filled(said, told)))
      const sent = await answer(session, posted.messages, result)
      expect((await heard(session, run)).answers).toEqual(sent)
    }),
    runs(40, 'calls in a session without a stream'),
  )
}, 600_000)

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { oneLine, splice } from '../../../packages/server/src/sources/http-proxy/bytes.js'
import { createLines } from '../../../packages/server/src/sources/http-proxy/lines.js'
import { answeredId, readParcel } from '../../../packages/server/src/sources/http-proxy/message.js'

test('a pretty-printed message becomes one line of equal meaning and length', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('\n', '\r\n', '\r'), (value, newline) => {
      const pretty = Buffer.from(JSON.stringify(value, null, 2).replaceAll('\n', newline))
      const line = oneLine(pretty)!
      expect(line.length).toBe(pretty.length)
      expect(line.includes(0x0a) || line.includes(0x0d)).toBe(false)
      expect(JSON.parse(line.toString())).toEqual(JSON.parse(pretty.toString()))
    }),
  )
})

test('a line break inside a text is no JSON', () => {
  expect(oneLine(Buffer.from('{"a":"b\nc"}'))).toBeUndefined()
  expect(oneLine(Buffer.from('{"a":"\\"\nc"}'))).toBeUndefined()
})

test('a token is replaced and every other byte stays, wherever the id stands and whatever stands around it', () => {
  const payload = fc.dictionary(fc.string(), fc.jsonValue())
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.integer()), payload, fc.boolean(), (id, given, first) => {
      const params = { ...given, _meta: { progressToken: id } }
      const rest = { jsonrpc: '2.0', method: 'tools/call', params }
      const text = JSON.stringify(first ? { id, ...rest } : { ...rest, id })
      const [message] = readParcel(Buffer.from(text))!.messages
      const there = splice(message!.bytes, [
        { at: message!.progressTokenRange, token: '77' },
        { at: message!.idRange, token: '77' },
      ])
      expect(JSON.parse(there.toString())).toMatchObject({ id: 77, params: { _meta: { progressToken: 77 } } })
      const [changed] = readParcel(there)!.messages
      const back = splice(there, [
        { at: changed!.idRange, token: message!.id! },
        { at: changed!.progressTokenRange, token: message!.progressToken! },
      ])
      expect(back.toString()).toBe(text)
    }),
  )
})

test('equal ids are equal whoever wrote them', () => {
  const key = (id: string) => readParcel(Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":{}}`))?.messages[0]?.key
  expect(key('"\\u00e9/"')).toBe(key('"é\\/"'))
  expect(key('1')).toBe(key('1.0'))
  expect(key('1')).not.toBe(key('"1"'))
})

test.each([
  '',
  ' ',
  '{',
  '[]',
  '{}',
  'null',
  '[{"jsonrpc":"2.0","method":"a"},7]',
  '{"jsonrpc":"1.0","method":"a"}',
  '[2026] up',
])('%j is no parcel', (text) => {
  expect(readParcel(Buffer.from(text))).toBeUndefined()
})

test('lines come out whole however the bytes are cut, and one that is too long is dropped whole', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 })
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'é', ' '), maxLength: 12 })), cuts, (texts, sizes) => {
      const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''))
      let dropped = 0
      const lines = createLines(16, () => dropped++)
      const got: string[] = []
      for (let at = 0, cut = 0; at < bytes.length; at += sizes[cut++ % sizes.length]!)
        got.push(...lines.feed(bytes.subarray(at, at + sizes[cut % sizes.length]!)).map(String))
      const fits = (text: string) => Buffer.byteLength(text) <= 16
      expect(got).toEqual(texts.filter((text) => text !== '' && fits(text)))
      expect(dropped).toBe(texts.filter((text) => !fits(text)).length)
    }),
  )
})

/** What `createLines` tells of `text`, whose ends it cuts, as one line that is too long. */
function endsOf(text: string) {
  const seen: { head: string; tail: string }[] = []
  const lines = createLines(16, (ends) => seen.push(ends))
  const bytes = Buffer.from(`${text}\n`)
  for (let at = 0; at < bytes.length; at += 700) lines.feed(bytes.subarray(at, at + 700))
  return seen[0]!
}

test('of an answer that is too long the id is known at either end, and nothing inside the result is taken for it', () => {
  const id = fc.oneof(fc.integer(), fc.uuid())
  const inner = fc.record({ id: fc.integer(), text: fc.string(), more: fc.jsonValue() })
  fc.assert(
    fc.property(id, inner, fc.nat(3), fc.constantFrom('result', 'error'), (given, value, order, key) => {
      const payload = { filler: 'x'.repeat(2000), value, last: { jsonrpc: '2.0', id: -7 } }
      const members = [
        { jsonrpc: '2.0', id: given, [key]: payload },
        { id: given, jsonrpc: '2.0', [key]: payload },
        { [key]: payload, jsonrpc: '2.0', id: given },
        { jsonrpc: '2.0', [key]: payload, id: given },
      ]
      expect(answeredId(endsOf(JSON.stringify(members[order])))).toBe(JSON.stringify(given))
    }),
  )
})

test.each([
  { method: 'sampling/createMessage', params: { text: 'x'.repeat(2000) }, jsonrpc: '2.0', id: 5 },
  { jsonrpc: '2.0', id: 5, method: 'roots/list', params: { text: 'x'.repeat(2000), result: 1 } },
  { result: { text: 'x'.repeat(2000), id: 5 }, jsonrpc: '2.0' },
])('case %#: no answer to a request of the client, so no id', (message) => {
  expect(answeredId(endsOf(JSON.stringify(message)))).toBeUndefined()
})

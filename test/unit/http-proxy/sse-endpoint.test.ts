import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createEndpointRewriter,
  EndpointRefused,
  MAX_ENDPOINT_BYTES,
} from '../../../packages/server/src/sources/http-proxy/sse-endpoint.js'

const OURS = '/mcp/notes/message?sessionId=1'

/** What passes of a stream that comes in these pieces. */
function passed(pieces: readonly (Buffer | string)[], seen: string[] = []): string {
  const rewriter = createEndpointRewriter((announced) => {
    seen.push(announced)
    return OURS
  })
  const out = pieces.flatMap((piece) => [...rewriter.feed(Buffer.from(piece as string))])
  return Buffer.concat([...out, ...rewriter.end()]).toString('latin1')
}

const END = ['\n', '\r\n', '\r'] as const
const utf8 = (text: string) => Buffer.from(text).toString('latin1')

/** Streams of which it is known what shall come out: pairs of what is said and what is passed. */
const line = fc.constantFrom(': event: endpoint', 'id: 7', 'retry: 10', 'dat', 'events: endpoint', 'id', ': ü')
const other = fc
  .tuple(fc.constantFrom('event: message', 'event:endpoints', 'event', 'event: ', 'id: 1'), line, fc.string())
  .map(([head, more, text]) =>
    [head, more, `data: ${text.replace(/[\r\n]/g, '')}`, ''].map((row) => [row, row] as const),
  )
const endpoint = fc
  .tuple(fc.constantFrom(' ', ''), fc.boolean(), fc.constantFrom('/message?s=ü', 'm', ''), line)
  .map(([space, dataFirst, value, more]) => {
    const data = [`data:${space}${value}`, `data:${space}${OURS}`] as const
    const named = ['event: endpoint', 'event: endpoint'] as const
    const between = [more, more] as const
    return [...(dataFirst ? [data, between, named] : [named, between, data]), ['', ''] as const]
  })
const comment = line.map((text) => [[`:${text}`, `:${text}`] as const])
const stream = fc
  .tuple(
    fc.constantFrom('', '\ufeff'),
    fc.array(fc.oneof(other, endpoint, comment), { maxLength: 6 }),
    fc.infiniteStream(fc.constantFrom(...END)),
  )
  .map(([mark, events, ends]) => {
    const rows = events.flat()
    const closing = rows.map(() => ends.next().value as string)
    // A lone CR before an empty line that ends with LF alone would read as one CRLF.
    const safe = closing.map((end, at) =>
      end === '\r' && closing[at + 1] === '\n' && rows[at + 1]?.[0] === '' ? '\r\n' : end,
    )
    const text = (side: 0 | 1) => mark + rows.map((row, at) => row[side] + safe[at]).join('')
    return { said: text(0), expected: text(1) }
  })

test('every byte passes but the data of endpoint events, wherever the stream is cut', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), ({ said, expected }, cuts) => {
      const bytes = Buffer.from(said)
      const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
      const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
      expect(passed(pieces)).toBe(utf8(expected))
      expect(passed([...bytes].map((byte) => Buffer.of(byte)))).toBe(utf8(expected))
    }),
    { seed: 4, numRuns: 500 },
  )
})

test('the announced address is read whole, as UTF-8', () => {
  const seen: string[] = []
  expect(passed(['\ufeffevent: endpo', 'int\r', '\ndata: /m?a=ü', '&b=1\r\n\r\n'], seen)).toBe(
    utf8(`\ufeffevent: endpoint\r\ndata: ${OURS}\r\n\r\n`),
  )
  expect(seen).toEqual(['/m?a=ü&b=1'])
})

test('what no endpoint is any more, is passed at once and in one piece', () => {
  const rewriter = createEndpointRewriter(() => OURS)
  const feed = (text: string) => rewriter.feed(Buffer.from(text)).map(String)
  expect(feed(': hel')).toEqual([': hel'])
  expect(feed('lo\n\n')).toEqual(['lo\n\n'])
  expect(feed('event: message\ndata: {"a')).toEqual(['event: message\ndata: {"a'])
  expect(feed('":1}\n\nevent: message\ndata: 2\n\ndata: 3\n\n: x\n')).toEqual([
    '":1}\n\nevent: message\ndata: 2\n\ndata: 3\n\n: x\n',
  ])
  expect(feed('data: 4\r\n\r')).toEqual(['data: 4\r\n\r'])
  expect(feed('\n')).toEqual(['\n'])
  expect(feed('data: 5')).toEqual([])
  expect(feed('5'.repeat(MAX_ENDPOINT_BYTES)).join('')).toHaveLength(MAX_ENDPOINT_BYTES + 7)
  expect(feed('6\n')).toEqual(['6\n'])
})

describe('an endpoint event that is refused', () => {
  const long = 'a'.repeat(MAX_ENDPOINT_BYTES)
  test.each([
    ['on two lines', ['event: endpoint\ndata: /a\ndata: b\n\n']],
    ['without a value', ['event: endpoint\ndata\n\n']],
    ['too long, in one piece', [`event: endpoint\ndata: /${long}\n\n`]],
    ['too long, and never ending', ['event: endpoint\n', 'data: /', long]],
    ['named after its data had passed', [`data: ${long}`, '\nevent: endpoint\n']],
    ['named another before', ['event: message\ndata: /a\nevent:endpoint\n']],
  ])('%s', (_, pieces) => {
    expect(() => passed(pieces)).toThrow(EndpointRefused)
  })

  test('one without data is none', () => {
    expect(passed(['event: endpoint\n\nevent: endpoint\nid: 1\n\n'])).toBe(
      'event: endpoint\n\nevent: endpoint\nid: 1\n\n',
    )
  })
})

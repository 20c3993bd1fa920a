import { describe, expect, it } from 'vitest'
import {
  createBodyReader,
  createLineReader,
  type Findings,
  LONG_JUNK_BYTES,
  type Reader,
} from '../../../packages/instrument/src/mcp/readers.js'
import { createEventReader } from '../../../packages/instrument/src/mcp/sse.js'

type Make = (findings: Findings) => Reader

/** Feeds the text at once, byte by byte, and in threes; all must find the same. */
function read(make: Make, text: string): string[] {
  const bytes = Buffer.from(text)
  const results = [bytes.length || 1, 1, 3].map((size) => {
    const found: string[] = []
    const reader = make({
      onHead: ({ fields }) => found.push(fields.method ?? 'no method'),
      onFault: (reason, sizeBytes) => found.push(`${reason} ${sizeBytes}`),
    })
    for (let at = 0; at < bytes.length; at += size) reader.feed(Uint8Array.from(bytes.subarray(at, at + size)))
    reader.end()
    return found
  })
  expect(results[1]).toEqual(results[0])
  expect(results[2]).toEqual(results[0])
  return results[0]!
}

describe('lines', () => {
  it.each([
    ['ends of both kinds and blank lines', '{"method":"a"}\n\n \r\n{"method":"b"}\r\n', ['a', 'b']],
    ['a last line without an end', '{"method":"a"}\n{"method":"b"}', ['a', 'b']],
    ['junk, and goes on after it', 'Listening on 3000\n{"method":"a"}\n', ['invalid_json 17', 'a']],
    ['a message that a newline breaks', '{"method":\n"a"}\n', ['invalid_json 10', 'invalid_json 4']],
    ['the end in the middle of a message', '{"method":"a"}\n{"meth', ['a', 'cut_off 6']],
    ['two messages on a line as none', '{"method":"a"} {"method":"b"}\n', ['invalid_json 29']],
    ['a batch whose end is bad as none', '[{"method":"a"},{"method":"b"}\n', ['invalid_json 30']],
    ['a method in characters of all lengths', '{"method":"aé€😀\\ud83d\\ude00"}\n', ['aé€😀😀']],
    ['nothing', '', []],
  ])('takes %s', (_, text, found) => expect(read(createLineReader, text)).toEqual(found))

  it('tells of a line that can be no message while it goes on, and of the rest at its end', () => {
    const found: string[] = []
    const reader = createLineReader({
      onHead: ({ fields }) => found.push(fields.method ?? 'no method'),
      onFault: (reason, sizeBytes) => found.push(`${reason} ${sizeBytes}`),
    })
    const part = Buffer.alloc(LONG_JUNK_BYTES / 4, 'x')
    for (let count = 0; count < 4; count++) reader.feed(part)
    expect(found).toEqual([])
    for (let count = 0; count < 5; count++) reader.feed(part)
    expect(found).toEqual([`invalid_json ${LONG_JUNK_BYTES}`])
    reader.feed(Buffer.from('\n{"method":"a"}\nshort\n'))
    expect(found.slice(1)).toEqual([`invalid_json ${5 * part.length}`, 'a', 'invalid_json 5'])
    // Cut otherwise, it is told the same.
    reader.feed(Buffer.concat([...Array(9).fill(part), Buffer.from('\n')]))
    expect(found.slice(4)).toEqual(found.slice(0, 2))
  })

  it('tells nothing of a long message that may still be one', () => {
    const found: string[] = []
    const reader = createLineReader({
      onHead: ({ fields }) => found.push(fields.method ?? 'no method'),
      onFault: (reason, sizeBytes) => found.push(`${reason} ${sizeBytes}`),
    })
    const long = 'y'.repeat(2 * LONG_JUNK_BYTES)
    reader.feed(Buffer.from(`{"method":"a","x":"${long}`))
    expect(found).toEqual([])
    reader.feed(Buffer.from('"}\n'))
    expect(found).toEqual(['a'])
  })
})

describe('a body', () => {
  it.each([
    ['a message over several lines', '{\n  "method": "a"\n}\n', ['a']],
    ['a batch', '[{"method":"a"},{"method":"b"}]', ['a', 'b']],
    ['an empty batch as a message of nothing', '[]', ['no method']],
    ['a byte order mark', '\ufeff{"method":"a"}', ['a']],
    ['nothing', '', []],
    ['an end too early', '{"method":"a"', ['cut_off 13']],
    ['a page of HTML', '<html>', ['invalid_json 6']],
  ])('takes %s', (_, text, found) => expect(read(createBodyReader, text)).toEqual(found))
})

describe('an event stream', () => {
  it.each([
    ['an event without a name', 'data: {"method":"a"}\n\n', ['a']],
    [
      'each kind of line end',
      'data: {"method":"a"}\r\rdata:{"method":"b"}\r\n\r\ndata:  {"method":"c"}\n\n',
      ['a', 'b', 'c'],
    ],
    ['data over several lines', 'data: {"method":\ndata: "a"\ndata\ndata:}\n\n', ['a']],
    ['comments, ids and retries', ': ping\n\nid: 1\nretry: 10\ndata: {"method":"a"}\n\n:\n\n', ['a']],
    [
      'a name before and after the data',
      'event: message\ndata: {"method":"a"}\n\ndata: {"method":"b"}\nevent: message\n\n',
      ['a', 'b'],
    ],
    [
      'other events as none',
      'event: endpoint\ndata: /message?x=1\n\ndata: /x\nevent: endpoint\n\ndata: {"method":"a"}\n\n',
      ['a'],
    ],
    ['an event whose name only begins like message', 'event: messages-and-more-of-it\ndata: {"method":"a"}\n\n', []],
    ['events without data', 'id: 1\ndata:\n\nevent: message\n\n', []],
    ['a byte order mark', '\ufeffdata: {"method":"a"}\n\n', ['a']],
    ['bad data, and goes on after it', 'data: {"method"\n\ndata: {"method":"a"}\n\n', ['cut_off 9', 'a']],
    ['the end before the empty line as a cut', 'data: {"method":"a"}\n', ['cut_off 14']],
    ['unknown fields', 'dat: {"method":"x"}\ndatabase: 1\ndata: {"method":"a"}\n\n', ['a']],
  ])('takes %s', (_, text, found) => expect(read(createEventReader, text)).toEqual(found))
})

describe('memory', () => {
  it('stays bounded over lines of 52 MB, in values that are skipped and in values that are taken', () => {
    const found: number[] = []
    const reader = createLineReader({
      onHead: ({ fields, start, end }) => found.push(end - start, fields.name?.length ?? 0),
      onFault: () => found.push(-1),
    })
    const chunk = Buffer.alloc(65_536, 'x')
    const before = process.memoryUsage()
    let highest = 0
    for (const opening of ['{"result":{"content":"', '{"params":{"name":"', '{"id":"', '{"result":{"tools":["']) {
      reader.feed(Buffer.from(opening))
      for (let i = 0; i < 800; i++) {
        reader.feed(chunk)
        if (i % 50 === 0) highest = Math.max(highest, process.memoryUsage().heapUsed + process.memoryUsage().external)
      }
      reader.feed(Buffer.from(opening.includes('[') ? '"]}}\n' : opening.includes(':{') ? '"}}\n' : '"}\n'))
    }
    expect(found).toHaveLength(8)
    expect(found.filter((_, i) => i % 2 === 1)).toEqual([0, 128, 0, 0])
    expect(found[0]).toBe(800 * 65_536 + '{"result":{"content":""}}'.length)
    expect(highest - before.heapUsed - before.external).toBeLessThan(35e6)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readOutput } from '../../../packages/server/src/sources/plugins/output.js'
import { createProgressReader, type Progress } from '../../../packages/server/src/sources/plugins/progress.js'

const read = (text: string) => readOutput(Buffer.from(text))
const text = (value: string) => ({ type: 'text', text: value })

describe('what a program prints', () => {
  test.each([
    ['a text', 'hello\nyou\n', { content: [text('hello\nyou')] }],
    ['nothing', ' \n', { content: [] }],
    ['an object', '{"a":1}\n', { content: [text('{"a":1}')], structuredContent: { a: 1 } }],
    ['a number', '42\n', { content: [text('42')], structuredContent: { result: 42 } }],
    [
      'a list',
      '["a",{"b":1}]',
      { content: [text('a'), text('{"b":1}')], structuredContent: { result: ['a', { b: 1 }] } },
    ],
    [
      'a value a line',
      '{"a":1}\n{"a":2}\n',
      { content: [text('{"a":1}'), text('{"a":2}')], structuredContent: { result: [{ a: 1 }, { a: 2 }] } },
    ],
    ['half of a value', '{"a":1}\n{"a":', { content: [text('{"a":1}\n{"a":')] }],
    ['a text that begins like one', '[info] done', { content: [text('[info] done')] }],
    [
      'contents',
      '{"content":[{"type":"text","text":"hi"},{"type":"image","data":"aGk=","mimeType":"image/png"}],"isError":true}',
      { content: [text('hi'), { type: 'image', data: 'aGk=', mimeType: 'image/png' }], isError: true },
    ],
    [
      'contents that are none',
      '{"content":[{"type":"text"}]}',
      { content: [text('{"content":[{"type":"text"}]}')], structuredContent: { content: [{ type: 'text' }] } },
    ],
    [
      'contents whose picture is none',
      '{"content":[{"type":"image","data":"!","mimeType":"image/png"}]}',
      {
        content: [text('{"content":[{"type":"image","data":"!","mimeType":"image/png"}]}')],
        structuredContent: { content: [{ type: 'image', data: '!', mimeType: 'image/png' }] },
      },
    ],
    [
      'contents with notes that are none',
      '{"content":[{"type":"text","text":"a","annotations":1}]}',
      {
        content: [text('{"content":[{"type":"text","text":"a","annotations":1}]}')],
        structuredContent: { content: [{ type: 'text', text: 'a', annotations: 1 }] },
      },
    ],
  ])('as %s', (_, printed, expected) => expect(read(printed)).toEqual(expected))

  test('as a list that is long, in one content', () => {
    const values = Array.from({ length: 101 }, (_, at) => at)
    expect(read(JSON.stringify(values))).toEqual({
      content: [text(JSON.stringify(values))],
      structuredContent: { result: values },
    })
  })

  test.each(['[{"id": 9007199254740993}, 2]', '{"id": 9007199254740993}\n{"id": -1}', '[1, [123456789012345678901]]'])(
    'with every digit of numbers that are longer than JavaScript has them: %s',
    (printed) => expect(read(printed).content).toEqual([text(printed)]),
  )

  test.each([
    ['a list', '[', ']'],
    ['an object', '{"a":[', ']}'],
  ])('as a text, where %s is so deep that nobody could write it again', (_, open, close) => {
    const nested = (depth: number) => `${open.repeat(depth)}${close.repeat(depth)}`
    expect(read(nested(50))).toHaveProperty('structuredContent')
    expect(read(nested(100_000))).toEqual({ content: [text(nested(100_000))] })
  })

  test('is never an exception', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readOutput(Buffer.from(bytes))))
    expect(read('\ufffd').content).toHaveLength(1)
  })
})

describe('progress', () => {
  const stderr = [
    'starting\n',
    '{"progress":1,"total":3,"message":"one"}\n',
    'a warning\n',
    '{"progress":1}\n{"progress":2}\n',
    '{"level":"info"}\n{"progress":"three"}\n',
    'last words',
  ].join('')

  test('is read wherever pieces are cut, and the rest is kept in order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stderr.length), { maxLength: 8 }), (cuts) => {
        const told: Progress[] = []
        const reader = createProgressReader((progress) => told.push(progress))
        const at = [0, ...cuts.sort((one, other) => one - other), stderr.length]
        const pieces = at.slice(1).map((end, index) => stderr.slice(at[index], end))
        const kept = Buffer.concat(pieces.map((piece) => reader(Buffer.from(piece)))).toString()
        expect(told).toEqual([{ progress: 1, total: 3, message: 'one' }, { progress: 2 }])
        expect(kept).toBe('starting\na warning\n{"level":"info"}\n{"progress":"three"}\nlast words')
      }),
    )
  })
})

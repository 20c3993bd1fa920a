import { expect, test } from 'vitest'
import type { LineReader } from '../../../packages/instrument/src/mcp/index.js'
import { Tape } from '../../../packages/server/src/sources/stdio-proxy/tape.js'

/** A tape on clocks that a test sets, and what its two readers were given, with the times that its clocks told. */
function open() {
  const time = { at: 1000 }
  const heard: [reader: string, text: string, at: number, epoch: number][] = []
  let faults = 0
  const tape = new Tape({ now: () => 5_000_000 + time.at, clock: () => time.at, onFault: () => void faults++ })
  const reader = (name: string): LineReader => ({
    feed: (chunk, from, to) =>
      void heard.push([name, Buffer.from(chunk.subarray(from, to)).toString('latin1'), tape.clock(), tape.now()]),
    end: () => {},
  })
  const say = (to: LineReader, text: string) =>
    tape.record(to, Buffer.from(`${text}rest of the buffer`), text.length, time.at)
  return { tape, time, heard, reader, say, faults: () => faults }
}

test('what passed is read in the order in which it came, by clocks that tell when that was', () => {
  const { tape, time, heard, reader, say } = open()
  const [client, server] = [reader('client'), reader('server')]
  say(client, 'ask')
  time.at = 1007
  say(server, 'answer')
  time.at = 1012.5
  say(client, 'ask again')
  expect(heard).toEqual([])
  time.at = 1020
  tape.play()
  expect(heard).toEqual([
    ['client', 'ask', 1000, 5_001_000],
    ['server', 'answer', 1007, 5_001_007],
    ['client', 'ask again', 1012.5, 5_001_012],
  ])
  expect([tape.clock(), tape.now()]).toEqual([1020, 5_001_020])
  tape.close()
})

test('a buffer that is used again changes nothing that was recorded', () => {
  const { tape, heard, reader } = open()
  const client = reader('client')
  const buffer = Buffer.from('first!')
  tape.record(client, buffer, 5, 1000)
  buffer.write('second')
  tape.record(client, buffer, 6, 1000)
  tape.close()
  expect(heard.map(([, text]) => text)).toEqual(['first', 'second'])
})

test('no piece waits for long', async () => {
  const { tape, heard, reader, say } = open()
  say(reader('client'), 'ask')
  await expect.poll(() => heard.length, { timeout: 30_000 }).toBe(1)
  say(reader('client'), 'ask again')
  await expect.poll(() => heard.length, { timeout: 30_000 }).toBe(2)
  tape.close()
})

test.each([
  ['many small pieces', 5_000, 40],
  ['long pieces', 50, 9_000],
  ['pieces longer than a tape', 3, 200_000],
])('it is bounded, and loses nothing: %s', (_, count, length) => {
  const { tape, heard, reader, say } = open()
  const client = reader('client')
  const texts = Array.from({ length: count }, (_, index) => String(index).padEnd(length, '.'))
  let most = 0
  texts.forEach((text, index) => {
    say(client, text)
    most = Math.max(most, (index + 1 - heard.length) * length)
  })
  expect(most).toBeLessThanOrEqual(32 * 1024)
  tape.close()
  expect(heard.map(([, text]) => text)).toEqual(texts)
})

test('a reader that throws is told of, and the others read on', () => {
  const { tape, heard, reader, say, faults } = open()
  const broken: LineReader = {
    feed: () => {
      throw new Error('broken')
    },
    end: () => {},
  }
  say(broken, 'a')
  say(reader('server'), 'b')
  tape.close()
  expect([faults(), heard.map(([, text]) => text)]).toEqual([1, ['b']])
})

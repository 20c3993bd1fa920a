/** What our client reads of an answer, beside what node:http reads of the same bytes. */
import { maxHeaderSize, request as requestByNode } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AnswerReader } from '../../../packages/server/src/http-client/reader.js'

interface Read {
  readonly information: readonly number[]
  readonly status?: number
  readonly message?: string
  readonly rawHeaders?: readonly string[]
  readonly body: string
  readonly trailers?: readonly string[]
  /** `whole`, or how far it came before it failed or the connection ended. */
  readonly end: 'whole' | 'no answer' | 'broken'
}

/** What node:http reads, of a connection that says all of this and closes. */
function byNode(pieces: readonly Buffer[], method: string): Promise<Read> {
  return new Promise((resolve) => {
    let isAsked = false
    let isAnswered = false
    const socket = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        if (!isAsked) for (const piece of pieces) this.push(piece)
        if (!isAsked) this.push(null)
        isAsked = true
        done()
      },
    })
    const information: number[] = []
    const request = requestByNode({ method, createConnection: () => socket as unknown as Socket })
    request.on('information', ({ statusCode }) => information.push(statusCode))
    // What follows an answer fails the request as well, and says nothing of the answer.
    request.on('error', () => isAnswered || resolve({ information, body: '', end: 'no answer' }))
    request.on('upgrade', () => resolve({ information, body: '', end: 'no answer' }))
    request.on('response', (answer) => {
      let body = ''
      isAnswered = true
      const { statusCode: status, statusMessage: message, rawHeaders } = answer
      // There is none such; node:http tells it, and nobody can pass it on.
      if (status! < 100) return resolve({ information, body: '', end: 'no answer' })
      const seen = { information, status: status!, message: message!, rawHeaders }
      answer.setEncoding('latin1').on('data', (text) => {
        body += text
      })
      answer.on('end', () => resolve({ ...seen, body, trailers: answer.rawTrailers, end: 'whole' }))
      answer.on('error', () => resolve({ ...seen, body, end: 'broken' }))
    })
    request.end()
  })
}

/** What ours reads. `onBehind` is told of bytes behind the end, for which the connection is closed. */
function byOurs(pieces: readonly Buffer[], method: string, onBehind = () => {}): Read {
  const information: number[] = []
  let seen: Pick<Read, 'status' | 'message' | 'rawHeaders'> = {}
  let body = ''
  let trailers: readonly string[] | undefined
  const reader = new AnswerReader(maxHeaderSize)
  reader.begin(
    {
      onInformation: ({ status }) => information.push(status),
      onHead: ({ status, message, rawHeaders }) => {
        seen = { status, message, rawHeaders }
      },
      onData: (chunk) => {
        body += chunk.toString('latin1')
      },
      onEnd: (raw) => {
        trailers = raw
      },
    },
    method === 'HEAD',
  )
  try {
    for (const piece of pieces) if (!reader.isDone && reader.feed(piece) > 0) onBehind()
    reader.close()
  } catch {
    // It is told by what is missing.
  }
  if (trailers) return { information, ...seen, body, trailers, end: 'whole' }
  return seen.status !== undefined
    ? { information, ...seen, body, end: 'broken' }
    : { information, body: '', end: 'no answer' }
}

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`
const ANSWERS: Readonly<Record<string, string>> = {
  'a length': `${OK}Content-Length: 5\r\n\r\nhello`,
  'a length of nothing': `${OK}Content-Length: 0\r\n\r\n`,
  'a length with blanks': `${OK}Content-Length:   2 \r\n\r\nok`,
  'less than its length': `${OK}Content-Length: 5\r\n\r\nhel`,
  'two equal lengths': `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`,
  'a list of lengths': `${OK}Content-Length: 2, 2\r\n\r\nok`,
  'a signed length': `${OK}Content-Length: +2\r\n\r\nok`,
  'a length beyond all bounds': `${OK}Content-Length: 99999999999999999999\r\n\r\nok`,
  'a length and chunks': `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  chunks: `${CHUNKED}3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\n\r\n`,
  'chunks and trailers': `${CHUNKED}2\r\nok\r\n0\r\nX-Sum: 7\r\nx-sum:8\r\n\r\n`,
  'chunks of what was compressed for its way': `${OK}Transfer-Encoding: x-gzip ,gzip,\tChunked\r\n\r\n3\r\n\x1f\x8b\x08\r\n0\r\n\r\n`,
  'a chunk that is longer than its size': `${CHUNKED}2\r\nokay\r\n0\r\n\r\n`,
  'a chunk without a size': `${CHUNKED}\r\nok\r\n0\r\n\r\n`,
  'a chunk with a size of no number': `${CHUNKED}2x\r\nok\r\n0\r\n\r\n`,
  'a chunk that is cut off': `${CHUNKED}5\r\nhel`,
  'no last chunk': `${CHUNKED}2\r\nok\r\n`,
  'chunks with line feeds alone': `${CHUNKED}2\nok\n0\n\n`,
  'a last chunk without its end': `${CHUNKED}2\r\nok\r\n0\r\n`,
  'the end of the connection': `${OK}X: y\r\n\r\nall of it`,
  'no body by its status': 'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n',
  'a length that a status forbids': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
  'no message': 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok',
  'an empty message': 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.0': 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'empty lines before it': `\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`,
  'headers twice, in odd case, without values': `${OK}X-a: 1\r\nx-A: 2\r\nX-B:\r\nX-C:  \r\nContent-LENGTH: 2\r\n\r\nok`,
  'bytes above 127': `${OK}X: caf\xe9\r\nContent-Length: 2\r\n\r\n\xff\x00`,
  'informational answers': `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`,
  'informational answers alone': 'HTTP/1.1 103 Early\r\nLink: x\r\n\r\n',
  'another protocol': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  'no HTTP': 'SSH-2.0-OpenSSH_9.2\r\n',
  'HTTP in small letters': 'http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'a status of four digits': 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok',
  'a status below 100': 'HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok',
  'line feeds alone': 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
  'a line feed in a header': `${OK}X: a\nContent-Length: 2\r\n\r\nok`,
  'a return in a header': `${OK}X: a\rb\r\nContent-Length: 2\r\n\r\nok`,
  'a zero byte in a header': `${OK}X: a\0b\r\nContent-Length: 2\r\n\r\nok`,
  'a header over two lines': `${OK}X: a\r\n b\r\nContent-Length: 2\r\n\r\nok`,
  'a blank in a name': `${OK}X Y: a\r\nContent-Length: 2\r\n\r\nok`,
  'a blank before a colon': `${OK}Content-Length : 2\r\n\r\nok`,
  'a line without a colon': `${OK}nothing\r\nContent-Length: 2\r\n\r\nok`,
  'a head that does not end': `${OK}X: y\r\n`,
  'nothing at all': '',
}
const METHODS = ['GET', 'HEAD']
const bytes = (text: string) => Buffer.from(text, 'latin1')
const single = (all: Buffer) => Array.from(all, (_, at) => all.subarray(at, at + 1))

test.each(Object.entries(ANSWERS))('%s is read as node:http reads it, however it is cut', async (_, text) => {
  for (const method of METHODS) {
    const expected = await byNode([bytes(text)], method)
    expect(byOurs([bytes(text)], method)).toEqual(expected)
    // The body of one that breaks off is told as far as it came.
    expect(byOurs(single(bytes(text)), method)).toEqual(expected)
  }
})

test('an answer that anybody changed a little is never read otherwise than by node:http', async () => {
  const known = fc.constantFrom(...Object.values(ANSWERS))
  const edit = fc.record({
    at: fc.nat(200),
    removed: fc.nat(2),
    put: fc.constantFrom('', ' ', '\r', '\n', '\r\n', ':', '0', '9', 'a', ',', ';', '\0', '\xe9'),
  })
  await fc.assert(
    fc.asyncProperty(known, fc.array(edit, { minLength: 1, maxLength: 2 }), async (answer, edits) => {
      let text = answer
      for (const { at, removed, put } of edits) {
        const place = at % (text.length + 1)
        text = text.slice(0, place) + put + text.slice(place + removed)
      }
      let isFollowed = false
      const ours = byOurs([bytes(text)], 'GET', () => {
        isFollowed = true
      })
      expect(byOurs(single(bytes(text)), 'GET')).toEqual(ours)
      const nodes = await byNode([bytes(text)], 'GET')
      // Where ours refuses what node:http takes, nobody is misled; the other way round would be another answer.
      if (ours.end === 'whole' && !isFollowed) expect(ours).toEqual(nodes)
    }),
    { numRuns: 500 },
  )
})

test('codings that do not end with chunked, once, are refused: where the body ends could be read in two ways, or not at all', () => {
  for (const coding of [
    'gzip',
    'chunked, gzip',
    'chunked, chunked',
    'chunked ,gzip, chunked',
    'gzip;chunked',
    ', chunked',
    'gzip,, chunked',
    'chunked\r\nTransfer-Encoding: chunked',
    'gzip\r\nTransfer-Encoding: chunked',
  ]) {
    const text = `${OK}Transfer-Encoding: ${coding}\r\n\r\n2\r\nok\r\n0\r\n\r\n`
    expect(byOurs([bytes(text)], 'GET').end).toBe('no answer')
  }
})

test('a head or trailers beyond 16 KiB are refused, as a server could send them without end', () => {
  const long = 'x'.repeat(20_000)
  for (const text of [`${OK}X: ${long}\r\n\r\n`, `${OK}X: ${long}`, `${CHUNKED}0\r\nX: ${long}`, `${CHUNKED}1;${long}`])
    expect(byOurs([bytes(text)], 'GET').end).not.toBe('whole')
})

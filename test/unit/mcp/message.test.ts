import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keyToken, readMessages, tokenKey } from '../../../packages/instrument/src/mcp/index.js'
import { Sha256 } from '../../../packages/instrument/src/mcp/sha256.js'
import { TRACEPARENT } from '../../../packages/instrument/src/mcp/trace.js'

describe('the messages of a body', () => {
  it('say what a proxy routes by, and where to rewrite', () => {
    const body = Buffer.from(
      '\ufeff[{"jsonrpc":"2.0", "id" : "\\u0061" ,"method":"tools/call","params":{"name":"é","_meta":{"progressToken":7,"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}},' +
        '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":-1.50}},' +
        '{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":""}}, 5]',
    )
    const messages = readMessages(body)
    if (messages === 'unreadable') throw new Error('it is readable')
    const at = (range: readonly [number, number] | undefined) => range && body.subarray(...range).toString()
    expect(messages.map(({ kind }) => kind)).toEqual(['request', 'notification', 'response', 'other'])
    expect(messages[0]).toMatchObject({
      id: '"\\u0061"',
      method: 'tools/call',
      name: 'é',
      modern: true,
      protocolVersion: '2026-07-28',
      progressToken: '7',
    })
    expect(at(messages[0]?.idRange)).toBe('"\\u0061"')
    expect(at(messages[0]?.progressTokenRange)).toBe('7')
    expect(at(messages[1]?.cancelledIdRange)).toBe('-1.50')
    expect(messages[2]).toMatchObject({ id: '3', failed: true })
    expect(at(messages[3]?.range)).toBe('5')
  })

  it('have the key of their id, and its token as it was written', () => {
    const escaped = [...'a\u00e9"\u2028']
      .map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('')
    for (const token of [
      '1',
      '-7',
      '2.50',
      '1e21',
      '12345678901234567890',
      '""',
      '"n1"',
      '"é"',
      `"${escaped}"`,
      `"${'x'.repeat(1000)}"`,
    ]) {
      const messages = readMessages(Buffer.from(`{"jsonrpc":"2.0","id": ${token} ,"result":{}}`))
      expect(messages).toMatchObject([{ id: token, key: tokenKey(token) }])
    }
    expect(readMessages(Buffer.from('{"jsonrpc":"2.0","method":"a"}'))).toMatchObject([
      { id: undefined, key: undefined },
    ])
  })

  it.each(['', ' ', '{', '{"a":1}}', '\ufeff'])('are unreadable in %j', (text) => {
    expect(readMessages(Buffer.from(text))).toBe('unreadable')
  })
})

describe('the key of an id', () => {
  it('is equal for equal ids only', () => {
    expect(tokenKey('1')).toBe(tokenKey('1.0'))
    expect(tokenKey('0')).toBe(tokenKey('-0'))
    expect(tokenKey('"a"')).toBe(tokenKey('"\\u0061"'))
    expect(tokenKey('1')).not.toBe(tokenKey('"1"'))
    expect(tokenKey('9007199254740993')).not.toBe(tokenKey('9007199254740992'))
    expect(tokenKey('null')).not.toBe(tokenKey('"null"'))
    expect(tokenKey('{}')).toBeUndefined()
    expect(tokenKey('')).toBeUndefined()
    const long = 'x'.repeat(1000)
    expect(tokenKey(`"${long}"`)).not.toBe(tokenKey(`"${long}y"`))
    expect(tokenKey(`"${long}"`)?.length).toBeLessThan(40)
  })

  it('gives a token back that has it, but for long ones', () => {
    for (const token of ['1', '-7', '2.5', '1e+21', '""', '"n1"', '"\\u0061\\"\\n€"']) {
      const key = tokenKey(token)!
      expect(JSON.parse(keyToken(key)!)).toBe(JSON.parse(token))
    }
    expect(keyToken(tokenKey(`"${'x'.repeat(1000)}"`)!)).toBeUndefined()
  })
})

describe('the digest', () => {
  it.each([0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 1000])('of %i bytes is that of SHA-256', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7) % 256)
    const hash = new Sha256()
    hash.update(bytes, 0, length >> 1)
    hash.update(bytes, length >> 1)
    expect(hash.digest()).toBe(createHash('sha256').update(bytes).digest('hex').slice(0, 32))
  })
})

describe('the place in a trace', () => {
  const known = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
  it.each([
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', known],
    ['01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-new', known],
    ['ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', undefined],
    ['00-00000000000000000000000000000000-b7ad6b7169203331-01', undefined],
    ['00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01', undefined],
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01', undefined],
    ['someone@example.com', undefined],
    ['', undefined],
  ])('of %s is %s', (traceparent, place) => expect(TRACEPARENT.exec(traceparent)?.slice(1, 3)).toEqual(place))
})

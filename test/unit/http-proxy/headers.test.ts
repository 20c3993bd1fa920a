import { expect, test } from 'vitest'
import { passedHeaders, targetOf } from '../../../packages/server/src/sources/http-proxy/http-headers.js'
import { acceptOf } from '../../../packages/server/src/sources/http-proxy/sse.js'
import { createWaiting } from '../../../packages/server/src/sources/http-proxy/undelivered.js'

const entryFor = (url: string) => ({ url, headers: {}, transport: 'http' as const, disabled: false })

test.each([
  ['http://h/mcp', '', 'http://h/mcp'],
  ['http://h/mcp', '?q=1', 'http://h/mcp?q=1'],
  ['http://h/mcp?a=1', '?q=1', 'http://h/mcp?a=1&q=1'],
  ['http://h/mcp?a=1', '?', 'http://h/mcp?a=1'],
  ['http://h/mcp/', '/more/path?q=%2F', 'http://h/mcp/more/path?q=%2F'],
  ['https://h:8443', '/x', 'https://h:8443/x'],
])('%s and %s go to %s', (address, rest, target) => {
  expect(targetOf(entryFor(address), rest)?.href).toBe(target)
})

test('a path from a client cannot leave for another host', () => {
  const entry = entryFor('http://h/mcp')
  for (const rest of ['//evil.example/x', '/@evil.example', '/\\evil.example'])
    expect(targetOf(entry, rest)?.host).toBe('h')
})

test.each([
  '/..',
  '/../admin',
  '/../../..',
  '/a/../../admin',
  '/%2e%2e/admin',
  '/.%2E/admin',
  '/a%2f..%2f..%2fadmin',
  '/a%5C..',
  '/a\\..\\..',
  '/./x',
])('%s leads out of the address of the entry, and goes nowhere', (rest) => {
  expect(targetOf(entryFor('http://h/mcp'), rest)).toBeUndefined()
})

test.each(['/..a', '/a..', '/...', '/.well-known/x', '/x?to=/../y'])('%s stays inside', (rest) => {
  expect(targetOf(entryFor('http://h/mcp'), rest)?.pathname).toMatch(/^\/mcp\//)
})

test('what the Connection header names is dropped with it', () => {
  const raw = ['Connection', 'close, X-Secret-Hop', 'x-secret-hop', '1', 'TE', 'trailers', 'X-Kept', '2', 'x-kept', '3']
  expect(passedHeaders(raw)).toEqual(['X-Kept', '2', 'x-kept', '3'])
})

test.each([
  [undefined, true, true],
  ['*/*', true, true],
  ['application/json', true, false],
  ['text/event-stream', false, true],
  ['application/json, text/event-stream;q=0.9', true, true],
  ['text/html', false, false],
])('Accept: %s', (header, json, events) => {
  expect(acceptOf(header)).toEqual({ json, events })
})

test('what waits for a stream is bounded by number and bytes; the oldest goes first, and is counted', () => {
  let lost = 0
  const waiting = createWaiting(() => lost++)
  for (let at = 0; at < 300; at++) waiting.push(Buffer.from(String(at)))
  expect(lost).toBe(44)
  expect(waiting.take().map(String).slice(0, 2)).toEqual(['44', '45'])
  expect(waiting.take()).toEqual([])
  waiting.push(Buffer.alloc(700_000))
  waiting.push(Buffer.alloc(700_000))
  expect(lost).toBe(45)
  expect(waiting.take()).toHaveLength(1)
})

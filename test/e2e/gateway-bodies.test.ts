/** Bodies that clients should not send: each passes as the server would get it, or is refused in so many words. */
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { type Answer, ask, makeKey } from '../fixtures/door-clients.js'
import { until } from '../fixtures/until.js'
import { code, listen } from './gateway-harness.js'

/**
 * A strict stdio server of both eras: each request is answered with the line that it came in, and a line that is no JSON
 * ends it. Its answers to the tool `marked` begin with a byte order mark.
 */
const MIRROR = `
const answer = (id, result, mark = '') => console.log(mark + JSON.stringify({ jsonrpc: '2.0', id, result }))
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  for (const { id, method, params } of [JSON.parse(line)].flat()) {
    if (id === undefined || method === undefined) continue
    if (method === 'initialize')
      answer(id, { protocolVersion: '2025-03-26', capabilities: { tools: {} }, serverInfo: { name: 'mirror', version: '1' } })
    else if (method === 'server/discover') answer(id, { supportedVersions: ['2026-07-28'] }, '\\uFEFF')
    else answer(id, { line: Buffer.from(line).toString('hex') }, params?.name === 'marked' ? '\\uFEFF' : '')
  }
})`

const MARK = Buffer.from([0xef, 0xbb, 0xbf])
const MODERN = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' }
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}
const HELLO = { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'odd', version: '1' } }
const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: HELLO }

type Era = 'legacy' | 'modern'
const SERVERS = ['http-open', 'http-door', 'stdio-open', 'stdio-door']
const WAYS = SERVERS.flatMap((server) => [[server, 'legacy'] as const, [server, 'modern'] as const])

/** What the HTTP server got last, byte for byte. */
let seen: Buffer | undefined
let upstream: Server
let daemon: RunningDaemon
let key: string
let freely: string

beforeAll(async () => {
  upstream = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    seen = Buffer.concat(chunks)
    const opens = seen.includes('"initialize"')
    res.writeHead(200, { 'content-type': 'application/json', ...(opens && { 'mcp-session-id': 'upstreams-own' }) })
    res.end('{"jsonrpc":"2.0","id":1,"result":{}}')
  })
  const http = { url: `${await listen(upstream)}/mcp` }
  const stdio = code(MIRROR)
  const doors = { keys: false, checkArguments: false }
  daemon = await startDaemon({
    config: {
      servers: {
        'http-open': { ...http, doors },
        'http-door': http,
        'stdio-open': { ...stdio, doors },
        'stdio-door': stdio,
      },
      doors: { keys: true, checkArguments: true },
    },
  })
  key = makeKey(daemon.dataDir, '--agent', 'odd', '--tools', 'echo,marked').key
  freely = makeKey(daemon.dataDir, '--agent', 'all').key
  for (const shown of [key, freely])
    await until(
      async () => (await post('http-door', json(initialize), { 'x-mcp-vitals-key': shown })).status === 200,
      10_000,
      () => 'the key never opened',
    )
})
afterAll(async () => {
  await daemon?.stop()
  upstream?.closeAllConnections()
  upstream?.close()
})

const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const marked = (value: unknown) => Buffer.concat([MARK, json(value)])

function post(server: string, body: Buffer, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const own = { 'content-type': 'application/json', 'x-mcp-vitals-key': key }
  return ask(`${daemon.url}/mcp/${server}`, { headers: { ...own, ...headers }, body })
}

/** Headers of a client that calls `echo`: of a session that `hello` opened, or of the era without sessions. */
async function headersOf(server: string, era: Era, hello = json(initialize), shown = key) {
  const own: Record<string, string> = { 'x-mcp-vitals-key': shown }
  if (era === 'modern') return { ...own, ...MODERN, 'mcp-name': 'echo' }
  const opened = await post(server, hello, own)
  expect(opened.status).toBe(200)
  return { ...own, 'mcp-session-id': String(opened.headers['mcp-session-id']) }
}

const call = (name: string, era: Era, id = 1) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: { text: 'ü' }, ...(era === 'modern' && { _meta: META }) },
})

/** What the stdio server got, of an answer of its own. */
function lineIn(answer: Answer): Buffer {
  const [message] = [answer.json()].flat() as unknown as { result: { line: string } }[]
  return Buffer.from(message!.result.line, 'hex')
}

test.each(WAYS)('%s, %s: a byte order mark before a message changes nothing', async (server, era) => {
  const headers = await headersOf(server, era, marked(initialize))
  const message = call('echo', era)
  seen = undefined
  const answer = await post(server, marked(message), headers)
  expect(answer.status).toBe(200)
  if (server.startsWith('http')) expect(seen).toEqual(marked(message))
  else expect({ ...JSON.parse(lineIn(answer).toString()), id: 1 }).toEqual(message)
})

test.each(SERVERS)('%s: nor does one before a batch', async (server) => {
  const headers = await headersOf(server, 'legacy')
  const batch = [call('echo', 'legacy', 1), call('echo', 'legacy', 2)]
  seen = undefined
  const answer = await post(server, marked(batch), { ...headers, accept: 'application/json' })
  expect(answer.status).toBe(200)
  if (server.startsWith('http')) expect(seen).toEqual(marked(batch))
  else expect(lineIn(answer)).toEqual(json(batch))
})

test.each([
  ['http-door', 'legacy'],
  ['http-door', 'modern'],
  ['stdio-door', 'legacy'],
  ['stdio-door', 'modern'],
] as const)('%s, %s: nor does it get a call past a door', async (server, era) => {
  const headers = await headersOf(server, era)
  const named = era === 'modern' ? { 'mcp-name': 'forbidden' } : {}
  seen = undefined
  const answer = await post(server, marked(call('forbidden', era)), { ...headers, ...named })
  expect(answer.json().error).toMatchObject({ code: -32602, message: expect.stringContaining('"forbidden"') })
  expect(seen).toBeUndefined()
})

test.each(['stdio-open', 'stdio-door'])('%s: a server may write the mark as well', async (server) => {
  for (const era of ['legacy', 'modern'] as const) {
    const headers = await headersOf(server, era)
    const named = era === 'modern' ? { 'mcp-name': 'marked' } : {}
    const began = daemon.lines().length
    const answer = await post(server, json(call('marked', era)), { ...headers, ...named })
    expect(JSON.parse(answer.text)).toMatchObject({ id: 1, result: {} })
    const ended = () =>
      daemon
        .lines()
        .slice(began)
        .find(({ event }) => event === 'tool_call_completed')
    await until(
      () => ended() !== undefined,
      10_000,
      () => 'the call never ended',
    )
    expect(ended()).toMatchObject({ server, name: 'marked', outcome: 'ok' })
  }
})

const MANY = 100_000
const odd = (args: string, rest = '') =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${args},"_meta":${JSON.stringify(META)}}${rest}}`
const bytes = (...parts: (string | readonly number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)))
const [before, after] = odd('{"text":"|"}').split('|') as [string, string]

const ODD: readonly (readonly [string, Buffer])[] = [
  ['a mark alone', MARK],
  ['two marks', Buffer.concat([MARK, marked(call('echo', 'modern'))])],
  ['a mark of UTF-16', Buffer.from(`\uFEFF${odd('{}')}`, 'utf16le')],
  ['bytes that are no UTF-8', bytes(before, [0xff, 0xc0, 0x80], after)],
  ['half a pair as bytes', bytes(before, [0xed, 0xa0, 0x80], after)],
  ['half a pair as an escape', bytes(before, '\\ud800', after)],
  ['a number without measure', bytes(odd('{"count":1e999}'))],
  ['an id without measure', bytes(odd('{}').replace('"id":1', '"id":1e999'))],
  ['lists without end', bytes(odd(`{"a":${'['.repeat(MANY)}${']'.repeat(MANY)}}`))],
  ['lists that never end', bytes('['.repeat(MANY))],
  ['objects without end', bytes(odd(`${'{"a":'.repeat(MANY)}1${'}'.repeat(MANY)}`))],
  ['lists as deep as are read', bytes(odd(`{"a":${'['.repeat(508)}${']'.repeat(508)}}`))],
  ['a key twice', bytes(odd('{}', ',"method":"tools/call"'))],
  ['keys of every object', bytes(odd('{"__proto__":{"a":1},"constructor":1}', ',"__proto__":null'))],
  ['parameters that are null', json({ ...call('echo', 'legacy'), params: null })],
  ['parameters that are a list', json({ ...call('echo', 'legacy'), params: [1] })],
  ['parameters that are a text', json({ ...call('echo', 'legacy'), params: 'echo' })],
  ['a name that is an object', json({ ...call('echo', 'legacy'), params: { name: { toString: 1 }, _meta: META } })],
  ['`_meta` that is null', json({ ...call('echo', 'legacy'), params: { name: 'echo', _meta: null } })],
  ['an id that is an object', bytes(odd('{}').replace('"id":1', '"id":{}'))],
  ['an id that is null', bytes(odd('{}').replace('"id":1', '"id":null'))],
  ['a method that is a number', bytes(odd('{}').replace('"tools/call"', '5'))],
  ['nothing', Buffer.alloc(0)],
  ['white space', bytes(' \r\n\t ')],
  ['a zero byte', bytes([0])],
  ...['null', 'true', '12', '1e999', '"tools/call"', '[]', '[null]', '[[]]', '{}'].map(
    (text) => [text, bytes(text)] as const,
  ),
  ['a batch', json([call('echo', 'modern', 1), call('echo', 'modern', 2)])],
  ['a batch with one id', json([call('echo', 'legacy', 1), call('echo', 'legacy', 1)])],
]

test.each(WAYS)('%s, %s: no body makes the gateway fail', async (server, era) => {
  for (const shown of [key, freely]) {
    const headers = await headersOf(server, era, json(initialize), shown)
    for (const [what, body] of ODD) {
      seen = undefined
      const answer = await post(server, body, headers)
      expect(answer.status, what).toBeLessThan(500)
      if (server === 'http-open') expect(body.equals(seen!), what).toBe(true)
      if (answer.status >= 400)
        expect(JSON.parse(answer.text), what).toMatchObject({
          jsonrpc: '2.0',
          error: { code: expect.any(Number), message: expect.stringMatching(/^[A-Z`].+\.$/) },
        })
      expect((await post(server, json(call('echo', era)), headers)).status, `after ${what}`).toBe(200)
    }
  }
  expect(daemon.process.exitCode).toBeNull()
})

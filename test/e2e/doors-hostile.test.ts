/** What somebody would send who wants more than his key allows: each is refused, and the server never sees it. */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { ask, call, keys, makeKey, rpc } from '../fixtures/door-clients.js'
import { until } from '../fixtures/until.js'
import { fixture, startHttpServer } from './gateway-harness.js'

const WAIT_MS = 20_000
let upstream: { readonly address: string; readonly process: ChildProcess }
let daemon: RunningDaemon
let reader: string
let all: string
// Keys are made before the daemon starts: one that it does not know yet would be a guess.
const dataDir = mkdtempSync(join(tmpdir(), 'mcp-vitals-hostile-'))

beforeAll(async () => {
  upstream = await startHttpServer((port) => [fixture('tools-server.mjs'), String(port)])
  const base = new URL(upstream.address).origin
  const paths = ['json', 'lax', 'paged', 'deep', 'coded', 'limited']
  reader = makeKey(dataDir, '--agent', 'reader', '--tools', 'read_*').key
  all = makeKey(dataDir, '--agent', 'all').key
  daemon = await startDaemon({
    dataDir,
    config: {
      servers: Object.fromEntries(paths.map((path) => [path, { url: `${base}/${path}` }])),
      doors: {
        keys: true,
        checkArguments: true,
        trustedProxies: ['127.0.0.1'],
        lockout: { failures: 3 },
        limits: { agent: { calls: 10_000, windowMs: 86_400_000 } },
      },
    },
  })
})

afterAll(async () => {
  await daemon?.stop()
  upstream?.process.kill()
  rmSync(dataDir, { recursive: true, force: true })
})

type Sent = Parameters<typeof ask>[1] & { readonly headers?: Record<string, string | string[]> }
const send = (server: string, { headers = {}, ...rest }: Sent) =>
  ask(`${daemon.url}/mcp/${server}`, { ...rest, headers: { 'X-MCP-Vitals-Key': reader, ...headers } })
const FORBIDDEN = JSON.stringify(call(1, 'write_note'))
const GOOD = JSON.stringify(call(1, 'read_note', { id: 1 }))

/** What the server was asked for so far, but for looks at what it has; this call left out. */
async function seen(): Promise<readonly string[]> {
  const answer = await send('json', { body: GOOD })
  const { text } = (answer.json() as { result: { content: { text: string }[] } }).result.content[0]!
  const all = (JSON.parse(text) as { seen: string[] }).seen
  return all.filter((name) => !/^(initialize|server\/discover|tools\/list|notifications\/)/.test(name))
}

const utf7 =
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_note","arguments":{"id":1},"_meta":{"x":"+ACIAfQAsACI-name+ACI:+ACI-write_note+ACI,+ACI-y+ACI:+AHsAIg-z+ACI:+ACI-"}}}'
const JSON_TYPE = 'application/json'

test.each<[string, string, Sent, number]>([
  ['another method that the server takes for POST', 'lax', { method: 'PUT', body: FORBIDDEN }, 200],
  [
    'a body of a method that has none',
    'lax',
    { method: 'DELETE', headers: { 'content-length': String(FORBIDDEN.length) }, body: FORBIDDEN },
    200,
  ],
  [
    'a body in chunks of such a method',
    'lax',
    { method: 'PATCH', headers: { 'transfer-encoding': 'chunked' }, body: FORBIDDEN },
    200,
  ],
  ['UTF-7', 'json', { headers: { 'content-type': `${JSON_TYPE}; charset=utf-7` }, body: utf7 }, 415],
  ['UTF-16', 'json', { headers: { 'content-type': `${JSON_TYPE};x=1; CharSet="UTF-16le"` }, body: GOOD }, 415],
  ['two types', 'json', { headers: { 'content-type': [JSON_TYPE, `${JSON_TYPE}; charset=utf-7`] }, body: utf7 }, 400],
  ['a type with an underscore', 'json', { headers: { Content_Type: `${JSON_TYPE}; charset=utf-7` }, body: utf7 }, 400],
  ['a compressed call', 'json', { headers: { 'content-encoding': 'gzip' }, body: gzipSync(FORBIDDEN) }, 415],
  ['a compression that is none', 'json', { headers: { 'content-encoding': 'identity, gzip' }, body: GOOD }, 415],
  ['a session under another spelling', 'json', { headers: { Mcp_Session_Id: 'session-1' }, body: GOOD }, 400],
  ['a method in the header', 'json', { headers: { 'Mcp-Method': 'tools/call' }, body: rpc(1, 'ping') }, 400],
  [
    'a call in the headers',
    'json',
    { headers: { 'Mcp-Method': 'tools/call', 'Mcp-Name': 'write_note' }, body: GOOD },
    400,
  ],
  [
    'the key for the server as well',
    'json',
    { headers: { 'X-Copy': `mcpv_000000000000_${'a'.repeat(43)}` }, body: GOOD },
    400,
  ],
  ['more messages than anybody sends', 'json', { body: JSON.stringify(Array(1001).fill(rpc(1, 'ping'))) }, 400],
])('%s is no way around', async (_, server, sent, status) => {
  const before = await seen()
  const answer = await send(server, sent)
  expect(answer.status, answer.text).toBe(status)
  expect(answer.json().error?.message).toBeTruthy()
  expect((await seen()).slice(before.length)).toEqual(['read_note'])
})

/** Sends bytes as they are, and gives all that comes back until the other side ends, or nothing more is due. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(daemon.url)
    let back = ''
    const socket = connect(Number(port), hostname, () => socket.write(text))
    socket.setEncoding('utf8').on('data', (chunk) => {
      back += chunk
    })
    socket.once('close', () => resolve(back)).once('error', reject)
  })
}

const HEAD = () =>
  `POST /mcp/json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: ${JSON_TYPE}\r\nX-MCP-Vitals-Key: ${reader}\r\n`
const chunked = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

test.each([
  ['two lengths', () => `${HEAD()}Content-Length: 4\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`],
  ['a length beside chunks', () => `${HEAD()}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(GOOD)}`],
  ['chunks in disguise', () => `${HEAD()}Transfer-Encoding: xchunked\r\n\r\n${chunked(GOOD)}`],
  ['chunks twice', () => `${HEAD()}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n${chunked(GOOD)}`],
  [
    'a header that goes on in the next line',
    () => `${HEAD()}X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n${chunked(GOOD)}`,
  ],
  ['a space before the colon', () => `${HEAD()}Content-Length : ${GOOD.length}\r\n\r\n${GOOD}`],
])('%s let nothing be smuggled', async (_, text) => {
  const before = await seen()
  expect(await raw(text())).toMatch(/^HTTP\/1\.1 4\d\d /)
  expect((await seen()).slice(before.length)).toEqual(['read_note'])
})

test('who asks for one page of the tools alone does not undo the checks of the others', async () => {
  const list = (cursor?: string) => send('paged', { body: rpc(1, 'tools/list', cursor ? { cursor } : {}) })
  for (const cursor of [undefined, '1', '2', undefined]) expect((await list(cursor)).status).toBe(200)
  const bad = { headers: { 'X-MCP-Vitals-Key': all }, body: call(1, 'write_note', { text: 7 }) }
  expect((await send('paged', bad)).json().error).toMatchObject({ code: -32602, data: { keyword: 'type' } })
})

test('a schema that is nested without measure is kept back, and ends nothing', async () => {
  const { status, text } = await send('deep', { body: rpc(1, 'tools/list') })
  expect([status, text.includes('write_deep')]).toEqual([502, false])
  expect(await seen()).not.toContain('write_note')
})

test('a list of tools that is compressed for its way cannot be read, and is kept back', async () => {
  const { status, headers, json } = await send('coded', { body: rpc('list', 'tools/list') })
  expect([status, headers['transfer-encoding'] ?? 'none']).toEqual([502, 'none'])
  expect(json()).toMatchObject({ id: 'list', error: { code: -32000 } })
})

test('limits are told beside those of the server', async () => {
  const { rawHeaders, headers } = await send('limited', { body: GOOD })
  expect(headers['ratelimit-policy']).toBe('"agent";q=10000;w=86400')
  expect(rawHeaders.filter((_, at) => rawHeaders[at - 1]?.toLowerCase() === 'ratelimit')).toEqual([
    '"upstream";r=7',
    expect.stringMatching(/^"agent";r=99\d\d;t=\d$/),
  ])
})

test('guesses lock one /64 alone, and are told of in event, log and metric; who was there before stays', async () => {
  const from = (address: string, key: string) =>
    send('json', { headers: { 'X-Forwarded-For': `198.51.100.9, ${address}`, 'X-MCP-Vitals-Key': key }, body: GOOD })
  const guess = `mcpv_000000000000_${'a'.repeat(43)}`
  expect((await from('2001:db8::1', reader)).status).toBe(200)
  for (const end of ['2', '3', '4']) expect((await from(`2001:db8::${end}`, guess)).status).toBe(401)
  const locked = await from('2001:db8::5', guess)
  expect([locked.status, Number(locked.headers['retry-after'])]).toEqual([429, expect.closeTo(900, -2)])
  expect((await from('2001:db8::6', reader)).status).toBe(200)
  expect((await from('2001:db8:0:1::1', guess)).status).toBe(401)
  await until(
    () => daemon.lines().some(({ event, type, kind }) => event === 'security' && (kind ?? type) === 'AUTH_LOCKOUT'),
    WAIT_MS,
    () => daemon.stdout(),
  )
  expect(daemon.lines()).toContainEqual(expect.objectContaining({ event: 'auth', action: 'locked_out' }))
  expect(await metric(daemon.url, 'mcp_security_events_total', { type: 'AUTH_LOCKOUT', severity: 'HIGH' })).toBe(1)
  expect(await metric(daemon.url, 'mcp_auth_failures_total', { server: 'json', reason: 'locked_out' })).toBe(2)
  expect(await metric(daemon.url, 'mcp_auth_failures_total', { server: 'json', reason: 'unknown' })).toBe(4)
  expect(keys(daemon.dataDir, 'list').out).not.toContain(guess.slice(-43))
})

import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Client as SdkClient, SSEClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport as SseTransportV1 } from '@modelcontextprotocol/sdk/client/sse.js'
import { ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterEach, expect, test } from 'vitest'
import { gatewayOptions } from '../../packages/server/src/sources/http-proxy/index.js'
import { callText, code, fixture, type Harness, REAL, runs, script, serve, until } from './gateway-harness.js'
import { ENDPOINT, openStream } from './gateway-sse-harness.js'

let harness: Harness
afterEach(() => harness.stop())

const legacy = script(fixture('legacy-server.mjs'))
/** Answers nothing, ever. */
const mute = code('process.stdin.resume()')

async function connectV1(address: URL | string, capabilities: object = {}) {
  const client = new ClientV1({ name: 'v1', version: '1.0.0' }, { capabilities })
  await client.connect(new SseTransportV1(new URL(address)))
  return client
}

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 'i-1',
  method: 'initialize',
  params: { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
}

/** A stream, with what is posted to the address that it announced. */
async function openRaw(server: string) {
  const stream = await openStream(`${harness.address(server)}/sse`)
  await until(() => ENDPOINT.test(stream.text), 'the address came')
  const [announcement, address] = ENDPOINT.exec(stream.text)!
  expect(stream.text.startsWith(announcement!)).toBe(true)
  const post = (body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    fetch(new URL(address!, harness.origin), {
      method: 'POST',
      headers,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  /** Every message that came. */
  const messages = () =>
    [...stream.text.matchAll(/^event: message\ndata: (.*)\n\n/gm)].map(([, data]) => JSON.parse(data!))
  return { stream, address: address!, post, messages }
}

test('everything with both clients, at either address; each stream is a session with a process of its own', async () => {
  harness = await serve({ everything: script(REAL.everything, 'stdio'), legacy })
  const newest = new SdkClient({ name: 'v2', version: '1.0.0' })
  await newest.connect(new SSEClientTransport(harness.address('everything')))
  expect(await callText(newest, 'echo', { message: 'hello' })).toBe('Echo: hello')
  const progress: number[] = []
  await newest.callTool(
    { name: 'trigger-long-running-operation', arguments: { duration: 0.2, steps: 4 } },
    { onprogress: (notice) => progress.push(notice.progress) },
  )
  expect(progress.slice(0, 3)).toEqual([1, 2, 3])
  await newest.close()
  const clients = await Promise.all(['', '/sse'].map((path) => connectV1(`${harness.address('legacy')}${path}`)))
  const pids = await Promise.all(clients.map((client) => callText(client, 'pid')))
  expect(new Set(pids).size).toBe(2)
  await until(() => harness.gateway.stats().sessions === 2, 'the first session ended, and two are open')
  expect(await callText(clients[0]!, 'bytes', { size: 4_000_000 })).toHaveLength(4_000_000)
  for (const client of clients) await client.close()
  await until(() => harness.gateway.stats().processes === 0, 'the processes ended with their streams')
  expect(pids.filter((pid) => runs(Number(pid)))).toEqual([])
  expect(harness.gateway.stats().sessions).toBe(0)
  expect(harness.ofType('session.opened').map(({ transport }) => transport)).toEqual(['sse', 'sse', 'sse'])
  expect(harness.ofType('session.closed').map(({ reason }) => reason)).toEqual(['client', 'client', 'client'])
  const http = harness.ofType('http')
  expect(new Set(http.map(({ method, status }) => `${method} ${status}`))).toEqual(new Set(['GET 200', 'POST 202']))
  for (const { method, transport, durationMs } of http) {
    expect(transport).toBe('sse')
    expect(durationMs === undefined).toBe(method === 'GET')
  }
})

test('what the server asks, and what the client takes back, cross both ways', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'gateway-sse-'))
  harness = await serve({ legacy, filesystem: script(REAL.filesystem, dir) })
  const client = new SdkClient({ name: 'v2', version: '1' }, { capabilities: { sampling: {}, elicitation: {} } })
  client.setRequestHandler('sampling/createMessage', () => ({
    model: 'm',
    role: 'assistant',
    content: { type: 'text', text: 'sampled' },
  }))
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }))
  await client.connect(new SSEClientTransport(harness.address('legacy')))
  expect(await callText(client, 'sample')).toBe('sampled')
  expect(await callText(client, 'elicit')).toBe('accept Ada')
  const stop = new AbortController()
  const hanging = client.callTool({ name: 'hang', arguments: {} }, { signal: stop.signal })
  const outcomeOf = (name: string) => harness.ofType('request.ended').find((ended) => ended.name === name)?.outcome
  await until(() => harness.ofType('request.started').some(({ name }) => name === 'hang'), 'the call is in flight')
  stop.abort()
  await expect(hanging).rejects.toThrow()
  await until(() => outcomeOf('hang') === 'cancelled', 'the call was cancelled')
  expect(Number(await callText(client, 'pid'))).toBeGreaterThan(0)
  await client.close()

  const rooted = new ClientV1({ name: 'v1', version: '1' }, { capabilities: { roots: { listChanged: true } } })
  let asked = 0
  rooted.setRequestHandler(ListRootsRequestSchema, () => {
    asked++
    return { roots: [{ uri: pathToFileURL(dir).href, name: 'dir' }] }
  })
  await rooted.connect(new SseTransportV1(harness.address('filesystem')))
  await until(() => asked === 1, 'roots/list reached the client')
  await rooted.close()
  rmSync(dir, { recursive: true })
})

test('only an old client’s GET opens a stream; POSTs need one that is open, and bodies that are messages', async () => {
  harness = await serve({ legacy })
  const at = `${harness.address('legacy')}`
  const status = async (path: string, headers: Record<string, string>) => {
    const opened = await openStream(`${at}${path}`, headers)
    opened.close()
    return opened.status
  }
  expect(await status('', { accept: '*/*' })).toBe(400)
  expect(await status('', { 'mcp-protocol-version': '2025-06-18' })).toBe(400)
  expect(await status('', { 'mcp-protocol-version': '2026-07-28' })).toBe(405)
  expect(await status('', { 'mcp-session-id': 'x' })).toBe(404)
  expect(await status('', { 'last-event-id': '1' })).toBe(400)
  expect(await status('/sse', { accept: 'application/json' })).toBe(406)
  expect(harness.ofType('process.started')).toEqual([])
  const { stream, address, post, messages } = await openRaw('legacy')
  expect(address).toMatch(/^\/mcp\/legacy\/message\?sessionId=[\w-]{36}$/)
  expect((await fetch(new URL(address, at), { method: 'POST', body: '{}' })).status).toBe(415)
  expect((await post('{"jsonrpc"')).status).toBe(400)
  expect((await post({ ...INITIALIZE, id: 'w' })).status).toBe(202)
  await until(() => messages().length === 1, 'initialize was answered')
  const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'hang' } }
  expect((await post(call)).status).toBe(202)
  expect((await post(call)).status).toBe(400)
  for (const other of ['/mcp/legacy/message', `${address}x`])
    expect(
      (
        await fetch(new URL(other, at), {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(call),
        })
      ).status,
    ).toBe(404)
  stream.close()
  await until(() => harness.gateway.stats().processes === 0, 'the session ended')
  expect((await post(call)).status).toBe(404)
  expect(harness.ofType('request.ended').find(({ name }) => name === 'hang')?.outcome).toBe('cancelled')
})

test('beyond the cap a stream is refused with 503 and Retry-After, until another is closed', async () => {
  harness = await serve({ legacy }, { maxChildren: 1, reclaimIdleMs: 1 })
  const first = await openRaw('legacy')
  const refused = await openStream(harness.address('legacy'))
  await until(() => refused.over === 'end', 'the refusal came whole')
  expect(refused.status).toBe(503)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect(JSON.parse(refused.text)).toMatchObject({ error: { data: { code: 'TOO_MANY_CHILDREN' } } })
  first.stream.close()
  await until(() => harness.gateway.stats().processes === 0, 'there is room again')
  expect((await openStream(harness.address('legacy'))).status).toBe(200)
})

test('a process that ends is told to every call on the stream, which then ends', async () => {
  harness = await serve({ legacy })
  const client = await connectV1(harness.address('legacy'))
  const closed = new Promise<void>((resolve) => {
    client.onclose = resolve
    client.onerror = () => resolve()
  })
  const calls = await Promise.allSettled([callText(client, 'hang'), callText(client, 'die')])
  for (const call of calls)
    expect(call).toMatchObject({
      reason: { message: expect.stringContaining('ended before it answered (exit status 9)') },
    })
  await closed
  await client.close()
  await until(() => harness.ofType('session.closed').length === 1, 'the session ended')
  expect(harness.ofType('session.closed')[0]).toMatchObject({ reason: 'server' })
  const ended = harness.ofType('request.ended').filter(({ method }) => method === 'tools/call')
  expect(ended.map(({ outcome }) => outcome)).toEqual(['process_exit', 'process_exit'])
})

test('a server that cannot start is told as the answer to the first question', async () => {
  harness = await serve({ absent: { ...legacy, command: '/does/not/exist' } })
  const { stream, post, messages } = await openRaw('absent')
  await until(() => harness.gateway.stats().processes === 0, 'the start failed')
  expect(stream.over).toBe(undefined)
  expect((await post(INITIALIZE)).status).toBe(202)
  await until(() => stream.over === 'end', 'the stream ended')
  expect(messages()).toMatchObject([{ id: 'i-1', error: { data: { code: 'SERVER_NOT_FOUND' } } }])
  expect(harness.ofType('request.ended')).toMatchObject([{ method: 'initialize', outcome: 'process_exit' }])
})

test('a server that does not answer `initialize` in time, and a client that never asks', async () => {
  harness = await serve({ mute }, { startTimeoutMs: 2_000 })
  const silent = await openRaw('mute')
  const asking = await openRaw('mute')
  await asking.post(INITIALIZE)
  await until(() => asking.stream.over === 'end' && silent.stream.over === 'end', 'both streams ended')
  expect(asking.messages()).toMatchObject([{ id: 'i-1', error: { data: { code: 'SERVER_SILENT' } } }])
  expect(silent.messages()).toEqual([])
  await until(() => harness.gateway.stats().processes === 0, 'both processes ended')
})

test('a stop waits for calls in flight, and not for streams', async () => {
  harness = await serve({ everything: script(REAL.everything, 'stdio') }, { stopGraceMs: 20_000 })
  const client = await connectV1(harness.address('everything'))
  const idle = await openRaw('everything')
  const call = callText(client, 'trigger-long-running-operation', { duration: 1, steps: 1 })
  await until(() => harness.ofType('request.started').some(({ method }) => method === 'tools/call'), 'the call began')
  const stopped = harness.stop()
  expect(await call).toContain('completed')
  await stopped
  await until(() => idle.stream.over !== undefined, 'the idle stream ended')
  expect(harness.ofType('session.closed')).toMatchObject([{ reason: 'shutdown' }])
  await client.close()
})

test('a server that leaves the setting takes the answer that its call in flight waits for', async () => {
  harness = await serve({ legacy }, { stopGraceMs: 20_000 })
  const client = new SdkClient({ name: 'v2', version: '1' }, { capabilities: { sampling: {} } })
  let answer:
    | ((value: { model: string; role: 'assistant'; content: { type: 'text'; text: string } }) => void)
    | undefined
  client.setRequestHandler(
    'sampling/createMessage',
    () =>
      new Promise((resolve) => {
        answer = resolve
      }),
  )
  await client.connect(new SSEClientTransport(harness.address('legacy')))
  const call = callText(client, 'sample')
  await until(() => answer !== undefined, 'the server asked')
  const changed = harness.gateway.change({ servers: {}, options: gatewayOptions.parse({}) })
  expect((await openStream(harness.address('legacy'))).status).toBe(404)
  answer?.({ model: 'm', role: 'assistant', content: { type: 'text', text: 'sampled' } })
  expect(await call).toBe('sampled')
  await changed
  expect(harness.gateway.stats().processes).toBe(0)
  await client.close()
})

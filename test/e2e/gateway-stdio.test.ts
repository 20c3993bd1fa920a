import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callText, code, connect, fixture, type Harness, REAL, runs, script, serve, until } from './gateway-harness.js'

let harness: Harness
const dir = mkdtempSync(join(tmpdir(), 'gateway-'))

/** Holds numbers as 64-bit floats, and writes those beyond 2^53 as texts where the method says so. Answers four calls at once. */
const FLOATS = `const calls = []
  require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line)
    const say = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }))
    if (method === 'initialize') say({ id, result: { protocolVersion: params.protocolVersion, capabilities: {} } })
    if (method === 'tools/call' && calls.push({ id, params }) === 4)
      for (const { id, params: { name, digits, _meta } } of calls) {
        say({ method: 'notifications/progress', params: { progressToken: _meta.progressToken, progress: 1 } })
        say({ id: name === 'text' ? digits : id, result: { content: [], digits } })
      }
  })`

beforeAll(async () => {
  harness = await serve({
    everything: script(REAL.everything, 'stdio'),
    memory: { ...script(REAL.memory), env: { MEMORY_FILE_PATH: join(dir, 'memory.jsonl') } },
    filesystem: script(REAL.filesystem, dir),
    thinking: script(REAL.sequentialThinking),
    calc: script(REAL.calc),
    legacy: script(fixture('legacy-server.mjs')),
    floats: code(FLOATS),
  })
})
afterAll(async () => {
  await harness.stop()
  rmSync(dir, { recursive: true })
})

test.each([
  ['legacy', {}],
  ['auto', { versionNegotiation: { mode: 'auto' as const } }],
])('everything: tools, progress, errors, resources and prompts, with the v2 client (%s)', async (_, options) => {
  const { client, transport, call } = await connect(harness.address('everything'), options)
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo')
  expect(await call('echo', { message: 'hello' })).toBe('Echo: hello')
  expect(await call('get-sum', { a: 2, b: 3 })).toContain('5')
  const progress: number[] = []
  await client.callTool(
    { name: 'trigger-long-running-operation', arguments: { duration: 0.2, steps: 4 } },
    { onprogress: (notice) => progress.push(notice.progress) },
  )
  expect(progress).toEqual([1, 2, 3, 4])
  const wrong = await client.callTool({ name: 'get-sum', arguments: { a: 'two', b: 3 } })
  expect(wrong.isError).toBe(true)
  const { resources } = await client.listResources()
  expect((await client.readResource({ uri: resources[0]!.uri })).contents).toHaveLength(1)
  expect((await client.getPrompt({ name: 'simple-prompt' })).messages).not.toHaveLength(0)
  await client.ping()
  expect(transport.sessionId).toMatch(/^[0-9a-f-]{36}$/)
  await transport.terminateSession()
  await client.close()
})

test('everything with the v1 client, and two sessions have two processes', async () => {
  const one = new ClientV1({ name: 'v1', version: '1.0.0' })
  const two = new ClientV1({ name: 'v1', version: '1.0.0' })
  await one.connect(new TransportV1(harness.address('legacy')))
  await two.connect(new TransportV1(harness.address('legacy')))
  const pids = await Promise.all([callText(one, 'pid'), callText(two, 'pid')])
  expect(new Set(pids).size).toBe(2)
  for (const client of [one, two]) {
    await (client.transport as TransportV1).terminateSession()
    await client.close()
  }
  await until(() => pids.every((pid) => !runs(Number(pid))), 'the processes of ended sessions are gone')
})

test('memory keeps what it is told, also when 20 calls are in flight at once', async () => {
  const { client, call } = await connect(harness.address('memory'))
  await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      call('create_entities', { entities: [{ name: `n${at}`, entityType: 'note', observations: ['seen'] }] }),
    ),
  )
  expect(JSON.parse(await call('read_graph')).entities.length).toBeGreaterThan(0)
  await client.close()
})

test('filesystem asks the client for its roots', async () => {
  writeFileSync(join(dir, 'note.txt'), 'read me')
  const client = new ClientV1({ name: 'v1', version: '1.0.0' }, { capabilities: { roots: { listChanged: true } } })
  let asked = 0
  client.setRequestHandler(ListRootsRequestSchema, () => {
    asked++
    return { roots: [{ uri: pathToFileURL(dir).href, name: 'dir' }] }
  })
  await client.connect(new TransportV1(harness.address('filesystem')))
  await until(() => asked === 1, 'roots/list reached the client')
  expect(await callText(client, 'read_text_file', { path: join(dir, 'note.txt') })).toBe('read me')
  await client.close()
})

test('sequential thinking and calc answer', async () => {
  const thinking = await connect(harness.address('thinking'))
  const thought = { thought: 'a', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }
  expect(await thinking.call('sequentialthinking', thought)).toContain('"thoughtNumber": 1')
  const calc = await connect(harness.address('calc'))
  const { tools } = await calc.client.listTools()
  expect(tools.length).toBeGreaterThan(10)
  await Promise.all([thinking.client.close(), calc.client.close()])
})

test('sampling and elicitation cross during a call', async () => {
  const { client, call } = await connect(harness.address('legacy'), { capabilities: { sampling: {}, elicitation: {} } })
  client.setRequestHandler('sampling/createMessage', () => ({
    model: 'm',
    role: 'assistant',
    content: { type: 'text', text: 'sampled' },
  }))
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }))
  expect(await call('sample')).toBe('sampled')
  expect(await call('elicit')).toBe('accept Ada')
  await client.close()
})

test('a process gets a small environment', async () => {
  const { client, call } = await connect(harness.address('legacy'))
  const names = (await call('environment')).split(' ')
  expect(names).toContain('PATH')
  expect(names).not.toContain('VITEST')
  await client.close()
})

test('an answer of 4 MB comes whole', async () => {
  const { client, call } = await connect(harness.address('legacy'))
  expect(await call('bytes', { size: 4_000_000 })).toHaveLength(4_000_000)
  await client.close()
})

test('junk on standard output is counted and goes no further', async () => {
  const { client, call } = await connect(harness.address('legacy'))
  const faults: unknown[] = []
  client.onerror = (error) => faults.push(error)
  const before = harness.gateway.stats().junkLines
  expect(await call('junk')).toBe('said')
  expect(harness.gateway.stats().junkLines - before).toBe(2)
  expect(faults).toEqual([])
  await client.close()
})

test('a cancelled call ends, and the session goes on', async () => {
  const { client, call } = await connect(harness.address('legacy'))
  await call('pid')
  const quiet = harness.gateway.stats().inFlight
  const stop = new AbortController()
  const hanging = client.callTool({ name: 'hang', arguments: {} }, { signal: stop.signal })
  await until(() => harness.gateway.stats().inFlight > quiet, 'the call is in flight')
  stop.abort()
  await expect(hanging).rejects.toThrow()
  await until(() => harness.gateway.stats().inFlight === quiet, 'the cancelled call is answered to its end')
  expect(Number(await call('pid'))).toBeGreaterThan(0)
  await client.close()
})

test('ids and tokens beyond 2^53 are answered, whatever their server holds them in', async () => {
  const post = async (id: string, method: string, params: object, session?: string) => {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const answer = await fetch(harness.address('floats'), {
      method: 'POST',
      headers: { ...headers, ...(session !== undefined && { 'mcp-session-id': session }) },
      body: `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${JSON.stringify(params).replaceAll('"BIG"', id)}}`,
    })
    return [await answer.text(), answer.headers.get('mcp-session-id') ?? undefined] as const
  }
  const clientInfo = { name: 'floats', version: '1' }
  const opening = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  const [, session] = await post('12345678901234567890', 'initialize', opening)
  const calls = [
    ['9007199254740993', 'float'],
    ['9007199254740992', 'float'],
    ['-98765432109876543210', 'text'],
    ['1234567890123456789012345', 'float'],
  ] as const
  const answers = await Promise.all(
    calls.map(([id, name]) => post(id, 'tools/call', { name, digits: id, _meta: { progressToken: 'BIG' } }, session)),
  )
  for (const [index, [text]] of answers.entries()) {
    expect(text).toContain('"progress":1')
    // The first two became the same number at their server: nobody can tell any more which is which.
    if (index > 1) expect(text).toContain(`"digits":"${calls[index]![0]}"`)
    else expect(text).toMatch(/"digits":"900719925474099[23]"/)
  }
  const ended = harness
    .ofType('request.ended')
    .filter(({ server, method }) => server === 'floats' && method === 'tools/call')
  expect(ended.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok'])
})

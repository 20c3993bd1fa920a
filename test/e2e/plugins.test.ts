/** Command-line programs as tools, through the gateway, as real clients of every kind meet them. */
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, SSEClientTransport as NewSSETransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StdioClientTransport as OldStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Event, EventOf, EventType } from '../../packages/instrument/src/event/index.js'
import { pluginsEntry } from '../../packages/server/src/plugins/options.js'
import {
  createGateway,
  type Door,
  type Gateway,
  gatewayOptions,
} from '../../packages/server/src/sources/http-proxy/index.js'
import { createPluginHost, type Look } from '../../packages/server/src/sources/plugins/index.js'
import { CLI } from '../fixtures/daemon.js'
import { promises } from '../requirements.js'
import { connect, fixture, listen, runs, until } from './gateway-harness.js'

/** A copy that tests may change, with what a stranger may have lying about. */
const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-plugins-'))
const dir = join(home, 'plugins')
const PID_FILE = join(home, 'pid')
const events: Event[] = []
const looks: Look[] = []
let door: Door | undefined
let gateway: Gateway
let server: Server
let origin: string

const of = <T extends EventType>(type: T) => {
  gateway.settle()
  return events.filter((event): event is Extract<Event, { type: T }> => event.type === type)
}
const address = () => new URL(`${origin}/mcp/plugins`)

beforeAll(async () => {
  cpSync(fixture('plugins'), dir, { recursive: true })
  const entry = pluginsEntry.parse({
    plugins: dir,
    env: { PID_FILE },
    graceMs: 200,
    maxOutputBytes: 100_000,
    memoryBytes: 1_073_741_824,
    cpuSeconds: 20,
  })
  process.env.NOT_FOR_PLUGINS = 'secret'
  gateway = createGateway({
    servers: { plugins: entry },
    options: gatewayOptions.parse({ stopGraceMs: 2000 }),
    publish: (event) => void events.push(event),
    now: Date.now,
    clock: () => performance.now(),
    doorOf: () => door,
    openHost: (name, _, publish) => {
      const host = createPluginHost({
        ...{ server: name, version: '1.0.0', entry, publish, now: Date.now, clock: () => performance.now() },
        onLook: (look) => looks.push(look),
      })
      void host.start()
      return host
    },
  })
  await gateway.start()
  server = createServer((req, res) => gateway.handle('plugins', req, res))
  origin = await listen(server)
  await vi.waitFor(() => expect(looks).not.toEqual([]), 100_000)
})

afterAll(async () => {
  await gateway.stop()
  server.closeAllConnections()
  server.close()
  rmSync(home, { recursive: true, force: true })
})

interface Answer {
  readonly content: readonly { readonly type: string; readonly text: string }[]
  readonly structuredContent?: unknown
  readonly isError?: boolean
}
type Calls = Pick<Client, 'callTool'>

async function called(client: Calls, name: string, args: Record<string, unknown> = {}) {
  const { content, structuredContent, isError } = (await client.callTool({ name, arguments: args })) as Answer
  return { text: content.map(({ text }) => text).join('\n'), structuredContent, isError }
}

const CLIENTS: readonly (readonly [
  name: string,
  open: () => Promise<{ client: Calls & Pick<Client, 'listTools' | 'close'> }>,
])[] = [
  ['the SDK 2 of today', () => connect(address(), { versionNegotiation: { mode: 'auto' } })],
  ['the SDK 2, with sessions', () => connect(address())],
  [
    'the SDK 2 over HTTP+SSE',
    async () => {
      const client = new Client({ name: 'older', version: '1.0.0' })
      await client.connect(new NewSSETransport(new URL(`${origin}/sse`)))
      return { client }
    },
  ],
  [
    'the SDK 1',
    async () => {
      const client = new OldClient({ name: 'old', version: '1.0.0' })
      await client.connect(new OldTransport(address()) as never)
      return { client: client as never }
    },
  ],
  [
    'the SDK 1 over HTTP+SSE',
    async () => {
      const client = new OldClient({ name: 'older', version: '1.0.0' })
      await client.connect(new SSEClientTransport(new URL(`${origin}/sse`)) as never)
      return { client: client as never }
    },
  ],
]

describe.each(CLIENTS)('a client of %s', (_, open) => {
  test(`lists the tools and calls them. ${promises('B4.plugin.discovery', 'B4.plugin.result')}`, async () => {
    const { client } = await open()
    const { tools } = await client.listTools()
    const send = tools.find(({ name }) => name === 'botfather.send-message')
    expect(send).toMatchObject({
      description: 'Send a message',
      inputSchema: { type: 'object', required: ['message'], properties: { times: { type: 'integer', default: 1 } } },
    })
    expect(
      await called(client, 'botfather.send-message', { message: '/help', times: 2, tags: ['a', 'b'] }),
    ).toMatchObject({
      structuredContent: { command: 'send-message', message: '/help', times: 2, tags: ['a', 'b'], quiet: false },
    })
    expect(await called(client, 'shell.say', { text: '--no; $(id) "x"' })).toMatchObject({ text: '--no; $(id) "x"' })
    expect(await called(client, 'botfather.fail', { status: 4 })).toMatchObject({
      isError: true,
      text: 'half a result\nbotfather.fail failed with exit status 4.\nthe bot said no',
    })
    await expect(called(client, 'botfather.send-message', { message: 'a', mode: 'never' })).rejects.toThrow(
      /one of quick, slow/,
    )
    await expect(called(client, 'botfather.nothing')).rejects.toThrow(/There is no tool "botfather.nothing"/)
    await client.close()
  })
})

test(`what was found is told, and why a folder was not taken`, async () => {
  await until(() => looks.length > 0, 'a look')
  expect(looks[0]?.tools.map(({ name }) => name)).toEqual([
    ...['send-message', 'click-button', 'work', 'fail'].map((name) => `botfather.${name}`),
    ...'hang stubborn crash flood junk fork stderr env limits where'.split(' ').map((name) => `hostile.${name}`),
    ...['hold', 'say', 'count', 'deaf'].map((name) => `one.${name}`),
    ...['quick.echo', 'quick.first', 'shell.say', 'shell.options'],
  ])
  expect(looks[0]?.notTaken).toEqual([])
})

test('what passes is told: calls with their session, jobs and runs', async () => {
  const { client } = await connect(address())
  events.length = 0
  await called(client, 'quick.echo', { text: 'hi' })
  await called(client, 'botfather.fail')
  await until(() => of('request.ended').length === 2, 'both calls ended')
  const { session } = of('request.ended')[0]!
  expect(session).toMatch(/./)
  expect(of('request.ended')).toMatchObject([
    { name: 'quick.echo', outcome: 'ok', status: 200, session },
    { name: 'botfather.fail', outcome: 'tool_error', status: 500, session },
  ])
  expect(of('queue').filter(({ plugin }) => plugin === 'quick')).toMatchObject([
    { server: 'plugins', session, action: 'entered', size: 1 },
    { server: 'plugins', session, action: 'started', size: 0, waitMs: expect.any(Number) },
    { server: 'plugins', session, action: 'left', size: 0 },
  ])
  expect(of('plugin')).toMatchObject([
    { server: 'plugins', session, plugin: 'quick', command: 'echo', outcome: 'ok' },
    { server: 'plugins', session, plugin: 'botfather', command: 'fail', outcome: 'tool_error' },
  ])
  expect(of('process.started')).toEqual([])
  expect([...gateway.loads().values()]).toMatchObject([{ children: 0, orphans: 0 }])
  await client.close()
})

test.each([
  ['legacy', {}],
  ['modern', { versionNegotiation: { mode: 'auto' as const } }],
])('progress reaches a %s client, and its leaving ends the program', async (_, options) => {
  const { client } = await connect(address(), options)
  const steps: unknown[] = []
  const name = 'botfather.work'
  const onprogress = (progress: unknown) => void steps.push(progress)
  const { content } = (await client.callTool({ name, arguments: { steps: 3 } }, { onprogress })) as Answer
  expect(content).toEqual([{ type: 'text', text: 'done' }])
  expect(steps).toEqual([1, 2, 3].map((progress) => ({ progress, total: 3, message: `step ${progress}` })))
  events.length = 0
  const stop = new AbortController()
  const call = client.callTool({ name, arguments: { steps: 100, seconds: 600 } }, { signal: stop.signal })
  call.catch(() => {})
  await until(() => of('queue').some(({ action }) => action === 'started'), 'it runs')
  stop.abort()
  await expect(call).rejects.toThrow()
  await until(() => of('plugin').length === 1, 'it ended')
  expect(of('plugin')).toMatchObject([{ command: 'work', outcome: 'cancelled' }])
  await client.close()
})

describe('a program that', () => {
  let client: Client
  beforeAll(async () => {
    client = (await connect(address())).client
  })
  afterAll(() => client.close())
  const ended = async (command: string): Promise<EventOf<'plugin'> | undefined> => {
    await until(() => of('plugin').some((event) => event.command === command), `${command} ended`)
    return of('plugin').findLast((event) => event.command === command)
  }

  test.each([
    ['hangs', 'hang', /^hostile\.hang was ended, as it took longer than 0\.3 s\.$/, 'timeout'],
    ['crashes', 'crash', /^hostile\.crash was ended by signal SIGSEGV\.$/, 'process_exit'],
    ['floods', 'flood', /^[y\n]*hostile\.flood was ended, as it printed more than 100000 bytes\.$/, 'process_exit'],
    [
      'says much where errors go',
      'stderr',
      /^hostile\.stderr failed with exit status 3\.\nx{4081}the last words$/,
      'tool_error',
    ],
  ])('%s is a tool error', async (_, command, words, outcome) => {
    const answer = await called(client, `hostile.${command}`)
    expect(answer).toMatchObject({ isError: true, text: expect.stringMatching(words) })
    expect(await ended(command)).toMatchObject({ outcome })
    // A result that says that it failed, as of every other server.
    expect(of('request.ended').at(-1)).toMatchObject({ outcome: 'tool_error', status: 500 })
    expect(await called(client, 'quick.echo', { text: 'after it' })).toMatchObject({ text: 'after it' })
  })

  test('prints junk is a text', async () =>
    expect(await called(client, 'hostile.junk')).toEqual({
      text: 'a\ufffd\0b{"',
      structuredContent: undefined,
      isError: undefined,
    }))

  test('leaves others behind has them ended', async () => {
    const { text } = await called(client, 'hostile.fork')
    expect(text).toMatch(/^\d+$/)
    await until(() => !runs(Number(text)), 'what it left behind is gone')
  })

  test('ignores SIGTERM is ended all the same', async () => {
    const stop = new AbortController()
    const call = client.callTool({ name: 'hostile.stubborn', arguments: {} }, { signal: stop.signal })
    call.catch(() => {})
    await until(() => existsSync(PID_FILE) && readFileSync(PID_FILE, 'utf8') !== '', 'it runs')
    stop.abort()
    const pid = Number(readFileSync(PID_FILE, 'utf8'))
    await until(() => !runs(pid), 'it is gone')
    expect(await ended('stubborn')).toMatchObject({ outcome: 'cancelled' })
  })

  test('asks for its surroundings finds what it is given: its folder, few variables, its limits', async () => {
    const { text } = await called(client, 'hostile.env')
    expect(text).toContain(`PID_FILE=${PID_FILE}`)
    expect(text).not.toContain('NOT_FOR_PLUGINS')
    expect((await called(client, 'hostile.where')).text).toBe(join(dir, 'hostile'))
    expect((await called(client, 'hostile.limits')).text).toBe('20\n1048576')
  })
})

test('200 calls at once keep order and limits, and none is lost', async () => {
  const { client } = await connect(address())
  events.length = 0
  const texts = Array.from({ length: 200 }, (_, at) => String(at))
  const answers = await Promise.all(texts.map((text) => called(client, 'quick.echo', { text })))
  expect(answers.map(({ text }) => text)).toEqual(texts)
  await until(() => of('queue').length === 600, 'all is told')
  const actions = of('queue').map(({ action }) => action)
  const count = (wanted: string) => actions.filter((action) => action === wanted).length
  expect([count('entered'), count('started'), count('left')]).toEqual([200, 200, 200])
  let running = 0
  const atOnce = actions.map((action) => {
    running += action === 'started' ? 1 : action === 'left' ? -1 : 0
    return running
  })
  expect(Math.max(...atOnce)).toBe(4)
  await client.close()
})

describe('without a session', () => {
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${origin}/message`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const call = (id: unknown, text: string) => ({
    ...{ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'quick.echo', arguments: { text } } },
  })

  test(`POST /message answers each message itself. ${promises('B5.message.endpoint')}`, async () => {
    const answer = await post(call('test', 'hi'))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(await answer.json()).toEqual({
      jsonrpc: '2.0',
      id: 'test',
      result: { content: [{ type: 'text', text: 'hi' }] },
    })
    const same = await Promise.all(['a', 'b', 'c'].map(async (text) => (await post(call(1, text))).json()))
    expect(same).toMatchObject(['a', 'b', 'c'].map((text) => ({ id: 1, result: { content: [{ text }] } })))
    expect((await post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202)
    expect(await (await post({ jsonrpc: '2.0', id: 2, method: 'tools/list' })).json()).toMatchObject({
      result: { tools: expect.any(Array) },
    })
    expect(await (await post({ jsonrpc: '2.0', id: 3, method: 'no/such' })).json()).toMatchObject({
      id: 3,
      error: { code: -32601 },
    })
    expect((await post('{"jsonrpc":')).status).toBe(400)
    expect((await post([call(1, 'a'), call(2, 'b')])).status).toBe(400)
  })
})

test('a key is taken as a bearer token too, and goes no further', async () => {
  const shown: (readonly string[])[] = []
  door = {
    admit({ keys, headers }) {
      shown.push([...keys, ...headers.filter((_, at) => /^authorization$/i.test(headers[at - 1] ?? ''))])
      return { status: 401, code: -32000, message: 'no' }
    },
  }
  const ask = (headers: Record<string, string>) => fetch(`${origin}/message`, { method: 'POST', headers, body: '{}' })
  expect((await ask({ authorization: 'Bearer one' })).status).toBe(401)
  await ask({ 'x-mcp-vitals-key': 'two', authorization: 'Bearer for-another' })
  await ask({})
  door = undefined
  expect(shown).toEqual([['one'], ['two', 'Bearer for-another'], []])
})

test.each([
  ['2', Client, StdioClientTransport],
  ['1', OldClient, OldStdioTransport],
])('on standard input and output it serves one client of the SDK %s, and ends with it', async (_, One, Transport) => {
  const args = [CLI, 'plugins', '--stdio', '--dir', dir, '--separator', '__', '--data', join(home, 'state')]
  const transport = new Transport({ command: process.execPath, args, stderr: 'pipe' })
  let said = ''
  transport.stderr?.on('data', (chunk) => {
    said += chunk
  })
  const client = new One({ name: 'editor', version: '1.0.0' }) as Client
  await client.connect(transport)
  expect(await called(client, 'shell__say', { text: 'hi' })).toMatchObject({ text: 'hi' })
  await until(() => said.includes('mcp-vitals: Plugin found: shell: say, options\n'), 'what was found is told')
  const { pid } = transport
  await client.close()
  await until(() => pid !== null && !runs(pid), 'it ended with its client')
})

test('what changes on disk is found, and clients are told', async () => {
  const heard: string[] = []
  const note = (who: string) => () => void heard.push(who)
  const legacy = await connect(address())
  legacy.client.setNotificationHandler('notifications/tools/list_changed', note('legacy'))
  const modern = await connect(address(), { versionNegotiation: { mode: 'auto' } })
  modern.client.setNotificationHandler('notifications/tools/list_changed', note('modern'))
  const subscription = await modern.client.listen({ toolsListChanged: true })
  const folder = join(dir, 'newcomer')
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'cli'),
    '#!/bin/sh\n[ "$1" = --help ] && echo "Available commands: hello" || echo "hello you"\n',
  )
  chmodSync(join(folder, 'cli'), 0o755)
  await until(() => heard.includes('legacy') && heard.includes('modern'), 'both heard of it')
  const names = async () => (await legacy.client.listTools()).tools.map(({ name }) => name)
  expect(await names()).toContain('newcomer.hello')
  expect(await called(modern.client, 'newcomer.hello')).toMatchObject({ text: 'hello you' })
  writeFileSync(join(folder, 'cli'), '#!/bin/sh\necho "no help here"\n')
  await until(() => looks.at(-1)?.notTaken.length === 1, 'it was found to be broken')
  expect(looks.at(-1)?.notTaken).toEqual([
    {
      name: 'newcomer',
      problem: 'no_section',
      reason: 'its help has no section "Available commands:"',
      seen: 'no help here',
    },
  ])
  rmSync(folder, { recursive: true })
  await until(() => looks.at(-1)?.notTaken.length === 0, 'it is gone')
  expect(await names()).not.toContain('newcomer.hello')
  await subscription.close()
  await Promise.all([legacy.client.close(), modern.client.close()])
})

/** What a door says of messages that it cannot judge, or may not answer. */
import type { ChildProcess } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { ask, call, makeKey, rpc } from '../fixtures/door-clients.js'
import { until } from '../fixtures/until.js'
import { fixture, startHttpServer } from './gateway-harness.js'

let upstream: { readonly address: string; readonly process: ChildProcess }
let daemon: RunningDaemon
/** May call some tools. */
let reader: string
/** May call all of them, with arguments that fit. */
let writer: string

beforeAll(async () => {
  upstream = await startHttpServer((port) => [fixture('tools-server.mjs'), String(port)])
  daemon = await startDaemon({
    config: {
      servers: { json: { url: `${new URL(upstream.address).origin}/json` } },
      doors: { keys: true, checkArguments: true, lockout: { failures: 1000 } },
    },
  })
  reader = makeKey(daemon.dataDir, '--agent', 'reader', '--tools', 'read_*').key
  writer = makeKey(daemon.dataDir, '--agent', 'writer').key
  for (const key of [reader, writer])
    await until(
      async () => (await send(key, rpc(0, 'tools/list'))).status === 200,
      20_000,
      () => 'the key never opened',
    )
})

afterAll(async () => {
  await daemon?.stop()
  upstream?.process.kill()
})

const send = (key: string, body: unknown, headers = {}) =>
  ask(`${daemon.url}/mcp/json`, { headers: { 'X-MCP-Vitals-Key': key, ...headers }, body })

describe('what no other reader shall take for a call', () => {
  /** How many calls the server got, this one included. */
  const seen = async () => {
    const answer = await send(reader, call(1, 'read_note', { id: 1 }))
    const { content } = (answer.json() as { result: { content: { text: string }[] } }).result
    return (JSON.parse(content[0]!.text) as { seen: unknown[] }).seen.length
  }
  const put = (change: object) => ({ ...call(1, 'write_note'), ...change })
  const params = { name: 'write_note', arguments: { text: 'a' } }

  test.each([
    [
      'its parameters under another key',
      put({ params: undefined, PARAMS: params }),
      'The key "PARAMS" must be written "params".',
    ],
    [
      'its method beside a result',
      put({ method: undefined, METHOD: 'tools/call', result: {} }),
      'The key "METHOD" must be written "method".',
    ],
    ['its name under another key', put({ params: { NAME: 'write_note' } }), 'The key "NAME" must be written "name".'],
    [
      'arguments under another key',
      put({ params: { name: 'read_note', Arguments: { id: 1 } } }),
      'The key "Arguments" must be written "arguments".',
    ],
    ['no parameters', put({ params: undefined }), 'The call names no tool: `params.name` must be a text.'],
    ['a list of parameters', put({ params: ['write_note'] }), 'The call names no tool: `params.name` must be a text.'],
    [
      'a list for a name',
      put({ params: { name: ['write_note'] } }),
      'The call names no tool: `params.name` must be a text.',
    ],
    [
      'its method in capitals',
      put({ method: 'Tools/Call' }),
      'There is no method "Tools/Call": it is written "tools/call".',
    ],
    [
      'another method in capitals',
      put({ method: 'TOOLS/LIST' }),
      'There is no method "TOOLS/LIST": it is written "tools/list".',
    ],
    [
      'white space around it',
      put({ method: ' tools/call\n' }),
      'There is no method " tools/call\\n": it is written "tools/call".',
    ],
    [
      'an old letter in it',
      put({ method: 'tool\u017f/call' }),
      'There is no method "tool\u017f/call": it is written "tools/call".',
    ],
  ])('%s is refused in so many words', async (_, body, message) => {
    const before = await seen()
    // Of one key some tools are hidden, of the other the arguments alone are checked.
    for (const key of [reader, writer]) {
      const answer = await send(key, body)
      expect(answer.json()).toMatchObject({ id: 1, error: { message } })
    }
    expect(await seen()).toBe(before + 1)
  })

  test('what is near no method passes, and is the server’s to judge', async () => {
    for (const method of ['tools/calls', 'x/y', 'notifications/X', ''])
      expect((await send(reader, rpc(1, method))).json().error).toMatchObject({
        message: 'Method not found',
      })
  })
})

describe('a notification that is refused', () => {
  const notice = (name: string, args: object = {}) => ({
    jsonrpc: '2.0',
    method: 'tools/call',
    params: { name, arguments: args },
  })

  test.each([
    ['calls a tool of others', () => reader, notice('write_note'), {}, 403],
    ['has arguments that do not fit', () => writer, notice('read_note', { id: 'x' }), {}, 400],
    ['is one of several, all refused', () => reader, [notice('write_note'), notice('write_note')], {}, 403],
    ['disagrees with its header', () => reader, notice('read_note', { id: 1 }), { 'Mcp-Name': 'write_note' }, 400],
    ['names no tool', () => reader, { jsonrpc: '2.0', method: 'tools/call' }, {}, 400],
    ['has a key in capitals', () => reader, { jsonrpc: '2.0', method: 'tools/call', PARAMS: {} }, {}, 400],
  ])('because it %s gets a status, and no response of JSON-RPC', async (_, key, body, headers, status) => {
    const answer = await send(key(), body, headers)
    expect([answer.status, answer.text]).toEqual([status, ''])
  })

  test('is left out of the answer to what came with it', async () => {
    const body = [notice('write_note'), call('a', 'read_note', { id: 1 }), call('b', 'write_note')]
    const answers = (await send(reader, body)).json() as unknown as { id: string }[]
    expect(answers.map(({ id }) => id).sort()).toEqual(['a', 'b'])
    const refused = [notice('write_note'), call('b', 'write_note')]
    const answer = await send(reader, refused)
    expect([answer.status, answer.json()]).toMatchObject([200, [{ id: 'b', error: { code: -32602 } }]])
  })
})

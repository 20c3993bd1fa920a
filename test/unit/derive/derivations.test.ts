import { describe, expect, test } from 'vitest'
import { checkEvent } from '../../../packages/instrument/src/event/index.js'
import type { Derivation } from '../../../packages/server/src/derive/index.js'
import { deriving } from './calls.js'

const MESSAGE: Derivation = {
  tool: 'send_*',
  event: 'message',
  channel: { argument: 'channel', values: ['sms', 'whatsapp'] },
}
const WEBHOOK: Derivation = { tool: 'hook', event: 'webhook', kind: { argument: 'type' } }
const USAGE: Derivation = {
  tool: 'ask',
  event: 'usage',
  provider: 'openai',
  inputTokens: { result: 'usage.in' },
  costUsd: { result: ['usage', 'cost.usd'], default: 0 },
}
const content = (structuredContent: object) => ({ result: { content: [], structuredContent } })
const kinds = (run: ReturnType<typeof deriving>) =>
  run.derived().map(({ type, kind, result }) => kind ?? result ?? type)

describe('which calls', () => {
  test.each([
    ['send_*', 'send_sms', true],
    ['send_*', 'send_', true],
    ['send_*', 'resend_sms', false],
    ['*_sms', 'send_sms', true],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['a*', 'A1', false],
    ['*', 'anything', true],
    ['a.c', 'abc', false],
  ])('%s and %s: %s', (tool, name, matches) => {
    const run = deriving([{ tool, event: 'webhook', kind: 'x' }])
    run.call(name, {})
    expect(run.derived()).toHaveLength(matches ? 1 : 0)
  })

  test('those of the servers named alone', () => {
    expect(deriving([{ ...WEBHOOK, server: 'other*' }]).server.extraction).toBeUndefined()
    expect(deriving([{ ...WEBHOOK, server: 'com*' }]).server.extraction).toBeDefined()
  })

  test('those that succeeded, unless it says otherwise', () => {
    const run = deriving([
      { ...WEBHOOK, kind: 'success' },
      { ...WEBHOOK, on: 'error', kind: 'error' },
      { ...WEBHOOK, on: 'any', kind: 'any' },
    ])
    run.call('hook', {})
    expect(kinds(run).splice(0)).toEqual(['success', 'any'])
    run.call('hook', {}, { result: { isError: true } })
    expect(kinds(run).slice(2)).toEqual(['error', 'any'])
    run.call('hook', {}, { error: { code: -32602, message: 'no' } })
    expect(kinds(run).slice(4)).toEqual(['error', 'any'])
    run.client({ id: 'c', method: 'tools/call', params: { name: 'hook' } })
    run.client({ method: 'notifications/cancelled', params: { requestId: 'c' } })
    expect(kinds(run).slice(6)).toEqual(['any'])
  })

  test('no prompt, and no request of the server’s own', () => {
    const run = deriving([{ ...WEBHOOK, tool: '*', kind: 'x' }])
    run.client({ id: 1, method: 'prompts/get', params: { name: 'hook' } })
    run.answer({ id: 1, result: {} })
    run.answer({ id: 2, method: 'tools/call', params: { name: 'hook' } })
    run.client({ id: 2, result: {} })
    expect(run.derived()).toEqual([])
  })
})

describe('what an event holds', () => {
  test('comes after the end of its call, with its origin', () => {
    const run = deriving([MESSAGE])
    const session = run.open('s-1')
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    session.call('send_sms', { channel: 'sms', text: 'secret' }, { result: {} }, { traceparent })
    expect(run.events.map(({ type }) => type)).toEqual(['request.started', 'request.ended', 'message'])
    expect(run.derived()).toEqual([
      {
        type: 'message',
        server: 'comms',
        session: 's-1',
        transport: 'stdio',
        traceId: '0af7651916cd43dd8448eb211c80319c',
        derived: true,
        channel: 'sms',
        ok: true,
      },
    ])
  })

  test('numbers, flags and texts from the arguments and the result', () => {
    const run = deriving([USAGE])
    run.call('ask', {}, content({ usage: { in: 12, 'cost.usd': 0.5 } }))
    run.call('ask', {}, { result: { _meta: { usage: { in: 7 } } } })
    expect(run.derived()).toMatchObject([
      { type: 'usage', provider: 'openai', inputTokens: 12, costUsd: 0.5, estimated: false },
      { type: 'usage', inputTokens: 7, costUsd: 0 },
    ])
    for (const event of run.events) expect(checkEvent(event)).toEqual({ event })
  })

  test('the call’s own facts where the derivation is silent', () => {
    const run = deriving([
      { tool: '*', on: 'any', event: 'plugin' },
      { tool: '*', on: 'any', event: 'provider', provider: 'dust' },
      { tool: '*', event: 'business', name: 'orders' },
    ])
    run.call('build', {}, { result: { isError: true } })
    expect(run.derived()).toMatchObject([
      { type: 'plugin', plugin: 'comms', command: 'build', outcome: 'tool_error', durationMs: 0 },
      { type: 'provider', provider: 'dust', ok: false, durationMs: 0 },
    ])
    run.call('order', {})
    expect(run.derived()[4]).toMatchObject({ type: 'business', name: 'orders', value: 1 })
  })

  test('an agent, by text or by number, in the place of whoever called', () => {
    const run = deriving([{ tool: 'p', event: 'agent', action: 'provisioned', agent: { argument: 'id' } }])
    run.call('p', { id: 'agent-001' })
    run.call('p', { id: 42 })
    run.call('p', { id: 'x'.repeat(129) })
    run.call('p', { id: 1.5 })
    expect(run.derived().map(({ type, agent, result }) => [type, agent ?? result])).toEqual([
      ['agent', 'agent-001'],
      ['agent', '42'],
      ['derivation', 'invalid'],
      ['derivation', 'invalid'],
    ])
  })
})

describe('what is not there', () => {
  test.each<[string, object, object, string]>([
    ['nothing', {}, content({}), 'missing'],
    ['null', {}, content({ usage: { in: null } }), 'missing'],
    ['an object', {}, content({ usage: { in: {} } }), 'missing'],
    ['a text', {}, content({ usage: { in: '12' } }), 'invalid'],
    ['a half', {}, content({ usage: { in: 1.5 } }), 'invalid'],
    ['less than nothing', {}, content({ usage: { in: -1 } }), 'invalid'],
    ['true', {}, content({ usage: { in: true } }), 'invalid'],
  ])('%s gives no event, and says so', (_, given, end, result) => {
    const run = deriving([USAGE])
    run.call('ask', given, end)
    expect(run.derived()).toEqual([
      {
        type: 'derivation',
        server: 'comms',
        transport: 'stdio',
        name: 'ask',
        event: 'usage',
        field: 'inputTokens',
        result,
      },
    ])
  })

  test('no number is infinite', () => {
    const run = deriving([{ tool: 't', event: 'usage', provider: 'p', costUsd: { argument: 'cost' } }])
    run.client({ id: 1, method: 'tools/call', params: { name: 't', arguments: { cost: 1 } } })
    const reader = run.conversation.body('client_to_server')
    reader.feed(
      Buffer.from('{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"t","arguments":{"cost":1e999}}}'),
    )
    reader.end()
    run.answer({ id: 1, result: {} })
    run.answer({ id: 2, result: {} })
    expect(run.derived()).toMatchObject([{ costUsd: 1 }, { field: 'costUsd', result: 'invalid' }])
  })

  test('a request without an answer ends, and its derivation for any end fires', () => {
    const run = deriving([{ ...WEBHOOK, on: 'any' }])
    run.client({ id: 1, method: 'tools/call', params: { name: 'hook', arguments: { type: 'paid' } } })
    run.conversation.close('process_exit', 'server')
    expect(kinds(run)).toEqual(['paid'])
  })
})

describe('labels are bounded', () => {
  test('by their list', () => {
    const run = deriving([MESSAGE])
    for (const channel of ['sms', 'pigeon', 'whatsapp', `sms${' '.repeat(200)}`]) run.call('send_it', { channel })
    expect(run.derived().map(({ channel }) => channel)).toEqual(['sms', 'other', 'whatsapp', 'other'])
  })

  test('by their number, and the first ones stay', () => {
    const run = deriving([{ ...WEBHOOK, kind: { argument: 'type', maxValues: 3 } }])
    for (let i = 0; i < 1000; i++) run.call('hook', { type: `invented-${i}` })
    run.call('hook', { type: 'invented-1' })
    expect(new Set(kinds(run))).toEqual(new Set(['invented-0', 'invented-1', 'invented-2', 'other']))
    expect(kinds(run).at(-1)).toBe('invented-1')
  })

  test('by a hundred where nothing is said, and by their length', () => {
    const run = deriving([WEBHOOK])
    run.call('hook', { type: 'x'.repeat(65) })
    for (let i = 0; i < 200; i++) run.call('hook', { type: `kind-${i}` })
    expect(kinds(run)[0]).toBe('other')
    expect(new Set(kinds(run)).size).toBe(101)
  })

  test('over all sessions together', () => {
    const run = deriving([{ ...WEBHOOK, kind: { argument: 'type', maxValues: 1 } }])
    run.open('a').call('hook', { type: 'one' })
    run.open('b').call('hook', { type: 'two' })
    expect(kinds(run)).toEqual(['one', 'other'])
  })
})

import { describe, expect, test } from 'vitest'
import type { Derivation } from '../../../packages/server/src/derive/index.js'
import { deriving } from './calls.js'

const BOTH: Derivation[] = [
  { tool: 'ask', event: 'webhook', kind: { argument: 'type' } },
  { tool: 'ask', event: 'usage', provider: 'p', inputTokens: { result: 'tokens' } },
]
const asked = (id: number, more: object = {}) => ({
  id,
  method: 'tools/call',
  params: { name: 'ask', arguments: { type: 'paid', card: '4111111111111111' }, ...more },
})
const done = { content: [], structuredContent: { tokens: 9, answer: 'private' } }
const about = (id: number, method: string) => ({ id, method, params: { taskId: 't-1' } })
const WHOLE = [
  { type: 'webhook', kind: 'paid' },
  { type: 'usage', inputTokens: 9 },
]

describe('one logical call gives its events once', () => {
  test('over rounds of input, in two conversations', () => {
    const run = deriving(BOTH)
    const first = run.open()
    first.client(asked(1))
    first.answer({ id: 1, result: { resultType: 'input_required', requestState: 'state-1' } })
    first.conversation.close('cancelled', 'client')
    expect(run.derived()).toEqual([])
    const second = run.open()
    second.client(asked(2, { requestState: 'state-1', inputResponses: {} }))
    second.answer({ id: 2, result: done })
    expect(run.derived()).toMatchObject(WHOLE)
    expect(run.derived()).toHaveLength(2)
  })

  test('as a task of 2026-07-28, whose end tells its result', () => {
    const run = deriving(BOTH)
    run.client(asked(1))
    run.answer({ id: 1, result: { resultType: 'task', taskId: 't-1', status: 'working' } })
    run.client(about(2, 'tasks/get'))
    run.answer({ id: 2, result: { taskId: 't-1', status: 'completed', result: done } })
    expect(run.derived()).toMatchObject(WHOLE)
    run.client(about(3, 'tasks/get'))
    run.answer({ id: 3, result: { taskId: 't-1', status: 'completed', result: done } })
    expect(run.derived()).toHaveLength(2)
  })

  test('as a task whose notification tells its result', () => {
    const run = deriving(BOTH)
    run.client(asked(1))
    run.answer({ id: 1, result: { resultType: 'task', taskId: 't-1', status: 'working' } })
    run.answer({ method: 'notifications/tasks', params: { taskId: 't-1', status: 'completed', result: done } })
    expect(run.derived()).toMatchObject(WHOLE)
  })

  test('as a task of 2025-11-25, whose result is asked for after its end', () => {
    const run = deriving(BOTH)
    run.client(asked(1, { task: { ttl: 1000 } }))
    run.answer({ id: 1, result: { task: { taskId: 't-1', status: 'working' } } })
    run.client(about(2, 'tasks/get'))
    run.answer({ id: 2, result: { taskId: 't-1', status: 'completed' } })
    expect(run.events.filter(({ type }) => type === 'request.ended')).toHaveLength(2)
    expect(run.derived()).toEqual([])
    run.client(about(3, 'tasks/result'))
    run.answer({ id: 3, result: done })
    expect(run.derived()).toMatchObject(WHOLE)
    run.client(about(4, 'tasks/result'))
    run.answer({ id: 4, result: done })
    run.server.close('cancelled')
    expect(run.derived()).toHaveLength(2)
  })

  test('and what a result that nobody asked for would have held is missing', () => {
    const run = deriving(BOTH)
    run.client(asked(1, { task: {} }))
    run.answer({ id: 1, result: { task: { taskId: 't-1', status: 'completed' } } })
    run.server.sweep(0)
    expect(run.derived()).toEqual([])
    run.server.sweep(3_600_001)
    expect(run.derived()).toMatchObject([{ type: 'webhook' }, { type: 'derivation', result: 'missing' }])
  })
})

describe('nothing else is taken', () => {
  test('no other argument, no other part of a result, no other tool’s', () => {
    const run = deriving([...BOTH, { tool: 'other', event: 'webhook', kind: { argument: 'card' } }])
    run.client(asked(1))
    run.answer({ id: 1, result: { ...done, content: [{ type: 'text', text: 'private' }], tokens: 'private' } })
    run.call('third', { type: 'private', card: 'private' }, { result: { structuredContent: { tokens: 'private' } } })
    run.call('ask', { type: { argument: 'private' }, kind: 'private' })
    expect(JSON.stringify(run.events)).not.toMatch(/4111|private/)
    expect(run.derived()).toMatchObject([...WHOLE, { result: 'missing' }, { result: 'missing' }])
  })

  test('and a value that stands twice counts as JSON has it, the last', () => {
    const run = deriving(BOTH.slice(0, 1))
    const reader = run.conversation.lines('client_to_server')
    reader.feed(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask",'))
    reader.feed(Buffer.from('"arguments":{"type":"first","type":"la\\u0073t"}}}\n'))
    run.answer({ id: 1, result: {} })
    expect(run.derived()).toMatchObject([{ kind: 'last' }])
  })
})

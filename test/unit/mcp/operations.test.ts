import { describe, expect, it } from 'vitest'
import type { EventOf } from '../../../packages/instrument/src/event/index.js'
import { statusOf } from '../../../packages/instrument/src/mcp/index.js'
import { modern, watchServer } from './watch.js'

const buy = (id: number, params: object = {}) => modern(id, 'tools/call', { name: 'buy', ...params })
const question = (id: number, requestState?: string) => ({
  id,
  result: { resultType: 'input_required', inputRequests: {}, ...(requestState !== undefined && { requestState }) },
})

describe('rounds of input', () => {
  it('are one operation, over the conversations of a server, without the time that a person took', () => {
    const { open, of, time, server } = watchServer()
    const state = 's'.repeat(5000)
    const first = open()
    first.client(buy(1))
    time.ms = 10
    first.server(question(1, state))
    first.conversation.close('cancelled', 'client')
    expect(of('request.ended')).toEqual([])
    time.ms = 60_010
    const second = open()
    second.client(buy(2, { requestState: state, inputResponses: {} }))
    time.ms = 60_030
    second.server({ id: 2, result: { resultType: 'complete', content: [] } })
    expect(of('request.started')).toHaveLength(1)
    expect(of('request.ended')).toMatchObject([{ outcome: 'ok', durationMs: 30, waitMs: 60_000, rounds: 2 }])
    expect(server.stats().waiting).toBe(0)
  })

  it('are joined without a state within a conversation, and not across', () => {
    const { open, of } = watchServer()
    const [one, other] = [open(), open()]
    one.client(buy(1))
    one.server(question(1))
    other.client(buy(1, { inputResponses: {} }))
    expect(of('request.started')).toHaveLength(2)
    one.client(buy(2))
    expect(of('request.started')).toHaveLength(3)
    one.client(buy(3, { inputResponses: {} }))
    expect(of('request.started')).toHaveLength(3)
    one.server({ id: 3, error: { code: -32603, message: 'no' } })
    expect(of('request.ended')).toMatchObject([{ outcome: 'protocol_error', status: 500, rounds: 2 }])
  })

  it('of two clients with equal states stay two operations', () => {
    const { open, of } = watchServer()
    const { client, server } = open()
    for (const id of [1, 2]) client(buy(id))
    for (const id of [1, 2]) server(question(id, 'step'))
    for (const id of [3, 4]) client(buy(id, { requestState: 'step' }))
    for (const id of [3, 4]) server({ id, result: {} })
    expect(of('request.started')).toHaveLength(2)
    expect(of('request.ended').map(({ rounds }) => rounds)).toEqual([2, 2])
  })

  it('end unanswered when the input does not come in time, or too many wait', () => {
    const { open, of, time, server } = watchServer({}, { waitingOperations: 3 })
    const { client, server: answer } = open()
    for (let id = 0; id < 5; id++) {
      client(buy(id))
      answer(question(id, `state ${id}`))
    }
    expect(server.stats().waiting).toBe(3)
    expect(of('request.ended').map(({ outcome }) => outcome)).toEqual(['unanswered', 'unanswered'])
    time.ms = 600_000
    server.sweep(time.ms)
    expect(of('request.ended')).toHaveLength(5)
    expect(of('request.ended').at(-1)).toMatchObject({ durationMs: 0, waitMs: 600_000 })
  })

  it('end with their session, and with the server', () => {
    const { open, of, server } = watchServer()
    const session = open('s1')
    session.client(buy(1))
    session.server(question(1, 'a'))
    session.conversation.close('process_exit', 'server')
    expect(of('request.ended')).toMatchObject([{ outcome: 'process_exit' }])
    const exchange = open()
    exchange.client(buy(1))
    exchange.server(question(1, 'b'))
    exchange.conversation.close('cancelled', 'client')
    server.close('cancelled')
    expect(of('request.ended')).toHaveLength(2)
    expect(of('request.started')).toHaveLength(2)
  })
})

describe('a question of the server within a call', () => {
  const call = (id: number, method = 'tools/call') => ({ id, method, params: { name: 'buy' } })
  const ask = (id: string, params: object = {}, method = 'elicitation/create') => ({ id, method, params })
  const calls = (events: readonly EventOf<'request.ended'>[]) =>
    events.filter(({ direction }) => direction === 'client_to_server')

  it.each(['elicitation/create', 'sampling/createMessage', 'roots/list'])(
    'is waited for by its client (%s)',
    (method) => {
      const { open, of, time } = watchServer()
      const { client, server } = open('s')
      client({ id: 7, method: 'tools/list' })
      client(call(1))
      time.ms = 10
      server(ask('q1', {}, method))
      time.ms = 100
      server(ask('q2', {}, method))
      time.ms = 1_000
      client({ id: 'q1', result: {} })
      time.ms = 5_010
      client({ id: 'q2', error: { code: -1, message: 'no' } })
      time.ms = 5_030
      server({ id: 1, result: { content: [] } })
      expect(calls(of('request.ended'))).toMatchObject([{ durationMs: 30, waitMs: 5_000, outcome: 'ok' }])
    },
  )

  it('belongs to the call whose stream or task it came for, else to the only one that there is', () => {
    const { open, of, time } = watchServer()
    const { client, server, conversation } = open('s')
    client(call(1))
    client(call(2))
    server(ask('whose?'))
    time.ms = 10
    client({ id: 'whose?', result: {} })
    const stream = conversation.events('server_to_client', { answering: 'n2' })
    stream.feed(Buffer.from(`data: ${JSON.stringify({ jsonrpc: '2.0', ...ask('q') })}\n\n`))
    time.ms = 110
    client({ id: 'q', result: {} })
    for (const id of [1, 2]) server({ id, result: {} })
    const [one, two] = calls(of('request.ended'))
    expect(one).toMatchObject({ durationMs: 110 })
    expect(one).not.toHaveProperty('waitMs')
    expect(two).toMatchObject({ durationMs: 10, waitMs: 100 })
    client({ id: 3, method: 'tools/call', params: { name: 'bake', task: {} } })
    server({ id: 3, result: { task: { taskId: 't1', status: 'working' } } })
    client(call(4))
    server(ask('of the task', { _meta: { 'io.modelcontextprotocol/related-task': { taskId: 't1' } } }))
    time.ms = 1_110
    client({ id: 'of the task', result: {} })
    server({ method: 'notifications/tasks/status', params: { taskId: 't1', status: 'completed' } })
    expect(calls(of('request.ended')).at(-1)).toMatchObject({ name: 'bake', durationMs: 0, waitMs: 1_000, task: true })
  })

  it('belongs to the one call of its trace where several are open on one connection, and to none where two are', () => {
    const { open, of, time } = watchServer()
    const { client, server } = open('s')
    const trace = (digit: string, span: string) => ({
      _meta: { traceparent: `00-${digit.repeat(32)}-${span.repeat(16)}-01` },
    })
    const traced = (id: number, digit: string) => ({
      id,
      method: 'tools/call',
      params: { name: 'buy', ...trace(digit, '1') },
    })
    for (const [id, digit] of [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'c'],
    ] as const)
      client(traced(id, digit))
    for (const [id, digit] of [
      ['one', 'b'],
      ['of two', 'c'],
      ['of none', 'd'],
    ] as const)
      server(ask(id, trace(digit, '2')))
    time.ms = 100
    for (const id of ['one', 'of two', 'of none']) client({ id, result: {} })
    time.ms = 130
    for (const id of [1, 2, 3, 4]) server({ id, result: {} })
    expect(calls(of('request.ended')).map(({ durationMs, waitMs }) => [durationMs, waitMs])).toEqual([
      [130, undefined],
      [30, 100],
      [130, undefined],
      [130, undefined],
    ])
  })

  it('counts no longer than either of them', () => {
    const { open, of, time } = watchServer()
    const { client, server } = open('s')
    client(call(1))
    server(ask('q'))
    time.ms = 10
    server({ method: 'notifications/cancelled', params: { requestId: 'q' } })
    time.ms = 30
    server(ask('never'))
    time.ms = 70
    client({ method: 'notifications/cancelled', params: { requestId: 1 } })
    expect(calls(of('request.ended'))).toMatchObject([{ outcome: 'cancelled', durationMs: 20, waitMs: 50 }])
    time.ms = 100
    client({ id: 'never', result: {} })
    expect(of('request.ended')).toHaveLength(3)
  })
})

describe('a result that is an error', () => {
  const said = (content: unknown) => {
    const { open, of } = watchServer()
    const { client, server } = open()
    client({ id: 1, method: 'tools/call', params: { name: 'add' } })
    server({ id: 1, result: { content, isError: true } })
    return of('request.ended')[0]
  }
  const text = (text: string) => ({ type: 'text', text })

  it('tells its code where its first text begins with one, and nothing else of the text', () => {
    const ended = said([text('MCP error -32602: Input validation error: 4111111111111111'), text('more')])
    expect(ended).toMatchObject({ outcome: 'tool_error', errorCode: '-32602', status: 400 })
    expect(JSON.stringify(ended)).not.toMatch(/validation|4111/)
  })

  it.each([
    [[text('it said: MCP error -32602: no')]],
    [[text('MCP error 4111111111111111: no')]],
    [[text('MCP error -32602 no')]],
    [[{ type: 'image' }, text('MCP error -32602: no')]],
    [[]],
    ['MCP error -32602: no'],
  ])('has none where the text is %j', (content) => {
    expect(said(content)).toMatchObject({ outcome: 'tool_error', status: 500 })
    expect(said(content)).not.toHaveProperty('errorCode')
  })
})

describe('a task', () => {
  const legacyCall = { id: 1, method: 'tools/call', params: { name: 'bake', task: { ttl: 1000 } } }
  const legacyTask = { id: 1, result: { task: { taskId: 't1', status: 'working' } } }
  const about = (id: number, method: string, taskId = 't1') => ({ id, method, params: { taskId } })

  it.each([
    ['completed', {}, 'ok', 200],
    ['completed', { result: { isError: true } }, 'tool_error', 500],
    ['completed', { result: { isError: true, content: [{ text: 'MCP error -32602: no' }] } }, 'tool_error', 400],
    ['failed', {}, 'tool_error', 500],
    ['failed', { error: { code: -32602, message: 'no' } }, 'protocol_error', 400],
    ['cancelled', {}, 'cancelled', 499],
  ])('ends when tasks/get says %s with %j', (status, more, outcome, number) => {
    const { open, of, time, server: memory } = watchServer()
    const { client, server } = open()
    client(buy(1))
    server({ id: 1, result: { resultType: 'task', taskId: 't1', status: 'working' } })
    client(about(2, 'tasks/get'))
    server({ id: 2, result: { taskId: 't1', status: 'working' } })
    time.ms = 500
    client(about(3, 'tasks/get'))
    server({ id: 3, result: { taskId: 't1', status, ...more } })
    const ended = of('request.ended')
    expect(ended.map(({ method }) => method)).toEqual(['tasks/get', 'tasks/get', 'tools/call'])
    expect(ended.at(-1)).toMatchObject({ outcome, status: number, task: true, durationMs: 500, name: 'buy' })
    expect(memory.stats().tasks).toBe(0)
  })

  it('of the legacy era ends with tasks/result, well or not, or a notification', () => {
    const { open, of } = watchServer()
    const ends: [object, object | undefined][] = [
      [about(2, 'tasks/result'), { id: 2, result: { isError: true } }],
      [about(2, 'tasks/result'), { id: 2, error: { code: -32603, message: 'no' } }],
    ]
    for (const [ask, answer] of ends) {
      const { client, server } = open()
      client(legacyCall)
      server(legacyTask)
      client(ask)
      server(answer!)
    }
    const { client, server } = open()
    client(legacyCall)
    server(legacyTask)
    server({ method: 'notifications/tasks/status', params: { taskId: 't1', status: 'input_required' } })
    server({ method: 'notifications/tasks/status', params: { taskId: 't1', status: 'completed' } })
    const tools = of('request.ended').filter(({ method }) => method === 'tools/call')
    expect(tools.map(({ outcome, errorCode }) => [outcome, errorCode])).toEqual([
      ['tool_error', undefined],
      ['protocol_error', '-32603'],
      ['ok', undefined],
    ])
  })

  it('is none where nobody asked for one, and its id is told nowhere', () => {
    const { open, of, events } = watchServer()
    const { client, server } = open()
    client({ ...legacyCall, params: { name: 'bake' } })
    server(legacyTask)
    expect(of('request.ended')).toMatchObject([{ outcome: 'ok' }])
    client({ ...legacyCall, id: 2 })
    server({ id: 2, result: { task: { taskId: 'private-task', status: 'working' } } })
    client(about(3, 'tasks/cancel', 'private-task'))
    server({ id: 3, result: { taskId: 'private-task', status: 'cancelled' } })
    expect(of('request.ended').at(-1)).toMatchObject({ outcome: 'cancelled', task: true })
    expect(JSON.stringify(events)).not.toContain('private-task')
  })

  it('that nobody hears of ends unanswered; asking keeps it', () => {
    const { open, of, time, server: memory } = watchServer({}, { taskAgeMs: 1000 })
    const { client, server } = open()
    client(legacyCall)
    server(legacyTask)
    time.ms = 900
    client(about(2, 'tasks/get'))
    server({ id: 2, result: { taskId: 't1', status: 'working' } })
    time.ms = 1800
    memory.sweep(time.ms)
    expect(memory.stats().tasks).toBe(1)
    time.ms = 1900
    memory.sweep(time.ms)
    expect(of('request.ended').at(-1)).toMatchObject({ outcome: 'unanswered', task: true })
  })

  it('keeps the same name apart in the two directions', () => {
    const { open, of, server: memory } = watchServer()
    const { client, server } = open()
    client(legacyCall)
    server(legacyTask)
    server({ id: 1, method: 'sampling/createMessage', params: { task: {} } })
    client(legacyTask)
    expect(memory.stats().tasks).toBe(2)
    client({ method: 'notifications/tasks/status', params: { taskId: 't1', status: 'completed' } })
    expect(of('request.ended')).toMatchObject([{ direction: 'server_to_client', method: 'sampling/createMessage' }])
  })
})

describe('the status of an outcome', () => {
  it.each([
    ['ok', undefined, false, 200],
    ['tool_error', undefined, false, 500],
    ['tool_error', undefined, true, 404],
    ['tool_error', '-32602', false, 400],
    ['tool_error', '-32602', true, 404],
    ['tool_error', '-32603', false, 500],
    ['protocol_error', undefined, false, 500],
    ['protocol_error', '-32603', false, 500],
    ['protocol_error', '-32602', false, 400],
    ['protocol_error', '-32600', false, 400],
    ['protocol_error', '-32700', false, 400],
    ['protocol_error', '-32020', false, 400],
    ['protocol_error', '-32602', true, 404],
    ['protocol_error', '-32601', false, 404],
    ['protocol_error', '-32002', false, 404],
    ['cancelled', undefined, true, 499],
    ['timeout', undefined, false, 504],
    ['unanswered', undefined, false, 504],
    ['transport_error', undefined, false, 502],
    ['process_exit', undefined, false, 502],
  ] as const)('%s %s (unknown name: %s) is %i', (outcome, code, unknown, status) => {
    expect(statusOf(outcome, code, unknown)).toBe(status)
  })
})

import { describe, expect, it } from 'vitest'
import { Activity, DEFAULT_ACTIVITY_LIMITS } from '../../../packages/instrument/src/activity/index.js'
import { tokenKey } from '../../../packages/instrument/src/mcp/index.js'
import { promises } from '../../requirements.js'
import { modern, watchServer } from './watch.js'

const call = (id: number | string, name = 'buy', more: object = {}) => ({
  id,
  method: 'tools/call',
  params: { name, arguments: { card: '4111111111111111' }, ...more },
})

describe('a session', () => {
  const hello = {
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', clientInfo: { name: 'editor', version: '3.1' } },
  }
  const welcome = { id: 0, result: { protocolVersion: '2025-06-18', serverInfo: { name: 'shop', version: '2' } } }

  it('of the legacy era opens with the answer to initialize, and closes once', () => {
    const { open, of, time } = watchServer()
    const { conversation, client, server } = open('s1')
    client(hello)
    expect(of('session.opened')).toEqual([])
    server(welcome)
    expect(of('session.opened')).toMatchObject([
      {
        session: 's1',
        era: 'legacy',
        protocolVersion: '2025-06-18',
        clientName: 'editor',
        clientVersion: '3.1',
        serverName: 'shop',
        serverVersion: '2',
      },
    ])
    time.ms = 5000
    conversation.close('cancelled', 'client')
    conversation.close('process_exit', 'lost')
    expect(of('session.closed')).toMatchObject([{ durationMs: 5000, reason: 'client' }])
  })

  it('of the modern era opens with the first request that is more than a look around', () => {
    const { open, of } = watchServer()
    const { client, server } = open('s1')
    client(modern(1, 'server/discover'))
    server({ id: 1, result: { _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'shop', version: '2' } } } })
    expect(of('session.opened')).toEqual([])
    client(modern(2, 'tools/list'))
    client(modern(3, 'tools/list'))
    expect(of('session.opened')).toMatchObject([
      {
        era: 'modern',
        protocolVersion: '2026-07-28',
        clientName: 'editor',
        clientVersion: '3.1',
        serverName: 'shop',
        serverVersion: '2',
      },
    ])
  })

  it.each<[string, 'client' | 'server', object]>([
    ['a look around', 'client', modern(1, 'server/discover')],
    ['a notification of the client', 'client', { method: 'notifications/cancelled', params: { requestId: 1 } }],
    ['a notification of the server', 'server', { method: 'notifications/message', params: {} }],
    ['a request of the client', 'client', { id: 1, method: 'ping' }],
    ['a request of the server', 'server', { id: 1, method: 'roots/list' }],
    ['a request for a session', 'client', hello],
  ])('is not counted any more at its end, where all that was seen of it is %s', (_, speaker, message) => {
    const { open, events } = watchServer()
    const session = open('s1')
    session[speaker](message)
    session.conversation.close('cancelled', 'client')
    const activity = new Activity({ limits: DEFAULT_ACTIVITY_LIMITS, now: () => 1e12 })
    for (const event of events) activity.see(event, 'local')
    expect(events.length).toBeGreaterThan(0)
    expect({ sessions: activity.sessions, requests: activity.requests }).toEqual({ sessions: 0, requests: 0 })
  })

  it('never was where a probe was killed, initialize was refused or the exchange has no session', () => {
    const { open, of } = watchServer()
    const probe = open('s1')
    probe.client(modern(1, 'server/discover'))
    probe.conversation.close('process_exit', 'client')
    const refused = open('s2')
    refused.client(hello)
    refused.server({ id: 0, error: { code: -32022, message: 'no' } })
    refused.conversation.close('process_exit', 'server')
    const stateless = open()
    stateless.client(modern(1, 'tools/list'))
    stateless.conversation.close('cancelled', 'client')
    expect(of('session.opened')).toEqual([])
    expect(of('session.closed')).toEqual([])
    expect(of('request.ended')).toHaveLength(3)
  })
})

describe('a request', () => {
  it('carries its trace, name, sizes and time, and nothing of its arguments', () => {
    const { open, of, events, time } = watchServer()
    const { client, server } = open('s1')
    const request = call('x', 'buy', {
      _meta: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    })
    const answer = { id: 'x', result: { content: [{ type: 'text', text: 'sold to 4111111111111111' }] } }
    client(request)
    time.ms = 12
    server(answer)
    const size = (message: object) => JSON.stringify({ jsonrpc: '2.0', ...message }).length
    expect(of('request.ended')).toEqual([
      {
        v: 1,
        type: 'request.ended',
        at: 1e12 + 12,
        server: 'shop',
        session: 's1',
        transport: 'stdio',
        traceId: '0af7651916cd43dd8448eb211c80319c',
        parentSpanId: 'b7ad6b7169203331',
        direction: 'client_to_server',
        method: 'tools/call',
        name: 'buy',
        operation: of('request.started')[0]?.operation,
        outcome: 'ok',
        status: 200,
        durationMs: 12,
        requestBytes: size(request),
        responseBytes: size(answer),
      },
    ])
    expect(JSON.stringify(events)).not.toContain('4111')
  })

  it('has a name only where it names a tool or a prompt', () => {
    const { open, of } = watchServer()
    const { client } = open()
    client({ id: 1, method: 'resources/read', params: { name: 'secret', uri: 'file:///x' } })
    client({ id: 2, method: 'tasks/get', params: { name: 'secret', taskId: 'secret' } })
    client({ id: 3, method: 'prompts/get', params: { name: 'greet' } })
    expect(of('request.started').map(({ name }) => name)).toEqual([undefined, undefined, 'greet'])
  })

  it('ends once by what the proxy knows, and its late answer is no surprise', () => {
    const { open, of } = watchServer()
    const { conversation, client, server } = open()
    client(call(1))
    client(call('1'))
    const awaited = () => ['1', '"1"', '"2"'].map((id) => conversation.awaits('client_to_server', tokenKey(id)!))
    expect(awaited()).toEqual([true, true, false])
    expect(conversation.fail('client_to_server', tokenKey('"1"')!, 'transport_error', { status: 503 })).toBe(true)
    expect(conversation.fail('client_to_server', tokenKey('"1"')!, 'timeout')).toBe(false)
    expect(conversation.fail('client_to_server', tokenKey('1.0')!, 'timeout')).toBe(true)
    expect(awaited()).toEqual([false, false, false])
    server({ id: 1, result: {} })
    expect(of('request.ended').map(({ outcome, status }) => [outcome, status])).toEqual([
      ['transport_error', 503],
      ['timeout', 504],
    ])
    expect(of('unreadable')).toEqual([])
    server({ id: 1, result: {} })
    expect(of('unreadable')).toMatchObject([{ reason: 'unknown_id', direction: 'server_to_client' }])
  })

  it('is ended by an error without an id in the body that answers it', () => {
    const { open, of } = watchServer()
    const { conversation, client } = open()
    client(modern('a', 'tools/list'))
    const body = conversation.body('server_to_client', { answering: tokenKey('"a"') })
    body.feed(Buffer.from('{"jsonrpc":"2.0","id":null,"error":{"code":-32020,"message":"header"}}'))
    body.end()
    expect(of('request.ended')).toMatchObject([{ outcome: 'protocol_error', errorCode: '-32020', status: 400 }])
    const other = conversation.body('server_to_client')
    other.feed(Buffer.from('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse"}}'))
    other.end()
    expect(of('unreadable')).toMatchObject([{ reason: 'unknown_id' }])
  })

  it('of an unknown shape is unreadable', () => {
    const { open, of } = watchServer()
    const { client } = open()
    for (const shape of [
      { jsonrpc: '1.0', id: 1, method: 'x' },
      { id: null, method: 'x' },
      { id: 1 },
      { id: {}, method: 'x' },
      { result: {} },
    ])
      client(shape)
    expect(of('unreadable').map(({ reason }) => reason)).toEqual(Array(5).fill('not_jsonrpc'))
    expect(of('request.started')).toEqual([])
  })
})

describe('a flood of junk', () => {
  const junk = (lines: number) => Buffer.from('junk\n'.repeat(lines))

  it('is told one by one at its beginning, and then in sum for each second', () => {
    const { open, of, time } = watchServer()
    const { conversation } = open()
    const output = conversation.lines('server_to_client')
    output.feed(junk(1000))
    expect(of('unreadable')).toHaveLength(20)
    time.ms = 1000
    output.feed(junk(1000))
    expect(of('unreadable').slice(20)).toMatchObject([
      { direction: 'server_to_client', reason: 'flood', count: 980, sizeBytes: 3920 },
    ])
    time.ms = 2000
    conversation.sweep()
    expect(of('unreadable').at(-1)).toMatchObject({ reason: 'flood', count: 1000 })
    time.ms = 4000
    output.feed(junk(21))
    conversation.close('process_exit', 'server')
    expect(of('unreadable').slice(-2)).toMatchObject([{ reason: 'invalid_json' }, { reason: 'flood', count: 1 }])
    expect(of('unreadable').reduce((sum, { count = 1 }) => sum + count, 0)).toBe(2021)
  })

  it('of one side hides nothing of the other', () => {
    const { open, of } = watchServer()
    const { conversation } = open()
    conversation.lines('server_to_client').feed(junk(100))
    conversation.lines('client_to_server').feed(junk(1))
    expect(of('unreadable').at(-1)).toMatchObject({ direction: 'client_to_server', reason: 'invalid_json' })
  })
})

describe('what never comes', () => {
  it('keeps memory bounded: the oldest requests end unanswered, streams last', () => {
    const { open, of } = watchServer({ openRequests: 100, lateAnswers: 10 })
    const { conversation, client, server } = open()
    client(modern('stream', 'subscriptions/listen'))
    for (let id = 0; id < 5000; id++) {
      client(call(id, 'buy', { _meta: { progressToken: id } }))
      if (id % 3 === 0) server({ id, method: 'roots/list' })
    }
    expect(conversation.stats()).toEqual({ open: 100, lateAnswers: 20, progressTokens: expect.any(Number) })
    expect(conversation.stats().progressTokens).toBeLessThanOrEqual(100)
    expect(
      of('request.ended').every(({ outcome, method }) => outcome === 'unanswered' && method !== 'subscriptions/listen'),
    ).toBe(true)
    server({ id: 'stream', result: {} })
    expect(of('request.ended').at(-1)).toMatchObject({ method: 'subscriptions/listen', outcome: 'ok' })
    conversation.close('cancelled', 'client')
    expect(of('request.ended')).toHaveLength(of('request.started').length)
  })

  it(`is given up after its age, and a stream is not. ${promises('F3.status.timeout-504')}`, () => {
    const { open, of, time } = watchServer({ requestAgeMs: 1000 })
    const { conversation, client } = open()
    client(modern('stream', 'subscriptions/listen'))
    client(call(1))
    time.ms = 600
    client(call(2))
    time.ms = 1100
    conversation.sweep()
    expect(of('request.ended')).toMatchObject([{ outcome: 'unanswered', status: 504, durationMs: 1100 }])
    expect(conversation.open).toBe(2)
  })

  it('forgets progress tokens with their request, also where they were used twice', () => {
    const { open, of } = watchServer()
    const { conversation, client, server } = open()
    const meta = { _meta: { progressToken: 'p' } }
    client(call(1, 'buy', meta))
    client(call(2, 'buy', meta))
    server({ id: 1, result: {} })
    server({ method: 'notifications/progress', params: { progressToken: 'p' } })
    server({ id: 2, result: {} })
    server({ method: 'notifications/progress', params: { progressToken: 'p' } })
    expect(of('request.ended').map(({ progress }) => progress)).toEqual([undefined, 1])
    expect(conversation.stats().progressTokens).toBe(0)
  })
})

describe('a list of tools', () => {
  const page = (id: number, names: string[], nextCursor?: string) => ({
    id,
    result: { tools: names.map((name) => ({ name, description: 'x' })), ...(nextCursor && { nextCursor }) },
  })

  it('is told page by page, each definition with its hash', () => {
    const { open, of } = watchServer()
    const { client, server } = open()
    client({ id: 1, method: 'tools/list' })
    server(page(1, ['a', 'b'], 'next'))
    client({ id: 2, method: 'tools/list', params: { cursor: 'next' } })
    server(page(2, ['a']))
    const [first, second] = of('tools.listed')
    expect(first).toMatchObject({ tools: ['a', 'b'], complete: false })
    expect(second).toMatchObject({ tools: ['a'], complete: true })
    expect(first?.hashes[0]).toBe(second?.hashes[0])
    expect(first?.hashes[0]).not.toBe(first?.hashes[1])
  })

  it('of more than 1,000 is cut and not called complete', () => {
    const { open, of, server: memory } = watchServer()
    const { client, server } = open()
    client({ id: 1, method: 'tools/list' })
    server(
      page(
        1,
        Array.from({ length: 1500 }, (_, i) => `t${i}`),
      ),
    )
    expect(of('tools.listed')[0]).toMatchObject({ complete: false })
    expect(of('tools.listed')[0]?.tools).toHaveLength(1000)
    expect(memory.stats().knownNames).toBe(0)
  })

  it('tells unknown names apart once it is whole, until it may have changed', () => {
    const { open, of } = watchServer()
    const { client, server } = open()
    const fails = (name: string, answer: object) => {
      client(call(name, name))
      server({ id: name, ...answer })
      return of('request.ended').at(-1)?.status
    }
    const isError = { result: { isError: true } }
    const invalid = { error: { code: -32602, message: 'no' } }
    expect(fails('c', isError)).toBe(500)
    client({ id: 1, method: 'tools/list' })
    server(page(1, ['a'], 'next'))
    expect(fails('c', isError)).toBe(500)
    client({ id: 2, method: 'tools/list', params: { cursor: 'next' } })
    server(page(2, ['b']))
    expect([fails('c', isError), fails('c', invalid), fails('a', isError), fails('b', invalid)]).toEqual([
      404, 404, 500, 400,
    ])
    server({ method: 'notifications/tools/list_changed' })
    expect(fails('c', isError)).toBe(500)
  })
})

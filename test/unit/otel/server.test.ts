/** The spans of a server's requests, by OpenTelemetry's conventions for MCP. */

import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { instrument, uninstrument } from '../../../packages/instrument/src/index.js'
import { startTracing, type TracingOptions } from '../../../packages/instrument/src/otel/index.js'
import { PAIRS, shop } from '../sdk/servers.js'
import { forgetSpans, own, spanOf, spans, within } from './collected.js'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'
const SECRETS = ['sesame', 'sold out', 'burst pipe']

let stop = () => {}
const begin = (options: TracingOptions = {}) => {
  stop = startTracing(options)
}
beforeEach(forgetSpans)
afterEach(() => stop())

/** A server of the major, and what a client that knows nothing of traces says to it. */
async function asked(major: 1 | 2, prepare: (server: McpServer) => void = () => {}) {
  const server = shop(major) as McpServer
  prepare(server)
  instrument(server)
  const [near, far] = PAIRS[major].pair()
  await server.connect(far as never)
  const waiting = new Map<unknown, (answer: object) => void>()
  near.onmessage = (message: object) => waiting.get((message as { id?: unknown }).id)?.(message)
  await near.start()
  const say = (message: object) => (near as Transport).send({ jsonrpc: '2.0', ...message } as never)
  let next = 0
  const ask = async (method: string, params?: object, id: number | string = next++) => {
    const answered = new Promise<object>((resolve) => waiting.set(id, resolve))
    await say({ id, method, params })
    return answered
  }
  await ask('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'me', version: '1' } })
  await say({ method: 'notifications/initialized' })
  const call = (name: string, more: object = {}) =>
    ask('tools/call', { name, arguments: { text: 'open sesame' }, ...more })
  return { server, say, ask, call, close: () => near.close() }
}

describe.each([1, 2] as const)('SDK %i', (major) => {
  it('makes a span of each request, with the attributes of the conventions and nothing that was given', async () => {
    begin()
    const { ask, call } = await asked(major)
    await ask('tools/list')
    await call('echo')
    await ask('ping', {}, 'my ping')
    const initialize = spanOf('initialize')
    expect(initialize.kind).toBe(SpanKind.SERVER)
    expect(initialize.attributes).toEqual({
      'mcp.method.name': 'initialize',
      'jsonrpc.request.id': '0',
      'mcp.session.id': initialize.attributes['mcp.session.id'],
      'mcp.protocol.version': '2025-06-18',
    })
    expect(initialize.attributes['mcp.session.id']).toMatch(/^\w+-\w+$/)
    const echo = spanOf('tools/call echo')
    expect(echo.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(echo.attributes).toEqual({
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'echo',
      'gen_ai.operation.name': 'execute_tool',
      'jsonrpc.request.id': '2',
      'mcp.session.id': initialize.attributes['mcp.session.id'],
      'mcp.protocol.version': '2025-06-18',
    })
    expect(spanOf('ping').attributes['jsonrpc.request.id']).toBe('my ping')
    expect(spanOf('notifications/initialized').attributes).not.toHaveProperty('jsonrpc.request.id')
  })

  it('takes its parent from the request, and links the span that carries it', async () => {
    begin()
    const { call } = await asked(major)
    const carrier = own.startSpan('POST /mcp')
    const _meta = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'shop=1' }
    await context.with(trace.setSpan(context.active(), carrier), () => call('echo', { _meta }))
    const echo = spanOf('tools/call echo')
    expect(echo.spanContext()).toMatchObject({ traceId: TRACE })
    expect(echo.parentSpanContext).toMatchObject({ spanId: PARENT, isRemote: true })
    expect(echo.spanContext().traceState?.serialize()).toBe('shop=1')
    expect(echo.links.map(({ context: linked }) => linked.spanId)).toEqual([carrier.spanContext().spanId])
  })

  it.each([
    'no traceparent',
    `00-${TRACE}-${PARENT}`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `ff-${TRACE}-${PARENT}-01`,
    7,
    ['a'],
    { a: 1 },
    null,
  ])('begins a trace of its own where traceparent is %j', async (traceparent) => {
    begin()
    const { call } = await asked(major)
    await call('echo', { _meta: { traceparent, tracestate: traceparent, baggage: traceparent } })
    const echo = spanOf('tools/call echo')
    expect(echo.parentSpanContext).toBeUndefined()
    expect(echo.spanContext().traceId).not.toBe(TRACE)
    expect(echo.links).toEqual([])
  })

  it('is the child of what is active where the request brings nothing', async () => {
    begin()
    const { call } = await asked(major)
    await within('POST /mcp', () => call('echo'))
    const echo = spanOf('tools/call echo')
    expect(echo.parentSpanContext?.spanId).toBe(spanOf('POST /mcp').spanContext().spanId)
    expect(echo.links).toEqual([])
  })

  it('runs the handler in its context, so that spans made there are children', async () => {
    begin()
    const { call } = await asked(major, (server) =>
      server.registerTool('search', {}, async () => {
        await new Promise(setImmediate)
        return within('SELECT', async () => ({ content: [] }))
      }),
    )
    await Promise.all([call('search'), call('search')])
    const searches = spans().filter(({ name }) => name === 'tools/call search')
    const selects = spans().filter(({ name }) => name === 'SELECT')
    expect(new Set(selects.map(({ parentSpanContext }) => parentSpanContext?.spanId))).toEqual(
      new Set(searches.map((span) => span.spanContext().spanId)),
    )
    expect(searches).toHaveLength(2)
  })

  it('says of a failure its kind alone', async () => {
    begin()
    const { ask, call } = await asked(major)
    await ask('tools/list')
    await call('fail')
    await call('burst')
    await ask('resources/unheard-of')
    for (const name of ['tools/call fail', 'tools/call burst']) {
      expect(spanOf(name).attributes['error.type']).toBe('tool_error')
      expect(spanOf(name).status).toEqual({ code: SpanStatusCode.ERROR })
    }
    const other = spanOf('other')
    expect(other.attributes).toMatchObject({
      'mcp.method.name': 'other',
      'error.type': '-32601',
      'rpc.response.status_code': '-32601',
    })
    expect(other.status).toEqual({ code: SpanStatusCode.ERROR })
    const told = JSON.stringify(
      spans().map(({ name, attributes, status, events }) => ({ name, attributes, status, events })),
    )
    for (const secret of SECRETS) expect(told).not.toContain(secret)
  })

  it('says more of failures and resources where it is asked to', async () => {
    begin({ errorMessages: true, resourceUris: true })
    const { ask, call } = await asked(major, (server) =>
      server.registerResource('list', 'shop://list', {}, async () => ({ contents: [] })),
    )
    await ask('tools/list')
    await call('fail')
    await ask('resources/read', { uri: 'shop://list' })
    await ask('resources/unheard-of')
    expect(spanOf('tools/call fail').status.message).toBe('sold out')
    expect(spanOf('resources/read').attributes['mcp.resource.uri']).toBe('shop://list')
    expect(spanOf('other').status.message).toMatch(/method not found/i)
  })

  it('names no tool that only a caller named', async () => {
    begin()
    const { call, ask } = await asked(major)
    for (let i = 0; i < 5; i++) await call(`invented-${i}`)
    await call('fail')
    await call('echo')
    await call('echo')
    const calls = spans().filter(({ attributes }) => attributes['mcp.method.name'] === 'tools/call')
    // A tool that ran is one, well or not; of the others there may be any number.
    expect(calls.map(({ name }) => name)).toEqual([
      ...Array.from({ length: 5 }, () => 'tools/call'),
      'tools/call fail',
      'tools/call echo',
      'tools/call echo',
    ])
    expect(calls.map(({ attributes }) => attributes['gen_ai.tool.name'])).toEqual([
      ...Array.from({ length: 5 }, () => undefined),
      'fail',
      'echo',
      'echo',
    ])
    await ask('prompts/get', { name: 'invented' })
    expect(spanOf('prompts/get').attributes).not.toHaveProperty('gen_ai.prompt.name')
  })

  it('ends the span of a request that is cancelled, or whose connection is closed', async () => {
    begin()
    const { say, call, close } = await asked(major, (server) =>
      server.registerTool('wait', {}, () => new Promise(() => {})),
    )
    await call('echo')
    await say({ id: 'one', method: 'tools/call', params: { name: 'wait' } })
    await say({ method: 'notifications/cancelled', params: { requestId: 'one', reason: 'sesame' } })
    await say({ id: 'two', method: 'tools/call', params: { name: 'wait' } })
    expect(spans().map(({ attributes }) => attributes['jsonrpc.request.id'])).not.toContain('two')
    await close()
    for (const id of ['one', 'two']) {
      const waited = spans().find(({ attributes }) => attributes['jsonrpc.request.id'] === id)
      expect(waited?.attributes['error.type']).toBe('cancelled')
      expect(waited?.status.code).toBe(SpanStatusCode.ERROR)
    }
  })

  it('makes spans of notifications unless it is told not to', async () => {
    begin()
    await asked(major)
    const heard = spanOf('notifications/initialized')
    expect(heard.kind).toBe(SpanKind.SERVER)
    forgetSpans()
    stop()
    begin({ notifications: false })
    const { call } = await asked(major)
    await call('echo')
    expect(spans().map(({ name }) => name)).toEqual(['initialize', 'tools/call echo'])
  })

  it('makes none before it is started, after it was stopped, and of what is instrumented no more', async () => {
    const { call, server } = await asked(major)
    await call('echo')
    expect(spans()).toEqual([])
    begin()
    await call('echo')
    expect(spans().map(({ name }) => name)).toEqual(['tools/call echo'])
    uninstrument(server)
    await call('echo')
    instrument(server)
    await call('echo')
    expect(spans()).toHaveLength(2)
    stop()
    await call('echo')
    expect(spans()).toHaveLength(2)
  })

  it('counts once where it is started again, and ends what is open when it is stopped', async () => {
    begin()
    begin({ notifications: false })
    const { call, say } = await asked(major, (server) => server.registerTool('wait', {}, () => new Promise(() => {})))
    await call('echo')
    expect(spans().map(({ name }) => name)).toEqual(['initialize', 'tools/call echo'])
    await say({ id: 'one', method: 'tools/call', params: { name: 'wait' } })
    stop()
    expect(spans().at(-1)?.attributes['jsonrpc.request.id']).toBe('one')
    expect(spans().at(-1)?.attributes).not.toHaveProperty('error.type')
  })
})

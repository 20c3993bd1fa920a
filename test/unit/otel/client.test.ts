/** The spans of a client's requests, and the traces that they share with the server's. */

import { Client as ModernClient } from '@modelcontextprotocol/client'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { instrument, instrumentClient } from '../../../packages/instrument/src/index.js'
import { startTracing } from '../../../packages/instrument/src/otel/index.js'
import { PAIRS, shop } from '../sdk/servers.js'
import { forgetSpans, spanOf, spans, within } from './collected.js'

let stop = () => {}
beforeEach(() => {
  forgetSpans()
  stop = startTracing()
})
afterEach(() => stop())

const INFO = { name: 'me', version: '1' }
const SAMPLING = { capabilities: { sampling: {} } }

/** A client with the instrument, connected to a shop, and every message that it sent. */
async function connected(major: 1 | 2, prepare: (server: McpServer, client: Client) => void = () => {}) {
  const server = shop(major) as McpServer
  const client = (major === 1 ? new OldClient(INFO, SAMPLING) : new ModernClient(INFO, SAMPLING)) as Client
  prepare(server, client)
  const [near, far] = PAIRS[major].pair() as unknown as [Transport, Transport]
  await server.connect(far)
  const sent: { method?: string; params?: { _meta?: Record<string, unknown> } }[] = []
  const wire: { broken?: Error } = {}
  const { send } = near
  near.send = (message, options) => {
    sent.push(message as never)
    if (wire.broken) return Promise.reject(wire.broken)
    return send.call(near, message, options)
  }
  instrumentClient(client)
  await client.connect(near)
  sent.length = 0
  return { server, client, wire, sent }
}

describe.each([1, 2] as const)('SDK %i', (major) => {
  it('puts client and server into one trace, and what the handler does as well', async () => {
    const { client } = await connected(major, (server) => {
      server.registerTool('search', {}, () => within('SELECT', async () => ({ content: [] })))
      instrument(server)
    })
    await within('agent', () => client.callTool({ name: 'search' }))
    const [agent, asked, answered, inner] = [
      spanOf('agent'),
      spanOf('tools/call search', SpanKind.CLIENT),
      spanOf('tools/call search', SpanKind.SERVER),
      spanOf('SELECT'),
    ]
    expect(asked.parentSpanContext?.spanId).toBe(agent.spanContext().spanId)
    expect(answered.parentSpanContext?.spanId).toBe(asked.spanContext().spanId)
    expect(answered.parentSpanContext?.isRemote).toBe(true)
    expect(inner.parentSpanContext?.spanId).toBe(answered.spanContext().spanId)
    expect(new Set([agent, asked, answered, inner].map((span) => span.spanContext().traceId)).size).toBe(1)
    expect(asked.attributes).toMatchObject({
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'search',
      'gen_ai.operation.name': 'execute_tool',
    })
  })

  it('nests what the server asks of the client in the call that needs it', async () => {
    const { client } = await connected(major, (server, client) => {
      server.registerTool('ask', {}, async () => {
        await server.server.createMessage({
          messages: [{ role: 'user', content: { type: 'text', text: 'open sesame' } }],
          maxTokens: 5,
        })
        return { content: [] }
      })
      const answer = () =>
        within('model', async () => ({
          role: 'assistant' as const,
          model: 'm',
          content: { type: 'text' as const, text: 'opened' },
        }))
      if (major === 1) client.setRequestHandler(CreateMessageRequestSchema, answer)
      else (client as unknown as ModernClient).setRequestHandler('sampling/createMessage', answer)
      instrument(server)
    })
    await client.callTool({ name: 'ask' })
    const chain = [
      spanOf('tools/call ask', SpanKind.CLIENT),
      spanOf('tools/call ask', SpanKind.SERVER),
      spanOf('sampling/createMessage', SpanKind.CLIENT),
      spanOf('sampling/createMessage', SpanKind.SERVER),
      spanOf('model'),
    ]
    for (const [i, span] of chain.slice(1).entries())
      expect(span.parentSpanContext?.spanId).toBe(chain[i]!.spanContext().spanId)
    expect(JSON.stringify(spans().map(({ attributes }) => attributes))).not.toMatch(/sesame|opened/)
  })

  it('sends the context beside what is there, and leaves the caller\u2019s object alone', async () => {
    const { client, sent } = await connected(major)
    const params = Object.freeze({
      name: 'echo',
      arguments: Object.freeze({ text: 'a' }),
      _meta: Object.freeze({ mine: 1, traceparent: 'of nobody' }),
    })
    await client.callTool(params)
    await client.listTools()
    const call = spanOf('tools/call echo').spanContext()
    const traceparent = `00-${call.traceId}-${call.spanId}-01`
    expect(sent[0]?.params).toEqual({ ...params, _meta: { ...sent[0]?.params?._meta, mine: 1, traceparent } })
    expect(sent[1]?.params?._meta?.traceparent).toMatch(/^00-\w{32}-\w{16}-01$/)
  })

  it('sends what was given where nothing is traced', async () => {
    const { client, sent } = await connected(major)
    stop()
    await client.callTool({ name: 'echo', arguments: { text: 'a' } })
    expect(JSON.stringify(sent)).not.toContain('traceparent')
    expect(spans().filter(({ name }) => name.startsWith('tools/'))).toEqual([])
  })

  it('ends with the answer, well or not, and with a cancellation', async () => {
    const leaving = new AbortController()
    const { client } = await connected(major, (server) => {
      server.registerTool('wait', {}, () => {
        leaving.abort()
        return new Promise(() => {})
      })
    })
    await client.callTool({ name: 'fail' })
    await client.readResource({ uri: 'shop://none' }).catch(() => {})
    const options = { signal: leaving.signal }
    await client
      .callTool({ name: 'wait' }, ...((major === 1 ? [undefined, options] : [options]) as unknown as []))
      .catch(() => {})
    expect(spans().find(({ attributes }) => attributes['error.type'] === 'cancelled')?.name).toBe('tools/call')
    const failed = spanOf('tools/call fail')
    expect(failed.attributes['error.type']).toBe('tool_error')
    expect(failed.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(spanOf('resources/read').attributes['error.type']).toMatch(/^-32\d{3}$/)
  })

  it('tells a request that could not be sent, and passes on why', async () => {
    const { client, wire } = await connected(major)
    const refused = Object.assign(new Error('connect to open sesame'), { code: 'ECONNREFUSED' })
    wire.broken = refused
    await expect(client.ping()).rejects.toBe(refused)
    const ping = spanOf('ping')
    expect(ping.attributes['error.type']).toBe('ECONNREFUSED')
    expect(ping.status).toEqual({ code: SpanStatusCode.ERROR })
  })
})

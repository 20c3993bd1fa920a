/** Traces over real transports: one trace from the client into the server, the HTTP span linked, and its id on the page. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { context, SpanKind, trace } from '@opentelemetry/api'
import express from 'express'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { metricsHandler } from '../../packages/instrument/src/http/index.js'
import { instrument, instrumentClient } from '../../packages/instrument/src/index.js'
import { startTracing } from '../../packages/instrument/src/otel/index.js'
import { scrape } from '../fixtures/library/page.js'
import { serve } from '../fixtures/library/serve.js'
import { forgetSpans, own, spanOf, within } from '../unit/otel/collected.js'
import { shop } from '../unit/sdk/servers.js'

beforeEach(() => {
  forgetSpans()
  onTestFinished(startTracing({ notifications: false }))
})

const ME = { name: 'me', version: '1' }

/** A shop on Express, with a span for each HTTP request as HTTP instrumentation makes it; gives its address. */
async function served(): Promise<string> {
  const app = express()
  app.use((request, _response, next) => {
    const span = own.startSpan(`${request.method} ${request.path}`, { kind: SpanKind.SERVER })
    context.with(trace.setSpan(context.active(), span), next)
    span.end()
  })
  app.get('/metrics', metricsHandler({ opentelemetry: true }))
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID })
  await instrument(shop(1)).connect(transport as never)
  app.all('/mcp', express.json(), (request, response) => transport.handleRequest(request, response, request.body))
  const listener = app.listen(0, '127.0.0.1')
  onTestFinished(() => {
    listener.close()
    listener.closeAllConnections()
  })
  await once(listener, 'listening')
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
}

test('over HTTP the client’s span is the parent, the HTTP span is linked, and exemplars name the trace', async () => {
  const url = await served()
  const client = instrumentClient(new Client(ME))
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)) as never)
  forgetSpans()
  await within('agent', () => client.callTool({ name: 'echo', arguments: { text: 'a' } }))
  await client.close()
  const asked = spanOf('tools/call echo', SpanKind.CLIENT)
  const answered = spanOf('tools/call echo', SpanKind.SERVER)
  const { traceId } = spanOf('agent').spanContext()
  expect(asked.spanContext().traceId).toBe(traceId)
  expect(answered.spanContext().traceId).toBe(traceId)
  expect(answered.parentSpanContext?.spanId).toBe(asked.spanContext().spanId)
  expect(answered.links.map(({ context: linked }) => linked.spanId)).toEqual([spanOf('POST /mcp').spanContext().spanId])
  expect(answered.attributes).toMatchObject({ 'network.transport': 'tcp', 'network.protocol.name': 'http' })
  const { text } = await scrape(`${url}/metrics`, 'application/openmetrics-text')
  for (const metric of ['mcp_server_operation_duration_seconds', 'mcp_tool_call_duration_seconds']) {
    const buckets = text.split('\n').filter((line) => line.startsWith(`${metric}_bucket{`) && line.includes('"echo"'))
    expect(buckets.map((line) => / # \{trace_id="(\w+)"\}/.exec(line)?.[1]).filter(Boolean)).toContain(traceId)
  }
  expect(text).toContain('mcp_method_name="tools/call",gen_ai_tool_name="echo"')
})

test('a trace goes over stdio into the handler of another process', async () => {
  const client = instrumentClient(new Client(ME))
  const args = [fileURLToPath(new URL('../fixtures/library/traced-stdio.mjs', import.meta.url))]
  await client.connect(new StdioClientTransport({ command: process.execPath, args }) as never)
  onTestFinished(() => client.close())
  const { content } = (await client.callTool({ name: 'where' })) as unknown as { content: [{ text: string }] }
  const { traceId, spanId } = spanOf('tools/call where').spanContext()
  expect(JSON.parse(content[0].text)).toMatchObject({
    name: 'tools/call',
    attributes: { 'mcp.method.name': 'tools/call', 'network.transport': 'pipe' },
    parent: { traceId, spanId },
  })
  expect(spanOf('tools/call where').attributes['network.transport']).toBe('pipe')
})

test('the environment turns the names of OpenTelemetry on, as it does for the daemon', async () => {
  const url = await serve('beside.mjs', ['--stay'], { METRICS_PORT: '0', MCP_VITALS_OPENTELEMETRY_NAMES: 'true' })
  const { text } = await scrape(`${url}/metrics`)
  expect(text).toMatch(/^mcp_server_operation_duration_seconds_count\{.*mcp_method_name="tools\/call".*\} 1$/m)
})

test('only the entry for traces loads the API of OpenTelemetry', () => {
  const dist = new URL('../../packages/instrument/dist/', import.meta.url)
  const seen = new Set<string>()
  const packages = new Set<string>()
  const read = (url: URL) => {
    if (seen.has(url.href)) return
    seen.add(url.href)
    for (const [, name] of readFileSync(url, 'utf8').matchAll(/(?:from|import) '([^']+)'/g)) {
      if (name!.startsWith('.')) read(new URL(name!, url))
      else if (!name!.startsWith('node:')) packages.add(name!)
    }
  }
  for (const entry of ['index', 'http/index', 'node/index', 'metrics/index']) read(new URL(`${entry}.js`, dist))
  expect([...packages]).toEqual([])
  expect(seen.size).toBeGreaterThan(50)
  read(new URL('otel/index.js', dist))
  expect([...packages]).toEqual(['@opentelemetry/api'])
})

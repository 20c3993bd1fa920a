/** What `instrumentClient` tells is the client's, and moves nothing of a server's. */
import { describe, expect, it, test } from 'vitest'
import { type Event, event } from '../../../packages/instrument/src/event/index.js'
import { instrument, instrumentClient, vitals } from '../../../packages/instrument/src/index.js'
import {
  createMetricsFold,
  createRegistry,
  expose,
  type MetricsFoldOptions,
} from '../../../packages/instrument/src/metrics/index.js'
import { PAIRS, shop } from '../sdk/servers.js'

/** The page of whatever is observed meanwhile. */
async function page(run: () => Promise<void>, options: MetricsFoldOptions = {}) {
  const registry = createRegistry()
  const { fold } = createMetricsFold(registry, options)
  // Who attaches is told first what came before.
  let isNow = false
  const stop = vitals().attach((each) => isNow && fold(each, 'local'))
  isNow = true
  await run()
  stop()
  const text = expose(registry)
  return { text, has: (line: string) => text.split('\n').includes(line) }
}

/** A client with the instrument lists the tools, calls two and one that there is not. */
async function visit(major: 1 | 2, isServerWatched: boolean): Promise<void> {
  const server = shop(major)
  if (isServerWatched) instrument(server)
  const [near, far] = PAIRS[major].pair()
  await server.connect(far)
  const client = instrumentClient(PAIRS[major].client(), { server: 'shop' })
  await client.connect(near as never)
  await client.callTool({ name: 'echo', arguments: { text: 'a' } })
  await client.callTool({ name: 'fail', arguments: {} })
  await client.callTool({ name: 'invented', arguments: {} }).catch(() => {})
  await client.close()
}

describe.each([1, 2] as const)('SDK %i', (major) => {
  it('counts what a client asked as the client’s, and as no call of a server that is watched', async () => {
    const { text, has } = await page(() => visit(major, false), { opentelemetry: true })
    expect(has('mcp_client_tool_calls_total{server="shop",tool="echo",status="success"} 1')).toBe(true)
    expect(has('mcp_client_tool_calls_total{server="shop",tool="unknown",status="error"} 2')).toBe(true)
    expect(text).toMatch(/^mcp_client_request_duration_seconds_count\{server="shop",method="tools\/call"\} 3$/m)
    expect(text).toMatch(
      /^mcp_client_requests_total\{server="shop",method="initialize",direction="client_to_server",status="200"\} 1$/m,
    )
    expect(text).toMatch(
      /^mcp_client_operation_duration_seconds_count\{server="shop",mcp_method_name="tools\/call",gen_ai_tool_name="echo",.*mcp_protocol_version="20..-..-..",.*\} 1$/m,
    )
    expect(text).toMatch(/^mcp_client_session_duration_seconds_count\{server="shop",/m)
    for (const name of ['tool_calls_total', 'requests_total', 'server_up', 'active_sessions', 'errors_total'])
      expect(text).not.toMatch(new RegExp(`^mcp_${name}\\{`, 'm'))
    expect(text).not.toMatch(/^mcp_server_(operation|session)_duration_seconds_count/m)
  })

  it('counts each call once on either side, where one program has both', async () => {
    const { has } = await page(() => visit(major, true))
    for (const prefix of ['mcp', 'mcp_client'])
      expect(has(`${prefix}_tool_calls_total{server="shop",tool="echo",status="success"} 1`)).toBe(true)
    expect(has('mcp_active_sessions{server="shop"} 0')).toBe(true)
  })
})

test('names that nobody vouched for are bounded', () => {
  const registry = createRegistry()
  const { fold } = createMetricsFold(registry, { maxServers: 2, maxTools: 2 })
  const fields = {
    direction: 'client_to_server' as const,
    method: 'tools/call',
    operation: 'o',
    outcome: 'ok' as const,
    status: 200,
    durationMs: 1,
    requestBytes: 1,
    responseBytes: 1,
  }
  for (let i = 0; i < 5; i++)
    for (const server of ['a', `more-${i}`])
      fold(event('request.ended', 0, { server, side: 'client' }, { ...fields, name: `tool-${i}` }) as Event, 'local')
  const series = (pattern: RegExp) => new Set([...expose(registry).matchAll(pattern)].map(([, name]) => name))
  expect([...series(/^mcp_client_requests_total\{server="([^"]*)"/gm)].sort()).toEqual(['a', 'more-0', 'other'])
  expect([...series(/^mcp_client_tool_calls_total\{server="a",tool="([^"]*)"/gm)].sort()).toEqual([
    'tool-0',
    'tool-1',
    'unknown',
  ])
})

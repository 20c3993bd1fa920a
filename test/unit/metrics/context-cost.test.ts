import { describe, expect, it } from 'vitest'
import { type Event, type EventOf, event } from '../../../packages/instrument/src/event/index.js'
import { createMetricsFold, createRegistry, expose } from '../../../packages/instrument/src/metrics/index.js'
import { sampleValue } from './read-exposition.js'

const ORIGIN = { server: 'files', session: 'a', transport: 'stdio' } as const

function watch() {
  const registry = createRegistry()
  const fold = createMetricsFold(registry)
  const publish = (happened: Event) => fold.fold(happened, 'local')
  return {
    publish,
    ended: (fields: Partial<EventOf<'request.ended'>>) =>
      publish(
        event('request.ended', 0, ORIGIN, {
          direction: 'client_to_server',
          method: 'tools/call',
          operation: 'o-1',
          outcome: 'ok',
          status: 200,
          durationMs: 3,
          requestBytes: 1,
          responseBytes: 1,
          ...fields,
        }),
      ),
    value: (name: string, labels: Record<string, string>) => sampleValue(expose(registry), name, labels),
  }
}

describe('context cost', () => {
  const listed = (sizeBytes: number, complete: boolean, session: string) =>
    event('tools.listed', 0, { ...ORIGIN, session }, { tools: ['read'], hashes: [''], sizeBytes, complete })

  it('of tools is that of all pages of one session, and the newest list counts', () => {
    const { publish, value } = watch()
    const [server, estimated] = ['files', 'true']
    publish(listed(3000, false, 'a'))
    publish(listed(5000, false, 'b'))
    expect(value('mcp_tools_list_size_bytes', { server })).toBeUndefined()
    publish(listed(3550, true, 'a'))
    expect(value('mcp_tools_list_size_bytes', { server })).toBe(6550)
    expect(value('mcp_tools_list_tokens', { server, estimated })).toBe(1000)
    publish(listed(1550, true, 'b'))
    expect(value('mcp_tools_list_size_bytes', { server })).toBe(6550)
    publish(listed(375, true, 'a'))
    expect(value('mcp_tools_list_tokens', { server, estimated })).toBe(50)
    publish(listed(0, false, 'a'))
    expect(value('mcp_tools_list_tokens', { server, estimated })).toBe(50)
  })

  it('of results counts those that were given and weighed, errors of tools too', () => {
    const { publish, ended, value } = watch()
    publish(listed(375, true, 'a'))
    ended({ name: 'read', responseBytes: 670 })
    ended({ name: 'read', responseBytes: 670, outcome: 'tool_error' })
    ended({ name: 'read', responseBytes: 0 })
    ended({ name: 'read', responseBytes: 670, outcome: 'protocol_error' })
    const labels = { server: 'files', tool: 'read' }
    expect(value('mcp_tool_result_size_bytes_sum', labels)).toBe(1340)
    expect(value('mcp_tool_result_tokens_sum', { ...labels, estimated: 'true' })).toBe(200)
    expect(value('mcp_tool_result_tokens_count', { ...labels, estimated: 'true' })).toBe(2)
  })
})

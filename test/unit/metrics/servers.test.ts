import { describe, expect, it } from 'vitest'
import { event } from '../../../packages/instrument/src/event/index.js'
import {
  createMetricsFold,
  createRegistry,
  expose,
  type MetricsFoldOptions,
} from '../../../packages/instrument/src/metrics/index.js'
import { sampleValue } from './read-exposition.js'

function watch(options: MetricsFoldOptions) {
  const registry = createRegistry()
  const fold = createMetricsFold(registry, options)
  const entrance = 'ingest:x'
  return {
    pinged(server: string) {
      const call = { direction: 'client_to_server', method: 'ping', operation: 'o-1' } as const
      const answer = { outcome: 'ok', status: 200, durationMs: 3, requestBytes: 1, responseBytes: 1 } as const
      fold.fold(event('request.ended', 0, { server }, { ...call, ...answer }), entrance)
    },
    listed(server: string, tools: readonly string[]) {
      fold.fold(event('tools.listed', 0, { server }, { tools, hashes: [], sizeBytes: 9, complete: true }), entrance)
    },
    value: (name: string, labels: Record<string, string> = {}) => sampleValue(expose(registry), name, labels),
  }
}

describe('servers', () => {
  it('that are owned have a label whatever others were named, before and after', () => {
    const owned = new Set(['mine'])
    const { pinged, value } = watch({ maxServers: 2, isOwned: (name) => owned.has(name) })
    for (let i = 0; i < 100; i++) pinged(`invented-${i}`)
    pinged('mine')
    owned.add('new')
    pinged('new')
    for (const server of ['mine', 'new', 'invented-1'])
      expect(value('mcp_requests_total', { server, method: 'ping' }), server).toBe(1)
    expect(value('mcp_requests_total', { server: 'other', method: 'ping' })).toBe(98)
  })

  it('that were silent for an hour give their labels to new ones, when there is no room', () => {
    const time = { ms: 0 }
    const owned = new Set<string>()
    const { pinged, value, listed } = watch({ maxServers: 3, now: () => time.ms, isOwned: (name) => owned.has(name) })
    for (const server of ['quiet', 'busy', 'taken-over']) pinged(server)
    listed('quiet', ['read'])
    time.ms = 3_599_999
    pinged('busy')
    pinged('early')
    expect(value('mcp_requests_total', { server: 'early' })).toBeUndefined()
    owned.add('taken-over')
    time.ms++
    pinged('new')
    const count = (server: string) => value('mcp_requests_total', { server, method: 'ping' })
    expect([count('quiet'), count('busy'), count('taken-over'), count('new')]).toEqual([undefined, 2, 1, 1])
    expect(value('mcp_tool_calls_total', { server: 'quiet' })).toBeUndefined()
    expect(value('mcp_vitals_servers_forgotten_total')).toBe(1)
  })
})

import { type EventOf, event } from '@mcp-vitals/instrument/event'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRecentDurations, WINDOW } from '../../../packages/server/src/state/durations.js'
import { createVitals, MAX_RECENT_CALLS, MAX_SERVERS } from '../../../packages/server/src/state/vitals.js'

const at = 1_700_000_000_000
const origin = { server: 'files', session: 's1', transport: 'stdio' as const }

function ended(fields: Partial<EventOf<'request.ended'>> = {}): EventOf<'request.ended'> {
  const defaults = {
    direction: 'client_to_server' as const,
    method: 'tools/call',
    name: 'read',
    operation: '1',
    outcome: 'ok' as const,
    status: 200,
    durationMs: 5,
    requestBytes: 10,
    responseBytes: 10,
  }
  return { ...event('request.ended', at, origin, defaults), ...fields }
}

describe('what is true now', () => {
  test('a declared server is unknown until something is heard of it', () => {
    const vitals = createVitals(() => at)
    vitals.declare('files')
    expect(vitals.snapshot().servers).toMatchObject([{ name: 'files', condition: 'unknown', sessions: 0 }])
  })

  test('a session opens, calls in flight are counted, and both end', () => {
    const vitals = createVitals(() => at)
    vitals.fold(event('session.opened', at, origin, { era: 'legacy', serverName: 'fs', serverVersion: '2' }), 'local')
    const request = { direction: 'client_to_server' as const, method: 'tools/call', name: 'read', operation: '1' }
    vitals.fold(event('request.started', at, origin, request), 'local')
    expect(vitals.snapshot()).toMatchObject({
      sessions: 1,
      servers: [{ condition: 'up', inFlight: 1, implementation: 'fs 2' }],
    })
    vitals.fold(ended(), 'local')
    vitals.fold(event('session.closed', at, origin, { durationMs: 9, reason: 'client' }), 'local')
    expect(vitals.snapshot()).toMatchObject({
      sessions: 0,
      servers: [{ inFlight: 0, toolCalls: 1, failures: 0, p50Ms: 5, p95Ms: 5 }],
      recent: [{ name: 'read', outcome: 'ok' }],
    })
  })

  test('a crash brings a server down with its cause, and an answer brings it up again', () => {
    const vitals = createVitals(() => at)
    const crash = { pid: 7, crashed: true, durationMs: 1, reason: 'not_found' as const }
    vitals.fold(event('process.ended', at, origin, crash), 'local')
    expect(vitals.snapshot().servers).toMatchObject([{ condition: 'down', reason: 'not_found', crashes: 1 }])
    vitals.fold(ended({ outcome: 'tool_error' }), 'local')
    const [server] = vitals.snapshot().servers
    expect(server).toMatchObject({ condition: 'up', failures: 1 })
    expect(server).not.toHaveProperty('reason')
  })

  test('an end that was wanted, or a failed request of the server’s own, does not bring it down', () => {
    const vitals = createVitals(() => at)
    vitals.fold(ended(), 'local')
    vitals.fold(event('process.ended', at, origin, { pid: 7, crashed: false, durationMs: 1 }), 'local')
    vitals.fold(ended({ direction: 'server_to_client', outcome: 'transport_error' }), 'local')
    expect(vitals.snapshot().servers).toMatchObject([{ condition: 'up' }])
  })

  test('pages of tools/list add up until the last one says what there is', () => {
    const vitals = createVitals(() => at)
    const listed = (tools: string[], complete: boolean) =>
      vitals.fold(event('tools.listed', at, origin, { tools, hashes: [], sizeBytes: 1, complete }), 'local')
    listed(['a'], false)
    listed(['b'], false)
    expect(vitals.snapshot().servers[0]?.tools).toEqual(['a', 'b'])
    listed(['c'], true)
    expect(vitals.snapshot().servers[0]?.tools).toEqual(['c'])
  })

  test('what we say of ourselves makes no server', () => {
    const vitals = createVitals(() => at)
    const own = { server: 'mcp-vitals' }
    vitals.fold(event('provider', at, own, { provider: 'twilio', ok: true, durationMs: 1 }), 'local')
    expect(vitals.snapshot().servers).toEqual([])
  })

  test('memory is bounded: servers and recent calls', () => {
    const vitals = createVitals(() => at)
    for (let i = 0; i < MAX_SERVERS + 5; i++) vitals.declare(`server-${i}`)
    for (let i = 0; i < MAX_RECENT_CALLS + 5; i++) vitals.fold({ ...ended(), server: 'server-1' }, 'local')
    const { servers, recent } = vitals.snapshot()
    expect(servers).toHaveLength(MAX_SERVERS)
    expect(recent).toHaveLength(MAX_RECENT_CALLS)
  })

  test('quantiles are those of a plain sort over the last durations', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: WINDOW * 2 }),
        (all) => {
          const recent = createRecentDurations()
          for (const duration of all) recent.add(duration)
          const sorted = all.slice(-WINDOW).sort((a, b) => a - b)
          const rank = (q: number) => sorted[Math.ceil(q * sorted.length) - 1]
          expect(recent.quantiles()).toEqual({ p50Ms: rank(0.5), p95Ms: rank(0.95) })
        },
      ),
    )
    expect(createRecentDurations().quantiles()).toEqual({})
  })
})

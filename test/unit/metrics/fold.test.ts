import { describe, expect, it } from 'vitest'
import { type Event, type EventOf, event, type Origin } from '../../../packages/instrument/src/event/index.js'
import {
  createMetricsFold,
  createRegistry,
  expose,
  type MetricsFoldOptions,
} from '../../../packages/instrument/src/metrics/index.js'
import type { Entrance } from '../../../packages/instrument/src/stream/index.js'
import { promises } from '../../requirements.js'
import { readExposition, type Sample, sampleValue } from './read-exposition.js'

const ORIGIN = { server: 'files', session: 's-1', transport: 'stdio' } as const
type Ended = EventOf<'request.ended'>

/** A fold with its registry, and short ways to tell it things. */
function watch(options: MetricsFoldOptions = {}) {
  const registry = createRegistry()
  const fold = createMetricsFold(registry, options)
  const publish = (happened: Event, entrance: Entrance = 'local') => fold.fold(happened, entrance)
  const asked = { direction: 'client_to_server', method: 'tools/call', operation: 'o-1' } as const
  return {
    publish,
    started(fields: Partial<EventOf<'request.started'>> = {}, origin: Origin = ORIGIN, entrance?: Entrance) {
      publish(event('request.started', 0, origin, { ...asked, ...fields }), entrance)
    },
    ended(fields: Partial<Ended> = {}, origin: Origin = ORIGIN, entrance?: Entrance) {
      const answer = { outcome: 'ok', status: 200, durationMs: 3, requestBytes: 1, responseBytes: 1 } as const
      publish(event('request.ended', 0, origin, { ...asked, ...answer, ...fields }), entrance)
    },
    listed(tools: readonly string[], complete = true, origin: Origin = ORIGIN) {
      publish(event('tools.listed', 0, origin, { tools, hashes: tools.map(() => 'h'), sizeBytes: 9, complete }))
    },
    closed: (origin: Origin = ORIGIN) =>
      publish(event('session.closed', 0, origin, { durationMs: 90_000, reason: 'client' })),
    value: (name: string, labels: Record<string, string> = {}) => sampleValue(expose(registry), name, labels),
    samples: (): readonly Sample[] => readExposition(expose(registry)),
  }
}

const toolsShown = (samples: readonly Sample[]) =>
  [...new Set(samples.filter(({ name }) => name === 'mcp_tool_calls_total').map(({ labels }) => labels.tool))].sort()

describe('requests', () => {
  it('are counted with method, server and status, and timed', () => {
    const { ended, value } = watch()
    ended({ method: 'prompts/get', durationMs: 1500 })
    ended({ method: 'prompts/get', outcome: 'protocol_error', status: 400, errorCode: '-32602' })
    const labels = { server: 'files', method: 'prompts/get', endpoint: 'files' }
    expect(value('mcp_requests_total', { ...labels, status: '200' })).toBe(1)
    expect(value('mcp_requests_total', { ...labels, status: '400' })).toBe(1)
    expect(value('mcp_request_duration_seconds_count', labels)).toBe(2)
    expect(value('mcp_request_duration_seconds_bucket', { ...labels, le: '2' })).toBe(2)
    expect(value('mcp_request_duration_seconds_bucket', { ...labels, le: '1' })).toBe(1)
    expect(
      value('mcp_errors_total', { server: 'files', type: 'protocol_error', tool: '', reason: 'invalid_params' }),
    ).toBe(1)
  })

  it('that are streams or ask a person are counted and not timed', () => {
    const { ended, value } = watch()
    ended({ method: 'subscriptions/listen', durationMs: 3_600_000 })
    ended({ method: 'elicitation/create', direction: 'server_to_client', durationMs: 60_000 })
    expect(value('mcp_requests_total', { method: 'subscriptions/listen' })).toBe(1)
    expect(value('mcp_requests_total', { method: 'elicitation/create' })).toBe(1)
    expect(value('mcp_request_duration_seconds_count')).toBeUndefined()
  })

  it('of methods and statuses that do not exist are `other`', () => {
    const { ended, publish, samples } = watch()
    for (let i = 0; i < 200; i++) {
      ended({ method: `evil/${i}`, status: 1000 + i })
      publish(event('notification', 0, ORIGIN, { direction: 'client_to_server', method: `n/${i}`, sizeBytes: 1 }))
    }
    const counted = samples().filter(({ name }) => /^mcp_(requests|notifications)_total$/.test(name))
    expect(counted.map(({ labels, value }) => [labels.method, labels.status, value])).toEqual([
      ['other', undefined, 200],
      ['other', 'other', 200],
    ])
  })

  it.each([
    ['tool_error', undefined, 'tool_error'],
    ['protocol_error', '-32603', 'internal_error'],
    ['protocol_error', '-32050', 'server_error'],
    ['protocol_error', '12345', 'other'],
    ['timeout', undefined, 'timeout'],
    ['process_exit', undefined, 'process_exit'],
  ] as const)(
    `that end by %s with code %s have the reason %s. ${promises('F9.text.reason')}`,
    (outcome, errorCode, reason) => {
      const { ended, listed, value } = watch()
      listed(['read'])
      ended({ name: 'read', outcome, status: 500, ...(errorCode && { errorCode }) })
      expect(value('mcp_errors_total', { server: 'files', type: outcome, tool: 'read', reason })).toBe(1)
    },
  )

  it(`that time out or were given up on are counted as such, by tool. ${promises('C2.metric.timeouts')}`, () => {
    const { ended, listed, value } = watch()
    listed(['read'])
    for (const outcome of ['timeout', 'unanswered', 'tool_error'] as const)
      ended({ name: 'read', outcome, status: 504 })
    ended({ method: 'ping', outcome: 'timeout', status: 504 })
    expect(value('mcp_timeouts_total', { server: 'files', tool: 'read' })).toBe(2)
    expect(value('mcp_timeouts_total', { server: 'files', tool: '' })).toBe(1)
  })

  it('that their asker withdrew are no errors', () => {
    const { ended, listed, value } = watch()
    listed(['read'])
    for (const outcome of ['cancelled', 'replaced'] as const) ended({ name: 'read', outcome, status: 499 })
    expect(value('mcp_tool_calls_total', { tool: 'read', status: 'cancelled' })).toBe(2)
    expect(value('mcp_errors_total')).toBeUndefined()
  })
})

describe('tools as labels', () => {
  it(`start at 0 once listed, are counted, and end when a complete list lacks them. ${promises('F12.label.after-list', 'F12.label.starts-at-0', 'F12.label.ends-with-tool')}`, () => {
    const { listed, ended, value, samples } = watch()
    listed(['read', 'write'])
    for (const status of ['success', 'error', 'cancelled'])
      expect(value('mcp_tool_calls_total', { server: 'files', tool: 'write', status })).toBe(0)
    expect(value('mcp_timeouts_total', { tool: 'write' })).toBe(0)
    expect(value('mcp_tool_availability', { tool_name: 'write' })).toBe(1)
    expect(samples().filter(({ name }) => name.startsWith('mcp_tool_call_duration_seconds'))).toEqual([])
    ended({ name: 'write', outcome: 'tool_error', status: 500 })
    expect(value('mcp_tool_call_duration_seconds_count', { tool: 'write' })).toBe(1)
    expect(value('mcp_tool_calls_total', { tool: 'write', status: 'error' })).toBe(1)
    listed(['read'])
    expect(samples().filter(({ labels }) => labels.tool === 'write' || labels.tool_name === 'write')).toEqual([])
    expect(value('mcp_tool_calls_total', { tool: 'read', status: 'success' })).toBe(0)
  })

  it(`begin with a call that succeeds, not with one that fails. ${promises('F12.label.after-success', 'F12.label.unknown')}`, () => {
    const { ended, samples } = watch()
    ended({ name: 'guess', outcome: 'tool_error', status: 500 })
    expect(toolsShown(samples())).toEqual(['unknown'])
    ended({ name: 'guess' })
    ended({})
    expect(toolsShown(samples())).toEqual(['guess', 'unknown'])
  })

  it(`stay those of the server, whatever 100,000 names a client invents. ${promises('F12.label.evicts-nobody')}`, () => {
    const { ended, listed, started, publish, samples, value } = watch()
    listed(['read'])
    ended({ name: 'read' })
    const before = samples().length
    for (let i = 0; i < 100_000; i++) {
      started({ name: `invented-${i}`, operation: `o-${i}` })
      ended({ name: `invented-${i}`, operation: `o-${i}`, outcome: 'protocol_error', status: 404 })
      publish(event('error', 0, ORIGIN, { errorType: 'E', name: `invented-${i}`, reason: 'r' }))
    }
    expect(toolsShown(samples())).toEqual(['read', 'unknown'])
    expect(value('mcp_tool_calls_total', { tool: 'read', status: 'success' })).toBe(1)
    expect(value('mcp_tool_availability', { tool_name: 'read' })).toBe(1)
    const size = samples().length
    for (let i = 0; i < 100; i++) ended({ name: `more-${i}`, outcome: 'protocol_error', status: 404 })
    expect(samples()).toHaveLength(size)
    expect(size - before).toBeLessThan(30)
  })

  it('of several pages end only when two whole rounds lack them', () => {
    const { listed, samples } = watch()
    const all = (...pages: string[][]) => {
      for (const [i, page] of pages.entries()) listed(page, i === pages.length - 1)
    }
    const shown = () => toolsShown(samples())
    all(['a', 'b'], ['c'])
    expect(shown()).toEqual(['a', 'b', 'c'])
    // The last page of another client's round, alone.
    all(['c'])
    expect(shown()).toEqual(['a', 'b', 'c'])
    all(['a'], ['c'])
    expect(shown()).toEqual(['a', 'c'])
  })

  it('are bounded for each server; a known one makes room only by ending', () => {
    const { listed, ended, samples, value } = watch({ maxTools: 3 })
    const names = Array.from({ length: 10 }, (_, i) => `t${i}`)
    listed(names)
    ended({ name: 't9' })
    expect(toolsShown(samples())).toEqual(['other', 't0', 't1', 't2'])
    expect(value('mcp_vitals_label_overflow_total', { metric: 'mcp_tool_calls_total' })).toBe(1)
    listed(['t7', 't8', 't9'])
    expect(toolsShown(samples())).toEqual(['other', 't7', 't8', 't9'])
  })

  it('are unavailable while the server says that it does not know them', () => {
    const { listed, ended, value } = watch()
    const available = () => value('mcp_tool_availability', { tool_name: 'read' })
    listed(['read'])
    ended({ name: 'read', outcome: 'protocol_error', status: 404, errorCode: '-32601' })
    expect(available()).toBe(0)
    ended({ name: 'read', outcome: 'tool_error', status: 500 })
    expect(available()).toBe(0)
    ended({ name: 'read' })
    expect(available()).toBe(1)
  })
})

describe('what is open', () => {
  const sessions = (server = 'files') => ['mcp_active_sessions', { server }] as const
  const inFlight = (server = 'files') => ['mcp_requests_in_flight', { server }] as const

  it('counts a session from its first event to its end, and not again for what comes late', () => {
    const { started, ended, closed, value } = watch()
    started()
    expect(value(...sessions())).toBe(1)
    expect(value(...inFlight())).toBe(1)
    closed()
    ended()
    expect(value(...sessions())).toBe(0)
    expect(value(...inFlight())).toBe(0)
    expect(value('mcp_session_duration_seconds_bucket', { le: '300' })).toBe(1)
  })

  it('opens an ended session again when the session says so', () => {
    const { closed, publish, value } = watch()
    closed()
    publish(event('session.opened', 0, ORIGIN, { era: 'legacy' }))
    expect(value(...sessions())).toBe(1)
  })

  it('ends with the process of the session', () => {
    const { publish, started, value } = watch()
    started()
    started({ operation: 'o-2' }, { ...ORIGIN, session: 's-2' })
    publish(event('process.ended', 0, ORIGIN, { pid: 7, crashed: true, durationMs: 5 }))
    expect([value(...sessions()), value(...inFlight())]).toEqual([1, 1])
    expect(value('mcp_server_process_crashes_total')).toBe(1)
  })

  it('never falls below 0, and tells operations of different streams apart', () => {
    const { started, ended, value } = watch()
    const origin = { server: 'files' }
    ended({}, origin)
    started({}, origin, 'ingest:a')
    started({}, origin, 'ingest:b')
    started({}, origin, 'ingest:b')
    ended({}, origin, 'ingest:a')
    ended({}, origin, 'ingest:a')
    expect(value(...inFlight())).toBe(1)
  })

  it('forgets what was silent for too long, and counts it again when it speaks', () => {
    let now = 1000
    const { started, ended, value } = watch({ idleMs: 60_000, now: () => now })
    started()
    started({ operation: 'o-2' }, { server: 'files' })
    now += 60_000
    expect([value(...sessions()), value(...inFlight())]).toEqual([1, 2])
    now += 1
    expect([value(...sessions()), value(...inFlight())]).toEqual([0, 0])
    ended()
    ended({ operation: 'o-2' }, { server: 'files' })
    expect([value(...sessions()), value(...inFlight())]).toEqual([1, 0])
  })

  it('counts no session whose `initialize` failed, whatever came before it', () => {
    const { publish, started, ended, value } = watch()
    started({ method: 'initialize' })
    publish(event('unreadable', 0, ORIGIN, { direction: 'server_to_client', reason: 'invalid_json', sizeBytes: 5 }))
    const notification = { direction: 'server_to_client', method: 'notifications/message', sizeBytes: 9 } as const
    publish(event('notification', 0, ORIGIN, notification))
    expect([value(...sessions()), value(...inFlight())]).toEqual([0, 1])
    ended({ method: 'initialize', outcome: 'process_exit', status: 502 })
    expect([value(...sessions()), value(...inFlight())]).toEqual([0, 0])
  })

  it('holds no more than its bounds, and says what it does not hold', () => {
    const { started, closed, value } = watch({ maxSessions: 5, maxOpenRequests: 7 })
    for (let i = 0; i < 20; i++) started({ operation: `o-${i}` }, { server: 'files', session: `s-${i}` })
    for (let i = 0; i < 20; i++) started({ operation: `o-${i}` }, { server: 'files' })
    expect([value(...sessions()), value(...inFlight())]).toEqual([5, 7])
    expect(value('mcp_vitals_untracked_total', { metric: 'active_sessions' })).toBe(15)
    expect(value('mcp_vitals_untracked_total', { metric: 'requests_in_flight' })).toBeGreaterThan(0)
    for (let i = 0; i < 20; i++) closed({ server: 'files', session: `s-${i}` })
    expect([value(...sessions()), value(...inFlight())]).toEqual([0, 2])
  })
})

describe('servers', () => {
  it('are up when they answered last, down when they crashed or could not be reached, and so are their tools', () => {
    let now = 0
    const { ended, listed, publish, value } = watch({ now: () => now })
    const up = () => [
      value('mcp_server_up'),
      value('mcp_server_uptime_seconds'),
      value('mcp_tool_availability', { tool_name: 'read' }),
    ]
    const origin = { server: 'files' }
    listed(['read'], true, origin)
    ended({ outcome: 'tool_error', status: 500 }, origin)
    now = 5000
    expect(up()).toEqual([1, 5, 1])
    ended({ outcome: 'transport_error', status: 502 }, origin)
    expect(up()).toEqual([0, 0, 0])
    ended({ outcome: 'transport_error', status: 401 }, origin)
    expect(up()).toEqual([1, 0, 1])
    ended({ outcome: 'timeout', status: 504 }, origin)
    expect(up()).toEqual([1, 0, 1])
    ended({ method: 'initialize', outcome: 'unanswered', status: 504 }, origin)
    expect(up()).toEqual([0, 0, 0])
    ended({}, origin)
    publish(event('process.ended', 0, origin, { pid: 1, crashed: false, exitCode: 0, durationMs: 1 }))
    expect(up()).toEqual([1, 0, 1])
    publish(event('process.ended', 0, origin, { pid: 1, crashed: true, exitCode: 1, durationMs: 1 }))
    expect(up()).toEqual([0, 0, 0])
  })

  it('are down when a client gave up a handshake after a long silence, and not when it gave up early', () => {
    const { ended, value } = watch()
    const origin = { server: 'files' }
    const givenUp = { outcome: 'cancelled', status: 499 } as const
    ended({}, origin)
    ended({ ...givenUp, method: 'server/discover', durationMs: 500 }, origin)
    ended({ ...givenUp, method: 'tools/call', durationMs: 60_000 }, origin)
    expect(value('mcp_server_up')).toBe(1)
    ended({ ...givenUp, method: 'server/discover', durationMs: 20_000 }, origin)
    expect(value('mcp_server_up')).toBe(0)
  })

  it('are not down by a crash while another process of theirs runs', () => {
    const { publish, ended, value } = watch()
    const crash = (pid: number, entrance?: Entrance) =>
      publish(event('process.ended', 0, ORIGIN, { pid, crashed: true, durationMs: 1 }), entrance)
    for (const entrance of ['local', 'ingest:a'] as const)
      publish(event('process.started', 0, ORIGIN, { pid: 7 }), entrance)
    ended()
    crash(7)
    expect(value('mcp_server_up')).toBe(1)
    crash(7, 'ingest:a')
    expect(value('mcp_server_up')).toBe(0)
    expect(value('mcp_server_process_crashes_total')).toBe(2)
  })

  it('are bounded in number; further ones share the label `other`', () => {
    const { ended, value, samples } = watch({ maxServers: 2 })
    for (const server of ['a', 'b', 'c', 'd']) ended({ method: 'ping' }, { server })
    const servers = samples().filter(({ name }) => name === 'mcp_requests_total')
    expect(servers.map(({ labels, value }) => [labels.server, value])).toEqual([
      ['a', 1],
      ['b', 1],
      ['other', 2],
    ])
    expect(value('mcp_vitals_label_overflow_total', { metric: 'mcp_server_up' })).toBe(2)
  })
})

describe('other events', () => {
  it('move what they name', () => {
    const { publish, value } = watch()
    publish(
      event('notification', 0, ORIGIN, {
        direction: 'server_to_client',
        method: 'notifications/progress',
        sizeBytes: 1,
      }),
    )
    publish(event('unreadable', 0, ORIGIN, { direction: 'server_to_client', reason: 'invalid_json', sizeBytes: 1 }))
    publish(event('process.started', 0, ORIGIN, { pid: 1 }))
    publish(event('error', 0, ORIGIN, { errorType: 'ValueError', reason: 'invalid' }))
    publish(event('error', 0, ORIGIN, { errorType: 'ValueError', reason: 'bob_said_no' }))
    const raw = { status: 202, durationMs: 20, requestBytes: 300, responseBytes: 0 }
    publish(event('http', 0, ORIGIN, { method: 'POST', path: '/mcp/files', ...raw }))
    publish(event('http', 0, ORIGIN, { method: 'EVIL', path: '/mcp/files', ...raw }))
    const stream = { status: 200, requestBytes: 0, responseBytes: 9 }
    publish(event('http', 0, ORIGIN, { method: 'GET', path: '/mcp/files', ...stream }))
    expect(value('mcp_notifications_total', { method: 'notifications/progress', direction: 'server_to_client' })).toBe(
      1,
    )
    expect(value('mcp_unreadable_messages_total', { direction: 'server_to_client', reason: 'invalid_json' })).toBe(1)
    expect(value('mcp_server_process_starts_total')).toBe(1)
    expect(value('mcp_server_process_crashes_total')).toBe(0)
    for (const reason of ['invalid', 'other'])
      expect(value('mcp_errors_total', { type: 'ValueError', tool: '', reason })).toBe(1)
    const path = { server: 'files', method: 'POST', path: '/mcp/files' }
    expect(value('mcp_http_requests_total', { ...path, status: '202' })).toBe(1)
    expect(value('mcp_http_request_duration_seconds_sum', path)).toBe(0.02)
    expect(value('mcp_http_request_size_bytes_bucket', { ...path, le: '256' })).toBe(0)
    expect(value('mcp_http_response_size_bytes_bucket', { ...path, le: '256' })).toBe(1)
    expect(value('mcp_http_requests_total', { method: 'other' })).toBe(1)
    expect(value('mcp_http_requests_total', { method: 'GET' })).toBe(1)
    expect(value('mcp_http_request_duration_seconds_count', { method: 'GET' })).toBeUndefined()
  })

  it('of a type without fold, or of none, count by type alone', () => {
    const { publish, samples } = watch()
    publish(event('webhook', 0, ORIGIN, { kind: 'sms' }))
    for (const type of ['constructor', '__proto__', 'later']) publish({ v: 1, type, at: 0, ...ORIGIN } as never)
    const counted = samples().filter(({ name }) => name === 'mcp_vitals_events_total')
    expect(counted.map(({ name, labels, value }) => [name, labels.type, value])).toEqual([
      ['mcp_vitals_events_total', 'other', 3],
      ['mcp_vitals_events_total', 'webhook', 1],
    ])
  })
})

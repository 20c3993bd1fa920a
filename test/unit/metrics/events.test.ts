/** Each metric that senders move, moved by its event. What the daemon moves by itself is tried in test/e2e/metrics.test.ts. */
import { describe, expect, it, test } from 'vitest'
import {
  type Event,
  type EventOf,
  type EventType,
  event,
  type Origin,
} from '../../../packages/instrument/src/event/index.js'
import {
  createMetricsFold,
  createRegistry,
  createView,
  expose,
  type MetricsFoldOptions,
  type ViewLabels,
} from '../../../packages/instrument/src/metrics/index.js'
import type { Entrance } from '../../../packages/instrument/src/stream/index.js'
import { promises } from '../../requirements.js'
import { readExposition, sampleValue } from './read-exposition.js'

const ORIGIN: Origin = { server: 'shop', agent: 'agent-1' }

function watch(options: MetricsFoldOptions & { view?: ViewLabels } = {}) {
  const { view, ...fold } = options
  const registry = createRegistry()
  const { fold: take } = createMetricsFold(registry, fold)
  const source = view ? createView(registry, view) : registry
  return {
    registry,
    send<T extends EventType>(
      type: T,
      fields: Parameters<typeof event<T>>[3],
      origin: Origin = ORIGIN,
      entrance: Entrance = 'local',
    ): void {
      take(event(type, 1_700_000_000_000, origin, fields) as unknown as Event, entrance)
    },
    value: (name: string, labels: Record<string, string> = {}) => sampleValue(expose(source), name, labels),
    text: () => expose(source),
  }
}

const answered = (fields: Partial<EventOf<'request.ended'>> = {}) => ({
  direction: 'client_to_server' as const,
  method: 'tools/call',
  operation: 'o-1',
  outcome: 'ok' as const,
  status: 200,
  durationMs: 3,
  requestBytes: 100,
  responseBytes: 2000,
  ...fields,
})

test(promises('A3.metric.messages-sent'), () => {
  const { send, value } = watch()
  send('message', { channel: 'sms', ok: true })
  send('message', { channel: 'sms', ok: false })
  expect(value('mcp_messages_sent_total', { server: 'shop', channel: 'sms' })).toBe(1)
  expect(value('mcp_messages_failed_total', { channel: 'sms' })).toBe(1)
})

test(promises('A3.metric.rate-limit-hits', 'A3.metric.http-rate-limit-hits', 'C2.metric.rate-limit-hits'), () => {
  const { send, value, text } = watch({
    view: { rate_limit_hits_total: ['limit_type'], http_rate_limit_hits_total: [] },
  })
  send('limit', { limitType: 'per_minute', layer: 'mcp' })
  send('limit', { limitType: 'per_minute', layer: 'http' })
  send('limit', { limitType: 'body', layer: 'http' })
  expect(value('mcp_rate_limit_hits_total', { limit_type: 'per_minute' })).toBe(1)
  expect(text()).toMatch(/^mcp_http_rate_limit_hits_total 2$/m)
})

test(promises('A3.metric.webhooks-received'), () => {
  const { send, value } = watch()
  send('webhook', { kind: 'delivery' })
  expect(value('mcp_webhook_received_total', { type: 'delivery' })).toBe(1)
})

test(promises('A3.metric.auth-failures', 'C5.metric.auth-failures'), () => {
  const { send, text } = watch({ view: { auth_failures_total: [] } })
  expect(text()).toMatch(/^mcp_auth_failures_total 0$/m)
  send('auth', { action: 'accepted' })
  send('auth', { action: 'refused', reason: 'bad_key' })
  send('auth', { action: 'locked_out' })
  expect(text()).toMatch(/^mcp_auth_failures_total 2$/m)
})

test(promises('A4.metric.active-voice-sessions'), () => {
  const { send, value } = watch()
  for (const id of ['c-1', 'c-2', 'c-2']) send('voice', { action: 'started', id })
  expect(value('mcp_active_voice_sessions')).toBe(2)
  for (const id of ['c-1', 'c-1', 'c-3']) send('voice', { action: 'ended', id })
  expect(value('mcp_active_voice_sessions')).toBe(1)
})

test(promises('A4.metric.active-agents', 'C4.metric.agent-usage'), () => {
  const { send, value } = watch()
  for (const agent of ['a', 'b', 'b']) send('agent', { action: 'provisioned' }, { server: 'shop', agent })
  send('agent', { action: 'used', category: 'design' })
  send('agent', { action: 'deprovisioned' }, { server: 'shop', agent: 'a' })
  send('agent', { action: 'deprovisioned' }, { server: 'shop', agent: 'never' })
  expect(value('mcp_active_agents')).toBe(1)
  expect(value('mcp_agent_usage_total', { category: 'design' })).toBe(1)
})

test(promises('C4.metric.llm-tokens'), () => {
  const { send, value } = watch()
  send('usage', { provider: 'acme', model: 'm-1', inputTokens: 100, outputTokens: 20, costUsd: 0.5, estimated: false })
  const labels = { server: 'shop', provider: 'acme', model: 'm-1', estimated: 'false' }
  expect(value('mcp_llm_tokens_total', { ...labels, type: 'input' })).toBe(100)
  expect(value('mcp_llm_tokens_total', { ...labels, type: 'output' })).toBe(20)
  expect(value('mcp_llm_cost_usd_total', labels)).toBe(0.5)
})

test(promises('C4.metric.3d-generations'), () => {
  const { send, value } = watch()
  send('business', { name: '3d_generations', value: 2 })
  send('business', { name: 'orders', value: 5 })
  expect(value('mcp_3d_generations_total')).toBe(2)
  expect(value('mcp_business_total', { name: 'orders' })).toBe(5)
})

test(promises('C5.metric.validation-failures', 'C5.metric.security-events'), () => {
  const { send, value } = watch()
  send('validation', { reason: 'missing_field' })
  send('security', { kind: 'replay', severity: 'HIGH' })
  expect(value('mcp_validation_failures_total', { tool: '', reason: 'missing_field' })).toBe(1)
  expect(value('mcp_security_events_total', { type: 'replay', severity: 'HIGH' })).toBe(1)
})

test(promises('E2.metric.plugin-executions', 'E2.metric.plugin-execution-duration'), () => {
  const { send, value } = watch()
  send('plugin', { plugin: 'bot', command: 'send', outcome: 'ok', durationMs: 1500 })
  send('plugin', { plugin: 'bot', command: 'send', outcome: 'timeout', durationMs: 100 })
  const labels = { plugin: 'bot', command: 'send' }
  expect(value('mcp_plugin_executions_total', { ...labels, status: 'success' })).toBe(1)
  expect(value('mcp_plugin_executions_total', { ...labels, status: 'error' })).toBe(1)
  expect(value('mcp_plugin_execution_duration_seconds_sum', labels)).toBe(1.6)
})

test(promises('E2.metric.queue-size', 'E2.metric.queue-wait'), () => {
  const { send, value } = watch()
  send('queue', { plugin: 'bot', action: 'entered', size: 3 })
  expect(value('mcp_queue_size', { plugin: 'bot' })).toBe(3)
  send('queue', { plugin: 'bot', action: 'started', size: 2, waitMs: 700 })
  expect(value('mcp_queue_size', { plugin: 'bot' })).toBe(2)
  expect(value('mcp_queue_wait_seconds_bucket', { plugin: 'bot', le: '1' })).toBe(1)
  expect(value('mcp_queue_wait_seconds_bucket', { plugin: 'bot', le: '0.5' })).toBe(0)
  expect(value('mcp_queue_jobs_total', { action: 'entered' })).toBe(1)
})

test(
  promises('D1.metric.dust-api-requests', 'D1.metric.dust-api-request-duration', 'D1.metric.dust-api-errors'),
  () => {
    const { send, text, value } = watch({
      providers: ['dustApi'],
      view: { dust_api_requests_total: [], dust_api_request_duration_seconds: [], dust_api_errors_total: [] },
    })
    expect(text()).toMatch(/^mcp_dust_api_requests_total 0$/m)
    send('provider', { provider: 'dustApi', ok: true, durationMs: 40 })
    send('provider', { provider: 'dustApi', ok: false, durationMs: 60, errorCode: '503' })
    send('provider', { provider: 'elsewhere', ok: true, durationMs: 10 })
    expect(text()).toMatch(/^mcp_dust_api_requests_total 2$/m)
    expect(text()).toMatch(/^mcp_dust_api_errors_total 1$/m)
    expect(value('mcp_dust_api_request_duration_seconds_sum')).toBe(0.1)
    expect(value('mcp_provider_requests_total', { provider: 'elsewhere', status: 'success' })).toBe(1)
  },
)

test('a health check moves the metrics of checks alone', () => {
  const { send, value, text } = watch({ providers: ['dustApi'] })
  const own: Origin = { server: 'mcp-vitals' }
  send('probe', { check: 'dustApi', ok: true, durationMs: 40 }, own)
  send('probe', { check: 'dustApi', ok: false, durationMs: 60, reason: 'timeout' }, own)
  expect(value('mcp_probe_checks_total', { check: 'dustApi', status: 'success' })).toBe(1)
  expect(value('mcp_probe_checks_total', { check: 'dustApi', status: 'error' })).toBe(1)
  expect(value('mcp_probe_duration_seconds_sum', { check: 'dustApi' })).toBe(0.1)
  expect(value('mcp_probe_success', { check: 'dustApi' })).toBe(0)
  expect(text()).not.toMatch(/^mcp_dust_api_\w+[{ ]/m)
})

test('how a component is judged is told, and one that is no server says nothing of one', () => {
  const { send, value, text } = watch()
  const own: Origin = { server: 'mcp-vitals' }
  const site = { check: 'site', component: 'site', durationMs: 40 }
  send('probe', { ...site, ok: false, state: 'down', status: 'unhealthy' }, own)
  expect(value('mcp_probe_up', { check: 'site' })).toBe(0)
  expect(value('mcp_probe_health', { check: 'site' })).toBe(0)
  expect(text()).not.toMatch(/^mcp_server_up\{/m)
  send('probe', { ...site, ok: true, state: 'up', status: 'degraded' }, own)
  expect(value('mcp_probe_health', { check: 'site' })).toBe(0.5)
  send('probe', { ...site, ok: true, state: 'up', status: 'healthy' }, own)
  expect(value('mcp_probe_health', { check: 'site' })).toBe(1)
  send('probe', { ...site, ok: true, state: 'up', status: 'maintenance' }, own)
  expect(text()).not.toMatch(/^mcp_probe_health\{/m)
  send('probe', { check: 'mcp', component: 'notes', durationMs: 1, ok: false, state: 'down' }, { server: 'notes' })
  expect(value('mcp_server_up', { server: 'notes' })).toBe(0)
})

test('a check that does not bear out how its server is judged leaves what a client saw of it', () => {
  const { send, value } = watch()
  const notes: Origin = { server: 'notes' }
  const check = { check: 'notes', component: 'notes', durationMs: 1 }
  const ping = {
    operation: '1',
    direction: 'client_to_server',
    method: 'ping',
    durationMs: 1,
    requestBytes: 1,
    responseBytes: 0,
  } as const
  const up = () => value('mcp_server_up', { server: 'notes' })
  send('request.ended', { ...ping, outcome: 'transport_error', status: 502 }, notes)
  send('probe', { ...check, ok: false, state: 'up' }, notes)
  expect(up()).toBe(0)
  send('probe', { ...check, ok: true, state: 'up' }, notes)
  expect(up()).toBe(1)
  send('probe', { ...check, ok: true, state: 'down' }, notes)
  expect(up()).toBe(1)
})

test('what was done about a component counts by what came of it', () => {
  const { send, value } = watch()
  const run = { component: 'notes', rule: 'again', action: 'restart_server', durationMs: 3, attempt: 1 } as const
  send('remediation', { ...run, outcome: 'ran' })
  send('remediation', { ...run, outcome: 'verified' })
  // What others tell of is no run of this daemon.
  send('remediation', { ...run, outcome: 'ran' }, ORIGIN, 'ingest:script')
  const labels = { component: 'notes', action: 'restart_server' }
  expect(value('mcp_remediation_runs_total', { ...labels, outcome: 'ran' })).toBe(1)
  expect(value('mcp_remediation_runs_total', { ...labels, outcome: 'verified' })).toBe(1)
})

test(promises('C3.metric.queue-depth'), () => {
  const { send, value } = watch()
  const asked = { direction: 'client_to_server', method: 'tools/call' } as const
  send('request.started', { ...asked, operation: 'o-1' })
  send('request.started', { ...asked, operation: 'o-2' }, { ...ORIGIN, session: 's' })
  send('request.started', { ...asked, operation: 'o-3', method: 'ping' })
  expect(value('mcp_queue_depth')).toBe(2)
  send('request.ended', answered())
  expect(value('mcp_queue_depth')).toBe(1)
  send('session.closed', { durationMs: 1, reason: 'client' }, { ...ORIGIN, session: 's' })
  expect(value('mcp_queue_depth')).toBe(0)
  expect(value('mcp_requests_in_flight')).toBe(1)
})

describe(promises('C1.metric.request-size', 'C1.metric.response-size'), () => {
  it('tells quantiles of the last ten minutes, for each method', () => {
    const { send, value } = watch()
    for (let i = 1; i <= 100; i++)
      send('request.ended', answered({ requestBytes: 10 * i, responseBytes: i === 1 ? 0 : 500 }))
    const labels = { server: 'shop', method: 'tools/call' }
    for (const quantile of [0.5, 0.9, 0.95, 0.99]) {
      const size = value('mcp_request_size_bytes', { ...labels, quantile: String(quantile) })!
      expect(Math.abs(size / (1000 * quantile) - 1)).toBeLessThan(0.011)
    }
    expect(value('mcp_request_size_bytes_count', labels)).toBe(100)
    expect(value('mcp_request_size_bytes_sum', labels)).toBe(50_500)
    expect(value('mcp_response_size_bytes_count', labels)).toBe(99)
  })
})

it('a size that is not known is not taken for 0', () => {
  const { send, value } = watch()
  send('request.ended', answered({ requestBytes: 0, responseBytes: 0 }))
  const labels = { server: 'shop', method: 'tools/call' }
  expect(value('mcp_requests_total', labels)).toBe(1)
  expect(value('mcp_request_size_bytes_count', labels)).toBeUndefined()
})

it('an error whose class is told is counted under it, within the bound of all labels', () => {
  const { send, value } = watch()
  for (let i = 1; i <= 150; i++)
    send('request.ended', answered({ outcome: 'tool_error', status: 500, errorType: `E${i}` }))
  const labels = { server: 'shop', reason: 'tool_error' }
  expect(value('mcp_errors_total', { ...labels, type: 'E100' })).toBe(1)
  expect(value('mcp_errors_total', { ...labels, type: 'E101' })).toBeUndefined()
  expect(value('mcp_errors_total', { ...labels, type: 'other' })).toBe(50)
})

describe("OpenTelemetry's names", () => {
  const asked = { server: 'shop', session: 's-1', transport: 'stdio' } as const

  it('are not there unless they are switched on', () => {
    const { send, text } = watch()
    send('request.ended', answered(), asked)
    expect(text()).not.toContain('mcp_server_operation_duration_seconds')
  })

  it('tell each operation and session by the conventions', () => {
    const { send, value } = watch({ opentelemetry: true })
    send('session.opened', { era: 'legacy', protocolVersion: '2025-11-25' }, asked)
    send('request.ended', answered({ name: 'read' }), asked)
    send(
      'request.ended',
      answered({ name: 'read', outcome: 'protocol_error', status: 400, errorCode: '-32602' }),
      asked,
    )
    send('request.ended', answered({ name: 'read', outcome: 'tool_error', status: 500 }), asked)
    send('request.ended', answered({ method: 'sampling/createMessage', direction: 'server_to_client' }), asked)
    send('session.closed', { durationMs: 90_000, reason: 'client' }, asked)
    const labels = {
      mcp_method_name: 'tools/call',
      gen_ai_tool_name: 'read',
      gen_ai_operation_name: 'execute_tool',
      mcp_protocol_version: '2025-11-25',
      network_transport: 'pipe',
    }
    const count = 'mcp_server_operation_duration_seconds_count'
    expect(value(count, { ...labels, error_type: '' })).toBe(1)
    expect(value(count, { ...labels, error_type: '-32602', rpc_response_status_code: '-32602' })).toBe(1)
    expect(value(count, { ...labels, error_type: 'tool_error', rpc_response_status_code: '' })).toBe(1)
    expect(
      value('mcp_client_operation_duration_seconds_count', {
        mcp_method_name: 'sampling/createMessage',
        gen_ai_tool_name: '',
      }),
    ).toBe(1)
    expect(value('mcp_server_session_duration_seconds_bucket', { mcp_protocol_version: '2025-11-25', le: '120' })).toBe(
      1,
    )
    expect(value('mcp_server_session_duration_seconds_bucket', { mcp_protocol_version: '2025-11-25', le: '60' })).toBe(
      0,
    )
  })
})

describe(promises('F12.label.evicts-nobody'), () => {
  it('bounds 100,000 invented tools, methods, channels and paths, counts them, and keeps what was there', () => {
    const { send, text, value } = watch()
    send('tools.listed', { tools: ['read'], hashes: ['h'], sizeBytes: 9, complete: true })
    send('message', { channel: 'sms', ok: true })
    const http = { method: 'POST', status: 200, durationMs: 1, requestBytes: 1, responseBytes: 1 }
    send('http', { ...http, path: '/mcp/shop' })
    for (let i = 0; i < 100_000; i++) {
      send('request.ended', answered({ name: `t${i}`, outcome: 'protocol_error', status: 404, errorCode: '-32601' }))
      send('request.ended', answered({ method: `m/${i}` }))
      send('message', { channel: `c${i}`, ok: true })
      send('http', { ...http, path: `/p/${i}` })
    }
    send('request.ended', answered({ name: 'read' }))
    send('message', { channel: 'sms', ok: true })
    send('http', { ...http, path: '/mcp/shop' })
    expect(readExposition(text()).length).toBeLessThan(8_000)
    expect(value('mcp_tool_calls_total', { tool: 'read', status: 'success' })).toBe(1)
    expect(value('mcp_tool_calls_total', { tool: 'unknown', status: 'error' })).toBe(100_000)
    expect(value('mcp_messages_sent_total', { channel: 'sms' })).toBe(2)
    expect(value('mcp_messages_sent_total', { channel: 'other' })).toBe(99_901)
    expect(value('mcp_http_requests_total', { path: '/mcp/shop' })).toBe(2)
    expect(value('mcp_http_requests_total', { path: 'other' })).toBe(99_901)
    expect(value('mcp_requests_total', { method: 'other', status: '200' })).toBe(100_000)
    const overflowed = (metric: string) => value('mcp_vitals_label_overflow_total', { metric })
    expect(overflowed('mcp_messages_sent_total')).toBe(99_901)
    expect(overflowed('mcp_http_requests_total')).toBe(99_901)
    expect(overflowed('mcp_requests_total')).toBe(100_000)
  })
})

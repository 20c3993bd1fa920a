import { describe, expect, test } from 'vitest'
import { daemonOfTest } from '../fixtures/daemon.js'
import { promises } from '../requirements.js'
import { callsEcho, EVERYTHING, logged, logs, post, scraped, shell, shows, upAs } from './presets-harness.js'

describe('preset messaging', () => {
  test(
    promises(
      'F1.preset.label-sets',
      'F2.view.label-set',
      'F2.view.messaging-tool-calls',
      'A3.metric.messages-sent',
      'A3.metric.tool-calls',
    ),
    async () => {
      const daemon = await upAs('messaging')
      await callsEcho(daemon)
      await post(daemon, [
        { type: 'message', channel: 'sms', ok: true, agent: 'agent-001' },
        { type: 'limit', limitType: 'agent', layer: 'mcp' },
        { type: 'limit', limitType: 'address', layer: 'http' },
        { type: 'webhook', kind: 'sms' },
        { type: 'auth', action: 'refused', reason: 'bad_key' },
        { type: 'voice', action: 'started', session: 'call-1' },
        { type: 'agent', action: 'provisioned', agent: 'agent-001' },
        { type: 'agent', action: 'provisioned', agent: 'agent-002' },
        { type: 'agent', action: 'deprovisioned', agent: 'agent-002' },
      ])
      await shows(daemon.url, [
        'mcp_messages_sent_total{channel="sms"} 1',
        'mcp_tool_calls_total{tool="echo"} 1',
        'mcp_rate_limit_hits_total{limit_type="agent"} 1',
        'mcp_http_rate_limit_hits_total 1',
        'mcp_webhook_received_total{type="sms"} 1',
        'mcp_auth_failures_total 1',
        'mcp_active_voice_sessions 1',
        'mcp_active_agents 1',
      ])
      expect(Object.keys(JSON.parse(shell(`curl -s ${daemon.url}/health`)) as object)).toEqual([
        'status',
        'uptime',
        'version',
        'environment',
        'demoMode',
      ])
      await logs(daemon, /send_message_success/)
      expect(logged(daemon, 'event', 'send_message_success')).toEqual([
        {
          level: 'info',
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
          event: 'send_message_success',
          agentId: 'agent-001',
          channel: 'sms',
        },
      ])
    },
  )
})

describe('preset commerce', () => {
  test(
    promises(
      'F2.view.metrics',
      'F2.view.commerce-tool-calls',
      'F2.view.commerce-tool-availability',
      'F2.view.commerce-errors',
      'F8.port.commerce',
      'C7.server.port',
      'C1.metric.tool-calls',
      'C2.metric.errors',
      'C2.metric.timeouts',
      'C3.metric.server-uptime',
      'C3.metric.tool-availability',
    ),
    async () => {
      const daemon = await upAs('commerce')
      const url = 'http://localhost:9090'
      await callsEcho(daemon)
      await post(daemon, [
        { type: 'limit', limitType: 'agent', layer: 'mcp' },
        { type: 'agent', action: 'used', category: 'fashion' },
        { type: 'usage', provider: 'openai', model: 'gpt', inputTokens: 10, outputTokens: 5, estimated: false },
        { type: 'business', name: '3d_generations', value: 2 },
        { type: 'auth', action: 'refused' },
        { type: 'validation', reason: 'schema' },
        { type: 'security', kind: 'probe', severity: 'HIGH' },
        { type: 'error', errorType: 'Timeout', name: 'my_tool', reason: 'unavailable' },
      ])
      await shows(url, [
        'mcp_tool_calls_total{tool="echo",status="success"} 1',
        'mcp_tool_calls_total{tool="get-sum",status="error"} 1',
        'mcp_rate_limit_hits_total 1',
        'mcp_timeouts_total{tool="echo"} 0',
        'mcp_tool_availability{tool_name="echo"} 1',
        'mcp_agent_usage_total{category="fashion"} 1',
        'mcp_3d_generations_total 2',
        'mcp_auth_failures_total 1',
        'mcp_validation_failures_total 1',
        'mcp_security_events_total 1',
        'mcp_queue_depth 0',
      ])
      const text = scraped(url)
      expect(text).toMatch(/^# TYPE mcp_request_duration_seconds histogram$/m)
      expect(text).toMatch(/^mcp_request_duration_seconds_bucket\{le="5"\} \d+$/m)
      expect(text).toMatch(/^# TYPE mcp_request_size_bytes summary$/m)
      expect(text).toMatch(/^mcp_request_size_bytes_count \d+$/m)
      expect(text).toMatch(/^mcp_response_size_bytes_sum \d+$/m)
      expect(text).toMatch(/^mcp_errors_total\{type="Timeout",tool="[^"]*",reason="unavailable"\} 1$/m)
      expect(text).toMatch(/^mcp_server_uptime_seconds \d/m)
      expect(text).toMatch(/^mcp_active_connections \d/m)
      expect(JSON.parse(shell(`curl -s ${url}/health`))).toMatchObject({ status: 'healthy' })
      expect(shell(`curl -s ${url}/`)).toContain('<title>mcp-vitals</title>')
    },
  )
})

describe('preset dust', () => {
  test(
    promises(
      'F1.preset.prefix',
      'F2.prefix.replaces',
      'F2.prefix.not-our-own',
      'D1.metric.prefix',
      'D1.metric.http-requests',
      'D1.metric.http-request-duration',
      'D1.metric.http-request-size',
      'D1.metric.http-response-size',
      'D1.metric.active-sessions',
      'D1.metric.session-duration',
      'D1.metric.dust-api-requests',
      'D1.metric.dust-api-request-duration',
      'D1.metric.dust-api-errors',
      'D5.health.body',
      'D5.health.checks',
    ),
    async () => {
      const daemon = await upAs('dust')
      await callsEcho(daemon)
      const url = 'http://localhost:5001'
      const health = () => JSON.parse(shell(`curl -s ${url}/health`)) as object
      const body = (status: string) => ({
        status: 'ok',
        version: '1.0.0',
        timestamp: expect.any(String),
        checks: { dustApi: { status }, database: { status } },
      })
      expect(health()).toEqual(body('unknown'))
      expect(shell(`curl -s -o /dev/null -w '%{http_code}' ${url}/ready`)).toBe('200')
      await shows(url, [
        'mcp_dust_server_active_sessions 1',
        'mcp_dust_server_dust_api_requests_total 0',
        'mcp_dust_server_dust_api_errors_total 0',
      ])
      await post(daemon, [
        { type: 'provider', provider: 'dustApi', ok: false, durationMs: 250, errorCode: '503' },
        { type: 'provider', provider: 'dustApi', ok: true, durationMs: 750 },
        { type: 'provider', provider: 'database', ok: true, durationMs: 2 },
      ])
      await shows(url, [
        'mcp_dust_server_dust_api_requests_total 2',
        'mcp_dust_server_dust_api_errors_total 1',
        'mcp_dust_server_dust_api_request_duration_seconds_bucket{le="0.5"} 1',
        'mcp_dust_server_dust_api_request_duration_seconds_sum 1',
      ])
      expect(health()).toEqual(body('ok'))
      const text = scraped(url)
      expect(text).toMatch(
        /^mcp_dust_server_http_requests_total\{method="POST",path="\/mcp\/everything",status="200"\} \d+$/m,
      )
      expect(text).toMatch(
        /^mcp_dust_server_http_request_duration_seconds_bucket\{method="POST",path="[^"]+",le="1"\} \d+$/m,
      )
      expect(text).toMatch(/^mcp_dust_server_http_response_size_bytes_bucket\{le="1024"\} \d+$/m)
      expect(text).toMatch(/^mcp_dust_server_session_duration_seconds_bucket\{le="60"\} \d+$/m)
      expect(text).toMatch(/^mcp_dust_server_http_request_size_bytes_bucket\{le="1024"\} \d+$/m)
      expect(text).toMatch(/^mcp_dust_server_memory_usage_bytes \d+$/m)
      expect(text).toMatch(/^mcp_dust_server_cpu_usage_percent [\d.e-]+$/m)
      expect(text).not.toMatch(/^mcp_(?!dust_server_|vitals_)/m)
      expect(text).toMatch(/^mcp_vitals_build_info\{/m)
    },
  )
})

test(promises('F1.superset'), async () => {
  const daemon = await daemonOfTest({ config: { servers: { everything: EVERYTHING } } })
  await callsEcho(daemon)
  await shows(daemon.url, ['mcp_tool_calls_total{server="everything",tool="echo",status="success"} 1'])
  const health = JSON.parse(shell(`curl -s ${daemon.url}/health`)) as object
  for (const field of ['status', 'uptime', 'version', 'environment', 'demoMode', 'timestamp', 'sessions', 'checks'])
    expect(health).toHaveProperty(field)
  for (const field of ['queue_size', 'plugins', 'queues', 'servers', 'server', 'store'])
    expect(health).toHaveProperty(field)
})

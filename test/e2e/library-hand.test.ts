import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, expect, test } from 'vitest'
import { metricsHandler } from '../../packages/instrument/src/http/index.js'
import { counter, defineMetrics, gauge, histogram, registerWith } from '../../packages/instrument/src/metrics/index.js'
import * as by from '../../packages/instrument/src/record.js'
import { vitals } from '../../packages/instrument/src/vitals/index.js'
import { type Page, scrape } from '../fixtures/library/page.js'
import { promises } from '../requirements.js'

/** What one server's page says to the users of the five systems: their labels and no others. */
const LABELS = {
  messages_sent_total: ['channel'],
  tool_calls_total: ['tool', 'status'],
  rate_limit_hits_total: ['limit_type'],
  http_rate_limit_hits_total: [],
  webhook_received_total: ['type'],
  auth_failures_total: [],
  active_voice_sessions: [],
  active_agents: [],
  agent_usage_total: ['category'],
  llm_tokens_total: ['provider', 'model', 'type'],
  llm_cost_usd_total: ['provider', 'model'],
  '3d_generations_total': [],
  validation_failures_total: [],
  security_events_total: [],
  errors_total: ['type', 'tool', 'reason'],
  timeouts_total: ['tool'],
  tool_availability: ['tool_name'],
  requests_total: ['method', 'endpoint', 'status'],
  request_duration_seconds: ['method', 'endpoint'],
  queue_depth: [],
}

let url = ''
beforeAll(() => {
  by.configure({ server: 'agency' })
  // Recorded before anybody shows it: it counts all the same.
  by.messageSent('early')
  const server = createServer(metricsHandler({ labels: LABELS })).listen(0, '127.0.0.1')
  return new Promise<() => void>((resolve) =>
    server.on('listening', () => {
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      resolve(() => server.close())
    }),
  )
})

async function values(...series: readonly string[]): Promise<readonly (number | undefined)[]> {
  const page: Page = await scrape(url)
  return series.map((each) => page.value(each))
}

test(
  promises(
    'A3.metric.messages-sent',
    'A3.metric.rate-limit-hits',
    'A3.metric.http-rate-limit-hits',
    'A3.metric.webhooks-received',
    'A3.metric.auth-failures',
    'C5.metric.auth-failures',
    'C5.metric.validation-failures',
    'C5.metric.security-events',
    'C2.metric.rate-limit-hits',
  ),
  async () => {
    by.messageSent('sms')
    by.messageSent('sms')
    by.messageSent('sms', false)
    by.webhookReceived('status')
    by.rateLimitHit('per_agent')
    by.rateLimitHit('per_address', 'http')
    by.authFailure('bad_token')
    by.validationFailure('too_long')
    by.securityEvent('forged_signature', 'HIGH')
    expect(
      await values(
        'mcp_messages_sent_total{channel="early"}',
        'mcp_messages_sent_total{channel="sms"}',
        'mcp_messages_failed_total{server="agency",channel="sms"}',
        'mcp_webhook_received_total{type="status"}',
        'mcp_rate_limit_hits_total{limit_type="per_agent"}',
        'mcp_http_rate_limit_hits_total',
        'mcp_auth_failures_total',
        'mcp_validation_failures_total',
        'mcp_security_events_total',
      ),
    ).toEqual([1, 2, 1, 1, 1, 1, 1, 1, 1])
  },
)

test(promises('A4.metric.active-voice-sessions', 'A4.metric.active-agents'), async () => {
  by.agentProvisioned('agent-1')
  by.agentProvisioned('agent-1')
  by.agentProvisioned('agent-2')
  by.agentDeprovisioned('agent-2')
  by.agentDeprovisioned('never-there')
  by.voiceStarted('call-1')
  by.voiceStarted()
  by.voiceEnded('call-1')
  expect(await values('mcp_active_agents', 'mcp_active_voice_sessions')).toEqual([1, 1])
})

test(
  promises('C4.metric.agent-usage', 'C4.metric.llm-tokens', 'C4.metric.3d-generations', 'C6.library.record-llm-tokens'),
  async () => {
    by.agentUsage('support')
    by.recordLlmTokens('openai', 'gpt-5', 100, 20)
    by.recordLlmTokens('openai', 'gpt-5', 1, Number.NaN)
    by.recordSpend('openai', 0.25, { model: 'gpt-5' })
    by.business('3d_generations', 3)
    by.business('invoices')
    expect(
      await values(
        'mcp_agent_usage_total{category="support"}',
        'mcp_llm_tokens_total{provider="openai",model="gpt-5",type="input"}',
        'mcp_llm_tokens_total{provider="openai",model="gpt-5",type="output"}',
        'mcp_llm_cost_usd_total{provider="openai",model="gpt-5"}',
        'mcp_3d_generations_total',
        'mcp_business_total{server="agency",name="invoices"}',
      ),
    ).toEqual([1, 100, 20, 0.25, 3, 1])
  },
)

test(promises('C2.metric.errors', 'C6.library.record-error'), async () => {
  by.recordError('UpstreamError', 'search', 'connection refused by 10.1.2.3')
  by.recordError(TypeError, undefined, 'bob@example.com did something')
  by.recordError('LookupError', 'search', new RangeError('bob@example.com was not found'))
  const { text, value } = await scrape(url)
  expect(value('mcp_errors_total{type="UpstreamError",tool="search",reason="connection_refused"}')).toBe(1)
  expect(value('mcp_errors_total{type="TypeError",tool="",reason="other"}')).toBe(1)
  expect(value('mcp_errors_total{type="LookupError",tool="search",reason="not_found"}')).toBe(1)
  expect(text).not.toMatch(/10\.1\.2\.3|bob/)
})

test(
  promises(
    'C1.metric.tool-calls',
    'C1.metric.request-duration',
    'C2.metric.timeouts',
    'C3.metric.tool-availability',
    'C3.metric.queue-depth',
    'E2.metric.requests',
    'E2.metric.request-duration',
  ),
  async () => {
    const tool = by.monitored('render', async (fails: boolean) => {
      if (fails) throw new DOMException('late', 'TimeoutError')
    })
    const waiting = by.recordToolCall('wait', () => new Promise(() => {}))
    void waiting
    await tool(false)
    await tool(true).catch(() => {})
    expect(
      await values(
        'mcp_tool_calls_total{tool="render",status="success"}',
        'mcp_tool_calls_total{tool="render",status="error"}',
        'mcp_timeouts_total{tool="render"}',
        'mcp_tool_availability{tool_name="render"}',
        'mcp_requests_total{method="tools/call",endpoint="agency",status="504"}',
        'mcp_request_duration_seconds_count{method="tools/call",endpoint="agency"}',
        'mcp_queue_depth',
      ),
    ).toEqual([1, 1, 1, 1, 1, 2, 1])
  },
)

test('metrics of one’s own stand beside ours', async () => {
  const table = {
    orders_total: counter('Orders that came in.', ['kind']),
    stock_items: gauge('Items in stock.', [], { merge: 'sum' }),
    basket_bytes: histogram('Size of a basket.', ['kind'], { unit: 'bytes', buckets: [1, 10] }),
  } as const
  const shop = defineMetrics(table)
  shop.orders_total.inc({ kind: 'book' })
  defineMetrics(table).orders_total.inc({ kind: 'book' }, 2)
  shop.stock_items.set(4)
  shop.stock_items.add(-1)
  shop.basket_bytes.observe({ kind: 'book' }, 5)
  const { faults } = vitals().stats
  shop.orders_total.inc({ colour: 'red' } as unknown as { kind: string })
  shop.orders_total.inc({ kind: 'book', colour: 'red' } as { kind: string })
  expect(vitals().stats.faults).toBe(faults + 2)
  expect(
    await values(
      'mcp_orders_total{kind="book"}',
      'mcp_stock_items',
      'mcp_basket_bytes_bucket{kind="book",le="10"}',
      'mcp_basket_bytes_bucket{kind="book",le="1"}',
    ),
  ).toEqual([3, 3, 1, 0])
  expect(() => defineMetrics({ orders: counter('No.', []) })).toThrow('end in _total')
  expect(() => defineMetrics({ tool_calls_total: counter('Taken.', []) })).toThrow('mcp_tool_calls_total')
  expect(() => defineMetrics({ orders_total: counter('Other.', ['size']) })).toThrow('mcp_orders_total')
})

test('a registry of prom-client shows ours beside its own', async () => {
  const { Counter, Registry, collectDefaultMetrics } = await import('prom-client')
  for (const type of [Registry.PROMETHEUS_CONTENT_TYPE, Registry.OPENMETRICS_CONTENT_TYPE]) {
    const registry = new (Registry as new (type: string) => InstanceType<typeof Registry>)(type)
    collectDefaultMetrics({ register: registry })
    new Counter({ name: 'own_total', help: 'Own.', registers: [registry] }).inc()
    new Counter({ name: 'mcp_queue_depth', help: 'Theirs.', registers: [registry] }).inc()
    registerWith(registry)
    by.recordToolCall('shown', () => {})
    expect(await registry.getSingleMetricAsString('mcp_queue_depth')).toContain('Theirs.')
    const later = defineMetrics({ late_total: counter('Defined late.', []) })
    later.late_total.inc()
    const lines = (await registry.metrics()).split('\n')
    const shown = await scrape(url)
    expect(lines).toContain('own_total 1')
    const calls = lines.find((line) =>
      line.startsWith('mcp_tool_calls_total{server="agency",tool="shown",status="success"}'),
    )
    expect(calls?.split(' ')[1]).toBe(String(shown.value('mcp_tool_calls_total{tool="shown",status="success"}')))
    expect(
      lines.some((line) => /^mcp_request_duration_seconds_bucket\{server="agency",.*le="0\.001"\} \d+$/.test(line)),
    ).toBe(true)
    expect(lines).toContain(`mcp_late_total ${shown.value('mcp_late_total')}`)
    expect(registry.getSingleMetric('process_cpu_seconds_total')).toBeDefined()
  }
})

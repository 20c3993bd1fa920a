import { execFileSync, spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import {
  CATALOGUE,
  createView,
  expose,
  fullName,
  METRICS,
  type ViewLabels,
  viewName,
} from '../../../packages/instrument/src/metrics/index.js'
import { promises } from '../../requirements.js'
import { everyMetricMoved } from './every-metric.js'

/** What the contract names: full name → type and labels (`server` and what stands after `|` are our own additions). */
const CONTRACT: Readonly<Record<string, readonly [string, string]>> = {
  mcp_messages_sent_total: ['counter', 'channel'],
  mcp_tool_calls_total: ['counter', 'tool status'],
  mcp_rate_limit_hits_total: ['counter', 'limit_type'],
  mcp_http_rate_limit_hits_total: ['counter', '| limit_type'],
  mcp_webhook_received_total: ['counter', 'type'],
  mcp_auth_failures_total: ['counter', '| reason'],
  mcp_active_voice_sessions: ['gauge', ''],
  mcp_active_agents: ['gauge', ''],
  mcp_requests_total: ['counter', 'method endpoint status'],
  mcp_request_duration_seconds: ['histogram', 'method endpoint'],
  mcp_request_size_bytes: ['summary', '| method endpoint'],
  mcp_response_size_bytes: ['summary', '| method endpoint'],
  mcp_errors_total: ['counter', 'type tool reason'],
  mcp_timeouts_total: ['counter', 'tool'],
  mcp_active_connections: ['gauge', '| transport'],
  mcp_queue_depth: ['gauge', ''],
  mcp_server_uptime_seconds: ['gauge', ''],
  mcp_tool_availability: ['gauge', 'tool_name'],
  mcp_server_up: ['gauge', ''],
  mcp_agent_usage_total: ['counter', 'category'],
  mcp_llm_tokens_total: ['counter', '| provider model type estimated'],
  mcp_3d_generations_total: ['counter', ''],
  mcp_validation_failures_total: ['counter', '| tool reason'],
  mcp_security_events_total: ['counter', '| type severity'],
  mcp_active_sessions: ['gauge', ''],
  mcp_session_duration_seconds: ['histogram', ''],
  mcp_http_requests_total: ['counter', 'method path status'],
  mcp_http_request_duration_seconds: ['histogram', 'method path'],
  mcp_http_request_size_bytes: ['histogram', '| method path'],
  mcp_http_response_size_bytes: ['histogram', '| method path'],
  mcp_plugin_executions_total: ['counter', 'plugin command status'],
  mcp_plugin_execution_duration_seconds: ['histogram', 'plugin command'],
  mcp_queue_size: ['gauge', 'plugin'],
  mcp_queue_wait_seconds: ['histogram', 'plugin'],
}
/** What this process and its machine do, and budgets, which several servers share. */
const OF_NO_SERVER = /^(budget|config|memory|cpu|uptime|event_loop|host|disk|network)_/
/** The contract's gauges of this process and its machine, which no server has. */
const HOST = ['mcp_memory_usage_bytes', 'mcp_cpu_usage_percent']

describe('the catalogue', () => {
  it.each(Object.entries(CONTRACT))('has %s with the type and the labels of the contract', (name, [type, labels]) => {
    const metric = METRICS.find((each) => fullName(each) === name)
    expect(metric?.type).toBe(type)
    expect([...(metric?.labels ?? [])].sort()).toEqual(['server', ...(labels.match(/\w+/g) ?? [])].sort())
  })

  it.each(HOST)('has the gauge %s without labels', (name) => {
    expect(METRICS.find((each) => fullName(each) === name)).toMatchObject({ type: 'gauge', labels: [] })
  })

  it.each(METRICS.map((metric) => [fullName(metric), metric] as const))('names %s by the rules', (name, metric) => {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
    expect(name.endsWith('_total')).toBe(metric.type === 'counter')
    if (metric.unit) expect(metric.name.replace(/_total$/, '')).toMatch(new RegExp(`_${metric.unit}$`))
    expect(/_(seconds|bytes|tokens)(_total)?$/.exec(name)?.[1]).toBe(metric.unit)
    expect(metric.labels).not.toContain('quantile')
    expect(metric.help).toMatch(/^\S.*\S$/)
    expect(metric.labels).not.toContain('le')
    expect(new Set(metric.labels).size).toBe(metric.labels.length)
    expect(metric.buckets.length > 0).toBe(metric.type === 'histogram')
    expect([...metric.buckets].sort((a, b) => a - b)).toEqual(metric.buckets)
  })

  it('puts server and tool first wherever a tool is a label, so that series end with their tool', () => {
    for (const { name, labels } of METRICS)
      if (labels.some((label) => label.startsWith('tool')))
        expect([name, labels[0], labels[1]]).toEqual([name, 'server', expect.stringMatching(/^tool(_name)?$/)])
  })

  it(promises('F2.default.server-label'), () => {
    const ofServers = METRICS.filter(({ name, scope }) => scope === 'mcp' && !OF_NO_SERVER.test(name))
    for (const { name, labels } of ofServers) expect([name, labels[0]]).toEqual([name, 'server'])
  })

  it(
    promises(
      'D1.metric.prefix',
      'D1.metric.http-requests',
      'D1.metric.http-request-duration',
      'D1.metric.http-request-size',
      'D1.metric.http-response-size',
      'D1.metric.active-sessions',
      'D1.metric.session-duration',
    ),
    () => {
      const text = expose(everyMetricMoved({ prefix: 'mcp_dust_server' }))
      for (const [name, labels] of [
        ['http_requests_total counter', 'method,path,status'],
        ['http_request_duration_seconds histogram', 'method,path'],
        ['http_request_size_bytes histogram', ''],
        ['http_response_size_bytes histogram', ''],
        ['active_sessions gauge', ''],
        ['session_duration_seconds histogram', ''],
      ] as const) {
        expect(text).toContain(`# TYPE mcp_dust_server_${name}\n`)
        const metric = METRICS.find((each) => each.name === name.split(' ')[0])
        expect(metric?.labels).toEqual(expect.arrayContaining(labels.split(',').filter(Boolean)))
      }
      expect(text).not.toMatch(/^mcp_(?!dust_server_|vitals_|(server|client)_(operation|session)_duration_seconds)/m)
    },
  )

  it(`gives the scopes their own prefixes. ${promises('F2.prefix.replaces', 'F2.prefix.not-our-own')}`, () => {
    expect(fullName(CATALOGUE.mcp.requests_total, 'shop')).toBe('shop_requests_total')
    expect(fullName(CATALOGUE.mcp_vitals.events_total, 'shop')).toBe('mcp_vitals_events_total')
    expect(fullName(CATALOGUE.process.cpu_seconds_total, 'shop')).toBe('process_cpu_seconds_total')
  })
})

/** The label sets of the contract's systems, by which a preset narrows them. */
const VIEWS: readonly (readonly [string, ViewLabels])[] = [
  [
    'messaging',
    { tool_calls_total: ['tool'], http_rate_limit_hits_total: [], auth_failures_total: [], active_agents: [] },
  ],
  [
    'commerce',
    {
      tool_calls_total: ['tool', 'status'],
      tool_availability: ['tool_name'],
      errors_total: ['type', 'tool', 'reason'],
      request_size_bytes: [],
      request_duration_seconds: [],
    },
  ],
  [
    'dust',
    {
      http_requests_total: ['method', 'path', 'status'],
      http_request_size_bytes: [],
      session_duration_seconds: [],
      active_sessions: [],
    },
  ],
  [
    'plugins',
    { requests_total: ['method', 'endpoint', 'status'], queue_size: ['plugin'], queue_wait_seconds: ['plugin'] },
  ],
  ['of no labels at all', Object.fromEntries(METRICS.map((metric) => [viewName(metric), []]))],
]

describe('promtool check metrics', () => {
  it.each(['mcp', 'mcp_dust_server'])('passes every metric in silence, prefix %s', (prefix) => {
    const input = expose(everyMetricMoved({ prefix }))
    const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
    expect({ error, status, stdout, stderr }).toEqual({ error: undefined, status: 0, stdout: '', stderr: '' })
  })

  it.each(VIEWS)('passes the view %s in silence', (_, labels) => {
    const registry = everyMetricMoved()
    const input = expose(createView(registry, labels))
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('is the tool that would have complained', () => {
    const bad = '# TYPE mcp_calls counter\nmcp_calls 1\n'
    expect(() => execFileSync('promtool', ['check', 'metrics'], { input: bad, stdio: 'pipe' })).toThrow(/_total/)
  })
})

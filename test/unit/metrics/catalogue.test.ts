import { execFileSync, spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { CATALOGUE, expose, fullName, METRICS } from '../../../packages/instrument/src/metrics/index.js'
import { promises } from '../../requirements.js'
import { everyMetricMoved } from './every-metric.js'

/** What the contract names, for the events that exist: full name → labels (`server` is our own addition). */
const CONTRACT = {
  mcp_requests_total: ['server', 'method', 'endpoint', 'status'],
  mcp_request_duration_seconds: ['server', 'method', 'endpoint'],
  mcp_tool_calls_total: ['server', 'tool', 'status'],
  mcp_errors_total: ['server', 'type', 'tool', 'reason'],
  mcp_timeouts_total: ['server', 'tool'],
  mcp_active_sessions: ['server'],
  mcp_session_duration_seconds: ['server'],
  mcp_tool_availability: ['server', 'tool_name'],
  mcp_server_up: ['server'],
  mcp_server_uptime_seconds: ['server'],
  mcp_http_requests_total: ['server', 'method', 'path', 'status'],
  mcp_http_request_duration_seconds: ['server', 'method', 'path'],
  mcp_http_request_size_bytes: ['server', 'method', 'path'],
  mcp_http_response_size_bytes: ['server', 'method', 'path'],
}

describe('the catalogue', () => {
  it.each(Object.entries(CONTRACT))('has %s with the labels of the contract', (name, labels) => {
    const metric = METRICS.find((each) => fullName(each) === name)
    expect([...(metric?.labels ?? [])].sort()).toEqual([...labels].sort())
  })

  it.each(METRICS.map((metric) => [fullName(metric), metric] as const))('names %s by the rules', (name, metric) => {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
    expect(name.endsWith('_total')).toBe(metric.type === 'counter')
    if (metric.unit) expect(metric.name.replace(/_total$/, '')).toMatch(new RegExp(`_${metric.unit}$`))
    expect(/_(seconds|bytes)(_total)?$/.exec(name)?.[1]).toBe(metric.unit)
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
    for (const { name, labels } of Object.values(CATALOGUE.mcp)) expect([name, labels[0]]).toEqual([name, 'server'])
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
      expect(text).not.toMatch(/^mcp_(?!dust_server_|vitals_)/m)
    },
  )

  it(`gives the scopes their own prefixes. ${promises('F2.prefix.replaces', 'F2.prefix.not-our-own')}`, () => {
    expect(fullName(CATALOGUE.mcp.requests_total, 'shop')).toBe('shop_requests_total')
    expect(fullName(CATALOGUE.mcp_vitals.events_total, 'shop')).toBe('mcp_vitals_events_total')
    expect(fullName(CATALOGUE.process.cpu_seconds_total, 'shop')).toBe('process_cpu_seconds_total')
  })
})

describe('promtool check metrics', () => {
  it.each(['mcp', 'mcp_dust_server'])('passes every metric in silence, prefix %s', (prefix) => {
    const input = expose(everyMetricMoved({ prefix }))
    const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
    expect({ error, status, stdout, stderr }).toEqual({ error: undefined, status: 0, stdout: '', stderr: '' })
  })

  it('is the tool that would have complained', () => {
    const bad = '# TYPE mcp_calls counter\nmcp_calls 1\n'
    expect(() => execFileSync('promtool', ['check', 'metrics'], { input: bad, stdio: 'pipe' })).toThrow(/_total/)
  })
})

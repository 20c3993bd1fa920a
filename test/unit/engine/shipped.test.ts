/**
 * The rules that come along, in what a daemon with each preset samples and evaluates: its registry, its view, its labels,
 * its groups. What must fire fires when it has to, and nothing else does.
 */
import { describe, expect, test } from 'vitest'
import { promises } from '../../requirements.js'
import { MINUTE_MS, mcp, START_MS, simulatePreset } from './simulation.js'

type Simulation = ReturnType<typeof simulatePreset>['simulation']

/** Names of what fired of a set, by the alphabet. */
const fired = (simulation: Simulation, set: string) =>
  simulation
    .seen('firing')
    .filter(({ labels }) => labels.ruleset === set)
    .map(({ name }) => name)
    .sort()
const minuteOf = (simulation: Simulation, alert: string) => {
  const found = simulation.seen('firing').find(({ name }) => name === alert)
  return found === undefined ? undefined : (found.atMs - START_MS) / MINUTE_MS
}
const labelsOf = (simulation: Simulation, alert: string) => simulation.seen('firing').find(({ name }) => name === alert)

test(`each preset evaluates its own rules beside the product's: ${promises('F1.preset.rule-set')}`, () => {
  const filesOf = (preset?: string) => [
    ...new Set(
      simulatePreset(preset)
        .simulation.status()
        .map(({ group }) => group.file),
    ),
  ]
  expect(filesOf()).toEqual(['own.yml'])
  expect(filesOf('letta')).toEqual(['own.yml'])
  for (const preset of ['messaging', 'commerce', 'dust', 'plugins'])
    expect(filesOf(preset)).toEqual(['own.yml', `${preset}.yml`])
})

describe('commerce', () => {
  const quiet = () => {
    const found = simulatePreset('commerce')
    found.registry.gauge(mcp.server_up).with('shop').set(1)
    found.registry.gauge(mcp.tool_availability).with('shop', 'pay').set(1)
    return found
  }

  test(`errors and slow requests: ${promises('C11.rules.group', 'C11.rules.annotations', 'C11.rule.high-error-rate', 'C11.rule.high-latency', 'F2.view.query-api')}`, () => {
    const { registry, simulation } = quiet()
    const errors = registry.counter(mcp.errors_total)
    const durations = registry.histogram(mcp.request_duration_seconds)
    // Two servers' errors of one kind are one series in this view: 0.04 a second each are too many together.
    for (const server of ['shop', 'stock']) errors.with(server, 'pay', 'tool_error', 'timeout')
    simulation.pass(20 * MINUTE_MS, () => {
      for (const server of ['shop', 'stock']) errors.with(server, 'pay', 'tool_error', 'timeout').inc(0.6)
      durations.with('shop', 'tools/call', 'shop').observe(8)
    })
    expect(minuteOf(simulation, 'HighErrorRate')).toBeGreaterThan(5)
    expect(minuteOf(simulation, 'HighErrorRate')).toBeLessThan(10)
    expect(labelsOf(simulation, 'HighErrorRate')).toMatchObject({
      labels: { severity: 'critical', tool: 'pay', type: 'tool_error', reason: 'timeout', job: 'devskyy_mcp' },
      annotations: {
        summary: 'Errors of pay (tool_error, timeout)',
        description: expect.stringMatching(/^80m errors.*0\.05/),
      },
    })
    expect(minuteOf(simulation, 'HighLatency')).toBeLessThan(7)
    expect(fired(simulation, 'commerce')).toEqual(['ErrorRateChanging', 'HighErrorRate', 'HighLatency'])
    expect(fired(simulation, 'own')).toContain('SlowRequests')
  })

  test(`what is not there: ${promises('C11.rule.tool-unavailable', 'C11.rule.tool-unavailable-text', 'C11.rule.server-down', 'F11.up.server-down')}`, () => {
    let isUp = true
    const { registry, simulation } = simulatePreset('commerce', () => [{ instance: 'shop', isUp }])
    const available = registry.gauge(mcp.tool_availability).with('shop', 'pay')
    available.set(1)
    simulation.pass(5 * MINUTE_MS)
    expect(simulation.seen('firing')).toEqual([])
    available.set(0)
    isUp = false
    simulation.pass(5 * MINUTE_MS)
    expect(minuteOf(simulation, 'ToolUnavailable')).toBeLessThan(7)
    expect(labelsOf(simulation, 'ToolUnavailable')?.annotations.summary).toBe('Tool pay is unavailable')
    expect(labelsOf(simulation, 'ServerDown')?.labels).toMatchObject({ instance: 'shop', job: 'devskyy_mcp' })
    expect(minuteOf(simulation, 'ServerDown')).toBeLessThan(7)
  })

  test(`trends: ${promises('C12.rule.error-rate-changing', 'C12.rule.latency-staying-high', 'C12.rule.queue-growing', 'C12.rule.auth-failures-repeating')}`, () => {
    const { registry, simulation } = quiet()
    const error = registry.counter(mcp.errors_total).with('shop', 'pay', 'tool_error', 'timeout')
    const duration = registry.histogram(mcp.request_duration_seconds).with('shop', 'tools/call', 'shop')
    const queue = registry.gauge(mcp.queue_depth).with('shop')
    const refused = registry.counter(mcp.auth_failures_total).with('shop', 'missing')
    simulation.pass(30 * MINUTE_MS, () => {
      error.inc(0.1)
      duration.observe(0.5)
      queue.set(20)
      refused.inc(0)
    })
    expect(simulation.seen('firing')).toEqual([])
    let depth = 20
    simulation.pass(50 * MINUTE_MS, () => {
      error.inc(0.7)
      duration.observe(4)
      queue.set(depth++)
      refused.inc(0.2)
    })
    expect(fired(simulation, 'commerce')).toEqual([
      'AuthFailuresRepeating',
      'ErrorRateChanging',
      'LatencyStayingHigh',
      'QueueGrowing',
    ])
    expect(labelsOf(simulation, 'AuthFailuresRepeating')?.labels.mcp_severity).toBe('HIGH')
    expect(minuteOf(simulation, 'LatencyStayingHigh')).toBeGreaterThan(60)
  })
})

test(`dust: ${promises('D6.rule.high-error-rate', 'D6.rule.high-latency', 'D6.rule.high-memory-usage', 'D6.rule.high-memory-usage-text', 'D6.rule.high-cpu-usage', 'D6.rule.too-many-sessions', 'F6.rules.own-set')}`, () => {
  const { registry, simulation } = simulatePreset('dust')
  const requests = (status: string, count: number) =>
    registry.counter(mcp.http_requests_total).with('dust', 'POST', '/mcp', status).inc(count)
  const duration = registry.histogram(mcp.http_request_duration_seconds).with('dust', 'POST', '/mcp')
  simulation.pass(15 * MINUTE_MS, () => {
    requests('200', 95)
    requests('500', 5)
    duration.observe(0.4)
    registry
      .gauge(mcp.memory_usage_bytes)
      .with()
      .set(0.79 * 2 ** 30)
    registry.gauge(mcp.cpu_usage_percent).with().set(79)
    registry.gauge(mcp.active_sessions).with('dust').set(100)
  })
  expect(simulation.seen('firing')).toEqual([])
  simulation.pass(15 * MINUTE_MS, () => {
    requests('200', 80)
    requests('500', 20)
    duration.observe(3)
    registry
      .gauge(mcp.memory_usage_bytes)
      .with()
      .set(0.9 * 2 ** 30)
    registry.gauge(mcp.cpu_usage_percent).with().set(95)
    registry.gauge(mcp.active_sessions).with('dust').set(101)
  })
  expect(fired(simulation, 'dust')).toEqual([
    'HighCPUUsage',
    'HighErrorRate',
    'HighLatency',
    'HighMemoryUsage',
    'TooManySessions',
  ])
  for (const alert of ['HighCPUUsage', 'HighMemoryUsage', 'TooManySessions']) {
    expect(minuteOf(simulation, alert)).toBeGreaterThanOrEqual(20)
    expect(minuteOf(simulation, alert)).toBeLessThan(21)
  }
  expect(labelsOf(simulation, 'HighMemoryUsage')?.annotations.description).toBe(
    '900m GiB of memory are in use, more than 0.8 GiB.',
  )
})

test(`plugins: ${promises('E4.rule.high-error-rate', 'E4.rule.queue-backlog', 'E4.rule.slow-responses')}`, () => {
  const { registry, simulation } = simulatePreset('plugins')
  const requests = (endpoint: string, status: string, count: number) =>
    registry.counter(mcp.requests_total).with(endpoint, 'tools/call', endpoint, status).inc(count)
  const duration = (endpoint: string) =>
    registry.histogram(mcp.request_duration_seconds).with(endpoint, 'tools/call', endpoint)
  simulation.pass(30 * MINUTE_MS, () => {
    requests('good', '200', 100)
    requests('bad', '500', 2)
    duration('good').observe(0.1)
    duration('bad').observe(2)
    registry.gauge(mcp.queue_size).with('good', 'p').set(100)
    registry.gauge(mcp.queue_size).with('bad', 'q').set(101)
  })
  const ours = simulation.seen('firing').filter(({ labels }) => labels.ruleset === 'plugins')
  expect(ours.map(({ name, labels }) => `${name} ${labels.endpoint ?? labels.plugin}`).sort()).toEqual([
    'HighErrorRate bad',
    'QueueBacklog q',
    'SlowResponses bad',
  ])
  expect(minuteOf(simulation, 'QueueBacklog')).toBeGreaterThanOrEqual(10)
  expect(minuteOf(simulation, 'HighErrorRate')).toBeLessThan(10)
})

test(`messaging: ${promises('A8.trigger.rate-limit', 'A8.trigger.auth-failure', 'A8.trigger.brute-force', 'A8.trigger.provider-error')}`, () => {
  const { registry, simulation } = simulatePreset('messaging')
  const limited = registry.counter(mcp.rate_limit_hits_total).with('sms', 'agent')
  const refused = registry.counter(mcp.auth_failures_total).with('sms', 'unknown')
  const failed = registry.counter(mcp.provider_errors_total).with('sms', 'twilio', 'timeout')
  simulation.pass(10 * MINUTE_MS)
  expect(simulation.seen('firing')).toEqual([])
  for (const counter of [limited, refused, failed]) counter.inc()
  simulation.pass(2 * MINUTE_MS)
  refused.inc(10)
  simulation.pass(2 * MINUTE_MS)
  const ours = simulation.seen('firing').filter(({ labels }) => labels.ruleset === 'messaging')
  const severities = ours.map(({ name, labels }) => [name, labels.mcp_severity])
  expect(Object.fromEntries(severities)).toEqual({
    RateLimitExceeded: 'MEDIUM',
    AuthenticationFailure: 'HIGH',
    ProviderErrors: 'HIGH',
    BruteForce: 'HIGH',
  })
})

test(`own: servers that are gone, and an error budget that burns, with enough calls alone. ${promises('F2.own-rules.aggregate')}`, () => {
  const { registry, simulation } = simulatePreset(undefined)
  const requests = (status: string, count: number) =>
    registry.counter(mcp.requests_total).with('notes', 'tools/call', 'notes', status).inc(count)
  for (const status of ['200', '500']) requests(status, 0)
  simulation.pass(10 * MINUTE_MS, (atMs) => {
    registry.gauge(mcp.server_up).with('notes').set(1)
    // All of the calls fail, and there are few.
    if (atMs % MINUTE_MS === 0) requests('500', 1)
  })
  expect(simulation.seen('firing')).toEqual([])
  simulation.pass(15 * MINUTE_MS, () => {
    registry.gauge(mcp.server_up).with('notes').set(0)
    requests('200', 10)
    requests('500', 5)
  })
  expect(fired(simulation, 'own')).toContain('ServerUnreachable')
  const burn = labelsOf(simulation, 'ErrorBudgetBurn')?.labels
  expect(burn?.window).toBe('1h')
  // Over all servers together.
  expect(burn?.server).toBeUndefined()
})

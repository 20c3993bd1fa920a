import { type EventOf, event } from '@mcp-vitals/instrument/event'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createPlugins,
  ERROR_WINDOW,
  MAX_PLUGINS,
  RATE_WINDOW_SECONDS,
} from '../../../packages/server/src/state/plugins.js'

const NOW = 1_700_000_000_000
const host = { server: 'host' }
type Outcome = EventOf<'plugin'>['outcome']

const ran = (outcome: Outcome, at = NOW, plugin = 'echo') =>
  event('plugin', at, host, { plugin, command: 'say', outcome, durationMs: 1 })
const started = (at: number, waitMs?: number) =>
  event('queue', at, host, { plugin: 'echo', action: 'started', size: 0, ...(waitMs === undefined ? {} : { waitMs }) })

describe('plugins', () => {
  test.each([
    ['ok', 'up'],
    ['tool_error', 'failing'],
    ['protocol_error', 'failing'],
    ['timeout', 'down'],
    ['process_exit', 'down'],
  ] as const)('one whose last command ended %s is %s', (outcome, condition) => {
    const plugins = createPlugins(() => NOW)
    plugins.fold(ran('ok'), 'local')
    plugins.fold(ran(outcome), 'local')
    expect(plugins.snapshot().plugins).toMatchObject([{ plugin: 'echo', server: 'host', condition, executions: 2 }])
  })

  test('one that was cancelled says nothing of the plugin', () => {
    const plugins = createPlugins(() => NOW)
    plugins.fold(ran('timeout'), 'local')
    plugins.fold(ran('cancelled'), 'local')
    expect(plugins.snapshot().plugins).toMatchObject([{ condition: 'down', errorRate: 0.5 }])
  })

  test('the error rate looks back on the last executions, and the last one is the latest in time', () => {
    const plugins = createPlugins(() => NOW)
    for (let i = 0; i < ERROR_WINDOW; i++) plugins.fold(ran('tool_error', NOW + i), 'local')
    for (let i = 0; i < ERROR_WINDOW / 2; i++) plugins.fold(ran('ok', NOW), 'local')
    const [plugin] = plugins.snapshot().plugins
    expect(plugin).toMatchObject({ errorRate: 0.5, lastExecutionAt: NOW + ERROR_WINDOW - 1 })
  })

  test('memory is bounded', () => {
    const plugins = createPlugins(() => NOW)
    for (let i = 0; i < MAX_PLUGINS + 5; i++) plugins.fold(ran('ok', NOW, `plugin-${i}`), 'local')
    expect(plugins.snapshot().plugins).toHaveLength(MAX_PLUGINS)
  })
})

describe('queues', () => {
  test('the size is the newest one, waits have quantiles', () => {
    const plugins = createPlugins(() => NOW)
    plugins.fold(event('queue', NOW, host, { plugin: 'echo', action: 'entered', size: 9 }), 'local')
    expect(plugins.snapshot().queues).toEqual([{ server: 'host', plugin: 'echo', size: 9, processedPerSecond: 0 }])
    for (const wait of [100, 200, 300]) plugins.fold(started(NOW, wait), 'local')
    expect(plugins.snapshot().queues).toMatchObject([{ size: 0, waitP50Ms: 200, waitP95Ms: 300 }])
  })

  test('the rate is that of the last minute, whatever times senders claim', () => {
    const times = fc.array(fc.integer({ min: -200_000, max: 100_000 }), { maxLength: 200 })
    fc.assert(
      fc.property(times, (offsets) => {
        const plugins = createPlugins(() => NOW)
        const inOrder = [...offsets].sort((a, b) => a - b)
        for (const offset of inOrder) plugins.fold(started(NOW + offset), 'local')
        const oldest = Math.floor(NOW / 1000) - RATE_WINDOW_SECONDS
        const counted = inOrder.filter((offset) => Math.floor((NOW + offset) / 1000) > oldest)
        const rate = plugins.snapshot().queues[0]?.processedPerSecond ?? 0
        expect(rate).toBeCloseTo(counted.length / RATE_WINDOW_SECONDS, 9)
      }),
    )
  })
})

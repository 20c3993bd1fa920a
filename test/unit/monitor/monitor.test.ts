import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Check, CheckResult } from '../../../packages/server/src/checks/index.js'
import { createMonitor, type Look, type Subject } from '../../../packages/server/src/monitor/index.js'
import { monitorOptions } from '../../../packages/server/src/monitor/options.js'

const OPTIONS = monitorOptions.parse({})
let looks: Look[] = []

beforeEach(() => {
  looks = []
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

function subject(name: string, run: Check['run'], more: Partial<Subject> = {}): Subject {
  return { name, type: 'http', check: { run }, timeoutMs: 100, intervalMs: 1000, retries: 0, ...more }
}
const well: Check['run'] = async () => ({ ok: true, latencyMs: 1 })
const ill: Check['run'] = async () => ({ ok: false, latencyMs: 1, reason: 'status', code: '500' })
/** Never answers, and lets go when it is told to. */
const hung: Check['run'] = (signal) =>
  new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve({ ok: false, latencyMs: 1, reason: 'timeout' })),
  )

const monitorOf = (subjects: readonly Subject[], more: object = {}) =>
  createMonitor({
    subjects,
    options: { ...OPTIONS, ...more },
    clock: () => Date.now(),
    random: () => 0.5,
    onLook: (look) => looks.push(look),
  })

describe('the monitor', () => {
  test('checks each at its interval, first within it', async () => {
    const monitor = monitorOf([subject('one', well), subject('two', well, { intervalMs: 3000 })])
    monitor.start()
    await vi.advanceTimersByTimeAsync(499)
    expect(looks).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(10_000)
    const count = (name: string) => looks.filter((look) => look.subject.name === name).length
    expect([count('one'), count('two')]).toEqual([10, 3])
    await monitor.close()
    expect(vi.getTimerCount()).toBe(0)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(looks).toHaveLength(13)
  })

  test('what hangs holds its slot no longer than its time-out, and keeps nobody waiting for ever', async () => {
    const many = Array.from({ length: 4 }, (_, index) => subject(`hung-${index}`, hung, { timeoutMs: 400 }))
    const monitor = monitorOf([...many, subject('one', well)], { concurrency: 2 })
    const all = monitor.checkAll()
    await vi.advanceTimersByTimeAsync(799)
    expect(looks).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(2)
    await all
    expect(looks.map((look) => look.subject.name)).toEqual(['hung-0', 'hung-1', 'hung-2', 'one', 'hung-3'])
    expect(looks[0]?.result).toEqual({ ok: false, latencyMs: 400, reason: 'timeout' })
    await monitor.close()
  })

  test('is not late for long after slow answers, and does not make up for what it missed', async () => {
    const slow: Check['run'] = () =>
      new Promise((resolve) => setTimeout(() => resolve({ ok: true, latencyMs: 2500 }), 2500))
    const monitor = monitorOf([subject('slow', slow, { timeoutMs: 5000 })])
    monitor.start()
    await vi.advanceTimersByTimeAsync(10_600)
    expect(looks).toHaveLength(4)
    for (const { lateMs } of looks) expect(lateMs).toBeLessThanOrEqual(1)
    const closed = monitor.close()
    await vi.advanceTimersByTimeAsync(2500)
    await closed
  })

  test('tries again at once as often as it may, and the last result counts', async () => {
    let runs = 0
    const second: Check['run'] = async (signal) => (++runs % 2 === 0 ? well(signal) : ill(signal))
    const monitor = monitorOf([subject('flaky', second, { retries: 1 }), subject('ill', ill, { retries: 2 })])
    await monitor.checkAll()
    expect(looks.map(({ subject: { name }, result }) => [name, result.ok])).toEqual([
      ['flaky', true],
      ['ill', false],
    ])
    expect(runs).toBe(2)
    await monitor.close()
  })

  test('a check that is dear is made no more often than it may, and something else is asked in between', async () => {
    const made: number[] = []
    const check: Check['run'] = async (signal) => {
      made.push(Date.now())
      return well(signal)
    }
    let answer: CheckResult | undefined
    const ask = vi.fn(async () => answer)
    const monitor = monitorOf([subject('dear', check, { between: { everyMs: 10_000, ask } })])
    monitor.start()
    await vi.advanceTimersByTimeAsync(5_100)
    // Once with the check, and four times in between.
    expect([made.length, ask.mock.calls.length, looks.length]).toEqual([1, 5, 1])
    answer = { ok: false, latencyMs: 3, reason: 'timeout' }
    await vi.advanceTimersByTimeAsync(3_000)
    expect(looks.at(-1)).toMatchObject({ failures: 3, state: 'down' })
    await vi.advanceTimersByTimeAsync(60_000)
    const gaps = made.slice(1).map((at, index) => at - made[index]!)
    expect(gaps.length).toBeGreaterThan(4)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000)
    await monitor.close()
  })

  test('a process that hangs is found where a new one that answers is started as often as every other check', async () => {
    const ask = vi.fn(async () => ({ ok: false, latencyMs: 3, reason: 'timeout' }) as const)
    const tools = [{ name: 'read', definition: 'x' }]
    const check: Check['run'] = async () => ({ ok: true, latencyMs: 1, tools })
    const monitor = monitorOf([subject('dear', check, { between: { everyMs: 1_900, ask } })])
    monitor.start()
    await vi.advanceTimersByTimeAsync(2_600)
    expect(looks.at(-1)).toMatchObject({ failures: 3, state: 'down', result: { reason: 'timeout' } })
    expect(looks.at(-1)?.report.tools).toEqual({ known: ['read'], missing: [] })
    expect(await monitor.check('dear')).toMatchObject({ ok: false, reason: 'timeout' })
    await monitor.close()
  })

  test('remembers, and reports the whole', async () => {
    const monitor = monitorOf([subject('one', well), subject('two', ill)], { failureThreshold: 1 })
    await monitor.checkAll()
    const report = monitor.report({ criticalAlerts: 0 })
    expect(report).toMatchObject({
      colour: 'RED',
      reasons: ['two is unhealthy: HTTP status 500', '1 of 2 components without tools are up'],
    })
    expect(report.components.map(({ name, status }) => [name, status])).toEqual([
      ['one', 'healthy'],
      ['two', 'unhealthy'],
    ])
    const again = createMonitor({
      ...{ subjects: [subject('two', ill)], options: OPTIONS, memory: monitor.memory() },
      ...{ clock: Date.now, random: Math.random, onLook: () => {} },
    })
    expect(again.report({ criticalAlerts: 0 }).components).toMatchObject([{ name: 'two', status: 'unhealthy' }])
    await Promise.all([monitor.close(), again.close()])
  })
})

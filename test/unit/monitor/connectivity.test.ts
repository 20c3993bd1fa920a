import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { CheckResult } from '../../../packages/server/src/checks/index.js'
import { createMonitor, type Look, type Subject } from '../../../packages/server/src/monitor/index.js'
import { monitorOptions } from '../../../packages/server/src/monitor/options.js'

const WELL: CheckResult = { ok: true, latencyMs: 1 }
const GONE: CheckResult = { ok: false, latencyMs: 1, reason: 'unreachable', code: 'ENETUNREACH' }
let results: Record<string, CheckResult> = {}
let asked: string[] = []
let looks: Look[] = []

beforeEach(() => {
  results = {}
  asked = []
  looks = []
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

function subject(name: string, host?: string): Subject {
  const check = {
    async run() {
      asked.push(name)
      return results[name] ?? WELL
    },
  }
  return { name, type: 'tcp', check, timeoutMs: 1000, intervalMs: 10_000, retries: 0, ...(host && { host }) }
}

function monitorOf(subjects: readonly Subject[], targets: readonly Subject[] = []) {
  const monitor = createMonitor({
    ...{ subjects, connectivity: { targets }, clock: Date.now, random: Math.random },
    options: monitorOptions.parse({ concurrency: 1, intervalMs: 10_000 }),
    onLook: (look) => looks.push(look),
  })
  monitor.start()
  return {
    monitor,
    statuses: () =>
      Object.fromEntries(monitor.report({ criticalAlerts: 0 }).components.map(({ name, status }) => [name, status])),
  }
}
const turns = () => looks.flatMap(({ subject: { name }, turn: { went } }) => (went ? [`${name} ${went}`] : []))
const minute = () => vi.advanceTimersByTimeAsync(60_000)

test('a monitor that is cut off judges nothing beyond this machine, says so once, and goes on when it is back', async () => {
  const { monitor, statuses } = monitorOf([subject('one', 'a.example'), subject('two', 'b.example'), subject('here')])
  await minute()
  results = { one: GONE, two: { ...GONE, reason: 'timeout' } }
  await minute()
  expect(turns()).toEqual(['connectivity down'])
  expect(statuses()).toEqual({ one: 'unknown', two: 'unknown', here: 'healthy', connectivity: 'unhealthy' })
  expect(looks.filter(({ pause }) => pause === 'cut_off').every(({ state }) => state === undefined)).toBe(true)
  results = { here: GONE }
  await minute()
  expect(turns()).toEqual(['connectivity down', 'connectivity up', 'here down'])
  expect(statuses()).toMatchObject({ one: 'healthy', two: 'healthy', here: 'unhealthy', connectivity: 'healthy' })
  await monitor.close()
})

test('a far end that is gone while another answers is down as ever, and so are all that say something', async () => {
  const { monitor, statuses } = monitorOf([subject('one', 'a.example'), subject('two', 'b.example')])
  results = { one: GONE }
  await minute()
  expect(statuses()).toMatchObject({ connectivity: 'healthy' })
  const refused = { ok: false, latencyMs: 1, reason: 'connection_refused' } as const
  results = { one: refused, two: refused }
  await minute()
  expect(statuses()).toEqual({ one: 'unhealthy', two: 'unhealthy', connectivity: 'healthy' })
  await monitor.close()
})

test('one host alone says nothing of the network, unless there are targets, any one of which will do', async () => {
  const alone = monitorOf([subject('one', 'a.example'), subject('other', 'a.example')])
  results = { one: GONE, other: GONE }
  await minute()
  expect(alone.statuses()).toEqual({ one: 'unhealthy', other: 'unhealthy' })
  await alone.monitor.close()

  looks = []
  const { monitor, statuses } = monitorOf([subject('one', 'a.example')], [subject('first'), subject('second')])
  results = { one: GONE, first: GONE, second: GONE }
  await minute()
  expect(turns()).toEqual(['connectivity down'])
  results = { one: GONE, first: GONE }
  await minute()
  expect(turns()).toEqual(['connectivity down', 'connectivity up', 'one down'])
  expect(statuses()).toMatchObject({ one: 'unhealthy' })
  await monitor.close()
})

test('of many that are gone not all are asked for each', async () => {
  const many = Array.from({ length: 100 }, (_, index) => subject(`far_${index}`, `${index}.example`))
  const { monitor } = monitorOf(many)
  await minute()
  results = Object.fromEntries(many.map(({ name }) => [name, GONE]))
  asked = []
  await minute()
  expect(turns()).toEqual(['connectivity down'])
  // Each at its interval, and three now and then.
  expect(asked.length).toBeLessThan(100 * 7 + 3 * 31)
  await monitor.close()
})

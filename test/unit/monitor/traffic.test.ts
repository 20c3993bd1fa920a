import { expect, test } from 'vitest'
import { watchTraffic } from '../../../packages/server/src/monitor/traffic.js'

const MINUTE_MS = 60_000

test('calls of five minutes are counted, and those before are forgotten', () => {
  const traffic = watchTraffic()
  for (let n = 0; n < 100; n++) traffic.add(0, n < 10, 100)
  expect(traffic.lately(4 * MINUTE_MS, 20)?.errorRatio).toBe(0.1)
  for (let n = 0; n < 100; n++) traffic.add(4 * MINUTE_MS, false, 100)
  expect(traffic.lately(4 * MINUTE_MS, 20)?.errorRatio).toBe(0.05)
  expect(traffic.lately(5 * MINUTE_MS, 20)?.errorRatio).toBe(0)
  expect(traffic.lately(9 * MINUTE_MS, 1)).toBeUndefined()
})

test('of few calls nothing is said', () => {
  const traffic = watchTraffic()
  for (let n = 0; n < 19; n++) traffic.add(0, true, 5)
  expect(traffic.lately(0, 20)).toBeUndefined()
  traffic.add(0, true, 5)
  expect(traffic.lately(0, 20)).toMatchObject({ errorRatio: 1 })
})

test.each([
  [[...Array(96).fill(999), ...Array(4).fill(1001)], false],
  [[...Array(90).fill(999), ...Array(10).fill(1001)], true],
  [[...Array(90).fill(4), ...Array(10).fill(70_000)], true],
])('the 95th percentile is on the right side of a second', (durations, isSlow) => {
  const traffic = watchTraffic()
  for (const durationMs of durations) traffic.add(0, false, durationMs)
  expect((traffic.lately(0, 1)?.p95Ms ?? 0) >= 1000).toBe(isSlow)
})

test('an event that is older than what took its place is left out', () => {
  const traffic = watchTraffic()
  traffic.add(10 * MINUTE_MS, false, 5)
  traffic.add(5 * MINUTE_MS, true, 5)
  expect(traffic.lately(10 * MINUTE_MS, 1)).toMatchObject({ errorRatio: 0 })
})

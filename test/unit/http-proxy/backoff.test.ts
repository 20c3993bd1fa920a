import { expect, test } from 'vitest'
import { Backoff } from '../../../packages/server/src/sources/http-proxy/backoff.js'

const FAILURE = { status: 502, code: -32603, message: 'it ended' }
const OPTIONS = { restartDelayMs: 100, restartMaxDelayMs: 1000, restartResetMs: 5000 }

/** A server whose processes each fail as soon as they were started, when that is allowed. */
function failing(random = 0) {
  let now = 10_000
  const backoff = new Backoff({ options: OPTIONS, clock: () => now, random: () => random })
  return {
    backoff,
    at: (ms: number) => {
      now += ms
    },
    fail(livedMs = 0, ran = true) {
      const startedAt = now
      now += livedMs
      backoff.failed(FAILURE, startedAt, ran)
      const waitMs = backoff.hold?.waitMs ?? 0
      now += waitMs
      return waitMs
    },
  }
}

test('the first failure holds nothing back, each further one twice as long, up to the cap', () => {
  const { fail, backoff } = failing()
  expect(Array.from({ length: 7 }, () => fail())).toEqual([0, 100, 200, 400, 800, 1000, 1000])
  expect(backoff.hold).toBeUndefined()
})

test('chance adds up to a quarter', () => {
  const { fail } = failing(0.8)
  expect([fail(), fail(), fail()]).toEqual([0, 120, 240])
})

test('a process that ran for long enough begins the count anew, one that only kept its client waiting does not', () => {
  const { fail } = failing()
  expect([fail(), fail(), fail(5000), fail(), fail(5000, false)]).toEqual([0, 100, 0, 100, 200])
})

test('success begins the count anew', () => {
  const { fail, backoff } = failing()
  fail()
  fail()
  backoff.worked()
  expect(fail()).toBe(0)
})

test('of processes that were started side by side and failed one counts', () => {
  const { backoff, at } = failing()
  at(50)
  for (let i = 0; i < 10; i++) backoff.failed(FAILURE, 10_000, false)
  expect(backoff.hold).toBeUndefined()
  backoff.failed(FAILURE, 10_050, false)
  expect(backoff.hold).toEqual({ failure: FAILURE, failures: 2, waitMs: 100 })
})

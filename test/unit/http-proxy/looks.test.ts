import { expect, test, vi } from 'vitest'
import { Looks } from '../../../packages/server/src/sources/http-proxy/looks.js'

/** Clocks that a test sets, and looks that write down what they were told. */
function open() {
  const time = { now: 1_000, clock: 1 }
  const onFault = vi.fn()
  const looks = new Looks({ now: () => time.now, clock: () => time.clock, onFault })
  const told: string[] = []
  const tell = (word: string) => () => told.push(`${word} ${looks.now()} ${looks.clock()}`)
  return { looks, time, told, tell, onFault }
}

test('looks are taken later, in their order, each with the times at which it came', () => {
  const { looks, time, told, tell } = open()
  looks.later(tell('first'))
  time.now = 2_000
  time.clock = 2
  looks.later(tell('second'))
  time.now = 9_000
  time.clock = 9
  expect(told).toEqual([])
  looks.settle()
  expect(told).toEqual(['first 1000 1', 'second 2000 2'])
  expect([looks.now(), looks.clock()]).toEqual([9_000, 9])
  looks.settle()
  expect(told).toHaveLength(2)
})

test('nobody has to ask: what waits is taken by itself', async () => {
  const { looks, told, tell } = open()
  looks.later(tell('first'))
  await vi.waitFor(() => expect(told).toHaveLength(1), { timeout: 30_000 })
  looks.later(tell('second'))
  await vi.waitFor(() => expect(told).toHaveLength(2), { timeout: 30_000 })
})

test('no more than 1,024 looks wait', () => {
  const { looks, told, tell } = open()
  for (let count = 0; count < 1_023; count++) looks.later(tell('one'))
  expect(told).toEqual([])
  looks.later(tell('last'))
  expect(told).toHaveLength(1_024)
  expect(told.at(-1)).toBe('last 1000 1')
})

test('no more than a megabyte waits', () => {
  const { looks, told, tell } = open()
  looks.later(tell('half'), 524_288)
  looks.later(tell('none'))
  expect(told).toEqual([])
  looks.later(tell('other half'), 524_288)
  expect(told).toEqual(['half 1000 1', 'none 1000 1', 'other half 1000 1'])
  looks.later(tell('next'), 524_288)
  expect(told).toHaveLength(3)
})

test('a look that throws is counted, and the others are taken', () => {
  const { looks, told, tell, onFault } = open()
  looks.later(() => {
    throw new Error('broken')
  })
  looks.later(tell('next'))
  looks.settle()
  expect(told).toEqual(['next 1000 1'])
  expect(onFault).toHaveBeenCalledTimes(1)
})

test('what comes up in a look has its time, and comes after all that waited', () => {
  const { looks, time, told, tell } = open()
  looks.later(() => {
    looks.later(tell('inner'))
    looks.settle()
  })
  looks.later(tell('outer'))
  time.now = 5_000
  looks.settle()
  expect(told).toEqual(['outer 1000 1'])
  looks.settle()
  expect(told).toEqual(['outer 1000 1', 'inner 1000 1'])
})

test('after a stop each look is taken as it comes', () => {
  const { looks, told, tell } = open()
  looks.later(tell('before'))
  looks.stop()
  expect(told).toEqual(['before 1000 1'])
  looks.later(tell('after'))
  expect(told).toEqual(['before 1000 1', 'after 1000 1'])
})

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EventOf } from '../../../packages/instrument/src/event/index.js'
import { checkEvent, type Event } from '../../../packages/instrument/src/event/index.js'
import { monitored, recordToolCall } from '../../../packages/instrument/src/record.js'
import { vitals } from '../../../packages/instrument/src/vitals/index.js'
import { promises } from '../../requirements.js'

let events: Event[] = []
let detach = () => {}
beforeEach(() => {
  detach = vitals().attach((event) => events.push(event))
  events = []
})
afterEach(() => {
  detach()
  for (const event of events) expect(checkEvent(event)).toEqual({ event })
})

const ended = () => events.filter((event): event is EventOf<'request.ended'> => event.type === 'request.ended')
const started = () => events.filter((event) => event.type === 'request.started')
class QuotaError extends Error {}

describe(promises('C6.library.wrapper'), () => {
  test('a function stays what it is: this, arguments, result, name and length', () => {
    const shop = {
      price: 3,
      total(this: { price: number }, count: number) {
        return this.price * count
      },
    }
    const total = monitored('total', shop.total)
    expect(total.call(shop, 4)).toBe(12)
    expect([total.name, total.length]).toEqual(['total', 1])
    expect(ended()).toMatchObject([{ name: 'total', outcome: 'ok', status: 200, method: 'tools/call' }])
    expect(ended()[0]!.operation).toBe((started()[0] as EventOf<'request.started'>).operation)
  })

  test('the first mention of a tool says that there is it, once', () => {
    for (let i = 0; i < 3; i++) monitored('listed', () => i)()
    expect(events.filter(({ type }) => type === 'tools.listed')).toMatchObject([{ tools: ['listed'], complete: false }])
  })

  test('an asynchronous function ends when its promise does', async () => {
    let finish = (_: string) => {}
    const wait = monitored('wait', () => new Promise<string>((resolve) => (finish = resolve)))
    const result = wait()
    expect([started().length, ended().length]).toEqual([1, 0])
    finish('done')
    expect(await result).toBe('done')
    expect(ended()).toMatchObject([{ outcome: 'ok' }])
  })

  test('what is thrown passes through; its class is told and never its message', async () => {
    const error = new QuotaError('alice@example.com is over')
    const throws = monitored('throws', () => {
      throw error
    })
    const rejects = monitored('rejects', async () => {
      throw Object.assign(new Error('no 10.0.0.1'), { code: 'ECONNREFUSED' })
    })
    const says = monitored('says', () => {
      throw 'alice'
    })
    expect(throws).toThrow(error)
    await expect(rejects()).rejects.toThrow('no 10.0.0.1')
    expect(says).toThrow('alice')
    expect(ended().map(({ outcome, errorType }) => [outcome, errorType])).toEqual([
      ['tool_error', 'QuotaError'],
      ['tool_error', 'ECONNREFUSED'],
      ['tool_error', 'string'],
    ])
    expect(JSON.stringify(events)).not.toMatch(/alice|10\.0\.0\.1/)
  })

  test('time-outs and cancellations are told apart from failures, and so is a result that says it is an error', async () => {
    const late = monitored('late', async () => {
      throw new DOMException('late', 'TimeoutError')
    })
    const gone = monitored('gone', async () => {
      throw new DOMException('gone', 'AbortError')
    })
    const isError = monitored('says-so', () => ({ isError: true, content: [] }))
    await expect(late()).rejects.toThrow()
    await expect(gone()).rejects.toThrow()
    isError()
    expect(ended().map(({ outcome, status }) => [outcome, status])).toEqual([
      ['timeout', 504],
      ['cancelled', 499],
      ['tool_error', 500],
    ])
  })

  test('a generator’s call lasts from its first step to its end, and one that is left is cancelled', async () => {
    const count = monitored('count', function* (to: number) {
      for (let i = 0; i < to; i++) yield i
      return 'all'
    })
    const steps = count(2)
    expect(started()).toEqual([])
    expect([...steps]).toEqual([0, 1])
    const stream = monitored('stream', async function* () {
      yield 1
      yield 2
    })
    for await (const item of stream()) if (item === 1) break
    const broken = monitored('broken', function* () {
      yield 1
      throw new QuotaError()
    })
    expect(() => [...broken()]).toThrow(QuotaError)
    expect(ended().map(({ name, outcome }) => [name, outcome])).toEqual([
      ['count', 'ok'],
      ['stream', 'cancelled'],
      ['broken', 'tool_error'],
    ])
  })
})

test('a rejection that nobody handles stays one', async () => {
  const unhandled = new Promise((resolve) => process.once('unhandledRejection', resolve))
  const listeners = process.listeners('unhandledRejection')
  const error = new QuotaError()
  void monitored('alone', async () => {
    throw error
  })()
  expect(await unhandled).toBe(error)
  expect(listeners.length).toBeGreaterThan(0)
})

test(promises('C6.library.block'), async () => {
  expect(recordToolCall('block', () => 7)).toBe(7)
  expect(await recordToolCall('block', async () => 8)).toBe(8)
  expect(() =>
    recordToolCall('block', () => {
      throw new QuotaError()
    }),
  ).toThrow(QuotaError)
  expect(ended().map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'tool_error'])
})

test('a listener that throws, and a name that cannot be read, reach nobody', () => {
  const stop = vitals().attach(() => {
    throw new Error('sink')
  })
  const faults = vitals().stats.faults
  const hostile = {
    toString: () => {
      throw new Error('name')
    },
  } as unknown as string
  expect(monitored('safe', () => 1)()).toBe(1)
  expect(() => recordToolCall('safe', () => 2)).not.toThrow()
  expect(recordToolCall(hostile, () => 3)).toBe(3)
  expect(vitals().stats.faults).toBeGreaterThan(faults)
  stop()
})

import { event } from '@mcp-vitals/instrument/event'
import { describe, expect, test } from 'vitest'
import {
  createStream,
  type Entry,
  type Fold,
  LATE_AFTER_MS,
  type Sink,
} from '../../../packages/instrument/src/stream/index.js'

const NOW = 1_700_000_000_000
const origin = { server: 's' }
const started = (pid: number, at = NOW) => event('process.started', at, origin, { pid })

function collector(overrides: Partial<Sink> = {}) {
  const taken: number[] = []
  const sink: Sink = {
    name: 'collector',
    queueLimit: 10_000,
    async write(batch: readonly Entry[]) {
      for (const { event } of batch) if (event.type === 'process.started') taken.push(event.pid)
    },
    async close() {},
    ...overrides,
  }
  return { sink, taken }
}

describe('the stream', () => {
  test('folds see an event at once; sinks get all of them, in order, afterwards', async () => {
    const seen: string[] = []
    const fold: Fold = { name: 'fold', fold: (e) => seen.push(e.type) }
    const { sink, taken } = collector()
    const stream = createStream({ folds: [fold], sinks: [sink], now: () => NOW })
    for (let pid = 0; pid < 1200; pid++) stream.publish(started(pid))
    expect(seen).toHaveLength(1200)
    expect(taken).toHaveLength(0)
    await stream.drain()
    expect(taken).toEqual(Array.from({ length: 1200 }, (_, pid) => pid))
    expect(stream.stats()).toMatchObject({ published: 1200, sinks: { collector: { written: 1200, waiting: 0 } } })
  })

  test('nothing that a fold or a sink does reaches the publisher, and each fault is told and counted', async () => {
    const faults: string[] = []
    const bad: Fold = {
      name: 'bad',
      fold: () => {
        throw new Error('fold')
      },
    }
    const failing = collector({ name: 'failing', write: () => Promise.reject(new Error('disk')) })
    const { sink, taken } = collector()
    const stream = createStream({
      folds: [bad],
      sinks: [failing.sink, sink],
      now: () => NOW,
      onFault: (where) => faults.push(where),
    })
    expect(() => stream.publish(started(1))).not.toThrow()
    await stream.close()
    expect(taken).toEqual([1])
    expect(faults).toEqual(['bad', 'failing'])
    expect(stream.stats()).toMatchObject({ foldFaults: 1, sinks: { failing: { failed: 1, written: 0 } } })
  })

  test('a full queue drops the newest and counts them, and another sink loses nothing', async () => {
    const small = collector({ name: 'small', queueLimit: 3 })
    const { sink, taken } = collector()
    const stream = createStream({ folds: [], sinks: [small.sink, sink], now: () => NOW })
    for (let pid = 0; pid < 10; pid++) stream.publish(started(pid))
    await stream.drain()
    expect(small.taken).toEqual([0, 1, 2])
    expect(taken).toHaveLength(10)
    expect(stream.stats().sinks.small).toMatchObject({ overflowed: 7, written: 3 })
  })

  test('what comes late from elsewhere is history: sinks take it, live state does not', async () => {
    const seen: number[] = []
    const { sink, taken } = collector()
    const fold: Fold = { name: 'fold', fold: (e) => e.type === 'process.started' && seen.push(e.pid) }
    const stream = createStream({ folds: [fold], sinks: [sink], now: () => NOW })
    stream.publish(started(1, NOW - LATE_AFTER_MS - 1), 'ingest:wrap')
    stream.publish(started(2, NOW - LATE_AFTER_MS), 'ingest:wrap')
    stream.publish(started(3, NOW - LATE_AFTER_MS - 1), 'local')
    await stream.drain()
    expect(seen).toEqual([2, 3])
    expect(taken).toEqual([1, 2, 3])
    expect(stream.stats().late).toBe(1)
  })

  test('close drains, closes each sink once, and ignores what comes later', async () => {
    let closed = 0
    const { sink, taken } = collector({
      close: async () => {
        closed++
      },
    })
    const stream = createStream({ folds: [], sinks: [sink], now: () => NOW })
    stream.publish(started(1))
    await Promise.all([stream.close(), stream.close()])
    stream.publish(started(2))
    await stream.drain()
    expect({ taken, closed }).toEqual({ taken: [1], closed: 1 })
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type JobAction,
  JobCancelled,
  JobQueue,
  QueueFull,
  TURNS_OF_HIGHER,
} from '../../../packages/server/src/sources/plugins/queue.js'

/** A queue whose jobs end when they are told to, and what happened in it. */
function world(concurrency: number, maxWaiting = 1_000_000) {
  const told: [JobAction, string, number][] = []
  let now = 0
  const waits: number[] = []
  const queue = new JobQueue({
    concurrency: () => concurrency,
    maxWaiting: () => maxWaiting,
    clock: () => now,
    onAction(action, owner, size, waitMs) {
      told.push([action, owner, size])
      if (waitMs !== undefined) waits.push(waitMs)
    },
  })
  const running: { name: string; end(error?: Error): void }[] = []
  const began: string[] = []
  const add = (name: string, { owner = 'a', priority = 0, signal = new AbortController().signal } = {}) =>
    queue.add({
      owner,
      priority,
      signal,
      run: () =>
        new Promise<string>((resolve, reject) => {
          began.push(name)
          running.push({ name, end: (error) => (error ? reject(error) : resolve(name)) })
        }),
    })
  return {
    ...{ queue, told, waits, running, began, add },
    pass(ms: number) {
      now += ms
    },
    async endOne(error?: Error) {
      running.shift()?.end(error)
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

describe('a queue', () => {
  test('runs so many at a time, the others wait, and it tells of each', async () => {
    const { add, told, waits, pass, endOne, queue } = world(1)
    const jobs = [add('one'), add('two')]
    pass(5)
    expect(queue.size).toBe(1)
    await endOne()
    await endOne()
    expect(await Promise.all(jobs)).toEqual(['one', 'two'])
    expect(waits).toEqual([0, 5])
    expect(told).toEqual([
      ['entered', 'a', 1],
      ['started', 'a', 0],
      ['entered', 'a', 1],
      ['left', 'a', 1],
      ['started', 'a', 0],
      ['left', 'a', 0],
    ])
  })

  test('lets owners take turns, however many jobs one has', async () => {
    const { add, began, endOne } = world(1)
    for (const name of ['a1', 'a2', 'a3', 'a4']) void add(name, { owner: 'a' })
    for (const name of ['b1', 'b2']) void add(name, { owner: 'b' })
    void add('c1', { owner: 'c' })
    for (let at = 0; at < 7; at++) await endOne()
    expect(began).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
  })

  test('starts those of a higher priority first', async () => {
    const { add, began, endOne } = world(1)
    void add('first')
    for (const [name, priority] of [
      ['low', -1],
      ['usual', 0],
      ['high', 5],
    ] as const)
      void add(name, { priority })
    for (let at = 0; at < 4; at++) await endOne()
    expect(began).toEqual(['first', 'high', 'usual', 'low'])
  })

  test('refuses one more than may wait, and says so', async () => {
    const { add, told, endOne } = world(1, 1)
    const jobs = [add('runs'), add('waits')]
    await expect(add('more')).rejects.toThrow(QueueFull)
    expect(told.at(-1)).toEqual(['refused', 'a', 1])
    await endOne()
    await endOne()
    await Promise.all(jobs)
    const none = world(2, 0)
    void none.add('one')
    void none.add('two')
    await expect(none.add('three')).rejects.toThrow(QueueFull)
  })

  test('lets go of one that is cancelled before it runs', async () => {
    const { add, told, endOne, began, queue } = world(1)
    const stop = new AbortController()
    void add('runs')
    const waiting = add('waits', { signal: stop.signal })
    stop.abort()
    await expect(waiting).rejects.toThrow(JobCancelled)
    await expect(add('late', { signal: stop.signal })).rejects.toThrow(JobCancelled)
    expect(told.at(-1)).toEqual(['cancelled', 'a', 0])
    await endOne()
    expect([began, queue.size]).toEqual([['runs'], 0])
  })

  test('goes on after a job that fails', async () => {
    const { add, endOne } = world(1)
    const failing = add('fails')
    const next = add('next')
    void failing.catch(() => {})
    await endOne(new Error('no'))
    await endOne()
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('next')
  })

  test('starts one of a lower priority among so many of a higher one', async () => {
    const { add, began, endOne, pass } = world(1)
    void add('first')
    for (const [name, priority] of [
      ['low', -1],
      ['lower', -2],
      ['low again', -1],
    ] as const) {
      pass(1)
      void add(name, { owner: name, priority })
    }
    pass(1)
    for (let at = 0; at < 20; at++) void add(`high ${at}`, { owner: `b${at % 3}`, priority: 5 })
    for (let at = 0; at < 3 * TURNS_OF_HIGHER; at++) await endOne()
    const others = began.slice(1).map((name) => (name.startsWith('high') ? 'high' : name))
    const turn = ['high', 'high', 'high']
    expect(others).toEqual([...turn, 'low', ...turn, 'lower', ...turn, 'low again'])
  })

  test('that is full takes the job of whoever has fewer for the newest of whoever has most', async () => {
    const { add, began, endOne, told, queue } = world(1, 3)
    void add('runs')
    const jobs = [add('a1', { priority: 9 }), add('a2', { priority: 9 }), add('a3')]
    const displaced = expect(jobs[2]).rejects.toThrow(QueueFull)
    const other = add('b1', { owner: 'b' })
    await displaced
    expect(told.slice(-2)).toEqual([
      ['refused', 'a', 2],
      ['entered', 'b', 3],
    ])
    // As many as the others have are kept from nobody.
    await expect(add('b2', { owner: 'b' })).rejects.toThrow(QueueFull)
    await expect(add('a4')).rejects.toThrow(QueueFull)
    expect(queue.size).toBe(3)
    for (let at = 0; at < 4; at++) await endOne()
    expect([await jobs[0], await jobs[1], await other]).toEqual(['a1', 'a2', 'b1'])
    expect(began).toEqual(['runs', 'a1', 'a2', 'b1'])
    expect(queue.size).toBe(0)
  })

  test('of 1,000 jobs loses none, whatever is cancelled, and never runs more than it may', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ owner: fc.constantFrom('a', 'b', 'c'), priority: fc.integer({ min: 0, max: 2 }) }),
      },
      { weight: 2, arbitrary: fc.constant('end' as const) },
      { weight: 1, arbitrary: fc.nat(999).map((cancel) => ({ cancel })) },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1000, maxLength: 1500, size: 'max' }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(5, 1_000_000),
        async (steps, concurrency, maxWaiting) => {
          const { add, running, endOne, told, queue } = world(concurrency, maxWaiting)
          const stops: AbortController[] = []
          const ends: string[] = []
          let most = 0
          for (const what of steps) {
            if (what === 'end') running.shift()?.end()
            else if ('cancel' in what) stops[what.cancel % Math.max(1, stops.length)]?.abort()
            else {
              const stop = new AbortController()
              stops.push(stop)
              void add('job', { ...what, signal: stop.signal }).then(
                () => ends.push('ran'),
                (error) => ends.push(error.constructor.name),
              )
            }
            most = Math.max(most, running.length)
          }
          while (running.length > 0 || queue.size > 0) await endOne()
          expect(ends).toHaveLength(stops.length)
          expect(most).toBeLessThanOrEqual(concurrency)
          const count = (action: JobAction) => told.filter(([what]) => what === action).length
          expect(count('started') + count('cancelled') + count('refused')).toBe(stops.length)
          expect(ends.filter((end) => end === 'QueueFull')).toHaveLength(count('refused'))
          expect(Math.max(...told.map(([, , size]) => size))).toBeLessThanOrEqual(maxWaiting)
          expect(count('left')).toBe(count('started'))
          expect(told.at(-1)?.[2]).toBe(0)
        },
      ),
      { numRuns: 5 },
    )
  })
})

import { expect, onTestFinished, test } from 'vitest'
import { type Event, event } from '../../packages/instrument/src/event/index.js'
import { createStream, type Sink } from '../../packages/instrument/src/stream/index.js'

/** A sink under test, with what the suite must be able to do to it and see of it. */
export interface SinkUnderTest {
  readonly sink: Sink
  /** The `operation` of every event that arrived where the sink puts them, in the order of arrival. Called after a `write` settled. */
  arrived(): Promise<readonly string[]>
  /** Makes writing fail (full disk, far end gone); the result mends it again. A sink may keep such a batch, or reject it. */
  breakDown(): Promise<() => Promise<void>>
  /** Called when the test is over, after the sink was closed. */
  dispose(): Promise<void>
}

/** What every Sink promises, run against one implementation. `make` gives a fresh one each time. */
export function sinkConformance(name: string, make: () => Promise<SinkUnderTest>): void {
  async function fresh(): Promise<SinkUnderTest> {
    const made = await make()
    onTestFinished(async () => {
      await made.sink.close()
      await made.dispose()
    })
    return made
  }

  for (const size of [0, 1, 500, 20_000])
    test(`${name}: a batch of ${size} arrives whole and in order`, async () => {
      const { sink, arrived } = await fresh()
      const batch = numbered(1, size)
      await sink.write(entries(batch))
      expect(await arrived()).toEqual(operations(batch))
    })

  test(`${name}: batches arrive in the order in which they were written`, async () => {
    const { sink, arrived } = await fresh()
    const batches = [numbered(1, 3), numbered(4, 4), numbered(5, 300), numbered(301, 302)]
    for (const batch of batches) await sink.write(entries(batch))
    expect(await arrived()).toEqual(operations(batches.flat()))
  })

  test(`${name}: after a failure it goes on, and a batch that failed is there whole or not at all`, async () => {
    const { sink, arrived, breakDown } = await fresh()
    await sink.write(entries(numbered(1, 2)))
    const mend = await breakDown()
    await sink.write(entries(numbered(3, 5))).catch((error: unknown) => expect(error).toBeInstanceOf(Error))
    await mend()
    await sink.write(entries(numbered(6, 7)))
    const found = await arrived()
    const kept = found.includes('op-3') ? operations(numbered(3, 5)) : []
    expect(found).toEqual(['op-1', 'op-2', ...kept, 'op-6', 'op-7'])
  })

  test(`${name}: it leaves the batch as it was`, async () => {
    const { sink } = await fresh()
    const batch = Object.freeze(entries(numbered(1, 20)).map((entry) => Object.freeze(entry)))
    const before = structuredClone(batch)
    await sink.write(batch)
    expect(batch).toEqual(before)
  })

  test(`${name}: closing twice, at once and again, is closing once`, async () => {
    const { sink, arrived } = await fresh()
    await sink.write(entries(numbered(1, 3)))
    await Promise.all([sink.close(), sink.close()])
    await sink.close()
    expect(await arrived()).toEqual(operations(numbered(1, 3)))
  })

  test(`${name}: behind the stream every event is counted once, and a sink that fails never makes publish throw`, async () => {
    const { sink, arrived, breakDown } = await fresh()
    const stream = createStream({ folds: [], sinks: [sink], now: Date.now })
    const publishAll = (events: readonly Event[]) => {
      for (const one of events) stream.publish(one)
    }
    publishAll(numbered(1, 10))
    await stream.drain()
    const mend = await breakDown()
    publishAll(numbered(11, 20))
    await stream.drain()
    await mend()
    publishAll(numbered(21, 30))
    await stream.drain()
    const { written, failed, overflowed, waiting } = stream.stats().sinks[sink.name]!
    expect({ settled: written + failed, overflowed, waiting }).toEqual({ settled: 30, overflowed: 0, waiting: 0 })
    const found = await arrived()
    expect(found).toHaveLength(written)
    expect(found.slice(-10)).toEqual(operations(numbered(21, 30)))
  })

  test(`${name}: beyond its queue's limit the newest are dropped and counted`, async () => {
    const { sink, arrived } = await fresh()
    expect(sink.queueLimit).toBeGreaterThan(0)
    const stream = createStream({ folds: [], sinks: [sink], now: Date.now })
    const events = numbered(1, sink.queueLimit + 7)
    for (const one of events) stream.publish(one)
    await stream.drain()
    expect(stream.stats().sinks[sink.name]).toEqual({ written: sink.queueLimit, overflowed: 7, failed: 0, waiting: 0 })
    const found = await arrived()
    expect(found).toHaveLength(sink.queueLimit)
    expect(found.at(-1)).toBe(`op-${sink.queueLimit}`)
  })
}

/** Finished requests `op-<from>` to `op-<to>`, a millisecond apart. */
function numbered(from: number, to: number): Event[] {
  const start = Date.now() - 100_000
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) =>
    event(
      'request.ended',
      start + from + index,
      { server: 'files', session: 'a1b2', transport: 'stdio' },
      {
        direction: 'client_to_server',
        method: 'tools/call',
        name: 'read_file',
        operation: `op-${from + index}`,
        outcome: 'ok',
        status: 200,
        durationMs: 1.5,
        requestBytes: 100,
        responseBytes: 200,
      },
    ),
  )
}

const entries = (events: readonly Event[]) => events.map((one) => ({ event: one, entrance: 'local' as const }))
const operations = (events: readonly Event[]) => events.map((one) => ('operation' in one ? one.operation : ''))

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type Shipping, ship } from '../../packages/instrument/src/node/index.js'
import { configure, recordToolCall } from '../../packages/instrument/src/record.js'
import { until } from '../fixtures/until.js'

const LATENCY_MS = 50
const CALLS_PER_SECOND = 300
const MIB = 1024 * 1024

interface Posted {
  readonly stream?: string
  readonly dropped?: number
  readonly events: readonly {
    readonly seq: number
    readonly event: { readonly type: string; readonly startedAt?: number }
  }[]
}

/** A daemon's ingest, 50 ms away: which numbers it took of each stream, how often each, and in which order. */
class Sink {
  url = ''
  /** Answers 503. */
  isDead = false
  /** Takes batches and drops their answers. */
  isMute = false
  posts = 0
  dropped = 0
  taken: number[] = []
  types: Record<string, number> = {}
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  get highWater(): number {
    return this.taken.at(-1) ?? 0
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    await new Promise((resolve) => setTimeout(resolve, LATENCY_MS))
    this.posts++
    if (this.isDead || request.headers.authorization !== 'Bearer token') {
      response.writeHead(503).end()
      return
    }
    const { stream, dropped = 0, events } = JSON.parse(Buffer.concat(chunks).toString()) as Posted
    if (stream !== undefined) this.#take(events, dropped)
    if (this.isMute) request.socket.destroy()
    else response.end(JSON.stringify({ highWater: this.highWater }))
  }

  #take(events: Posted['events'], dropped: number): void {
    this.dropped = dropped
    for (const { seq, event } of events) {
      if (seq <= this.highWater) continue
      this.taken.push(seq)
      const told = event.startedAt === undefined ? [event.type] : ['request.started', event.type]
      for (const type of told) this.types[type] = (this.types[type] ?? 0) + 1
    }
  }
}

let sink = new Sink()
let shipping: Shipping
beforeAll(() => configure({ server: 'busy' }))
beforeEach(async () => {
  sink = new Sink()
  await sink.listen()
  shipping = ship({ url: sink.url, token: 'token', limits: { flushMs: 20, backoffMs: 20, maxBackoffMs: 100 } })
  return async () => {
    await shipping.close()
    sink.close()
  }
})

/** So many calls, spread over time as a server's are. */
async function calls(count: number): Promise<void> {
  const began = performance.now()
  for (let done = 0; done < count; ) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    const due = Math.min(count, Math.ceil(((performance.now() - began) / 1000) * CALLS_PER_SECOND))
    for (; done < due; done++) recordToolCall('work', () => done)
  }
}

/** All that was numbered came, each once and in order. */
async function expectAll(): Promise<void> {
  await until(
    () => shipping.stats().waiting === 0 && sink.highWater === shipping.stats().numbered,
    20_000,
    () => JSON.stringify({ ...shipping.stats(), highWater: sink.highWater }),
  )
  expect(sink.taken).toEqual(sink.taken.map((_, i) => i + 1))
  expect(sink.dropped).toBe(0)
}

test('300 calls a second reach a sink that is 50 ms away, each once, in batches', async () => {
  await calls(600)
  await expectAll()
  expect([sink.types['request.started'], sink.types['request.ended']]).toEqual([600, 600])
  expect(sink.posts).toBeLessThan(120)
})

test('what is observed in a minute without a sink comes after, from bounded memory', async () => {
  sink.isDead = true
  const minute = 60 * CALLS_PER_SECOND
  for (let done = 0; done < minute; done += CALLS_PER_SECOND) {
    for (let i = 0; i < CALLS_PER_SECOND; i++) recordToolCall('work', () => i)
    // A turn of the loop, as between a server's calls: what was recorded goes to where it waits.
    await new Promise(setImmediate)
  }
  await until(
    () => shipping.stats().waiting >= minute && sink.posts > 1,
    5_000,
    () => 'it does not wait',
  )
  // All of this process's, those of the test itself too.
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(16 * MIB)
  sink.isDead = false
  await expectAll()
  expect(sink.types['request.ended']).toBe(minute)
})

test('an answer that is lost makes nothing come twice', async () => {
  sink.isMute = true
  await calls(100)
  await until(
    () => sink.posts > 2,
    5_000,
    () => 'it does not try again',
  )
  sink.isMute = false
  await expectAll()
  expect(sink.types['request.ended']).toBe(100)
})

test('what finds no room is dropped, the oldest first, and counted', async () => {
  await shipping.close()
  sink.isDead = true
  shipping = ship({
    url: sink.url,
    token: 'token',
    limits: { memoryEvents: 100, flushMs: 20, backoffMs: 20, maxBackoffMs: 50 },
  })
  onTestFinished(() => shipping.close())
  for (let i = 0; i < 200; i++) {
    recordToolCall('work', () => i)
    if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  // Faster than anything could be taken: no turn of the loop between.
  for (let i = 0; i < 200; i++) recordToolCall('work', () => i)
  await until(
    () => shipping.stats().dropped >= 469,
    5_000,
    () => JSON.stringify(shipping.stats()),
  )
  sink.isDead = false
  await until(
    () => shipping.stats().waiting === 0,
    5_000,
    () => JSON.stringify(shipping.stats()),
  )
  const { numbered, dropped } = shipping.stats()
  // A call is one, for its end tells of its start: of the last 219 so do 50, and the events of the others found no room.
  expect(numbered).toBe(181 + 50 + 2 * (219 - 50))
  // A batch that was under way when its events were given up may have been taken all the same.
  expect(sink.taken.length).toBeGreaterThanOrEqual(numbered - dropped)
  expect(sink.taken.length).toBeLessThanOrEqual(numbered - dropped + 100)
  expect(sink.taken.at(-(numbered - dropped))).toBeGreaterThan(100)
  expect(sink.dropped).toBeGreaterThan(100)
})

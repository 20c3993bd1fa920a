import { expect, test } from 'vitest'
import { type Event, event } from '../../../packages/instrument/src/event/index.js'
import {
  type Batch,
  BatchEncoder,
  createShipper,
  type Receipt,
  type ShipLimits,
  type Spool,
} from '../../../packages/instrument/src/ship/index.js'
import { pack, unpack } from './lines.js'
import { memorySpool } from './memory-spool.js'
import { virtualTime } from './virtual-time.js'

const sender = { kind: 'test', name: 'notes', version: '1' }
const entry = (value = 1) => ({
  event: event('business', 1000, { server: 'notes' }, { name: 'orders', value }),
  entrance: 'local' as const,
})

const direction = 'client_to_server'

function setUp(limits: Partial<ShipLimits> = {}, spool?: Spool, mask?: (seen: Event) => Event) {
  const time = virtualTime()
  const posts: Batch[] = []
  const world: { answer: (batch: Batch) => Promise<Receipt> } = {
    answer: async ({ lines }) => ({ highWater: lines.last }),
  }
  const shipper = createShipper({
    stream: 's',
    sender,
    post: (batch) => {
      // Its bytes are used again.
      posts.push({ ...batch, lines: { ...batch.lines, bytes: batch.lines.bytes.slice() } })
      return world.answer(batch)
    },
    ...(spool ? { spool } : {}),
    ...(mask ? { mask } : {}),
    ...time,
    random: () => 1,
    limits,
  })
  const numbers = () => posts.map(({ lines }) => unpack(lines).map(({ seq }) => seq))
  const events = () => posts.flatMap(({ lines }) => unpack(lines).map(({ event }) => event))
  return { time, posts, numbers, events, world, shipper }
}

const asked = (operation: string) => ({
  event: event('request.started', 1000, { server: 'notes' }, { direction, method: 'ping', operation }),
  entrance: 'local' as const,
})
const answered = (operation: string) => ({
  event: event(
    'request.ended',
    1007,
    { server: 'notes' },
    {
      direction,
      method: 'ping',
      operation,
      outcome: 'ok',
      status: 200,
      durationMs: 7,
      requestBytes: 1,
      responseBytes: 2,
    },
  ),
  entrance: 'local' as const,
})

const away = () => Promise.reject(new Error('nobody there'))

test('numbers events from 1 and sends them together after the flush time', async () => {
  const { shipper, time, numbers } = setUp()
  await shipper.write([entry(), entry()])
  await time.advance(100)
  await shipper.write([entry()])
  await time.advance(149)
  expect(numbers()).toEqual([])
  await time.advance(1)
  expect(numbers()).toEqual([[1, 2, 3]])
  expect(shipper.stats()).toEqual({ numbered: 3, highWater: 3, dropped: 0, waiting: 0, failures: 0 })
})

test('what waits for a slow answer is laid down after the flush time, and goes on from there', async () => {
  const spool = memorySpool()
  const { shipper, time, numbers, world } = setUp({}, spool)
  let answer: (receipt: Receipt) => void = () => {}
  world.answer = () =>
    new Promise((resolve) => {
      answer = resolve
    })
  await shipper.write([entry()])
  await time.advance(250)
  expect(numbers()).toEqual([[1]])
  await time.advance(249)
  expect(spool.waiting).toBe(0)
  await time.advance(1)
  expect(spool.waiting).toBe(1)
  await shipper.write([entry()])
  await time.advance(250)
  expect(spool.lines.map(({ seq }) => seq)).toEqual([1, 2])
  answer({ highWater: 1 })
  await time.advance(0)
  expect(numbers()).toEqual([[1], [2]])
  answer({ highWater: 2 })
  await time.advance(0)
  expect(shipper.stats()).toEqual({ numbered: 2, highWater: 2, dropped: 0, waiting: 0, failures: 0 })
})

test('a start that nothing was sent since is told of by its end, whichever of several ends first', async () => {
  const { shipper, time, events } = setUp()
  await shipper.write([asked('a'), asked('b'), answered('a'), asked('c'), answered('c'), answered('b')])
  expect(shipper.stats()).toMatchObject({ numbered: 3, waiting: 3 })
  await time.advance(250)
  expect(events()).toEqual(['a', 'c', 'b'].map((operation) => ({ ...answered(operation).event, startedAt: 1000 })))
})

test('a start goes by itself before anything else does, and where its end is late', async () => {
  const { shipper, time, events } = setUp()
  await shipper.write([asked('a'), asked('b'), entry(), answered('b')])
  expect(events()).toEqual([])
  await time.advance(250)
  await shipper.write([asked('c'), answered('a')])
  expect(shipper.stats().waiting).toBe(2)
  await time.advance(250)
  await shipper.write([answered('c')])
  await time.advance(250)
  const whole = [asked('a'), asked('b'), entry(), answered('b'), answered('a'), asked('c'), answered('c')]
  expect(events()).toEqual(whole.map(({ event }) => event))
})

test('starts that wait are few, and are not lost where the sender ends', async () => {
  const spool = memorySpool()
  const { shipper } = setUp({}, spool)
  const many = Array.from({ length: 65 }, (_, index) => asked(String(index)))
  await shipper.write(many)
  expect(shipper.stats()).toMatchObject({ numbered: 65, waiting: 65 })
  await shipper.write([asked('last')])
  expect(shipper.stats()).toMatchObject({ numbered: 65, waiting: 66 })
  shipper.park()
  expect(spool.lines.map(({ event }) => event)).toEqual([...many, asked('last')].map(({ event }) => event))
})

test('each event is masked as it gets its number', async () => {
  const masked: string[] = []
  const mask = (seen: Event) => {
    masked.push(seen.type)
    return { ...seen, server: 'masked' }
  }
  const { shipper, time, events } = setUp({}, undefined, mask)
  await shipper.write([asked('a'), answered('a'), entry()])
  await time.advance(250)
  expect(masked).toEqual(['request.ended', 'business'])
  expect(events()).toMatchObject([{ server: 'masked', startedAt: 1000 }, { server: 'masked' }])
})

test('a full batch goes at once, and batches keep to their bounds', async () => {
  const { shipper, time, numbers } = setUp({ batchEvents: 2 })
  await shipper.write([entry(), entry(), entry(), entry(), entry()])
  await time.advance(0)
  expect(numbers()).toEqual([
    [1, 2],
    [3, 4],
  ])
  await time.advance(250)
  expect(numbers().at(-1)).toEqual([5])
})

test('a batch is bounded by its length too, and an event longer than a batch is dropped and counted', async () => {
  const sizeBytes = pack([{ seq: 1, event: entry().event }]).bytes.length
  const { shipper, time, numbers, posts } = setUp({ batchBytes: sizeBytes * 2 })
  const long = {
    event: event(
      'tools.listed',
      1,
      { server: 'notes' },
      { tools: ['x'.repeat(500)], hashes: [], sizeBytes: 1, complete: true },
    ),
    entrance: 'local' as const,
  }
  await shipper.write([entry(), long, entry(), entry()])
  await time.advance(500)
  expect(numbers()).toEqual([[1, 3], [4]])
  expect(posts[0]?.dropped).toBe(1)
})

test('pauses twice as long after each failure, up to the bound', async () => {
  const { shipper, time, world, posts } = setUp({ backoffMs: 1000, maxBackoffMs: 4000 })
  world.answer = away
  await shipper.write([entry()])
  await time.advance(250)
  const at: number[] = []
  for (let second = 0; second < 16; second++) {
    const before = posts.length
    await time.advance(1000)
    if (posts.length > before) at.push(second + 1)
  }
  expect(at).toEqual([1, 3, 7, 11, 15])
})

test('jitter spreads the pauses over their upper half', async () => {
  for (const [random, firstMs] of [
    [0, 500],
    [0.5, 750],
  ] as const) {
    const time = virtualTime()
    const shipper = createShipper({
      stream: 's',
      sender,
      post: away,
      ...time,
      random: () => random,
      limits: { backoffMs: 1000 },
    })
    await shipper.write([entry()])
    await time.advance(250)
    expect(time.pending()).toEqual([firstMs])
  }
})

test('wake tries at once', async () => {
  const { shipper, time, world, numbers } = setUp()
  const taken = world.answer
  world.answer = away
  await shipper.write([entry()])
  await time.advance(60_000)
  const before = numbers().length
  world.answer = taken
  shipper.wake()
  await time.advance(0)
  expect(numbers().length).toBe(before + 1)
  expect(shipper.stats().waiting).toBe(0)
})

test('a failure spills to the spool, what comes after follows it there, and all leaves in order', async () => {
  const spool = memorySpool()
  const { shipper, time, world, numbers } = setUp({}, spool)
  const taken = world.answer
  world.answer = away
  await shipper.write([entry(), entry()])
  await time.advance(250)
  expect(spool.lines.map(({ seq }) => seq)).toEqual([1, 2])
  await shipper.write([entry()])
  await time.advance(250)
  expect(spool.lines.map(({ seq }) => seq)).toEqual([1, 2, 3])
  world.answer = taken
  shipper.wake()
  await shipper.write([entry()])
  await time.advance(250)
  expect(numbers().slice(-2)).toEqual([[1, 2, 3], [4]])
  expect(spool.waiting).toBe(0)
})

test('with the memory full and no spool the oldest go, and their number travels with the next batch', async () => {
  const { shipper, time, world, posts } = setUp({ memoryEvents: 3 })
  const taken = world.answer
  world.answer = away
  await shipper.write([entry(), entry(), entry(), entry(), entry()])
  await time.advance(250)
  world.answer = taken
  await time.advance(60_000)
  const delivered = posts.find(({ lines, dropped }) => dropped === 2 && lines.count === 3)
  expect(delivered && unpack(delivered.lines).map(({ seq }) => seq)).toEqual([3, 4, 5])
  expect(posts.at(-1)?.dropped).toBe(2)
})

test('a spool that cannot write leaves the events in memory', async () => {
  const spool = memorySpool()
  spool.broken = true
  const { shipper, time, world } = setUp({}, spool)
  const taken = world.answer
  world.answer = away
  await shipper.write([entry()])
  await time.advance(250)
  expect(shipper.stats().waiting).toBe(1)
  world.answer = taken
  await time.advance(60_000)
  expect(shipper.stats()).toMatchObject({ waiting: 0, dropped: 0, highWater: 1 })
})

test('a batch that is refused for good is dropped and counted, and does not stop the rest', async () => {
  const { shipper, time, world, numbers } = setUp({ batchEvents: 1 })
  const taken = world.answer
  world.answer = async (batch) => (batch.lines.first === 1 ? 'refused' : taken(batch))
  await shipper.write([entry(), entry()])
  await time.advance(1000)
  expect(numbers().slice(0, 2)).toEqual([[1], [2]])
  expect(shipper.stats()).toMatchObject({ dropped: 1, waiting: 0 })
})

test.each([{ highWater: 0 }, { highWater: Number.NaN }])(
  'an answer that takes nothing (%o) counts as a failure, not as a loop',
  async (receipt) => {
    const { shipper, time, world, posts } = setUp({ backoffMs: 1000 })
    world.answer = async () => receipt
    await shipper.write([entry()])
    await time.advance(250 + 999)
    expect(posts).toHaveLength(1)
    expect(shipper.stats().waiting).toBe(1)
  },
)

test('while silent it says every 30 seconds that it lives', async () => {
  const { shipper, time, numbers } = setUp()
  await shipper.write([entry()])
  await time.advance(250 + 90_000)
  expect(numbers()).toEqual([[1], [], [], []])
})

test('park puts what is not known to be taken into the spool, the batch in flight too', async () => {
  const spool = memorySpool()
  const { shipper, time, world } = setUp({}, spool)
  world.answer = () => new Promise(() => {})
  await shipper.write([entry()])
  await time.advance(250)
  await shipper.write([entry()])
  shipper.park()
  expect(spool.lines.map(({ seq }) => seq)).toEqual([1, 2])
  expect(time.pending()).toEqual([])
  await shipper.write([entry()])
  expect(shipper.stats().numbered).toBe(2)
})

test('close sends what is left, and parks it when nobody answers in time', async () => {
  const happy = setUp()
  await happy.shipper.write([entry()])
  await happy.shipper.close()
  expect(happy.numbers()).toEqual([[1]])
  const spool = memorySpool()
  const sad = setUp({}, spool)
  sad.world.answer = () => new Promise(() => {})
  await sad.shipper.write([entry()])
  const closed = sad.shipper.close()
  await sad.time.advance(2000)
  await closed
  expect(spool.lines).toHaveLength(1)
})

test('the body of a batch is the documented JSON', () => {
  const { event } = entry()
  const encoder = new BatchEncoder()
  const body = (seqs: readonly number[]) => {
    const lines = pack(seqs.map((seq) => ({ seq, event: { ...event, name: 'ü\n' } })))
    return JSON.parse(new TextDecoder().decode(encoder.encode({ stream: 's', sender, dropped: 2, lines })))
  }
  const events = [7, 9].map((seq) => ({ seq, event: { ...event, name: 'ü\n' } }))
  expect(body([7, 9])).toEqual({ stream: 's', sender, dropped: 2, events })
  expect(body([])).toEqual({ stream: 's', sender, dropped: 2, events: [] })
})

test('what waits in memory outlives growing, moving and giving back its room', async () => {
  const { shipper, time, numbers, world } = setUp({ batchEvents: 400, memoryBytes: 400_000 })
  const taken = world.answer
  world.answer = away
  for (let count = 0; count < 1000; count++) await shipper.write([entry()])
  world.answer = async (batch) => ({ highWater: batch.lines.first + 99 })
  shipper.wake()
  await time.advance(10_000)
  for (let count = 0; count < 1000; count++) await shipper.write([entry()])
  world.answer = taken
  await time.advance(60_000)
  expect(shipper.stats()).toMatchObject({ numbered: 2000, highWater: 2000, waiting: 0, dropped: 0 })
  const all = new Set(numbers().flat())
  expect(all.size).toBe(2000)
})

test('a spool that throws where it promised not to ends nothing, and shipping goes on later', async () => {
  const spool = memorySpool()
  let isBroken = false
  const breaking = (act: 'read' | 'ack' | 'append') => {
    const sound = spool[act].bind(spool) as (...given: never[]) => unknown
    return (...given: never[]) => {
      if (isBroken) throw new Error('broken')
      return sound(...given)
    }
  }
  const broken = Object.assign(Object.create(spool), {
    read: breaking('read'),
    ack: breaking('ack'),
    append: breaking('append'),
  }) as Spool
  const { shipper, time, world, numbers } = setUp({ maxBackoffMs: 1000 }, broken)
  world.answer = away
  await shipper.write([entry()])
  await time.advance(300)
  isBroken = true
  await time.advance(5000)
  isBroken = false
  world.answer = async ({ lines }) => ({ highWater: lines.last })
  await time.advance(5000)
  expect(numbers().at(-1)).toEqual([1])
  expect(shipper.stats()).toMatchObject({ highWater: 1, waiting: 0 })
})

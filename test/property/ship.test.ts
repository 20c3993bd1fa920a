import fc from 'fast-check'
import { expect, test } from 'vitest'
import { event } from '../../packages/instrument/src/event/index.js'
import { type Batch, createShipper, type Receipt, type Shipper } from '../../packages/instrument/src/ship/index.js'
import { pack, unpack } from '../unit/ship/lines.js'
import { memorySpool } from '../unit/ship/memory-spool.js'
import { virtualTime } from '../unit/ship/virtual-time.js'

type Step =
  | { readonly do: 'publish'; readonly events: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'network'; readonly is: 'up' | 'down' | 'answers lost' | 'hanging' }
  | { readonly do: 'restart receiver' | 'stop sender' | 'kill sender' | 'break spool' | 'mend spool' | 'wake' }

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('publish' as const), events: fc.integer({ min: 1, max: 12 }) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 5000 }) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('network' as const),
        is: fc.constantFrom('up' as const, 'down' as const, 'answers lost' as const, 'hanging' as const),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom(
          'restart receiver' as const,
          'stop sender' as const,
          'kill sender' as const,
          'break spool' as const,
          'mend spool' as const,
          'wake' as const,
        ),
      }),
    },
  ),
  { maxLength: 60 },
) satisfies fc.Arbitrary<Step[]>

/** A receiver that keeps its marks with its rows, senders that come and go, and a network in between. */
class World {
  readonly time = virtualTime()
  readonly taken = new Map<string, number[]>()
  readonly lives: { stream: string; shipper: Shipper; spool: ReturnType<typeof memorySpool>; killed: boolean }[] = []
  network: 'up' | 'down' | 'answers lost' | 'hanging' = 'up'
  #hanging: (() => void)[] = []

  constructor(readonly limits: { memoryEvents: number; spoolLines: number }) {
    this.born()
  }

  get life() {
    return this.lives.at(-1)!
  }

  born(): void {
    const stream = `life-${this.lives.length}`
    const spool = memorySpool(this.limits.spoolLines)
    const shipper = createShipper({
      stream,
      sender: { kind: 'test', name: 'notes', version: '1' },
      post: (batch) => this.#post(batch),
      spool,
      ...this.time,
      random: () => 0.5,
      limits: { batchEvents: 5, memoryEvents: this.limits.memoryEvents },
    })
    this.lives.push({ stream, shipper, spool, killed: false })
  }

  take({ stream, lines }: Pick<Batch, 'stream' | 'lines'>): Receipt {
    const rows = this.taken.get(stream) ?? []
    this.taken.set(stream, rows)
    for (const { seq } of unpack(lines)) if (seq > (rows.at(-1) ?? 0)) rows.push(seq)
    return { highWater: rows.at(-1) ?? 0 }
  }

  breakConnections(): void {
    for (const fail of this.#hanging) fail()
    this.#hanging = []
  }

  async #post(batch: Batch): Promise<Receipt> {
    if (this.network === 'down') throw new Error('refused')
    if (this.network === 'hanging') {
      // Taken by the receiver, which is restarted before it answers.
      this.take(batch)
      return new Promise((_, reject) => this.#hanging.push(() => reject(new Error('reset'))))
    }
    const receipt = this.take(batch)
    if (this.network === 'answers lost') throw new Error('time-out')
    return receipt
  }

  async run(step: Step): Promise<void> {
    const { shipper, spool } = this.life
    switch (step.do) {
      case 'publish':
        for (let i = 0; i < step.events; i++) await shipper.write([observed])
        return
      case 'wait':
        return this.time.advance(step.ms)
      case 'network':
        this.network = step.is
        return
      case 'restart receiver':
        return this.breakConnections()
      case 'stop sender':
        shipper.park()
        return this.born()
      case 'kill sender':
        // What was in memory alone is lost with the process; from then on it does nothing any more.
        this.life.killed = true
        spool.broken = true
        shipper.park()
        return this.born()
      case 'break spool':
      case 'mend spool':
        spool.broken = step.do === 'break spool'
        return
      case 'wake':
        return shipper.wake()
    }
  }

  /** Everything works again for long enough, and a daemon adopts what the dead left. */
  async recover(): Promise<void> {
    this.life.spool.broken = false
    this.network = 'up'
    this.breakConnections()
    await this.time.advance(600_000)
    this.life.shipper.park()
    for (const { stream, spool } of this.lives) this.take({ stream, lines: pack(spool.lines) })
  }
}

const observed = {
  event: event('business', 1, { server: 'notes' }, { name: 'orders', value: 1 }),
  entrance: 'local' as const,
}

test('each event that was not dropped is taken exactly once, in order, whatever fails', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const world = new World({ memoryEvents: 10_000, spoolLines: 100_000 })
      // A broken disk at the end of a life is a loss of its own, tried below.
      for (const step of script) if (step.do !== 'break spool') await world.run(step)
      await world.recover()
      for (const { stream, shipper, killed, spool } of world.lives) {
        const rows = world.taken.get(stream) ?? []
        const { numbered, dropped } = shipper.stats()
        expect(dropped).toBe(0)
        if (!killed) expect(rows).toEqual(Array.from({ length: numbered }, (_, index) => index + 1))
        else expect(rows).toEqual(Array.from({ length: rows.length }, (_, index) => index + 1))
        for (const { seq } of spool.lines) expect(rows).toContain(seq)
      }
    }),
    { numRuns: 300 },
  )
})

test('with little room and a disk that fails, nothing is taken twice and every loss is counted', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 5, max: 40 }),
      async (script, memoryEvents, spoolLines) => {
        const world = new World({ memoryEvents, spoolLines })
        for (const step of script) if (step.do !== 'kill sender' && step.do !== 'stop sender') await world.run(step)
        await world.recover()
        const { stream, shipper } = world.life
        const rows = world.taken.get(stream) ?? []
        const { numbered, dropped, waiting } = shipper.stats()
        expect(rows).toEqual([...new Set(rows)].sort((a, b) => a - b))
        expect(waiting).toBe(0)
        expect(numbered - rows.length).toBeLessThanOrEqual(dropped)
      },
    ),
    { numRuns: 300 },
  )
})

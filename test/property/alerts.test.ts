import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MINUTE_MS, named, World } from '../unit/alerts/engine-harness.js'

/** Two groups of two alerts each; A1 needs to hold for a while. */
const NAMES = ['A1', 'A2', 'B1', 'B2'] as const
type Name = (typeof NAMES)[number]
const OPTIONS = {
  groupBy: ['team'],
  groupWaitMs: 10_000,
  groupIntervalMs: 20_000,
  repeatIntervalMs: 60_000,
  resolveTimeoutMs: 60_000,
  routes: [{ notify: ['page'], escalate: [{ afterMs: 45_000, notify: ['boss'] }] }],
}
const FOR_MS = 15_000

/** What the simplest watcher would say of the same. */
class Model {
  readonly holding = new Set<Name>()
  readonly since = new Map<Name, number>()
  readonly firing = new Set<Name>()
  readonly acknowledged = new Set<Name>()
  readonly silencedUntil = new Map<Name, number>()

  reported(now: number): void {
    for (const name of NAMES) {
      if (!this.holding.has(name)) {
        this.since.delete(name)
        this.firing.delete(name)
        this.acknowledged.delete(name)
        continue
      }
      const since = this.since.get(name) ?? now
      this.since.set(name, since)
      if (now - since >= FOR_MS) this.firing.add(name)
    }
  }

  state(name: Name): string | undefined {
    if (this.acknowledged.has(name)) return 'acknowledged'
    return this.firing.has(name) ? 'firing' : this.since.has(name) ? 'pending' : undefined
  }

  isSilenced(name: Name, now: number): boolean {
    return (this.silencedUntil.get(name) ?? 0) > now
  }
}

/** What somebody believes who reads the messages of one channel. */
class Reader {
  readonly firing = new Map<string, number>()
  readonly #channel: string
  constructor(channel: string) {
    this.#channel = channel
  }

  read(world: World, model: Model, from: number): void {
    for (const { channel, reason, alerts, at, id } of world.sent.slice(from)) {
      if (channel !== this.#channel) continue
      expect(
        world.sent.filter((other) => other.id === id),
        'an id is given once',
      ).toHaveLength(1)
      for (const { labels, state, startsAt } of alerts) {
        const name = labels.alertname as Name
        if (state === 'resolved') {
          expect(this.firing.has(name), `${name} was told of before its end`).toBe(true)
          this.firing.delete(name)
        } else {
          expect(model.isSilenced(name, at), `${name} is told while it is silenced`).toBe(false)
          this.firing.set(name, startsAt)
        }
      }
      if (reason === 'repeat') expect(alerts.some(({ state }) => state === 'firing')).toBe(true)
    }
  }
}

interface Real {
  readonly world: World
  readonly readers: readonly Reader[]
}

const conditionsOf = (model: Model) =>
  NAMES.filter((name) => model.holding.has(name)).map((name) => named(name, 'high', { team: name[0]! }))

function report(model: Model, { world }: Real): void {
  world.engine.report({ source: 'rules', evidence: 'seen', conditions: conditionsOf(model), forMs: FOR_MS }, world.now)
  model.reported(world.now)
}

function after(model: Model, { world, readers }: Real, from: number): void {
  for (const reader of readers) reader.read(world, model, from)
  const states = new Map(
    world.engine.alerts(world.now).alerts.map(({ alert }) => [alert.labels.alertname as Name, alert.state as string]),
  )
  for (const name of NAMES) {
    const state = states.get(name) === 'resolved' ? undefined : states.get(name)
    expect(state, name).toBe(model.state(name))
  }
}

const step = (name: string, work: (model: Model, real: Real) => void): fc.Command<Model, Real> => ({
  check: () => true,
  run(model, real) {
    const from = real.world.sent.length
    work(model, real)
    after(model, real, from)
  },
  toString: () => name,
})

const anyName = fc.constantFrom(...NAMES)
const commands = [
  fc.subarray([...NAMES]).map((names) =>
    step(`report ${names}`, (model, real) => {
      model.holding.clear()
      for (const name of names) model.holding.add(name)
      report(model, real)
      real.world.settle()
    }),
  ),
  fc.constantFrom(1, 3000, 5000, 15_000).map((ms) =>
    step(`pass ${ms}`, (model, real) => {
      real.world.pass(ms)
      report(model, real)
      real.world.settle()
    }),
  ),
  anyName.map((name) =>
    step(`acknowledge ${name}`, (model, { world }) => {
      const found = world.engine.alerts(world.now).alerts.find(({ alert }) => alert.labels.alertname === name)
      const done = found !== undefined && world.engine.acknowledge(found.alert.fingerprint, 'anna', '', world.now)
      expect(done).toBe(model.firing.has(name))
      if (done) model.acknowledged.add(name)
      world.settle()
    }),
  ),
  fc.tuple(anyName, fc.constantFrom(1000, 30_000)).map(([name, ms]) =>
    step(`silence ${name} ${ms}`, (model, { world }) => {
      const silence = { id: name, matchers: [`alertname="${name}"`], startsAt: world.now, endsAt: world.now + ms }
      world.engine.silence({ ...silence, by: 'anna', comment: '' }, world.now)
      model.silencedUntil.set(name, world.now + ms)
      world.settle()
    }),
  ),
  fc.constant(
    step('restart', (model, real) => {
      real.world.restart()
      report(model, real)
      real.world.settle()
    }),
  ),
  fc.constant(
    step('killed before the last step was kept', (model, real) => {
      report(model, real)
      real.world.engine.tick(real.world.now)
      real.world.restart()
      report(model, real)
      real.world.settle()
    }),
  ),
]

test('whatever happens, states are the model’s, and who reads the messages believes what is true', () => {
  fc.assert(
    fc.property(fc.commands(commands, { maxCommands: 60 }), (sequence) => {
      const real = { world: new World(OPTIONS), readers: [new Reader('page'), new Reader('boss')] }
      const model = new Model()
      fc.modelRun(() => ({ model, real }), sequence)
      const { world, readers } = real
      // Then nothing changes for a while: all silences end, all waits are over.
      for (let at = 0; at < 8; at++) {
        const from = world.sent.length
        world.pass(15_000)
        report(model, real)
        world.settle()
        after(model, real, from)
      }
      expect([...readers[0]!.firing.keys()].sort()).toEqual([...model.firing].sort())
      // And then all is well.
      model.holding.clear()
      const from = world.sent.length
      for (let at = 0; at < 4; at++) {
        report(model, real)
        world.settle()
        world.pass(15_000)
      }
      after(model, real, from)
      for (const reader of readers) expect([...reader.firing.keys()]).toEqual([])
      world.pass(2 * MINUTE_MS)
      expect([...world.kept.values()].filter(({ table }) => table === 'alert' || table === 'group')).toEqual([])
    }),
    { numRuns: 150 },
  )
})

test('repeats come no sooner than their interval, and none while everybody knows', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40_000 }), { maxLength: 30 }), fc.nat(20), (gaps, knownAfter) => {
      const world = new World({ ...OPTIONS, routes: [{ notify: ['page'] }] })
      const model = new Model()
      model.holding.add('B1')
      const real = { world, readers: [] }
      const acknowledgedAt = { at: Number.POSITIVE_INFINITY }
      for (const [index, gap] of gaps.entries()) {
        world.pass(gap)
        report(model, real)
        world.settle()
        if (index !== knownAfter || model.state('B1') !== 'firing') continue
        world.engine.acknowledge(world.fingerprint('B1'), 'anna', '', world.now)
        acknowledgedAt.at = world.now
        world.settle()
      }
      const times = world.sent.filter(({ reason }) => reason !== 'acknowledged').map(({ at }) => at)
      for (const [index, at] of times.entries()) {
        if (index > 0) expect(at - times[index - 1]!).toBeGreaterThanOrEqual(OPTIONS.repeatIntervalMs)
        if (index > 0) expect(at).toBeLessThanOrEqual(acknowledgedAt.at)
      }
    }),
    { numRuns: 100 },
  )
})

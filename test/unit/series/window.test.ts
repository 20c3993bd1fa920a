/** The bounds of the window, and what goes where they are met. Times are counted from one five-minute boundary. */
import { describe, expect, test } from 'vitest'
import { compileMatcher, type LabelMatcher } from '../../../packages/server/src/promql/index.js'
import { type Lane, pairsOf, SeriesWindow, type WindowLimits } from '../../../packages/server/src/series/index.js'

const START_MS = 1_800_000_000_000
const DAY_MS = 86_400_000
const INTERVAL_MS = 15_000
const LIMITS: WindowLimits = { maxSeries: 1000, maxBytes: 1e9, keptMs: { raw: DAY_MS, rolled: 30 * DAY_MS } }

function opened(limits: Partial<WindowLimits> = {}) {
  const window = new SeriesWindow({ ...LIMITS, ...limits })
  return { window, lane: window.lane('scrape', INTERVAL_MS) }
}

/** Samples these series, all with one value. */
function sample(window: SeriesWindow, lane: Lane, atMs: number, ids: readonly string[], value = 1): void {
  const refs = ids.map((id) => window.refOf(lane, pairsOf({ __name__: 'm', id }), atMs))
  const taken = refs.filter((ref) => typeof ref === 'number')
  window.append(lane, { atMs, refs: Uint32Array.from(taken), values: new Float64Array(taken.length).fill(value) })
}

const matcher = (name: string, op: '=' | '=~', value: string) => compileMatcher({ name, op, value }) as LabelMatcher
const times = (window: SeriesWindow, id = 'a', from = 0, to = Number.MAX_SAFE_INTEGER) =>
  Array.from(window.select([matcher('__name__', '=', 'm'), matcher('id', '=', id)], from, to)[0]?.times ?? [])

describe('resolutions', () => {
  test('after the window one sample in five minutes is left: the last of each', () => {
    const { window, lane } = opened({ keptMs: { raw: 3_600_000, rolled: DAY_MS } })
    const end = START_MS + 4 * 3_600_000
    for (let atMs = START_MS; atMs < end; atMs += INTERVAL_MS) sample(window, lane, atMs, ['a'], atMs)
    const found = times(window)
    const rawMs = window.stats().oldestMs.raw!
    expect(end - rawMs).toBeGreaterThanOrEqual(3_600_000)
    expect(end - rawMs).toBeLessThanOrEqual(3_600_000 + 2 * 300_000)
    const rolled = found.filter((time) => time < rawMs)
    expect(rolled.map((time) => (time - START_MS) % 300_000)).toEqual(rolled.map(() => 285_000))
    expect(rolled).toHaveLength((rawMs - START_MS) / 300_000)
    expect(found.filter((time) => time >= rawMs)).toHaveLength((end - rawMs) / INTERVAL_MS)
  })

  test('rolled samples go when their time is over, and their series with them', () => {
    const { window, lane } = opened({ keptMs: { raw: 3_600_000, rolled: 4 * 3_600_000 } })
    for (let atMs = START_MS; atMs < START_MS + 12 * 3_600_000; atMs += INTERVAL_MS)
      sample(window, lane, atMs, atMs < START_MS + 600_000 ? ['a', 'b'] : ['a'])
    expect(times(window)[0]).toBeGreaterThan(START_MS + 5 * 3_600_000)
    expect(window.stats().series).toBe(1)
    expect(window.takeChanges().gone).toHaveLength(1)
  })
})

describe('bounds', () => {
  test('beyond its bytes the oldest samples go, counted, and the newest stay', () => {
    const { window, lane } = opened({ maxBytes: 300_000 })
    const ids = Array.from({ length: 200 }, (_, id) => String(id))
    for (let tick = 0; tick < 2000; tick++) sample(window, lane, START_MS + tick * INTERVAL_MS, ids, Math.random())
    const { sizeBytes, evictedBlocks, oldestMs } = window.stats()
    expect(sizeBytes.raw + sizeBytes.rolled).toBeLessThan(300_000 + 100_000)
    expect(evictedBlocks).toBeGreaterThan(0)
    expect(oldestMs.raw).toBeGreaterThan(START_MS)
    expect(times(window, '7').at(-1)).toBe(START_MS + 1999 * INTERVAL_MS)
    const { dropped } = window.takeChanges()
    expect(dropped.length).toBeGreaterThan(0)
  })

  test('beyond its series those that ended longest ago give way; where none has ended, new ones are not taken', () => {
    const { window, lane } = opened({ maxSeries: 3 })
    sample(window, lane, START_MS, ['a', 'b', 'c', 'd'])
    expect(window.refOf(lane, pairsOf({ __name__: 'm', id: 'd' }), START_MS)).toBe('limit')
    for (let tick = 1; tick < 60; tick++) sample(window, lane, START_MS + tick * INTERVAL_MS, ['b', 'c'])
    expect(times(window, 'a')).toHaveLength(1)
    sample(window, lane, START_MS + 60 * INTERVAL_MS, ['b', 'c', 'd'])
    expect(times(window, 'a')).toEqual([])
    expect(times(window, 'd')).toEqual([START_MS + 60 * INTERVAL_MS])
    expect(window.stats().series).toBe(3)
  })

  test('a series that another lane gives now is not taken twice', () => {
    const { window, lane } = opened()
    sample(window, lane, START_MS, ['a'])
    const other = window.lane('rules', 30_000)
    expect(window.refOf(other, pairsOf({ __name__: 'm', id: 'a' }), START_MS)).toBe('duplicate')
  })

  test('a series that went from one lane to another is one, with the samples of both', () => {
    const { window, lane } = opened()
    for (let tick = 0; tick < 50; tick++)
      sample(window, lane, START_MS + tick * INTERVAL_MS, tick < 5 ? ['a', 'b'] : ['b'])
    const other = window.lane('rules', 30_000)
    sample(window, other, START_MS + 100 * INTERVAL_MS, ['a'])
    expect(times(window)).toEqual([0, 1, 2, 3, 4, 100].map((tick) => START_MS + tick * INTERVAL_MS))
  })
})

describe('a clock that is set', () => {
  test('back a little: nothing is taken until it has caught up', () => {
    const { window, lane } = opened()
    for (const atMs of [0, 15_000, 30_000, 10_000, 25_000, 45_000]) sample(window, lane, START_MS + atMs, ['a'])
    expect(times(window)).toEqual([0, 15_000, 30_000, 45_000].map((atMs) => START_MS + atMs))
    expect(window.stats().dropped.clock).toBe(2)
  })

  test('back by much: what came by the wrong clock goes', () => {
    const { window, lane } = opened()
    for (let tick = 0; tick < 100; tick++) sample(window, lane, START_MS + tick * INTERVAL_MS, ['a'])
    const wrongMs = START_MS + 365 * DAY_MS
    for (let tick = 0; tick < 100; tick++) sample(window, lane, wrongMs + tick * INTERVAL_MS, ['a'])
    const backMs = START_MS + 200 * INTERVAL_MS
    sample(window, lane, backMs, ['a'])
    expect(times(window).every((time) => time <= backMs)).toBe(true)
    expect(times(window).at(-1)).toBe(backMs)
  })
})

test('names and values are found by selectors and time', () => {
  const { window, lane } = opened()
  for (let tick = 0; tick < 100; tick++)
    sample(window, lane, START_MS + tick * INTERVAL_MS, tick < 20 ? ['old', 'now'] : ['now'])
  const ids = (from?: number, to?: number) =>
    [...window.labelSets([[matcher('id', '=~', 'o.*|now')]], from, to)].map(({ id }) => id)
  expect(ids()).toEqual(['old', 'now'])
  expect(ids(START_MS + 60 * INTERVAL_MS)).toEqual(['now'])
  expect(ids(0, START_MS - 1)).toEqual([])
  expect([...window.labelSets([])]).toHaveLength(2)
})

test('counts that seldom change take about half a byte each, and counts that do about one', () => {
  const { window, lane } = opened()
  const ids = Array.from({ length: 500 }, (_, id) => String(id))
  const refs = Uint32Array.from(ids, (id) => window.refOf(lane, pairsOf({ __name__: 'm', id }), START_MS) as number)
  const perSample = (grows: (id: number, tick: number) => number, from: number) => {
    window.seal()
    const before = window.stats()
    const values = new Float64Array(refs.length)
    for (let tick = 0; tick < 400; tick++) {
      for (let id = 0; id < values.length; id++) values[id]! += grows(id, tick)
      window.append(lane, { atMs: START_MS + (from + tick) * INTERVAL_MS, refs, values: values.slice() })
    }
    window.seal()
    return (window.stats().sizeBytes.raw - before.sizeBytes.raw) / (400 * refs.length)
  }
  perSample(() => 1, 0)
  expect(perSample((_, tick) => (tick % 50 === 0 ? 1 : 0), 400)).toBeLessThan(0.6)
  expect(perSample((id, tick) => (id * 7919 + tick * 104_729) % 40, 800)).toBeLessThan(1.5)
})

describe('many series', () => {
  /** All but a hundred stand still. */
  const valueAt = (number: number, tick: number) => (number < 100 ? number + tick : number)
  const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, at) => String(from + at))

  function sampleAll(window: SeriesWindow, lane: Lane, tick: number, ids: readonly string[]): void {
    const atMs = START_MS + tick * INTERVAL_MS
    const refs = ids.map((id) => window.refOf(lane, pairsOf({ __name__: 'm', id }), atMs) as number)
    const values = Float64Array.from(ids, (id) => valueAt(Number(id), tick))
    window.append(lane, { atMs, refs: Uint32Array.from(refs), values })
  }

  test('each has its own samples, packed or not', () => {
    const { window, lane } = opened()
    for (let tick = 0; tick < 250; tick++) {
      // Some come later, and some end, out of the middle.
      const ids = numbers(900).filter((id) => tick > 100 || Number(id) % 7 > 0)
      sampleAll(window, lane, tick, tick > 200 ? ids.filter((id) => Number(id) < 300 || Number(id) > 500) : ids)
    }
    for (const id of ['0', '1', '10', '255', '256', '299', '301', '420', '490', '501', '511', '512', '899']) {
      const [series] = window.select([matcher('id', '=', id)], 0, Number.MAX_SAFE_INTEGER)
      const number = Number(id)
      const first = number % 7 > 0 ? 0 : 101
      const last = number < 300 || number > 500 ? 249 : 200
      const ticks = Array.from({ length: last - first + 1 }, (_, at) => first + at)
      expect(Array.from(series!.times)).toEqual(ticks.map((tick) => START_MS + tick * INTERVAL_MS))
      expect(Array.from(series!.values)).toEqual(ticks.map((tick) => valueAt(number, tick)))
    }
  })

  test('those that stand still take next to nothing beside the few that move', () => {
    const { window, lane } = opened()
    for (let tick = 0; tick < 400; tick++) sampleAll(window, lane, tick, numbers(1000))
    window.seal()
    const { sizeBytes, samplesTaken } = window.stats()
    expect(sizeBytes.raw / samplesTaken).toBeLessThan(0.3)
  })

  test('are found as long as they are there, however many came and went', () => {
    const { window, lane } = opened({ maxSeries: 5000 })
    for (let round = 0; round < 20; round++) {
      const ids = [...numbers(50), ...numbers(1500, 50 + round * 1500)]
      for (let tick = 0; tick < 21; tick++) sampleAll(window, lane, round * 21 + tick, ids)
      const found = [...window.labelSets([[matcher('__name__', '=', 'm')]])].map(({ id }) => id)
      expect(found).toHaveLength(new Set(found).size)
      expect(new Set(found)).toEqual(new Set([...found, ...ids]))
      expect(found.length).toBeLessThanOrEqual(5000)
      const [series] = window.select([matcher('id', '=', ids.at(-1)!)], 0, Number.MAX_SAFE_INTEGER)
      expect(series!.values.length).toBe(21)
      expect(series!.labels).toEqual({ __name__: 'm', id: ids.at(-1) })
    }
    const { series, gone } = window.takeChanges()
    expect(new Set(series.map(({ ref }) => ref)).size).toBe(series.length)
    expect(series.length).toBe(window.stats().series)
    expect(gone.length).toBe(20 * 1500 + 50 - series.length)
  })
})

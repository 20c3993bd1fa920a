/** What the window gives back is what was put in: every sample, gap and end, whatever was packed, dropped or restored. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileMatcher, type LabelMatcher, type Series } from '../../packages/server/src/promql/index.js'
import { Block } from '../../packages/server/src/series/block.js'
import { pairsOf, type SavedBlock, type SavedSeries, SeriesWindow } from '../../packages/server/src/series/index.js'

/** Copies of each row in a block: so that there are more rows than lie together. */
const COPIES = 100
const SEED = 20_261_129
const START_MS = 1_800_000_000_000
const MINUTE_MS = 60_000

/** Values that packing could get wrong. */
const value = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, Number.NaN, Infinity, -Infinity, 0.1, 2 ** 51, 2 ** 51 + 1, -(2 ** 53), 5e-324, 1e308),
  fc.integer({ min: -300, max: 300 }),
  fc.integer(),
  fc.double(),
)

describe('a block', () => {
  test('gives back every value and gap, also from bytes', () => {
    const rows = fc.integer({ min: 1, max: 40 }).chain((ticks) =>
      fc.record({
        ticks: fc.constant(ticks),
        rows: fc.array(
          fc.array(fc.option(value, { nil: undefined, freq: 4 }), { minLength: ticks, maxLength: ticks }),
          { minLength: 1, maxLength: 8 },
        ),
      }),
    )
    fc.assert(
      fc.property(rows, ({ ticks, rows }) => {
        const cellsOf = (at: number) => rows[at % rows.length]!
        const refs = Array.from({ length: rows.length * COPIES }, (_, at) => (at * 7919) % 9973)
        const times = Float64Array.from({ length: ticks }, (_, tick) => START_MS + tick * 15_000 + (tick % 3))
        const sealed = Block.seal(refs, times, (at, row) => {
          for (const [tick, cell] of cellsOf(at).entries()) {
            row.values[tick] = cell ?? 0
            row.present[tick] = cell === undefined ? 0 : 1
          }
        })
        const other = Block.fromBytes(sealed.toBytes())
        expect(other.after(sealed).sizeBytes).toBeLessThan(sealed.sizeBytes)
        for (const block of [sealed, other, other.after(sealed)])
          for (let at = 0; at < refs.length; at += at < rows.length ? 1 : 37) {
            const cells = cellsOf(at)
            const read = { values: new Float64Array(ticks), present: new Uint8Array(ticks) }
            const found = block.read(block.positionOf(refs[at]!), read, 0)
            expect(found).toBe(cells.filter((cell) => cell !== undefined).length)
            expect(cells.map((_, tick) => (read.present[tick] === 1 ? read.values[tick] : undefined))).toEqual(cells)
          }
        expect(sealed.positionOf(9973)).toBe(-1)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  test('refuses bytes that are cut off or of no block, and never reads beyond them', () => {
    const times = Float64Array.from([START_MS, START_MS + 15_000])
    const bytes = Block.seal([3, 9], times, (at, row) => {
      row.values.set(at === 0 ? [1, 2] : [0.1, 0.2])
      row.present.fill(1)
    }).toBytes()
    for (let length = 0; length < bytes.length; length++)
      expect(() => Block.fromBytes(bytes.slice(0, length))).toThrow(RangeError)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          Block.fromBytes(noise)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { seed: SEED, numRuns: 500 },
    )
  })
})

/** A tick: which of eight series have a value, and how long after the tick before. */
const ticks = fc.array(
  fc.record({
    gapMs: fc.oneof({ weight: 12, arbitrary: fc.constant(15_000) }, fc.integer({ min: 1, max: 20 * MINUTE_MS })),
    values: fc.array(fc.option(value, { nil: undefined, freq: 6 }), { minLength: 8, maxLength: 8 }),
    restarts: fc.boolean(),
  }),
  { minLength: 1, maxLength: 160 },
)

const limits = { maxSeries: 1000, maxBytes: 1e9, keptMs: { raw: 1e12, rolled: 1e12 } }
const all = [compileMatcher({ name: '__name__', op: '=', value: 'm' }) as LabelMatcher]

function reopened(before: SeriesWindow, disk: { series: SavedSeries[]; blocks: SavedBlock[] }): SeriesWindow {
  before.seal()
  const { series, blocks } = before.takeChanges()
  disk.series.push(...series)
  disk.blocks.push(...blocks)
  const window = new SeriesWindow(limits)
  for (const one of disk.series) window.restoreSeries(one)
  for (const one of disk.blocks) window.restoreBlock(15_000, one)
  window.restored(START_MS)
  return window
}

describe('the window', () => {
  test('finds the samples of each series and when it went stale, over restarts too', () => {
    fc.assert(
      fc.property(ticks, (steps) => {
        const disk = { series: [] as SavedSeries[], blocks: [] as SavedBlock[] }
        let window = new SeriesWindow(limits)
        let atMs = START_MS
        const expected = new Map<number, { points: [number, number][]; stale: number[] }>()
        for (const { gapMs, values, restarts } of steps) {
          atMs += gapMs
          if (restarts && gapMs > 15_000) window = reopened(window, disk)
          const lane = window.lane('scrape', 15_000)
          const here = values.flatMap((found, id) => (found === undefined ? [] : [{ id, found }]))
          const refs = here.map(
            ({ id }) => window.refOf(lane, pairsOf({ __name__: 'm', id: String(id) }), atMs) as number,
          )
          window.append(lane, { atMs, refs: Uint32Array.from(refs), values: Float64Array.from(here, (h) => h.found) })
          for (const [id, found] of values.entries()) {
            const known = expected.get(id) ?? { points: [], stale: [] }
            if (found !== undefined) expected.set(id, known).get(id)!.points.push([atMs, found])
            else if (known.points.at(-1)?.[0] === atMs - gapMs) known.stale.push(atMs)
          }
        }
        const found = window.select(all, START_MS, atMs)
        expect(new Set(found.map(({ labels }) => labels.id))).toEqual(new Set([...expected.keys()].map(String)))
        for (const { labels, times, values, staleTimes = [] } of found as readonly Required<Series>[]) {
          const { points, stale } = expected.get(Number(labels.id))!
          expect(Array.from(times, (time, at) => [time, values[at]])).toEqual(points)
          expect(Array.from(staleTimes)).toEqual(stale)
        }
      }),
      { seed: SEED, numRuns: 150 },
    )
  })
})

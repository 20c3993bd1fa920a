import type { Labels } from '../labels.js'
import type { Context } from './context.js'
import type { Grid } from './times.js'

/**
 * Instant vectors at all steps of a grid: one row for each series, `count` cells a row. A cell holds a value where
 * `present` is 1. Each frame has one owner, who may change it in place.
 */
export interface Frame {
  readonly labels: readonly Labels[]
  readonly values: Float64Array
  readonly present: Uint8Array
  /** Whether rows stay distinct when their metric's name is dropped, as those of one metric do. */
  readonly oneName: boolean
}

/** In `present`: no value. Anything else counts as one where rows are brought together. */
const ABSENT = 0

/** One value for each step. */
export type Scalars = Float64Array

/** An empty frame for these rows; its cells are charged. */
export function createFrame(ctx: Context, grid: Grid, labels: readonly Labels[], oneName: boolean, at: number): Frame {
  ctx.checkSeries(labels.length, at)
  const cells = labels.length * grid.count
  ctx.charge(cells, at)
  return { labels, values: new Float64Array(cells), present: new Uint8Array(cells), oneName }
}

/**
 * Brings rows of equal labels together. At one step only one of them may have a value; where `strict`, only one of them
 * may have any, as Prometheus has it for functions of ranges.
 */
export function mergeRows(ctx: Context, grid: Grid, frame: Frame, at: number, strict = false): Frame {
  const { count } = grid
  const { labels, values, present } = frame
  const targets = new Map<string, number>()
  const kept: number[] = []
  for (let row = 0; row < labels.length; row++) {
    if (strict && !hasAny(present, row * count, count)) continue
    const { key } = labels[row]!
    const target = targets.get(key)
    ctx.spend(1, at)
    if (target === undefined) {
      targets.set(key, row)
      kept.push(row)
      continue
    }
    for (let step = 0; step < count; step++) {
      const from = row * count + step
      if (present[from] === ABSENT) continue
      const to = target * count + step
      if (present[to] !== ABSENT || strict) failSame(ctx, at, labels[row]!)
      values[to] = values[from]!
      present[to] = present[from]!
    }
  }
  return kept.length === labels.length ? frame : pickRows(grid, frame, kept)
}

function failSame(ctx: Context, at: number, labels: Labels): never {
  return ctx.fail(at, `vector cannot contain metrics with the same labelset, here twice ${labels}`)
}

function hasAny(present: Uint8Array, start: number, count: number): boolean {
  for (let cell = start; cell < start + count; cell++) if (present[cell] !== ABSENT) return true
  return false
}

/** The frame with other labels, row by row, brought together where they became equal. */
export function relabelled(
  ctx: Context,
  grid: Grid,
  frame: Frame,
  labels: readonly Labels[],
  at: number,
  strict = false,
): Frame {
  return mergeRows(ctx, grid, { ...frame, labels }, at, strict)
}

/** The frame without the metrics' names. */
export function unnamed(ctx: Context, grid: Grid, frame: Frame, at: number, strict = false): Frame {
  const labels = frame.labels.map((row) => row.unnamed)
  return frame.oneName ? { ...frame, labels } : { ...relabelled(ctx, grid, frame, labels, at, strict), oneName: true }
}

/** Some rows of a frame, in the order given. */
export function pickRows({ count }: Grid, frame: Frame, rows: readonly number[]): Frame {
  const values = new Float64Array(rows.length * count)
  const present = new Uint8Array(rows.length * count)
  rows.forEach((row, index) => {
    values.set(frame.values.subarray(row * count, (row + 1) * count), index * count)
    present.set(frame.present.subarray(row * count, (row + 1) * count), index * count)
  })
  return { labels: rows.map((row) => frame.labels[row]!), values, present, oneName: frame.oneName }
}

import { Labels, METRIC_NAME } from '../labels.js'
import type { Aggregation, AggregationOp } from '../syntax/ast.js'
import type { Context } from './context.js'
import { createFrame, type Frame } from './frame.js'
import { type Gatherer, Means, Sums, Variances } from './summation.js'
import type { Grid } from './times.js'

/** Which group each row belongs to, and the labels of each group. */
export interface Groups {
  readonly of: Int32Array
  readonly labels: readonly Labels[]
  readonly oneName: boolean
}

export function groupRows(ctx: Context, { without, labels: names, at }: Aggregation, frame: Frame): Groups {
  const rows = frame.labels
  const dropped = new Set([...names, METRIC_NAME])
  const of = new Int32Array(rows.length)
  const labels: Labels[] = []
  const known = new Map<string, number>()
  ctx.spend(rows.length, at)
  for (let row = 0; row < rows.length; row++) {
    const source = rows[row]!
    const key = without ? source.keyWithout(dropped) : names.length === 0 ? '' : source.keyOf(names)
    let group = known.get(key)
    if (group === undefined) {
      group = labels.length
      known.set(key, group)
      labels.push(
        without
          ? source.drop(dropped)
          : Labels.of(
              names,
              names.map((name) => source.get(name)),
            ),
      )
    }
    of[row] = group
  }
  return { of, labels, oneName: without || !names.includes(METRIC_NAME) }
}

class Extremes implements Gatherer {
  private readonly best: Float64Array
  constructor(
    cells: number,
    private readonly sign: 1 | -1,
  ) {
    this.best = new Float64Array(cells).fill(Number.NaN)
  }
  add(cell: number, value: number): void {
    const best = this.best[cell]!
    if (value * this.sign > best * this.sign || Number.isNaN(best)) this.best[cell] = value
  }
  result(cell: number): number {
    return this.best[cell]!
  }
}

class Counts implements Gatherer {
  private readonly counts: Float64Array
  constructor(cells: number) {
    this.counts = new Float64Array(cells)
  }
  add(cell: number): void {
    this.counts[cell]!++
  }
  result(cell: number): number {
    return this.counts[cell]!
  }
}

/** Aggregations that look at one value after the other. */
const GATHERERS = {
  sum: (cells) => new Sums(cells),
  avg: (cells) => new Means(cells),
  min: (cells) => new Extremes(cells, -1),
  max: (cells) => new Extremes(cells, 1),
  count: (cells) => new Counts(cells),
  group: () => ({ add() {}, result: () => 1 }),
  stdvar: (cells) => new Variances(cells),
  stddev: (cells) => rooted(new Variances(cells)),
} as const satisfies Partial<Record<AggregationOp, (cells: number) => Gatherer>>

const rooted = (variances: Variances): Gatherer => ({
  add: (cell, value) => variances.add(cell, value),
  result: (cell) => Math.sqrt(variances.result(cell)),
})

export type PlainAggregationOp = keyof typeof GATHERERS
export const isPlain = (op: AggregationOp): op is PlainAggregationOp => Object.hasOwn(GATHERERS, op)

/** One row for each group, of what `op` makes of its values. */
export function aggregate(
  ctx: Context,
  grid: Grid,
  aggregation: Aggregation,
  op: PlainAggregationOp,
  frame: Frame,
): Frame {
  const groups = groupRows(ctx, aggregation, frame)
  const { count } = grid
  const result = createFrame(ctx, grid, groups.labels, groups.oneName, aggregation.at)
  const gatherer: Gatherer = GATHERERS[op](result.values.length)
  const { values, present } = frame
  for (let row = 0; row < frame.labels.length; row++) {
    const start = row * count
    const target = groups.of[row]! * count
    ctx.spend(count, aggregation.at)
    for (let step = 0; step < count; step++) {
      if (present[start + step] === 0) continue
      gatherer.add(target + step, values[start + step]!)
      result.present[target + step] = 1
    }
  }
  for (let cell = 0; cell < result.values.length; cell++)
    if (result.present[cell] === 1) result.values[cell] = gatherer.result(cell)
  return result
}

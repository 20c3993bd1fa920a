import { METRIC_NAME } from '../labels.js'
import type { Expr } from '../syntax/ast.js'
import { type Buckets, boundOf, bucketsOf } from './buckets.js'
import type { Context } from './context.js'
import { createFrame, type Frame, unnamed } from './frame.js'
import type { Grid } from './times.js'

const BOUND: ReadonlySet<string> = new Set(['le'])

/** The buckets of one histogram: rows of a frame, ascending by bound. */
interface Histogram {
  readonly rows: { readonly row: number; readonly bound: number }[]
}

/**
 * Applies a function to every classic histogram at every step; series belong to one histogram when they differ in `le`
 * alone. `arg` is where the buckets come from, for remarks.
 */
export function applyToHistograms(
  ctx: Context,
  grid: Grid,
  frame: Frame,
  arg: Expr,
  at: number,
  of: (buckets: Buckets, step: number) => number,
): Frame {
  const { count } = grid
  const histograms = histogramsOf(ctx, grid, frame, arg)
  const labels = [...histograms.values()].map(({ rows }) => frame.labels[rows[0]!.row]!.drop(BOUND))
  const result = createFrame(ctx, grid, labels, frame.oneName, at)
  let index = 0
  for (const { rows } of histograms.values()) {
    rows.sort((a, b) => a.bound - b.bound)
    ctx.spend(rows.length * count, at)
    for (let step = 0; step < count; step++) {
      const here = rows.filter(({ row }) => frame.present[row * count + step] === 1)
      if (here.length === 0) continue
      const buckets = bucketsOf(
        here.map(({ bound }) => bound),
        here.map(({ row }) => frame.values[row * count + step]!),
      )
      if (buckets.wasRaised) remarkOnRaise(ctx, arg.at, frame.labels[rows[0]!.row]!.get(METRIC_NAME))
      result.values[index * count + step] = of(buckets, step)
      result.present[index * count + step] = 1
    }
    index++
  }
  return unnamed(ctx, grid, result, at)
}

function histogramsOf(ctx: Context, { count }: Grid, frame: Frame, arg: Expr): ReadonlyMap<string, Histogram> {
  const histograms = new Map<string, Histogram>()
  frame.labels.forEach((labels, row) => {
    if (!frame.present.subarray(row * count, (row + 1) * count).includes(1)) return
    const le = labels.get('le')
    const bound = boundOf(le)
    if (bound === undefined) {
      ctx.warnOfBucket(arg.at, le, labels.get(METRIC_NAME))
      return
    }
    const key = labels.drop(BOUND).key
    const histogram = histograms.get(key)
    if (histogram === undefined) histograms.set(key, { rows: [{ row, bound }] })
    else histogram.rows.push({ row, bound })
  })
  return histograms
}

function remarkOnRaise(ctx: Context, at: number, metric: string): void {
  const where = metric === '' ? '' : ` for metric name ${JSON.stringify(metric)}`
  ctx.inform(
    at,
    `input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${where}`,
  )
}

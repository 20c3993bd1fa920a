import type { Labels } from '../labels.js'
import type { Aggregation } from '../syntax/ast.js'
import { formatNumber } from '../text/numbers.js'
import { type Groups, groupRows } from './aggregate.js'
import type { Context } from './context.js'
import { createFrame, type Frame, pickRows, type Scalars } from './frame.js'
import { quantileOf } from './summation.js'
import type { Grid } from './times.js'

/** The rows of each group. */
function membersOf({ of, labels }: Groups): readonly (readonly number[])[] {
  const members: number[][] = labels.map(() => [])
  for (let row = 0; row < of.length; row++) members[of[row]!]!.push(row)
  return members
}

/** Larger first where `descending`; NaN always last, and equal values in the order that they come in. */
export const byValue =
  (of: (row: number) => number, descending: boolean) =>
  (a: number, b: number): number => {
    const x = of(a)
    const y = of(b)
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y))
    const order = x - y || 0
    return descending ? -order : order
  }

/** The largest (or smallest) values of each group at each step; at one step alone, in order. */
export function topRows(ctx: Context, grid: Grid, aggregation: Aggregation, frame: Frame, sizes: Scalars): Frame {
  const { count } = grid
  const { at, op } = aggregation
  checkSizes(ctx, sizes, aggregation.parameter!.at)
  const groups = groupRows(ctx, aggregation, frame)
  const kept = new Uint8Array(frame.present.length)
  const order: number[] = []
  for (const members of membersOf(groups)) {
    for (let step = 0; step < count; step++) {
      ctx.spend(members.length, at)
      const here = members.filter((row) => frame.present[row * count + step] === 1)
      const top = here
        .sort(byValue((row) => frame.values[row * count + step]!, op === 'topk'))
        .slice(0, Math.max(Math.trunc(sizes[step]!), 0))
      for (const row of top) kept[row * count + step] = 1
      if (count === 1) order.push(...top)
    }
  }
  const result = { ...frame, present: kept }
  return count === 1 ? pickRows(grid, result, order) : result
}

function checkSizes(ctx: Context, sizes: Scalars, at: number): void {
  if (sizes.some(Number.isNaN)) ctx.fail(at, 'Parameter value is NaN')
  const wrong = sizes.find((size) => Math.abs(size) >= 2 ** 63)
  if (wrong !== undefined) ctx.fail(at, `Scalar value ${formatNumber(wrong)} overflows int64`)
}

export function quantiles(ctx: Context, grid: Grid, aggregation: Aggregation, frame: Frame, shares: Scalars): Frame {
  const { count } = grid
  const { at } = aggregation
  for (const share of new Set(shares)) ctx.checkQuantile(share, aggregation.parameter!.at, formatNumber(share))
  const groups = groupRows(ctx, aggregation, frame)
  const result = createFrame(ctx, grid, groups.labels, groups.oneName, at)
  membersOf(groups).forEach((members, group) => {
    const scratch = new Float64Array(members.length)
    for (let step = 0; step < count; step++) {
      ctx.spend(members.length, at)
      let length = 0
      for (const row of members)
        if (frame.present[row * count + step] === 1) scratch[length++] = frame.values[row * count + step]!
      if (length === 0) continue
      result.values[group * count + step] = quantileOf(shares[step]!, scratch.subarray(0, length))
      result.present[group * count + step] = 1
    }
  })
  return result
}

/** How many series have each value; the value becomes the label `name`. */
export function countValues(ctx: Context, grid: Grid, aggregation: Aggregation, frame: Frame, name: string): Frame {
  const { count } = grid
  const { at } = aggregation
  const groups = groupRows(ctx, aggregation, frame)
  const rows = new Map<string, { readonly labels: Labels; readonly counts: Float64Array }>()
  const known: Map<number, Float64Array>[] = groups.labels.map(() => new Map())
  const rowOf = (group: number, value: number): Float64Array => {
    const labels = groups.labels[group]!.with(name, formatNumber(value))
    const row = rows.get(labels.key) ?? { labels, counts: new Float64Array(count) }
    if (!rows.has(labels.key)) {
      ctx.charge(count, at)
      ctx.checkSeries(rows.size + 1, at)
      rows.set(labels.key, row)
    }
    known[group]!.set(value, row.counts)
    return row.counts
  }
  for (let row = 0; row < frame.labels.length; row++) {
    const group = groups.of[row]!
    ctx.spend(count, at)
    for (let step = 0; step < count; step++) {
      if (frame.present[row * count + step] === 0) continue
      const value = frame.values[row * count + step]!
      const counts = known[group]!.get(value) ?? rowOf(group, value)
      counts[step]!++
    }
  }
  const made = [...rows.values()]
  const result = createFrame(
    ctx,
    grid,
    made.map(({ labels }) => labels),
    groups.oneName,
    at,
  )
  made.forEach(({ counts }, row) => {
    result.values.set(counts, row * count)
    counts.forEach((number, step) => {
      result.present[row * count + step] = number > 0 ? 1 : 0
    })
  })
  return result
}

import type { Series } from '../contract.js'
import { type Labels, labelsOfSeries, METRIC_NAME } from '../labels.js'
import type { Expr, RangeSelector, Subquery } from '../syntax/ast.js'
import type { Context } from './context.js'
import { createFrame, type Frame, type Scalars, unnamed } from './frame.js'
import { after, hasOneName, select } from './selectors.js'
import { endOf, type Grid, referencesOf, subqueryGrid } from './times.js'
import type { Kernel, Window } from './window.js'

/** Samples of one series: the first `length` of its arrays. */
export interface Samples {
  readonly times: ArrayLike<number>
  readonly values: ArrayLike<number>
  readonly length: number
}

/** A range vector at all steps: the samples of each series, and the ranges' ends. */
export interface Ranges {
  readonly at: number
  readonly labels: readonly Labels[]
  readonly oneName: boolean
  /** Where the range of each step ends. */
  readonly references: Grid
  readonly rangeMs: number
  /** The samples of one series, all steps together; good until the next is asked for. */
  samplesOf(row: number): Samples
}

/** How an expression inside a subquery is evaluated. */
export type EvaluateVector = (ctx: Context, expr: Expr, grid: Grid) => Frame

export function rangesOf(ctx: Context, expr: Expr, grid: Grid, evaluate: EvaluateVector): Ranges {
  if (expr.kind === 'range') return selectedRanges(ctx, expr, grid)
  if (expr.kind === 'subquery') return evaluatedRanges(ctx, expr, grid, evaluate)
  return ctx.fail(expr.at, 'a range vector is expected')
}

function selectedRanges(ctx: Context, { selector, rangeMs, at }: RangeSelector, grid: Grid): Ranges {
  const references = referencesOf(grid, selector, ctx.whole)
  const series = select(ctx, selector, references, rangeMs)
  const samplesOf = (row: number): Samples => {
    const { times, values } = series[row] as Series
    const from = after(times, references.startMs - rangeMs)
    ctx.charge(after(times, endOf(references), from) - from, at)
    return { times, values, length: times.length }
  }
  const labels = series.map(labelsOfSeries)
  return { at, labels, oneName: hasOneName(selector), references, rangeMs, samplesOf }
}

function evaluatedRanges(ctx: Context, subquery: Subquery, grid: Grid, evaluate: EvaluateVector): Ranges {
  const { at, rangeMs, inner } = subquery
  const references = referencesOf(grid, subquery, ctx.whole)
  const steps = subqueryGrid(subquery, references)
  const { count } = steps
  ctx.checkSteps(count, at)
  const frame = count === 0 ? undefined : evaluate(ctx, inner, steps)
  const times = new Float64Array(count)
  const values = new Float64Array(count)
  const samplesOf = (row: number): Samples => {
    let length = 0
    for (let step = 0; step < count; step++) {
      if (frame!.present[row * count + step] === 0) continue
      times[length] = steps.startMs + step * steps.stepMs
      values[length++] = frame!.values[row * count + step]!
    }
    ctx.spend(count, at)
    return { times, values, length }
  }
  return { at, labels: frame?.labels ?? [], oneName: frame?.oneName ?? true, references, rangeMs, samplesOf }
}

/** Applies a function of ranges to every series at every step. */
export function applyKernel(
  ctx: Context,
  grid: Grid,
  ranges: Ranges,
  kernel: Kernel,
  parameters: Scalars | undefined,
  at: number,
): Frame {
  const frame = createFrame(ctx, grid, ranges.labels, ranges.oneName, at)
  for (let row = 0; row < ranges.labels.length; row++) {
    const samples = ranges.samplesOf(row)
    if (samples.length > 0) fillRow(ctx, grid, ranges, samples, kernel, parameters, frame, row)
  }
  return kernel.keepsName ? frame : unnamed(ctx, grid, frame, at, true)
}

function fillRow(
  ctx: Context,
  grid: Grid,
  { references, rangeMs, at }: Ranges,
  { times, values, length }: Samples,
  kernel: Kernel,
  parameters: Scalars | undefined,
  frame: Frame,
  row: number,
): void {
  const { count } = grid
  const { startMs, stepMs } = references
  let from = after(times, startMs - rangeMs, 0, length)
  let to = after(times, startMs, from, length)
  const resets = kernel.resets ? resetsOf(values, from, after(times, endOf(references), to, length)) : NO_RESETS
  const window: Window = { times, values, from, to, startMs, endMs: 0, atMs: 0, resets, resetsFrom: 0, resetsTo: 0 }
  let work = 0
  for (let step = 0; step < count; step++) {
    const reference = startMs + step * stepMs
    while (from < length && times[from]! <= reference - rangeMs) from++
    while (to < length && times[to]! <= reference) to++
    if (to - from < kernel.least) continue
    while (window.resetsFrom < resets.length && resets[window.resetsFrom]! <= from) window.resetsFrom++
    while (window.resetsTo < resets.length && resets[window.resetsTo]! < to) window.resetsTo++
    window.from = from
    window.to = to
    window.startMs = reference - rangeMs
    window.endMs = reference
    window.atMs = grid.startMs + step * grid.stepMs
    frame.values[row * count + step] = kernel.of(window, parameters === undefined ? 0 : parameters[step]!)
    frame.present[row * count + step] = 1
    work += to - from
    if (work > MAX_UNCOUNTED) {
      ctx.spend(work, at)
      work = 0
    }
  }
  ctx.spend(work, at)
}

const NO_RESETS: readonly number[] = []
/** Samples that windows may look at between two times of counting them. */
const MAX_UNCOUNTED = 10_000

/** Where values fell, within `[from … to)`. */
function resetsOf(values: ArrayLike<number>, from: number, to: number): readonly number[] {
  const resets: number[] = []
  for (let at = from + 1; at < to; at++) if (values[at]! < values[at - 1]!) resets.push(at)
  return resets.length === 0 ? NO_RESETS : resets
}

/** Prometheus's remark on a rate of what is no counter by its name. */
export function remarkOnCounter(ctx: Context, { labels, at }: Ranges, frame: Frame): void {
  if (!frame.present.includes(1)) return
  const name = labels[0]?.get(METRIC_NAME) ?? ''
  if (name !== '' && !/_(?:total|sum|count|bucket)$/.test(name))
    ctx.inform(
      at,
      `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${JSON.stringify(name)}`,
    )
}

/** At each step, whether any series has a sample in its range (1). Looks at no more series than it has to. */
export function anySample(ctx: Context, grid: Grid, ranges: Ranges): Uint8Array {
  const { references, rangeMs, labels, at } = ranges
  const any = new Uint8Array(grid.count)
  for (let row = 0; row < labels.length && any.includes(0); row++) {
    const { times, length } = ranges.samplesOf(row)
    ctx.spend(grid.count, at)
    for (let step = 0; step < grid.count; step++) {
      const reference = references.startMs + step * references.stepMs
      const last = after(times, reference, 0, length) - 1
      if (last >= 0 && times[last]! > reference - rangeMs) any[step] = 1
    }
  }
  return any
}

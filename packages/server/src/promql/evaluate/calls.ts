import { Labels, METRIC_NAME } from '../labels.js'
import type { Call, Expr } from '../syntax/ast.js'
import type { FunctionName } from '../syntax/functions.js'
import { formatNumber } from '../text/numbers.js'
import { bucketFraction, bucketQuantile } from './buckets.js'
import type { Context } from './context.js'
import { CHANGE_KERNELS } from './counters.js'
import { createFrame, type Frame, pickRows, type Scalars, unnamed } from './frame.js'
import { applyToHistograms } from './histograms.js'
import { anyPresent } from './matching.js'
import { DATES, MATH, roundTo } from './math.js'
import { byValue } from './order.js'
import { VALUE_KERNELS } from './over-time.js'
import { anySample, applyKernel, rangesOf, remarkOnCounter } from './ranges.js'
import { labelJoin, labelReplace } from './relabel.js'
import { anyValue, instantVector } from './selectors.js'
import type { Grid } from './times.js'
import type { Kernel } from './window.js'

/** How the arguments of a call are evaluated. */
export interface Evaluator {
  vector(ctx: Context, expr: Expr, grid: Grid): Frame
  scalars(ctx: Context, expr: Expr, grid: Grid): Scalars
}

const KERNELS: Partial<Record<FunctionName, Kernel>> = { ...CHANGE_KERNELS, ...VALUE_KERNELS }
const ELEMENTWISE: Partial<Record<FunctionName, (value: number) => number>> = { ...MATH, ...DATES }

/** The scalar that a call gives at each step. */
export function callScalars(ctx: Context, call: Call, grid: Grid, evaluator: Evaluator): Scalars {
  const { name, args } = call
  if (name === 'pi') return new Float64Array(grid.count).fill(Math.PI)
  if (name === 'time') return timesOf(grid)
  const frame = evaluator.vector(ctx, args[0]!, grid)
  return new Float64Array(grid.count).map((_, step) => onlyValue(grid, frame, step))
}

const timesOf = ({ startMs, stepMs, count }: Grid): Scalars =>
  Float64Array.from({ length: count }, (_, step) => (startMs + step * stepMs) / 1000)

function onlyValue({ count }: Grid, { labels, values, present }: Frame, step: number): number {
  let found = Number.NaN
  let seen = 0
  for (let row = 0; row < labels.length && seen < 2; row++) {
    if (present[row * count + step] === 0) continue
    found = values[row * count + step]!
    seen++
  }
  return seen === 1 ? found : Number.NaN
}

/** The vector that a call gives at each step. */
export function callVector(ctx: Context, call: Call, grid: Grid, evaluator: Evaluator): Frame {
  const { name, args, at } = call
  const kernel = KERNELS[name]
  if (kernel !== undefined) return callKernel(ctx, call, grid, kernel, evaluator)
  const elementwise = ELEMENTWISE[name]
  if (elementwise !== undefined) {
    const frame = args.length === 0 ? single(ctx, grid, timesOf(grid), at) : evaluator.vector(ctx, args[0]!, grid)
    return mapValues(ctx, grid, frame, at, elementwise)
  }
  switch (name) {
    case 'vector':
      return single(ctx, grid, evaluator.scalars(ctx, args[0]!, grid), at)
    case 'timestamp':
      return timestamps(ctx, call, grid, evaluator)
    case 'absent':
    case 'absent_over_time':
      return absent(ctx, call, grid, evaluator)
    case 'clamp':
    case 'clamp_max':
    case 'clamp_min':
      return clamp(ctx, call, grid, evaluator)
    case 'round': {
      const nearest = args[1] === undefined ? undefined : evaluator.scalars(ctx, args[1], grid)
      const frame = evaluator.vector(ctx, args[0]!, grid)
      return mapValues(ctx, grid, frame, at, (value, step) => roundTo(value, nearest?.[step] ?? 1))
    }
    case 'sort':
    case 'sort_desc':
      return sort(ctx, call, grid, evaluator)
    case 'label_replace':
      return labelReplace(ctx, grid, call, evaluator.vector(ctx, args[0]!, grid))
    case 'label_join':
      return labelJoin(ctx, grid, call, evaluator.vector(ctx, args[0]!, grid))
    case 'histogram_quantile':
    case 'histogram_fraction':
      return histogram(ctx, call, grid, evaluator)
    default:
      return ctx.fail(at, `${name} gives no instant vector`)
  }
}

/** One series without labels. */
export function single(ctx: Context, grid: Grid, scalars: Scalars, at: number): Frame {
  const frame = createFrame(ctx, grid, [Labels.NONE], true, at)
  frame.values.set(scalars)
  frame.present.fill(1)
  return frame
}

function mapValues(
  ctx: Context,
  grid: Grid,
  frame: Frame,
  at: number,
  of: (value: number, step: number) => number,
): Frame {
  const { count } = grid
  const { values, present } = frame
  ctx.spend(values.length, at)
  for (let cell = 0; cell < values.length; cell++)
    if (present[cell] === 1) values[cell] = of(values[cell]!, cell % count)
  return unnamed(ctx, grid, frame, at)
}

function callKernel(ctx: Context, call: Call, grid: Grid, kernel: Kernel, evaluator: Evaluator): Frame {
  const { name, args, at } = call
  const [first, second] = args
  const isQuantile = name === 'quantile_over_time'
  const parameter = isQuantile ? first : second
  const parameters = parameter === undefined ? undefined : evaluator.scalars(ctx, parameter, grid)
  const ranges = rangesOf(ctx, isQuantile ? second! : first!, grid, evaluator.vector)
  if (isQuantile) for (const share of new Set(parameters)) ctx.checkQuantile(share, parameter!.at, formatNumber(share))
  const frame = applyKernel(ctx, grid, ranges, kernel, parameters, at)
  if (name === 'rate' || name === 'increase') remarkOnCounter(ctx, ranges, frame)
  return frame
}

/** Of a selector the times of its samples; of anything else that of the step. */
function timestamps(ctx: Context, { args, at }: Call, grid: Grid, evaluator: Evaluator): Frame {
  const [arg] = args
  if (arg!.kind === 'selector') return unnamed(ctx, grid, instantVector(ctx, grid, arg!, true), at)
  const times = timesOf(grid)
  return mapValues(ctx, grid, evaluator.vector(ctx, arg!, grid), at, (_, step) => times[step]!)
}

function absent(ctx: Context, { name, args, at }: Call, grid: Grid, evaluator: Evaluator): Frame {
  const [arg] = args
  const any =
    name === 'absent_over_time'
      ? anySample(ctx, grid, rangesOf(ctx, arg!, grid, evaluator.vector))
      : present(ctx, arg!, grid, evaluator)
  const result = createFrame(ctx, grid, [absentLabels(arg!)], true, at)
  for (let step = 0; step < grid.count; step++) {
    if (any[step] === 1) continue
    result.values[step] = 1
    result.present[step] = 1
  }
  return result
}

/** At each step, whether an instant vector has anything (1). */
function present(ctx: Context, expr: Expr, grid: Grid, evaluator: Evaluator): Uint8Array {
  return expr.kind === 'selector'
    ? anyValue(ctx, grid, expr)
    : anyPresent(ctx, grid, evaluator.vector(ctx, expr, grid), expr.at)
}

/** The labels that a selector demands to be equal to one value. */
function absentLabels(expr: Expr): Labels {
  const selector = expr.kind === 'range' ? expr.selector : expr
  if (selector.kind !== 'selector') return Labels.NONE
  const values = new Map<string, string>()
  const known = new Set<string>()
  for (const { name, op, value } of selector.matchers) {
    if (name === METRIC_NAME) continue
    if (op === '=' && !known.has(name)) {
      known.add(name)
      values.set(name, value)
    } else values.delete(name)
  }
  return Labels.of([...values.keys()], [...values.values()])
}

function clamp(ctx: Context, { name, args, at }: Call, grid: Grid, evaluator: Evaluator): Frame {
  const [first, second] = args.slice(1).map((arg) => evaluator.scalars(ctx, arg, grid))
  const least = name === 'clamp_max' ? undefined : first
  const most = name === 'clamp_max' ? first : second
  const frame = evaluator.vector(ctx, args[0]!, grid)
  frame.present.forEach((_, cell) => {
    const step = cell % grid.count
    if (least !== undefined && most !== undefined && least[step]! > most[step]!) frame.present[cell] = 0
  })
  return mapValues(ctx, grid, frame, at, (value, step) =>
    Math.max(least?.[step] ?? Number.NEGATIVE_INFINITY, Math.min(most?.[step] ?? Number.POSITIVE_INFINITY, value)),
  )
}

function sort(ctx: Context, { name, args, at }: Call, grid: Grid, evaluator: Evaluator): Frame {
  const frame = evaluator.vector(ctx, args[0]!, grid)
  if (ctx.whole.isRange) {
    ctx.warn(at, 'sort is ineffective for range queries since results are always ordered by labels')
    return frame
  }
  if (grid.count !== 1) return frame
  const rows = frame.labels.map((_, row) => row).filter((row) => frame.present[row] === 1)
  ctx.spend(rows.length * Math.ceil(Math.log2(rows.length + 1)), at)
  return pickRows(grid, frame, rows.sort(byValue((row) => frame.values[row]!, name === 'sort_desc')))
}

function histogram(ctx: Context, { name, args, at }: Call, grid: Grid, evaluator: Evaluator): Frame {
  const scalars = args.slice(0, -1).map((arg) => evaluator.scalars(ctx, arg, grid))
  const buckets = args.at(-1)!
  const [first, second] = scalars
  const isQuantile = name === 'histogram_quantile'
  if (isQuantile) for (const share of new Set(first)) ctx.checkQuantile(share, args[0]!.at, formatNumber(share))
  return applyToHistograms(ctx, grid, evaluator.vector(ctx, buckets, grid), buckets, at, (here, step) =>
    isQuantile ? bucketQuantile(first![step]!, here) : bucketFraction(first![step]!, second![step]!, here),
  )
}

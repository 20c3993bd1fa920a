import type { Matrix, Series, Value, ValueType, Vector } from '../contract.js'
import { Labels } from '../labels.js'
import type { Expr } from '../syntax/ast.js'
import type { Context } from './context.js'
import { evaluateScalars, evaluateVector } from './evaluate.js'
import type { Frame, Scalars } from './frame.js'
import { rangesOf } from './ranges.js'
import { after } from './selectors.js'
import type { Grid } from './times.js'

/** The value of an expression at one time. */
export function valueAt(ctx: Context, expr: Expr, type: ValueType, atMs: number): Value {
  const grid = { startMs: atMs, stepMs: 0, count: 1 }
  if (expr.kind === 'string') return { type: 'string', atMs, value: expr.value }
  if (type === 'scalar') return { type: 'scalar', atMs, value: evaluateScalars(ctx, expr, grid)[0]! }
  if (type === 'matrix') return rangeMatrix(ctx, expr, grid)
  return vectorOf(evaluateVector(ctx, expr, grid), atMs)
}

function vectorOf({ labels, values, present }: Frame, atMs: number): Vector {
  const samples: { labels: Vector['samples'][number]['labels']; value: number }[] = []
  for (let row = 0; row < labels.length; row++)
    if (present[row] === 1) samples.push({ labels: labels[row]!.toRecord(), value: values[row]! })
  return { type: 'vector', atMs, samples }
}

interface Row {
  readonly labels: Labels
  readonly times: Float64Array
  readonly values: Float64Array
}

/** The samples that a range vector holds at one time. */
function rangeMatrix(ctx: Context, expr: Expr, grid: Grid): Matrix {
  const ranges = rangesOf(ctx, expr, grid, evaluateVector)
  const { startMs } = ranges.references
  const rows = ranges.labels.map((labels, row): Row => {
    const { times, values, length } = ranges.samplesOf(row)
    const from = after(times, startMs - ranges.rangeMs, 0, length)
    const count = after(times, startMs, from, length) - from
    return { labels, times: copy(times, from, count), values: copy(values, from, count) }
  })
  return sorted(rows)
}

const copy = (numbers: ArrayLike<number>, from: number, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, index) => numbers[from + index]!)

/** The values of an expression over time. */
export function matrixOf(ctx: Context, expr: Expr, type: ValueType, grid: Grid): Matrix {
  if (type === 'scalar') return sorted([scalarRow(evaluateScalars(ctx, expr, grid), grid)])
  const frame = evaluateVector(ctx, expr, grid)
  return sorted(frame.labels.map((labels, row) => frameRow(frame, labels, row, grid)))
}

function scalarRow(values: Scalars, { startMs, stepMs, count }: Grid): Row {
  const times = Float64Array.from({ length: count }, (_, step) => startMs + step * stepMs)
  return { labels: Labels.NONE, times, values }
}

function frameRow({ values, present }: Frame, labels: Labels, row: number, { startMs, stepMs, count }: Grid): Row {
  const times = new Float64Array(count)
  const found = new Float64Array(count)
  let length = 0
  for (let step = 0; step < count; step++) {
    const cell = row * count + step
    if (present[cell] === 0) continue
    times[length] = startMs + step * stepMs
    found[length++] = values[cell]!
  }
  return { labels, times: times.subarray(0, length), values: found.subarray(0, length) }
}

function sorted(rows: readonly Row[]): Matrix {
  const series = rows
    .filter(({ times }) => times.length > 0)
    .sort((a, b) => a.labels.compare(b.labels))
    .map(({ labels, times, values }): Series => ({ labels: labels.toRecord(), times, values }))
  return { type: 'matrix', series }
}

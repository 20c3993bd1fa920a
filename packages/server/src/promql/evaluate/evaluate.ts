import { type Aggregation, type Binary, type Expr, isSet } from '../syntax/ast.js'
import { typeOf } from '../syntax/build.js'
import { aggregate, isPlain } from './aggregate.js'
import { scalarsWithScalars, vectorWithScalars } from './binary.js'
import { callScalars, callVector, type Evaluator } from './calls.js'
import type { Context } from './context.js'
import { type Frame, type Scalars, unnamed } from './frame.js'
import { setOperation, vectorWithVector } from './matching.js'
import { countValues, quantiles, topRows } from './order.js'
import { instantVector } from './selectors.js'
import type { Grid } from './times.js'

/** Evaluates expressions at all steps of a grid at once. */
export const EVALUATOR: Evaluator = { vector: evaluateVector, scalars: evaluateScalars }

/** A scalar expression: one value for each step. */
export function evaluateScalars(ctx: Context, expr: Expr, grid: Grid): Scalars {
  ctx.charge(grid.count, expr.at)
  switch (expr.kind) {
    case 'number':
      return new Float64Array(grid.count).fill(expr.value)
    case 'negation':
      return evaluateScalars(ctx, expr.inner, grid).map((value) => -value)
    case 'binary':
      return scalarsWithScalars(expr, evaluateScalars(ctx, expr.left, grid), evaluateScalars(ctx, expr.right, grid))
    case 'call':
      return callScalars(ctx, expr, grid, EVALUATOR)
    default:
      return ctx.fail(expr.at, 'a scalar is expected')
  }
}

/** An expression of instant vectors. */
export function evaluateVector(ctx: Context, expr: Expr, grid: Grid): Frame {
  switch (expr.kind) {
    case 'selector':
      return instantVector(ctx, grid, expr)
    case 'negation': {
      const frame = evaluateVector(ctx, expr.inner, grid)
      for (let cell = 0; cell < frame.values.length; cell++) frame.values[cell] = -frame.values[cell]!
      return unnamed(ctx, grid, frame, expr.at)
    }
    case 'binary':
      return evaluateBinary(ctx, expr, grid)
    case 'aggregation':
      return evaluateAggregation(ctx, expr, grid)
    case 'call':
      return callVector(ctx, expr, grid, EVALUATOR)
    default:
      return ctx.fail(expr.at, 'an instant vector is expected')
  }
}

function evaluateBinary(ctx: Context, binary: Binary, grid: Grid): Frame {
  const { left, right, op } = binary
  if (typeOf(right) === 'scalar') {
    const frame = evaluateVector(ctx, left, grid)
    return vectorWithScalars(ctx, grid, binary, frame, evaluateScalars(ctx, right, grid), true)
  }
  if (typeOf(left) === 'scalar') {
    const scalars = evaluateScalars(ctx, left, grid)
    return vectorWithScalars(ctx, grid, binary, evaluateVector(ctx, right, grid), scalars, false)
  }
  const [first, second] = [evaluateVector(ctx, left, grid), evaluateVector(ctx, right, grid)]
  return isSet(op)
    ? setOperation(ctx, grid, { ...binary, op }, first, second)
    : vectorWithVector(ctx, grid, binary, first, second)
}

function evaluateAggregation(ctx: Context, aggregation: Aggregation, grid: Grid): Frame {
  const { op, inner, parameter } = aggregation
  if (isPlain(op)) return aggregate(ctx, grid, aggregation, op, evaluateVector(ctx, inner, grid))
  if (parameter?.kind === 'string') {
    return countValues(ctx, grid, aggregation, evaluateVector(ctx, inner, grid), parameter.value)
  }
  const parameters = evaluateScalars(ctx, parameter!, grid)
  const frame = evaluateVector(ctx, inner, grid)
  return op === 'quantile'
    ? quantiles(ctx, grid, aggregation, frame, parameters)
    : topRows(ctx, grid, aggregation, frame, parameters)
}

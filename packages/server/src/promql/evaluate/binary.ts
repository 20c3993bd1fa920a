import type { ArithmeticOp, Binary, ComparisonOp } from '../syntax/ast.js'
import { isComparison } from '../syntax/ast.js'
import type { Context } from './context.js'
import { type Frame, type Scalars, unnamed } from './frame.js'
import { power } from './math.js'
import type { Grid } from './times.js'

/** Operators that give a value. */
export const ARITHMETICS: Readonly<Record<ArithmeticOp, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '^': power,
  atan2: Math.atan2,
}

/** Operators that keep or drop. */
export const COMPARERS: Readonly<Record<ComparisonOp, (left: number, right: number) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '>': (left, right) => left > right,
  '<=': (left, right) => left <= right,
  '>=': (left, right) => left >= right,
}

/** What a value operator does with two numbers: `bool` comparisons give 1 or 0. */
export function valueOperator({ op, bool }: Binary): ((left: number, right: number) => number) | undefined {
  if (!isComparison(op)) return ARITHMETICS[op as ArithmeticOp]
  const holds = COMPARERS[op]
  return bool ? (left, right) => (holds(left, right) ? 1 : 0) : undefined
}

export function scalarsWithScalars(binary: Binary, left: Scalars, right: Scalars): Scalars {
  const of = valueOperator(binary)!
  return left.map((value, step) => of(value, right[step]!))
}

/** A vector with a scalar, in place. A comparison without `bool` keeps the vector's own value, whichever side it is on. */
export function vectorWithScalars(
  ctx: Context,
  grid: Grid,
  binary: Binary,
  frame: Frame,
  scalars: Scalars,
  isLeft: boolean,
): Frame {
  const { count } = grid
  const { values, present, labels } = frame
  const of = valueOperator(binary)
  const holds = of === undefined ? COMPARERS[binary.op as ComparisonOp] : undefined
  for (let row = 0; row < labels.length; row++) {
    ctx.spend(count, binary.at)
    for (let step = 0; step < count; step++) {
      const cell = row * count + step
      if (present[cell] === 0) continue
      const value = values[cell]!
      const scalar = scalars[step]!
      if (of !== undefined) values[cell] = isLeft ? of(value, scalar) : of(scalar, value)
      else if (!(isLeft ? holds!(value, scalar) : holds!(scalar, value))) present[cell] = 0
    }
  }
  return of === undefined ? frame : unnamed(ctx, grid, frame, binary.at)
}

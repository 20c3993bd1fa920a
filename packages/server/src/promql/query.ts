import type {
  Answer,
  Limits,
  Matrix,
  ParseOptions,
  Query,
  Selection,
  SeriesSource,
  Value,
  ValueType,
} from './contract.js'
import { Context } from './evaluate/context.js'
import { matrixOf, valueAt } from './evaluate/result.js'
import { endOf, type Grid, referencesOf, subqueryGrid, type Whole } from './evaluate/times.js'
import type { Expr, Selector } from './syntax/ast.js'
import { typeOf } from './syntax/build.js'

export class ParsedQuery implements Query {
  readonly type: ValueType
  constructor(
    readonly text: string,
    private readonly expr: Expr,
    private readonly options: ParseOptions,
  ) {
    this.type = typeOf(expr)
  }

  instant(source: SeriesSource, atMs: number, limits: Limits): Answer {
    const ctx = this.context(source, limits, { startMs: atMs, endMs: atMs, isRange: false })
    checkTime(ctx, atMs)
    return answer(ctx, valueAt(ctx, this.expr, this.type, atMs))
  }

  range(source: SeriesSource, startMs: number, endMs: number, stepMs: number, limits: Limits): Answer<Matrix> {
    const ctx = this.context(source, limits, { startMs, endMs, isRange: true })
    checkTime(ctx, startMs)
    checkTime(ctx, endMs)
    if (this.type !== 'scalar' && this.type !== 'vector')
      throw ctx.error('PROMQL_INVALID', { problem: 'a range query takes a scalar or an instant vector' }, 0)
    if (!(stepMs >= 1) || endMs < startMs)
      throw ctx.error(
        'PROMQL_INVALID',
        { problem: 'a range query needs a step of 1 ms at least, and an end after its start' },
        0,
      )
    const grid = { startMs, stepMs, count: Math.floor((endMs - startMs) / stepMs) + 1 }
    ctx.checkSteps(grid.count, 0)
    return answer(ctx, matrixOf(ctx, this.expr, this.type, grid))
  }

  selections(startMs: number, endMs: number): readonly Selection[] {
    const whole = { startMs, endMs, isRange: startMs !== endMs }
    const grid = { startMs, stepMs: endMs - startMs, count: 2 }
    return selectionsOf(this.expr, grid, whole, this.options.lookbackMs)
  }

  private context(source: SeriesSource, limits: Limits, whole: Whole): Context {
    return new Context(this.text, this.options.lookbackMs, source, limits, whole)
  }
}

function checkTime(ctx: Context, timeMs: number): void {
  if (!Number.isSafeInteger(timeMs))
    throw ctx.error('PROMQL_INVALID', { problem: `${timeMs} is no time in milliseconds` }, 0)
}

const answer = <V extends Value>(ctx: Context, value: V): Answer<V> => ({
  value,
  warnings: [...ctx.warnings],
  infos: [...ctx.infos],
  samples: ctx.samples,
})

function selectionsOf(expr: Expr, grid: Grid, whole: Whole, lookbackMs: number): readonly Selection[] {
  const inside = (inner: Expr | undefined) => (inner === undefined ? [] : selectionsOf(inner, grid, whole, lookbackMs))
  switch (expr.kind) {
    case 'selector':
      return [selectionOf(expr, lookbackMs, grid, whole)]
    case 'range':
      return [selectionOf(expr.selector, expr.rangeMs, grid, whole)]
    case 'subquery': {
      const steps = subqueryGrid(expr, referencesOf(grid, expr, whole))
      return steps.count === 0 ? [] : selectionsOf(expr.inner, steps, whole, lookbackMs)
    }
    case 'negation':
      return inside(expr.inner)
    case 'binary':
      return [...inside(expr.left), ...inside(expr.right)]
    case 'aggregation':
      return [...inside(expr.parameter), ...inside(expr.inner)]
    case 'call':
      return expr.args.flatMap(inside)
    default:
      return []
  }
}

function selectionOf(selector: Selector, spanMs: number, grid: Grid, whole: Whole): Selection {
  const references = referencesOf(grid, selector, whole)
  const matchers = selector.matchers.map(({ name, op, value }) => ({ name, op, value }))
  return { matchers, startMs: references.startMs - spanMs + 1, endMs: endOf(references) }
}

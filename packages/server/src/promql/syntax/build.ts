import type { ValueType } from '../contract.js'
import { PromqlError, positionOf } from '../error.js'
import { quote } from '../text/strings.js'
import {
  type Aggregation,
  type Binary,
  type Call,
  type Expr,
  isComparison,
  isSet,
  type RangeSelector,
  type Selector,
  type Shift,
  type Subquery,
  TYPE_NAMES,
  takesParameter,
} from './ast.js'
import { signatureOf } from './functions.js'

/** Refuses an expression: what is wrong at `at`. Never returns. */
export type Refuse = (at: number, problem: string) => never

export const refuserOf =
  (text: string): Refuse =>
  (at, problem) => {
    throw new PromqlError('PROMQL_INVALID', { problem }, positionOf(text, at))
  }

/** What an expression gives. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar'
    case 'string':
      return 'string'
    case 'range':
    case 'subquery':
      return 'matrix'
    case 'negation':
      return typeOf(expr.inner)
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector'
    case 'call':
      return signatureOf(expr.name).returns
    default:
      return 'vector'
  }
}

function expectType(expr: Expr, wanted: ValueType, where: string, refuse: Refuse): void {
  const found = typeOf(expr)
  if (found !== wanted) refuse(expr.at, `${where} must be ${TYPE_NAMES[wanted]}, not ${TYPE_NAMES[found]}`)
}

/** A sign before an expression. */
export function signed(sign: string, at: number, inner: Expr, refuse: Refuse): Expr {
  const type = typeOf(inner)
  if (type !== 'scalar' && type !== 'vector')
    refuse(at, `a sign may stand before a scalar or an instant vector, not before ${TYPE_NAMES[type]}`)
  if (sign === '+') return { ...inner, at }
  if (inner.kind === 'number') return { ...inner, at, value: -inner.value }
  return { kind: 'negation', at, inner }
}

export function checkedBinary(binary: Binary, opAt: number, refuse: Refuse): Binary {
  const { op, left, right, bool, matching } = binary
  if (bool && !isComparison(op)) refuse(opAt, `bool goes with comparisons only, not with ${op}`)
  const types = [left, right].map((side) => {
    const type = typeOf(side)
    if (type !== 'scalar' && type !== 'vector')
      refuse(side.at, `${op} takes scalars and instant vectors, not ${TYPE_NAMES[type]}`)
    return type
  })
  const scalars = types.filter((type) => type === 'scalar').length
  if (scalars === 2 && isComparison(op) && !bool) refuse(opAt, `between two scalars it must be "${op} bool"`)
  if (scalars > 0 && isSet(op)) refuse(opAt, `${op} takes two instant vectors`)
  if (scalars > 0 && matching.labels.length > 0) refuse(opAt, 'on and ignoring go with two instant vectors only')
  if (matching.many !== undefined) {
    if (isSet(op)) refuse(opAt, `${op} takes no group_left or group_right: it always matches many to many`)
    const both = matching.on ? matching.include.find((label) => matching.labels.includes(label)) : undefined
    if (both !== undefined)
      refuse(opAt, `the label ${quote(both)} is in on and in the group clause: one of them must go`)
  }
  return binary
}

export function checkedAggregation(aggregation: Aggregation, refuse: Refuse): Aggregation {
  const { op, inner, parameter } = aggregation
  expectType(inner, 'vector', `what ${op} aggregates`, refuse)
  if (takesParameter(op) && parameter !== undefined)
    expectType(parameter, op === 'count_values' ? 'string' : 'scalar', `the parameter of ${op}`, refuse)
  return aggregation
}

export function checkedCall(call: Call, refuse: Refuse): Call {
  const { args: wanted, optional = 0, variadic = false } = signatureOf(call.name)
  const least = variadic ? wanted.length - 1 : wanted.length - optional
  const most = variadic ? Number.POSITIVE_INFINITY : wanted.length
  const count = call.args.length
  if (count < least || count > most) {
    const number = least === most ? String(least) : count < least ? `at least ${least}` : `at most ${most}`
    refuse(
      call.at,
      `${call.name} takes ${number} argument${number.endsWith('1') && most === 1 ? '' : 's'}, not ${count}`,
    )
  }
  call.args.forEach((arg, index) => {
    expectType(arg, wanted[Math.min(index, wanted.length - 1)]!, `argument ${index + 1} of ${call.name}`, refuse)
  })
  return call
}

type Shiftable = Selector | RangeSelector | Subquery

/** An offset or `@` put onto what stands before it; each at most once. */
export function shifted(expr: Expr, grouped: boolean, change: Partial<Shift>, at: number, refuse: Refuse): Shiftable {
  const word = change.pinned === undefined ? 'offset' : '@'
  if (grouped || (expr.kind !== 'selector' && expr.kind !== 'range' && expr.kind !== 'subquery'))
    return refuse(at, `${word} goes behind a selector or a subquery`)
  const shift: Shift = expr.kind === 'range' ? expr.selector : expr
  if (change.pinned === undefined ? shift.offsetMs !== 0 : shift.pinned !== undefined)
    return refuse(at, `${word} is there twice`)
  return expr.kind === 'range' ? { ...expr, selector: { ...expr.selector, ...change } } : { ...expr, ...change }
}

/** A range put onto a selector. */
export function ranged(expr: Expr, grouped: boolean, rangeMs: number, at: number, refuse: Refuse): RangeSelector {
  if (grouped || expr.kind !== 'selector')
    return refuse(at, 'a range goes behind a selector; behind anything else write a subquery, such as [5m:]')
  if (expr.offsetMs !== 0 || expr.pinned !== undefined)
    return refuse(at, 'offset and @ go behind the range, not before it')
  return { kind: 'range', at: expr.at, selector: expr, rangeMs }
}

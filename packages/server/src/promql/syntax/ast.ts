import type { LabelMatcher, ValueType } from '../contract.js'
import type { FunctionName } from './functions.js'

interface Node {
  /** Where it begins in the text. */
  readonly at: number
}

/** When a selector looks, beside the time of the step. */
export interface Shift {
  readonly offsetMs: number
  /** `@`: a fixed time in milliseconds, or an end of the whole query. */
  readonly pinned?: number | 'start' | 'end'
}

export interface NumberLiteral extends Node {
  readonly kind: 'number'
  readonly value: number
}

export interface StringLiteral extends Node {
  readonly kind: 'string'
  readonly value: string
}

export interface Selector extends Node, Shift {
  readonly kind: 'selector'
  readonly matchers: readonly LabelMatcher[]
}

export interface RangeSelector extends Node {
  readonly kind: 'range'
  readonly selector: Selector
  readonly rangeMs: number
}

export interface Subquery extends Node, Shift {
  readonly kind: 'subquery'
  readonly inner: Expr
  readonly rangeMs: number
  readonly stepMs: number
}

export interface Negation extends Node {
  readonly kind: 'negation'
  readonly inner: Expr
}

export const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'] as const
export const COMPARISONS = ['==', '!=', '<', '>', '<=', '>='] as const
export const SETS = ['and', 'or', 'unless'] as const
export type ArithmeticOp = (typeof ARITHMETIC)[number]
export type ComparisonOp = (typeof COMPARISONS)[number]
export type SetOp = (typeof SETS)[number]
export type BinaryOp = ArithmeticOp | ComparisonOp | SetOp

/** Which series of the two sides belong together. */
export interface Matching {
  /** `on` these labels, or `ignoring` them. */
  readonly on: boolean
  readonly labels: readonly string[]
  /** The side of which many series may belong to one of the other: `group_left` says the left. */
  readonly many?: 'left' | 'right'
  /** Labels that the one side adds to the result. */
  readonly include: readonly string[]
}

export interface Binary extends Node {
  readonly kind: 'binary'
  readonly op: BinaryOp
  readonly left: Expr
  readonly right: Expr
  /** Whether a comparison gives 0 or 1 in place of keeping or dropping. */
  readonly bool: boolean
  readonly matching: Matching
}

const PLAIN = ['sum', 'avg', 'count', 'min', 'max', 'group', 'stddev', 'stdvar'] as const
const WITH_PARAMETER = ['topk', 'bottomk', 'quantile', 'count_values'] as const
/** Aggregations; those of the second list take a parameter. */
export const AGGREGATIONS = [...PLAIN, ...WITH_PARAMETER] as const
export type AggregationOp = (typeof AGGREGATIONS)[number]

export interface Aggregation extends Node {
  readonly kind: 'aggregation'
  readonly op: AggregationOp
  readonly inner: Expr
  readonly parameter?: Expr
  /** `without` these labels, or `by` them. */
  readonly without: boolean
  readonly labels: readonly string[]
}

export interface Call extends Node {
  readonly kind: 'call'
  readonly name: FunctionName
  readonly args: readonly Expr[]
}

/** An expression; parentheses are gone, and a sign before a number is part of it. */
export type Expr =
  | NumberLiteral
  | StringLiteral
  | Selector
  | RangeSelector
  | Subquery
  | Negation
  | Binary
  | Aggregation
  | Call

export const isComparison = (op: BinaryOp): op is ComparisonOp => (COMPARISONS as readonly string[]).includes(op)
export const isSet = (op: BinaryOp): op is SetOp => (SETS as readonly string[]).includes(op)

/** What a value of each type is called in messages. */
export const TYPE_NAMES: Readonly<Record<ValueType, string>> = {
  scalar: 'a scalar',
  string: 'a string',
  vector: 'an instant vector',
  matrix: 'a range vector',
}

export const takesParameter = (op: AggregationOp): boolean => (WITH_PARAMETER as readonly string[]).includes(op)

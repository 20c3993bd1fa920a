import type { Binary, BinaryOp, Expr, Matching } from './ast.js'
import { checkedBinary, type Refuse } from './build.js'
import { childrenOf, type Reader, refuseFeature, type SyntaxNode, textOf } from './reader.js'
import { labelNamesOf } from './values.js'

/** How tightly each operator binds. */
export const PRECEDENCE: Readonly<Record<BinaryOp, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '>': 3,
  '<=': 3,
  '>=': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
}

/** An operator with all that stands between it and its right side. */
export interface Operator {
  readonly at: number
  readonly op: BinaryOp
  readonly bool: boolean
  readonly matching: Matching
}

const isOperator = (word: string): word is BinaryOp => Object.hasOwn(PRECEDENCE, word)

export function operatorOf(reader: Reader, [first, ...modifiers]: readonly SyntaxNode[]): Operator {
  const op = textOf(reader, first!).toLowerCase()
  if (!isOperator(op)) return refuseFeature(reader.text, first!.from, `the operator ${op}`, 'compare with < or >')
  const fill = modifiers.find(({ name }) => name === 'FillModifier')
  if (fill !== undefined)
    refuseFeature(reader.text, fill.from, 'experimental filling', 'add the missing series with "or"')
  const clause = modifiers.find(({ name }) => name === 'MatchingModifierClause')
  return {
    at: first!.from,
    op,
    bool: modifiers.some(({ name }) => name === 'BoolModifier'),
    matching: matchingOf(reader, clause),
  }
}

function matchingOf(reader: Reader, clause: SyntaxNode | undefined): Matching {
  if (clause === undefined) return { on: false, labels: [], include: [] }
  const [how, labels, group, include] = childrenOf(clause)
  const matching = {
    on: how!.name === 'On',
    labels: labelNamesOf(reader, labels),
    include: labelNamesOf(reader, include),
  }
  return group === undefined ? matching : { ...matching, many: group.name === 'GroupLeft' ? 'left' : 'right' }
}

export function binaryOf(operator: Operator, left: Expr, right: Expr, refuse: Refuse): Binary {
  const { op, bool, matching, at } = operator
  return checkedBinary({ kind: 'binary', at: left.at, op, left, right, bool, matching }, at, refuse)
}

import type { parser } from '@prometheus-io/lezer-promql'
import type { ParseOptions } from '../contract.js'
import { PromqlError, positionOf } from '../error.js'
import type { Expr } from './ast.js'
import type { Refuse } from './build.js'

export type SyntaxNode = ReturnType<typeof parser.parse>['topNode']

/** Everything that reading an expression needs. */
export interface Reader {
  readonly text: string
  readonly options: ParseOptions
  readonly refuse: Refuse
  /** An expression inside another; `level` says how deep. */
  read(node: SyntaxNode, level: number): Expr
}

/** The parts of a node, without comments. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'LineComment') children.push(child)
  return children
}

export const textOf = ({ text }: Reader, node: SyntaxNode): string => text.slice(node.from, node.to)

/** Refuses what Prometheus has and this engine has not. */
export function refuseFeature(text: string, at: number, feature: string, instead: string): never {
  throw new PromqlError('PROMQL_UNSUPPORTED', { feature, instead }, positionOf(text, at))
}

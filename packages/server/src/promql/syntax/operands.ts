import type { LabelMatcher, Matcher } from '../contract.js'
import { METRIC_NAME } from '../labels.js'
import { compileMatcher, compilePattern } from '../matcher.js'
import { isLabelName, quote } from '../text/strings.js'
import { AGGREGATIONS, type AggregationOp, type Call, type Expr, type Selector, takesParameter } from './ast.js'
import { checkedAggregation, checkedCall } from './build.js'
import { isFunction, REFUSED } from './functions.js'
import { childrenOf, type Reader, refuseFeature, type SyntaxNode, textOf } from './reader.js'
import { labelNamesOf, stringOf } from './values.js'

/** What stands between operators: a selector, a literal, a call, an aggregation, or anything in parentheses. */
export function readOperand(reader: Reader, node: SyntaxNode, level: number): Expr {
  const children = childrenOf(node)
  switch (node.name) {
    case 'ParenExpr':
      return reader.read(children[0]!, level + 1)
    case 'StringLiteral':
      return { kind: 'string', at: node.from, value: stringOf(reader, node) }
    case 'VectorSelector':
      return selectorOf(reader, node)
    case 'FunctionCall':
      return callOf(reader, node, level)
    case 'AggregateExpr':
      return aggregationOf(reader, node, level)
    default:
      return refuseFeature(reader.text, node.from, `the form ${node.name}`, 'write it another way')
  }
}

function argumentsOf(reader: Reader, node: SyntaxNode, level: number): readonly Expr[] {
  return childrenOf(node).map((child) => reader.read(child, level + 1))
}

/** Refuses a name of Prometheus that is not of the subset. */
export function refuseName(text: string, at: number, name: string): void {
  const refused = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined
  if (refused !== undefined) refuseFeature(text, at, `${name}, ${refused.what}`, refused.instead)
}

function callOf(reader: Reader, node: SyntaxNode, level: number): Expr {
  const [identifier, body] = childrenOf(node)
  const name = textOf(reader, identifier!)
  refuseName(reader.text, node.from, name)
  if (!isFunction(name)) return reader.refuse(node.from, `there is no function ${name}`)
  const args = argumentsOf(reader, body!, level)
  const call = checkedCall({ kind: 'call', at: node.from, name, args }, reader.refuse)
  if (name === 'label_replace' || name === 'label_join') checkLabelArguments(reader, call)
  return call
}

/** Names of labels and patterns are literals, so they are known before anything is evaluated. */
function checkLabelArguments({ refuse }: Reader, { name, args }: Call): void {
  const names = name === 'label_join' ? [args[1], ...args.slice(3)] : [args[1]]
  for (const arg of names)
    if (arg?.kind === 'string' && !isLabelName(arg.value)) refuse(arg.at, `invalid label name ${quote(arg.value)}`)
  const pattern = name === 'label_replace' ? args[4] : undefined
  const compiled = pattern?.kind === 'string' ? compilePattern(pattern.value) : undefined
  if (compiled !== undefined && 'problem' in compiled) refuse(pattern!.at, compiled.problem)
}

const isAggregation = (name: string): name is AggregationOp => (AGGREGATIONS as readonly string[]).includes(name)

function aggregationOf(reader: Reader, node: SyntaxNode, level: number): Expr {
  const children = childrenOf(node)
  const op = textOf(reader, children[0]!).toLowerCase()
  refuseName(reader.text, node.from, op)
  if (!isAggregation(op)) return reader.refuse(node.from, `there is no aggregation ${op}`)
  const modifier = children.find(({ name }) => name === 'AggregateModifier')
  const [how, labels] = modifier === undefined ? [] : childrenOf(modifier)
  const body = children.find(({ name }) => name === 'FunctionCallBody')!
  const args = argumentsOf(reader, body, level)
  const wanted = takesParameter(op) ? 2 : 1
  if (args.length !== wanted)
    reader.refuse(node.from, `${op} takes ${wanted === 1 ? '1 argument' : '2 arguments'}, not ${args.length}`)
  const [parameter] = args
  if (op === 'count_values' && parameter?.kind === 'string' && !isLabelName(parameter.value))
    reader.refuse(parameter.at, `invalid label name ${quote(parameter.value)}`)
  const clause = { without: how?.name === 'Without', labels: labelNamesOf(reader, labels) }
  const base = { kind: 'aggregation', at: node.from, op, inner: args.at(-1)!, ...clause } as const
  return checkedAggregation(wanted === 2 ? { ...base, parameter: parameter! } : base, reader.refuse)
}

function selectorOf(reader: Reader, node: SyntaxNode): Selector {
  const children = childrenOf(node)
  const identifier = children.find(({ name }) => name === 'Identifier')
  const list = children.find(({ name }) => name === 'LabelMatchers')
  const matchers: LabelMatcher[] = []
  if (identifier !== undefined) matchers.push(nameMatcher(textOf(reader, identifier)))
  for (const child of list === undefined ? [] : childrenOf(list)) matchers.push(matcherOf(reader, child))
  const names = matchers.filter(({ name }) => name === METRIC_NAME)
  const isNamed = identifier !== undefined || list?.getChild('QuotedLabelName')
  if (isNamed && names.length > 1)
    reader.refuse(
      node.from,
      `the name of the metric is given twice, as ${quote(names[0]!.value)} and ${quote(names[1]!.value)}`,
    )
  if (matchers.every((matcher) => matcher.matches('')))
    reader.refuse(node.from, 'a selector needs one matcher at least that does not match the empty text')
  return { kind: 'selector', at: node.from, matchers, offsetMs: 0 }
}

const nameMatcher = (name: string): LabelMatcher => ({
  name: METRIC_NAME,
  op: '=',
  value: name,
  matches: (text) => text === name,
})

function matcherOf(reader: Reader, node: SyntaxNode): LabelMatcher {
  const { refuse } = reader
  const children = childrenOf(node)
  if (node.name === 'QuotedLabelName') return nameMatcher(stringOf(reader, children[0]!))
  const [label, op, value] = children
  const name = label!.name === 'QuotedLabelName' ? stringOf(reader, label!.firstChild!) : textOf(reader, label!)
  if (!isLabelName(name)) refuse(label!.from, `invalid label name ${quote(name)}`)
  const matcher = { name, op: textOf(reader, op!) as Matcher['op'], value: stringOf(reader, value!) }
  const compiled = compileMatcher(matcher)
  return 'problem' in compiled ? refuse(value!.from, compiled.problem) : compiled
}

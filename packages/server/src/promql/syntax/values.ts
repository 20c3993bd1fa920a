import { MAX_DURATION_MS, parseNumber } from '../text/numbers.js'
import { isLabelName, quote, unquote } from '../text/strings.js'
import { childrenOf, type Reader, refuseFeature, type SyntaxNode, textOf } from './reader.js'

export function numberOf({ refuse }: Reader, node: SyntaxNode, text: string): number {
  const value = parseNumber(text)
  return Number.isNaN(value) && !/^nan$/i.test(text) ? refuse(node.from, `${text} is no number`) : value
}

/** A range, a step or an offset, in whole milliseconds. Only one number or duration: no arithmetic. */
export function durationOf(reader: Reader, node: SyntaxNode): number {
  const [child, ...rest] = childrenOf(node)
  if (child?.name === 'UnaryOp' && node.name === 'OffsetDurationExpr') {
    const durationMs = durationOf(reader, rest[0]!)
    return textOf(reader, child) === '-' ? -durationMs : durationMs
  }
  if (
    child?.name !== 'NumberDurationLiteralInDurationContext' ||
    rest.length > 0 ||
    textOf(reader, node).startsWith('(')
  )
    return refuseFeature(reader.text, node.from, 'experimental arithmetic of durations', 'write the sum, such as 90s')
  const durationMs = Math.round(numberOf(reader, child, textOf(reader, child)) * 1000)
  return durationMs <= MAX_DURATION_MS
    ? durationMs
    : reader.refuse(child.from, `${textOf(reader, child)} is no duration up to 292 years`)
}

/** The time behind `@`, in milliseconds, or the end of the query that it names. */
export function pinnedOf(reader: Reader, node: SyntaxNode): number | 'start' | 'end' {
  const text = textOf(reader, node)
  if (node.name !== 'NumberDurationLiteral') return text.startsWith('start') ? 'start' : 'end'
  const [, sign, number = ''] = /^([+-]?)\s*([\s\S]*)$/.exec(text) ?? []
  const timeMs = Math.round(numberOf(reader, node, number) * (sign === '-' ? -1000 : 1000))
  return Math.abs(timeMs) <= Number.MAX_SAFE_INTEGER
    ? timeMs
    : reader.refuse(node.from, `${text} is no time in seconds`)
}

export function stringOf(reader: Reader, node: SyntaxNode): string {
  const result = unquote(textOf(reader, node))
  return 'problem' in result ? reader.refuse(node.from, result.problem) : result.text
}

/** The names in a grouping clause, each once. */
export function labelNamesOf(reader: Reader, node: SyntaxNode | undefined): readonly string[] {
  if (node === undefined) return []
  const names = childrenOf(node).map((child) => {
    const name = child.name === 'QuotedLabelName' ? stringOf(reader, child.firstChild!) : textOf(reader, child)
    return isLabelName(name) ? name : reader.refuse(child.from, `invalid label name ${quote(name)}`)
  })
  return [...new Set(names)]
}

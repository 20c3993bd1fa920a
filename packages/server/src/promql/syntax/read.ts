import { parser } from '@prometheus-io/lezer-promql'
import type { ParseOptions } from '../contract.js'
import { toWellFormed } from '../text/strings.js'
import type { Expr } from './ast.js'
import { type Refuse, ranged, refuserOf, shifted, signed, typeOf } from './build.js'
import { readOperand } from './operands.js'
import { binaryOf, type Operator, operatorOf, PRECEDENCE } from './operators.js'
import { explainSyntax } from './problems.js'
import { childrenOf, type Reader, refuseFeature, type SyntaxNode } from './reader.js'
import { durationOf, numberOf, pinnedOf } from './values.js'

const STRICT = parser.configure({ strict: true })

/** One thing of an expression, in the order of the text. */
type Item =
  | { readonly kind: 'operand'; readonly expr: Expr; readonly grouped: boolean }
  | { readonly kind: 'sign'; readonly at: number; readonly sign: string }
  | { readonly kind: 'suffix'; readonly apply: Suffix }
  | ({ readonly kind: 'operator' } & Operator)

/** The expression that a text holds. Throws PromqlError. */
export function readExpression(source: string, options: ParseOptions): Expr {
  if (source.length > options.maxLength)
    refuserOf(source)(0, `an expression may have ${options.maxLength} characters, this has ${source.length}`)
  const text = prepared(source)
  const refuse = refuserOf(text)
  let top: SyntaxNode
  try {
    top = STRICT.parse(text).topNode
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return explainSyntax(text, error, refuse)
  }
  const reader: Reader = { text, options, refuse, read: (node, level) => readOne(reader, node, level) }
  const [expression] = childrenOf(top)
  return expression === undefined ? refuse(0, 'there is no expression') : reader.read(expression, 1)
}

/** Strings, comments, names, powers and numbers; one of these a number whose point has nothing behind it. */
const TOKENS =
  /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?|#.*|[a-zA-Z_:][\w:]*|\^|(\d+)\.(?!\d)([eE][+-]?\d+)?|\.?\d[\w.]*/g

/** Behind each power the grammar follows two ways at once, which takes long when they are many. */
const MAX_POWERS = 100

/** The grammar does not know numbers such as `2.` and `2.e3`: they lose their point, and all else stays in its place. */
function prepared(source: string): string {
  let powers = 0
  const text = toWellFormed(source).replace(TOKENS, (token, whole?: string, exponent = '') => {
    if (token === '^') powers++
    return whole === undefined ? token : `${whole}${exponent} `
  })
  return powers <= MAX_POWERS
    ? text
    : refuserOf(source)(0, `an expression may have ${MAX_POWERS} powers, this has ${powers}`)
}

function readOne(reader: Reader, node: SyntaxNode, level: number): Expr {
  const items: Item[] = []
  flatten(reader, node, level, items)
  return new Climber(items, reader.refuse).climb(0)
}

/**
 * The grammar hangs an offset, a range or a sign onto everything before it (`a + b offset 5m` as `(a + b) offset 5m`), so
 * its tree is laid flat as far as the nearest parentheses, and put together again by the rules of precedence.
 */
function flatten(reader: Reader, node: SyntaxNode, level: number, items: Item[]): void {
  const { text, refuse, options } = reader
  if (level > options.maxDepth) refuse(node.from, `an expression may be ${options.maxDepth} levels deep`)
  const children = childrenOf(node)
  const [first, ...rest] = children
  const apply = suffixOf(reader, node.name, rest)
  if (apply !== undefined) {
    flatten(reader, first!, level + 1, items)
    items.push({ kind: 'suffix', apply })
  } else if (node.name === 'BinaryExpr') {
    flatten(reader, first!, level + 1, items)
    items.push({ kind: 'operator', ...operatorOf(reader, children.slice(1, -1)) })
    flatten(reader, children.at(-1)!, level + 1, items)
  } else if (node.name === 'UnaryExpr') {
    items.push({ kind: 'sign', at: node.from, sign: text.slice(first!.from, first!.to) })
    flatten(reader, rest[0]!, level + 1, items)
  } else if (node.name === 'NumberDurationLiteral') {
    flattenNumber(reader, node, items)
  } else {
    items.push({ kind: 'operand', expr: readOperand(reader, node, level), grouped: node.name === 'ParenExpr' })
  }
}

type Suffix = (expr: Expr, grouped: boolean) => Expr

/** What the node `name` does to the expression before it; undefined where it is no suffix. */
function suffixOf(reader: Reader, name: string, rest: readonly SyntaxNode[]): Suffix | undefined {
  const { refuse } = reader
  const [next, value] = rest
  switch (name) {
    case 'OffsetExpr':
      return (expr, grouped) => shifted(expr, grouped, { offsetMs: durationOf(reader, value!) }, next!.from, refuse)
    case 'StepInvariantExpr':
      return (expr, grouped) => shifted(expr, grouped, { pinned: pinnedOf(reader, value!) }, next!.from, refuse)
    case 'MatrixSelector':
      return (expr, grouped) => ranged(expr, grouped, rangeOf(reader, next!), next!.from, refuse)
    case 'SubqueryExpr':
      return (expr) => subqueryOf(reader, expr, rest)
    case 'AnchoredExpr':
    case 'SmoothedExpr':
      return refuseFeature(reader.text, next!.from, 'an experimental range selector', 'write the range without it')
    default:
      return undefined
  }
}

function flattenNumber(reader: Reader, node: SyntaxNode, items: Item[]): void {
  const [, sign, number = ''] = /^([+-]?)\s*([\s\S]*)$/.exec(reader.text.slice(node.from, node.to)) ?? []
  if (sign) items.push({ kind: 'sign', at: node.from, sign })
  const expr: Expr = { kind: 'number', at: node.from, value: numberOf(reader, node, number) }
  items.push({ kind: 'operand', expr, grouped: false })
}

function rangeOf(reader: Reader, node: SyntaxNode): number {
  const rangeMs = durationOf(reader, node)
  return rangeMs > 0 ? rangeMs : reader.refuse(node.from, 'a range must be longer than 0')
}

function subqueryOf(reader: Reader, inner: Expr, [range, step]: readonly SyntaxNode[]): Expr {
  const { refuse, options } = reader
  if (typeOf(inner) !== 'vector') refuse(inner.at, 'a subquery goes behind an instant vector')
  const stepMs = step === undefined ? options.subqueryStepMs : rangeOf(reader, step)
  return { kind: 'subquery', at: inner.at, inner, rangeMs: rangeOf(reader, range!), stepMs, offsetMs: 0 }
}

/** Puts items together again, by precedence. */
class Climber {
  private next = 0
  constructor(
    private readonly items: readonly Item[],
    private readonly refuse: Refuse,
  ) {}

  /** The longest expression from here whose operators bind at least as tightly as `least`. */
  climb(least: number): Expr {
    let left = this.operand()
    for (;;) {
      const item = this.items[this.next]
      if (item?.kind !== 'operator' || PRECEDENCE[item.op] < least) return left
      this.next++
      // Only ^ groups from the right.
      const right = this.climb(item.op === '^' ? PRECEDENCE['^'] : PRECEDENCE[item.op] + 1)
      left = binaryOf(item, left, right, this.refuse)
    }
  }

  /** A sign binds as tightly as *, so only ^ is stronger. */
  private operand(): Expr {
    const item = this.items[this.next++]
    if (item?.kind === 'sign') return signed(item.sign, item.at, this.climb(PRECEDENCE['^']), this.refuse)
    if (item?.kind !== 'operand') return this.refuse(0, 'an operand is missing')
    let { expr, grouped } = item
    for (let suffix = this.items[this.next]; suffix?.kind === 'suffix'; suffix = this.items[++this.next]) {
      expr = suffix.apply(expr, grouped)
      grouped = false
    }
    return expr
  }
}

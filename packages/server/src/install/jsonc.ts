import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { type Format, MalformedText, type Member, placeOf, type TreeNode } from './tree.js'

/** JSON with comments and trailing commas, as editors read it. */
export const JSONC: Format = {
  parse(text) {
    const errors: ParseError[] = []
    const parsed = parsedTree(text, errors)
    const [error] = errors
    if (error) {
      const { line, column } = placeOf(text, error.offset)
      throw new MalformedText(line, column, `it is no JSON: ${worded(printParseErrorCode(error.error))}`)
    }
    // As clients read it: there are no servers in it, and nothing is wrong with it.
    if (!parsed) return { root: { kind: 'object', start: 0, end: 0, members: [] }, value: {} }
    return { root: treeOf(parsed), value: getNodeValue(parsed) }
  },
  quote: (text) => JSON.stringify(text),
  assign: (key, value) => `${JSON.stringify(key)}: ${value}`,
}

const TOO_DEEP = 'it is nested too deeply'

function parsedTree(text: string, errors: ParseError[]): Node | undefined {
  try {
    return parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true })
  } catch (error) {
    if (error instanceof RangeError) throw new MalformedText(1, 1, TOO_DEEP)
    throw error
  }
}

/** `PropertyNameExpected` as `property name expected`. */
function worded(code: string): string {
  return code.replace(/\B[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()
}

/** Most levels: what follows goes down one call a level, here and where texts are compared. No client nests so deep. */
const MAX_DEPTH = 500

function treeOf(node: Node, depth = 0): TreeNode {
  if (depth > MAX_DEPTH) throw new MalformedText(1, 1, TOO_DEEP)
  const { offset: start, length, children = [] } = node
  const at = { start, end: start + length }
  if (node.type === 'object')
    return { kind: 'object', ...at, members: children.map((child) => memberOfNode(child, depth)) }
  if (node.type === 'array') return { kind: 'array', ...at, items: children.map((child) => treeOf(child, depth + 1)) }
  if (node.type === 'string') return { kind: 'string', ...at, text: node.value as string }
  return { kind: 'other', ...at, word: String(node.value) }
}

function memberOfNode({ children }: Node, depth: number): Member {
  const [key, value] = children as [Node, Node]
  const at = { start: key.offset, prefix: '', ends: 'comma' as const }
  return { key: key.value as string, ...at, value: treeOf(value, depth + 1) }
}

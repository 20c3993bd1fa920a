import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { isAlias, isMap, isNode, isScalar, isSeq, Lexer, LineCounter, type Node, type Pair, parseDocument } from 'yaml'
import { vitalsError } from '../errors/index.js'

/** Largest configuration file that is read, in bytes. A file beyond it is no configuration. */
export const MAX_FILE_BYTES = 1024 * 1024

/** A place in a file, both counted from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A parsed file that knows where each of its keys stands. */
export interface SourceFile {
  /** As the user named it. */
  readonly path: string
  readonly value: unknown
  /** Where a key path stands (its value, or the key itself), or the nearest thing around it that stands anywhere. */
  locate(path: readonly PropertyKey[], part: 'key' | 'value'): Position
}

/** A file that is no YAML or JSON: what is wrong, and where. */
export interface SyntaxProblem extends Position {
  readonly message: string
}

/** Reads a file of at most `MAX_FILE_BYTES`, UTF-8. Throws CONFIG_NOT_FOUND or CONFIG_UNREADABLE. */
export function readConfigFile(file: string): string {
  const bytes = readBytes(file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw vitalsError('CONFIG_UNREADABLE', { file, reason: 'it is not UTF-8 text' }, error)
  }
}

function readBytes(file: string): Uint8Array {
  let fd: number | undefined
  try {
    fd = openSync(file, 'r')
    if (fstatSync(fd).isDirectory()) throw vitalsError('CONFIG_UNREADABLE', { file, reason: 'it is a directory' })
    const bytes = Buffer.allocUnsafe(MAX_FILE_BYTES + 1)
    let length = 0
    for (let count = -1; count !== 0 && length < bytes.length; length += count)
      count = readSync(fd, bytes, length, bytes.length - length, null)
    if (length > MAX_FILE_BYTES)
      throw vitalsError('CONFIG_UNREADABLE', { file, reason: `it is larger than ${MAX_FILE_BYTES} bytes` })
    return bytes.subarray(0, length)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') throw vitalsError('CONFIG_NOT_FOUND', { file }, error)
    if (code === 'EACCES' || code === 'EPERM')
      throw vitalsError('CONFIG_UNREADABLE', { file, reason: 'this user may not read it' }, error)
    if (code === 'EISDIR') throw vitalsError('CONFIG_UNREADABLE', { file, reason: 'it is a directory' }, error)
    throw error
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** Parses YAML, JSON, or JSON with comments (a text that begins with a brace). */
export function parseConfig(path: string, text: string): SourceFile | { readonly problems: readonly SyntaxProblem[] } {
  const lines = new LineCounter()
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  try {
    const source = blankComments(text)
    if (isTooDeep(source)) return { problems: [{ line: 1, column: 1, message: TOO_DEEP }] }
    const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, logLevel: 'error' })
    if (document.errors.length > 0)
      return {
        problems: document.errors.map(({ code, message, pos }) => ({
          ...place(pos[0]),
          message: code === 'DUPLICATE_KEY' ? `the key ${wordAt(source, pos[0])} stands twice` : worded(message, path),
        })),
      }
    const root = document.contents
    return {
      path,
      value: document.toJS({ maxAliasCount: 100 }),
      locate: (keys, part) => place(offsetOf(root, keys, part)),
    }
  } catch (error) {
    // Nesting beyond the parser's stack, or aliases that multiply without end.
    const message = error instanceof RangeError ? TOO_DEEP : worded((error as Error).message, path)
    return { problems: [{ line: 1, column: 1, message }] }
  }
}

/** Most levels of groups and lists, in blocks and in brackets each: a stranger’s file must not exhaust the stack, which ends the process. */
const MAX_DEPTH = 100
const TOO_DEEP = 'it is nested too deeply'

/** Looks before the parser does, which goes down one call a level. */
function isTooDeep(text: string): boolean {
  return blockColumns(text).size > MAX_DEPTH || bracketDepth(text) > MAX_DEPTH
}

/** The columns at which something begins after indentation and list marks: each level of a block needs one of its own. */
function blockColumns(text: string): ReadonlySet<number> {
  const columns = new Set<number>()
  for (const [start] of text.matchAll(/^[ \t]*(?:[-?:][ \t]+)*/gm)) {
    for (const { index } of start.matchAll(/[-?:]/g)) columns.add(index)
    columns.add(start.length)
  }
  return columns
}

function bracketDepth(text: string): number {
  let depth = 0
  let deepest = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth)
    else if (token === ']' || token === '}') depth--
  }
  return deepest
}

/** The parser's words; for a JSON file without YAML's terms. */
function worded(message: string, path: string): string {
  const words = message.charAt(0).toLowerCase() + message.slice(1)
  if (!/\.jsonc?$/i.test(path)) return words
  return words.replace(/flow map/gi, 'object').replace(/flow (?:sequence|collection)/gi, 'list')
}

function wordAt(source: string, offset: number): string {
  return /^(?:"[^"\n]*"|'[^'\n]*'|[^\s:]+)/.exec(source.slice(offset, offset + 200))?.[0] ?? ''
}

/** Turns comments of JSON files, as VS Code writes them, into spaces, so that all positions stay. Other text is unchanged. */
function blankComments(text: string): string {
  if (!/^\uFEFF?\s*(?:\/[/*]|\{)/.test(text)) return text
  return text.replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (part) =>
    part.startsWith('"') ? part : part.replace(/[^\r\n]/g, ' '),
  )
}

function offsetOf(root: Node | null, keys: readonly PropertyKey[], part: 'key' | 'value'): number {
  let node: unknown = root
  let offset = root?.range?.[0] ?? 0
  for (const [depth, key] of keys.entries()) {
    const last = depth === keys.length - 1
    if (isMap(node)) {
      const pair = node.items.find((item: Pair) => isScalar(item.key) && String(item.key.value) === String(key))
      if (!pair) return offset
      node = last && part === 'key' ? pair.key : (pair.value ?? pair.key)
    } else if (isSeq(node)) node = node.items[Number(key)]
    if (!isNode(node) || !node.range) return offset
    offset = node.range[0]
    if (isAlias(node)) return offset
  }
  return offset
}

import { parse, TomlError } from 'smol-toml'
import { type Format, MalformedText, type Member, type TreeNode } from './tree.js'

/**
 * TOML 1.0 (https://toml.io/en/v1.0.0). A parser judges the text and gives its values; what it does not give is where
 * they stand, which the scan below finds in text that is known to be valid.
 */
export const TOML: Format = {
  parse(text) {
    try {
      const value = parse(text)
      return { root: new Scan(text).document(), value }
    } catch (error) {
      if (error instanceof TomlError)
        throw new MalformedText(error.line, error.column, `it is no TOML: ${firstLine(error)}`)
      if (error instanceof RangeError) throw new MalformedText(1, 1, 'it is nested too deeply')
      throw error
    }
  },
  // JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
  quote: (text) => JSON.stringify(text).replaceAll('\x7f', '\\u007f'),
  assign: (key, value) => `${key} = ${value}`,
}

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0]!.replace(/^Invalid TOML document: /, '')
}

/** A node that is still being filled: a table may be continued further down. */
interface Growing extends TreeNode {
  readonly members?: GrowingMember[]
  readonly items?: Growing[]
}
type GrowingMember = Member & { readonly value: Growing }

const SPACE = /[ \t]*/y
/** Space, ends of lines and comments. */
const GAP = /(?:[ \t\r\n]|#[^\n]*)*/y
const BARE_KEY = /[A-Za-z0-9_-]+/y
const STRING = /"""[\s\S]*?(?<!\\)(?:\\\\)*"""(?:"{0,2})|'''[\s\S]*?'''(?:'{0,2})|"(?:\\.|[^"\\])*"|'[^']*'/y
/** A number, date or truth. A date may have one space in it. */
const PLAIN = /[^\s,\]}#]+(?: \d[^\s,\]}#]*)?/y

class Scan {
  private at = 0
  constructor(private readonly text: string) {}

  document(): TreeNode {
    const root = table()
    let current = root
    for (this.take(GAP); this.at < this.text.length; this.take(GAP)) {
      if (this.text[this.at] === '[') current = this.header(root)
      else this.member(current, 'line')
    }
    return root
  }

  private header(root: Growing): Growing {
    const isList = this.text.startsWith('[[', this.at)
    this.at += isList ? 2 : 1
    const { parts } = this.key()
    this.at += isList ? 2 : 1
    if (!isList) return reach(root, parts)
    const above = reach(root, parts.slice(0, -1))
    const key = parts.at(-1)!
    const list = above.members!.find((member) => member.key === key)?.value ?? add(above, key, listOfTables())
    const next = table()
    list.items!.push(next)
    return next
  }

  private member(owner: Growing, ends: Member['ends']): void {
    const start = this.at
    const { parts, prefix } = this.key()
    this.at += 1 // "="
    this.take(SPACE)
    const value = this.value()
    const key = parts.at(-1)!
    reach(owner, parts.slice(0, -1)).members!.push({ key, start, prefix, ends, value })
  }

  /** A key with its dots, and the space behind it. */
  private key(): { readonly parts: string[]; readonly prefix: string } {
    const parts: string[] = []
    const start = this.at
    for (;;) {
      this.take(SPACE)
      const last = this.at
      parts.push(this.take(BARE_KEY) || textOf(this.take(STRING)))
      this.take(SPACE)
      if (this.text[this.at] !== '.') return { parts, prefix: this.text.slice(start, last) }
      this.at += 1
    }
  }

  private value(): Growing {
    const start = this.at
    const first = this.text[start]
    if (first === '[') {
      const items = this.list(']', () => this.value())
      return { kind: 'array', start, end: this.at, items }
    }
    if (first === '{') {
      const inline = table()
      this.list('}', () => this.member(inline, 'comma'))
      return { ...inline, start, end: this.at }
    }
    if (first === '"' || first === "'") {
      const text = textOf(this.take(STRING))
      return { kind: 'string', start, end: this.at, text }
    }
    const word = this.take(PLAIN)
    return { kind: 'other', start, end: this.at, word }
  }

  private list<T>(close: string, item: () => T): T[] {
    const items: T[] = []
    this.at += 1
    for (this.take(GAP); this.text[this.at] !== close; this.take(GAP)) {
      items.push(item())
      this.take(GAP)
      if (this.text[this.at] === ',') this.at += 1
    }
    this.at += 1
    return items
  }

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0] ?? ''
    this.at += found.length
    return found
  }
}

function table(): Growing {
  return { kind: 'object', start: 0, end: 0, members: [] }
}

function listOfTables(): Growing {
  return { kind: 'array', start: 0, end: 0, items: [] }
}

function add(owner: Growing, key: string, value: Growing): Growing {
  owner.members!.push({ key, start: 0, prefix: '', ends: 'line', value })
  return value
}

/** The table at this path, made where it is not there; of a list of tables, the last. */
function reach(root: Growing, path: readonly string[]): Growing {
  let node = root
  for (const key of path) {
    const found = node.members!.find((member) => member.key === key)?.value ?? add(node, key, table())
    node = found.items?.at(-1) ?? found
  }
  return node
}

function textOf(literal: string): string {
  return parse(`v = ${literal}`).v as string
}

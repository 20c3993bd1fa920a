/** A value of a configuration file and where its text stands; the same for JSON and TOML. Offsets are UTF-16 units. */
export interface TreeNode {
  readonly kind: 'object' | 'array' | 'string' | 'other'
  /** A table of TOML has its text in several places; its offsets mean nothing. */
  readonly start: number
  readonly end: number
  /** Of a string. */
  readonly text?: string
  /** Of a number, a truth or the like: as it stands. */
  readonly word?: string
  /** Of an array. */
  readonly items?: readonly TreeNode[]
  /** Of an object, in the file's order. */
  readonly members?: readonly Member[]
}

export interface Member {
  readonly key: string
  /** Where the key's text begins. */
  readonly start: number
  /** What stands before the last part of a dotted TOML key, such as `mcp_servers.notes.`; else empty. */
  readonly prefix: string
  /** How the member is set off from the next: by a comma, or (TOML tables) by the end of its line. */
  readonly ends: 'comma' | 'line'
  readonly value: TreeNode
}

/** A file that its own format's rules refuse. Both counted from 1. */
export class MalformedText extends Error {
  constructor(
    readonly line: number,
    readonly column: number,
    message: string,
  ) {
    super(message)
  }
}

/** What the editing has to know of a format. */
export interface Format {
  /** The text as a tree and as plain values. Throws MalformedText. */
  parse(text: string): { readonly root: TreeNode; readonly value: unknown }
  /** A string literal. */
  quote(text: string): string
  /** A key and its value. */
  assign(key: string, value: string): string
}

/** The member of this name. Of several, the last: that is the one that readers take. */
export function memberOf(node: TreeNode | undefined, key: string): Member | undefined {
  return node?.members?.findLast((member) => member.key === key)
}

/** A replacement of `text.slice(start, end)`. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Applies edits that do not overlap, given in any order. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const ordered = [...edits].sort((one, other) => one.start - other.start)
  let result = ''
  let from = 0
  for (const { start, end, text: inserted } of ordered) {
    result += text.slice(from, start) + inserted
    from = end
  }
  return result + text.slice(from)
}

/** Line and column of an offset, both from 1. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const lines = text.slice(0, offset).split('\n')
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}

import { type Member, memberOf, type TreeNode } from './tree.js'

/** One server in a client’s file. */
export interface Entry {
  readonly name: string
  /** Keys that lead to it. */
  readonly path: readonly string[]
  readonly node: TreeNode
  readonly isDisabled: boolean
  readonly kind: StdioKind | HttpKind | OtherKind
}

/** A command with its arguments. */
export interface StdioKind {
  readonly is: 'stdio'
  /** Keys that lead to the object which has them: of the entry itself, but in Zed’s older form of its `command`. */
  readonly path: readonly string[]
  readonly command: Member
  readonly args: Member | undefined
  readonly words: readonly string[]
}

/** An address. */
export interface HttpKind {
  readonly is: 'http'
  readonly url: Member
  readonly address: string
  /** What the entry says of its transport: `type`, else `transport`. */
  readonly type: string | undefined
}

/** Neither: an extension’s, or a form that we do not know. */
export interface OtherKind {
  readonly is: 'other'
}

const URL_KEYS = ['url', 'serverUrl', 'httpUrl']

/** The servers under these key paths, in the file’s order. */
export function entriesOf(root: TreeNode, places: readonly (readonly string[])[]): readonly Entry[] {
  return places
    .flatMap((place) => holders(root, place, []))
    .flatMap(({ node, path }) => {
      const names = new Set(node.members?.map(({ key }) => key))
      return [...names].flatMap((name) => {
        const { value } = memberOf(node, name)!
        return value.kind === 'object' ? [entryOf(name, [...path, name], value)] : []
      })
    })
}

interface Holder {
  readonly node: TreeNode
  readonly path: readonly string[]
}

function holders(node: TreeNode, [key, ...rest]: readonly string[], path: readonly string[]): readonly Holder[] {
  if (node.kind !== 'object') return []
  if (key === undefined) return [{ node, path }]
  const keys = key === '*' ? [...new Set(node.members!.map((member) => member.key))] : [key]
  return keys.flatMap((name) => {
    const member = memberOf(node, name)
    return member ? holders(member.value, rest, [...path, name]) : []
  })
}

function entryOf(name: string, path: readonly string[], node: TreeNode): Entry {
  const isDisabled = isWord(node, 'disabled', 'true') || isWord(node, 'enabled', 'false')
  return { name, path, node, isDisabled, kind: stdioKind(node, path) ?? httpKind(node) ?? { is: 'other' } }
}

/** `command` and `args`; or Zed’s older `command: { path, args }`. */
function stdioKind(node: TreeNode, path: readonly string[]): StdioKind | OtherKind | undefined {
  const command = memberOf(node, 'command')
  if (!command) return undefined
  if (command.value.kind === 'object') {
    const program = memberOf(command.value, 'path')
    return program ? worded(program, memberOf(command.value, 'args'), [...path, 'command']) : { is: 'other' }
  }
  return worded(command, memberOf(node, 'args'), path)
}

function worded(command: Member, args: Member | undefined, path: readonly string[]): StdioKind | OtherKind {
  const nodes = [command.value, ...(args?.value.items ?? [])]
  if (args !== undefined && args.value.kind !== 'array') return { is: 'other' }
  if (nodes.some(({ kind }) => kind !== 'string')) return { is: 'other' }
  return { is: 'stdio', path, command, args, words: nodes.map(({ text }) => text!) }
}

function httpKind(node: TreeNode): HttpKind | undefined {
  const url = URL_KEYS.map((key) => memberOf(node, key)).find((member) => member?.value.kind === 'string')
  if (!url) return undefined
  const type = memberOf(node, 'type')?.value.text ?? memberOf(node, 'transport')?.value.text
  return { is: 'http', url, address: url.value.text!, type }
}

function isWord(node: TreeNode, key: string, word: 'true' | 'false'): boolean {
  return memberOf(node, key)?.value.word === word
}

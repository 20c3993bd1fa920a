import { EACH, PATHS, type Path } from './paths.js'

/** What is taken at a node, and under which name. */
export interface Capture extends Path {
  readonly name: string
}

/** A place in a message that the allow-list names, or that leads to one. */
export interface Node {
  readonly index: number
  readonly keys: ReadonlyMap<string, Node>
  /** The same by the bytes of the key (ASCII ones alone), at the place of its length. */
  readonly words: readonly (readonly Word[] | undefined)[]
  /** Every element, where the value is an array. */
  readonly each: Node | undefined
  readonly capture: Capture | undefined
  /** Names taken at this node and below it: forgotten when its key comes again, since the last one wins. */
  readonly names: readonly string[]
  /** It lies within an array's element, so that its values are those of one item. */
  readonly inItem: boolean
}

/** A key as it is mostly written: without escapes. */
interface Word {
  readonly bytes: Uint8Array
  readonly node: Node
}

interface Draft extends Node {
  readonly keys: Map<string, Draft>
  readonly words: Word[][]
  each: Draft | undefined
  capture: Capture | undefined
  readonly names: string[]
}

/** Paths as a tree. */
export interface Tree {
  readonly root: Node
  /** Every node’s `index` is less than this. */
  readonly nodeCount: number
  /** Longest key on any path: a longer one in a message matches nothing. */
  readonly maxKeyLength: number
}

/** Builds the tree of these paths, by the names under which their values are taken. No two may be one path. */
export function compile(paths: Readonly<Record<string, Path>>): Tree {
  let nodeCount = 0
  let maxKeyLength = 0
  function draft(inItem: boolean): Draft {
    return { index: nodeCount++, keys: new Map(), words: [], each: undefined, capture: undefined, names: [], inItem }
  }
  function follow(node: Draft, step: Path['path'][number]): Draft {
    if (step === EACH) {
      node.each ??= draft(true)
      return node.each
    }
    maxKeyLength = Math.max(maxKeyLength, step.length)
    const next = node.keys.get(step) ?? draft(node.inItem)
    if (!node.keys.has(step)) addWord(node, step, next)
    node.keys.set(step, next)
    return next
  }
  const root = draft(false)
  for (const [name, path] of Object.entries(paths)) {
    let node = root
    for (const step of path.path) {
      node = follow(node, step)
      node.names.push(name)
    }
    node.capture = { ...path, name }
  }
  return { root, nodeCount, maxKeyLength }
}

function addWord({ words }: Draft, key: string, node: Node): void {
  const bytes = new TextEncoder().encode(key)
  if (bytes.length !== key.length) return
  words[key.length] ??= []
  words[key.length]!.push({ bytes, node })
}

/** Where the key `bytes[from, to)` leads: ASCII, and without escapes. Nothing is made of a key that leads nowhere. */
export function wordAt(node: Node, bytes: Uint8Array, from: number, to: number): Node | undefined {
  const words = node.words[to - from]
  if (!words) return undefined
  for (const word of words) {
    let at = from
    while (at < to && bytes[at] === word.bytes[at - from]) at++
    if (at === to) return word.node
  }
  return undefined
}

/** The allow-list as a tree. */
export const ALLOWED: Tree = compile(PATHS)

import { EACH, PATHS, type Path } from './paths.js'

/** What is taken at a node, and under which name. */
export interface Capture extends Path {
  readonly name: string
}

/** A place in a message that the allow-list names, or that leads to one. */
export interface Node {
  readonly index: number
  readonly keys: ReadonlyMap<string, Node>
  /** Every element, where the value is an array. */
  readonly each: Node | undefined
  readonly capture: Capture | undefined
  /** Names taken at this node and below it: forgotten when its key comes again, since the last one wins. */
  readonly names: readonly string[]
  /** It lies within an array's element, so that its values are those of one item. */
  readonly inItem: boolean
}

interface Draft extends Node {
  readonly keys: Map<string, Draft>
  each: Draft | undefined
  capture: Capture | undefined
  readonly names: string[]
}

let nodes = 0

/** The allow-list as a tree. */
export const ROOT: Node = compile()
/** How many nodes the tree has: `index` is less than this. */
export const NODE_COUNT = nodes
/** Longest key on any path: a longer one in a message matches nothing. */
export const MAX_PATH_KEY_LENGTH = Math.max(
  ...Object.values(PATHS).flatMap(({ path }) => path.map((step) => (step === EACH ? 0 : step.length))),
)

function compile(): Node {
  const root = draft(false)
  for (const [name, path] of Object.entries(PATHS) as [string, Path][]) {
    let node = root
    for (const step of path.path) {
      if (step === EACH) {
        node.each ??= draft(true)
        node = node.each
      } else {
        const next = node.keys.get(step) ?? draft(node.inItem)
        node.keys.set(step, next)
        node = next
      }
      node.names.push(name)
    }
    node.capture = { ...path, name }
  }
  return root
}

function draft(inItem: boolean): Draft {
  return { index: nodes++, keys: new Map(), each: undefined, capture: undefined, names: [], inItem }
}

import { EMPTY_ROOT, type Hash, nodeHash } from './hashes.js'

/**
 * The right edge of an RFC 6962 tree: the roots of its largest complete subtrees, from left to right, one for each 1 in
 * the binary form of its size. All that is needed to go on and to tell the root: 64 hashes at most.
 */
export interface Frontier {
  readonly size: number
  readonly hashes: readonly Hash[]
}

export const EMPTY_FRONTIER: Frontier = { size: 0, hashes: [] }

/** How many hashes the frontier of a tree has. */
export function frontierLength(size: number): number {
  let ones = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2
  return ones
}

/** A complete subtree: `2^level` leaves from leaf `index · 2^level` on. */
export interface TreeNode {
  readonly level: number
  readonly index: number
  readonly hash: Hash
}

/** A frontier that grows. */
export interface FrontierBuilder {
  /** How many leaves it has. */
  readonly size: number
  /** Adds a leaf by its hash. `onNode` is told of each complete subtree that it closes, from level 1 upward. */
  append(leaf: Hash, onNode?: (node: TreeNode) => void): void
  /** Root of the tree so far. */
  root(): Hash
  /** A copy that stays as it is. */
  snapshot(): Frontier
}

/** Starts from a frontier, which it copies. */
export function growFrontier(from: Frontier = EMPTY_FRONTIER): FrontierBuilder {
  const hashes = [...from.hashes]
  let size = from.size
  return {
    get size() {
      return size
    },
    append(leaf, onNode) {
      let hash = leaf
      let index = size
      for (let level = 1; index % 2 === 1; level++) {
        hash = nodeHash(hashes.pop() as Hash, hash)
        index = (index - 1) / 2
        onNode?.({ level, index, hash })
      }
      hashes.push(hash)
      size++
    },
    root: () => frontierRoot(hashes),
    snapshot: () => ({ size, hashes: [...hashes] }),
  }
}

/** Root of the tree with these frontier hashes. */
export function frontierRoot(hashes: readonly Hash[]): Hash {
  const last = hashes.at(-1)
  return last === undefined ? EMPTY_ROOT : hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last)
}

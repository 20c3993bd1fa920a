import { type Frontier, frontierRoot } from './frontier.js'
import { EMPTY_ROOT, type Hash, isHash, nodeHash } from './hashes.js'

/** Subtrees of these levels and their multiples are kept: 1 of 256 nodes, so that a proof reads hundreds of hashes. */
export const KEPT_LEVELS = 8

/** Hashes of a tree that is kept somewhere. */
export interface TreeSource {
  /**
   * Hashes of the complete subtrees [from, to) of a level: leaves where it is 0, else kept nodes (level 8, 16, 24 …).
   * At most 256 are asked for at once.
   */
  hashes(level: number, from: number, to: number): Promise<readonly Hash[]>
}

/** Leaves [from, to) of a tree, whose root a proof needs. */
type Range = readonly [from: number, to: number]

/** The largest power of two below `size`, where RFC 6962 splits a tree of that size (2 or more). */
function splitOf(size: number): number {
  let power = 1
  while (power * 2 < size) power *= 2
  return power
}

/** RFC 6962, 2.1.1: subtrees whose roots lead from the leaf `index` to the root of [from, to), nearest first. */
function inclusionRanges(index: number, [from, to]: Range): readonly Range[] {
  if (to - from === 1) return []
  const middle = from + splitOf(to - from)
  return index < middle
    ? [...inclusionRanges(index, [from, middle]), [middle, to]]
    : [...inclusionRanges(index, [middle, to]), [from, middle]]
}

/** RFC 6962, 2.1.2: subtrees of [from, to) that show that its first leaves, up to `oldSize`, are an older tree. */
function consistencyRanges(oldSize: number, [from, to]: Range, whole: boolean): readonly Range[] {
  if (oldSize === to) return whole ? [] : [[from, to]]
  const middle = from + splitOf(to - from)
  return oldSize <= middle
    ? [...consistencyRanges(oldSize, [from, middle], whole), [middle, to]]
    : [...consistencyRanges(oldSize, [middle, to], false), [from, middle]]
}

/** Splits leaves [from, to), a subtree that RFC 6962 makes, into complete subtrees, largest first. */
function completeSubtrees([from, to]: Range): readonly { readonly level: number; readonly index: number }[] {
  const parts: { level: number; index: number }[] = []
  for (let at = from; at < to; ) {
    let level = 0
    while (2 ** (level + 1) <= to - at) level++
    parts.push({ level, index: at / 2 ** level })
    at += 2 ** level
  }
  return parts
}

async function subtreeHash(source: TreeSource, level: number, index: number): Promise<Hash> {
  const kept = level - (level % KEPT_LEVELS)
  const width = 2 ** (level - kept)
  let hashes = await source.hashes(kept, index * width, (index + 1) * width)
  if (hashes.length !== width) throw new RangeError(`The tree's hashes of level ${kept} are not complete`)
  while (hashes.length > 1) hashes = pairUp(hashes)
  return hashes[0] as Hash
}

function pairUp(hashes: readonly Hash[]): readonly Hash[] {
  return Array.from({ length: hashes.length / 2 }, (_, n) => nodeHash(hashes[2 * n] as Hash, hashes[2 * n + 1] as Hash))
}

async function hashesOf(source: TreeSource, range: Range): Promise<readonly Hash[]> {
  const hashes: Hash[] = []
  for (const { level, index } of completeSubtrees(range)) hashes.push(await subtreeHash(source, level, index))
  return hashes
}

async function rootsOf(source: TreeSource, ranges: readonly Range[]): Promise<readonly Hash[]> {
  const roots: Hash[] = []
  for (const range of ranges) roots.push(frontierRoot(await hashesOf(source, range)))
  return roots
}

/** The frontier of the tree's first `size` leaves. */
export async function frontierAt(source: TreeSource, size: number): Promise<Frontier> {
  return { size, hashes: await hashesOf(source, [0, size]) }
}

/** Proof that the leaf `index` is in the tree of the first `size` leaves. @throws RangeError when it cannot be */
export async function proveInclusion(source: TreeSource, index: number, size: number): Promise<readonly Hash[]> {
  if (!isCount(index) || !isCount(size) || index >= size) throw new RangeError(`There is no leaf ${index} in ${size}`)
  return rootsOf(source, inclusionRanges(index, [0, size]))
}

/** Proof that the tree of the first `oldSize` leaves begins that of the first `size`; empty from size 0. */
export async function proveConsistency(source: TreeSource, oldSize: number, size: number): Promise<readonly Hash[]> {
  if (!isCount(oldSize) || !isCount(size) || oldSize > size)
    throw new RangeError(`A tree of ${size} does not begin with one of ${oldSize}`)
  return oldSize === 0 ? [] : rootsOf(source, consistencyRanges(oldSize, [0, size], true))
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

/** Hands out a proof's hashes in order; undefined once, when there are too few, is an end for all. */
class Supply {
  #at = 0
  constructor(readonly hashes: readonly Hash[]) {}
  next(): Hash {
    const hash = this.hashes[this.#at++]
    if (hash === undefined) throw new RangeError('The proof is too short')
    return hash
  }
  get used(): boolean {
    return this.#at === this.hashes.length
  }
}

/** Runs a check over a proof. One that runs out of hashes, or leaves some over, shows nothing. */
function holds(proof: readonly Hash[], hashes: readonly Hash[], check: (supply: Supply) => boolean): boolean {
  if (![...proof, ...hashes].every(isHash) || proof.length > 2 * Number.MAX_SAFE_INTEGER.toString(2).length)
    return false
  const supply = new Supply(proof)
  try {
    return check(supply) && supply.used
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** Whether a proof shows that `leaf` is leaf `index` of the tree with this size and root. */
export function verifyInclusion(proof: readonly Hash[], index: number, size: number, leaf: Hash, root: Hash): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false
  const climb = (supply: Supply, at: number, width: number): Hash => {
    if (width === 1) return leaf
    const left = splitOf(width)
    if (at < left) return nodeHash(climb(supply, at, left), supply.next())
    const right = climb(supply, at - left, width - left)
    return nodeHash(supply.next(), right)
  }
  return holds(proof, [leaf, root], (supply) => climb(supply, index, size) === root)
}

/** Whether a proof shows that the tree with the old size and root begins the one with the new. */
export function verifyConsistency(
  proof: readonly Hash[],
  old: { readonly size: number; readonly root: Hash },
  now: { readonly size: number; readonly root: Hash },
): boolean {
  if (!isCount(old.size) || !isCount(now.size) || old.size > now.size) return false
  if (old.size === 0) return proof.length === 0 && old.root === EMPTY_ROOT && isHash(now.root)
  const climb = (supply: Supply, oldSize: number, size: number, whole: boolean): readonly [Hash, Hash] => {
    if (oldSize === size) {
      const hash = whole ? old.root : supply.next()
      return [hash, hash]
    }
    const left = splitOf(size)
    if (oldSize <= left) {
      const [before, after] = climb(supply, oldSize, left, whole)
      return [before, nodeHash(after, supply.next())]
    }
    const [before, after] = climb(supply, oldSize - left, size - left, false)
    const sibling = supply.next()
    return [nodeHash(sibling, before), nodeHash(sibling, after)]
  }
  return holds(proof, [old.root, now.root], (supply) => {
    const [before, after] = climb(supply, old.size, now.size, true)
    return before === old.root && after === now.root
  })
}

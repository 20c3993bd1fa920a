import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EMPTY_ROOT, nodeHash, sha256 } from '../../../packages/server/src/audit/hashes.js'
import {
  frontierAt,
  frontierRoot,
  growFrontier,
  type Hash,
  KEPT_LEVELS,
  proveConsistency,
  proveInclusion,
  type TreeSource,
  verifyConsistency,
  verifyInclusion,
} from '../../../packages/server/src/audit/index.js'

const MERKLE = join(import.meta.dirname, '../../golden/merkle')
const vectors = <T>(file: string): readonly T[] => JSON.parse(readFileSync(join(MERKLE, file), 'utf8')) as T[]
const hex = (base64: string): Hash => Buffer.from(base64, 'base64').toString('hex')

interface Vector {
  readonly desc: string
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}
interface Inclusion extends Vector {
  readonly leafIdx: number
  readonly treeSize: number
  readonly root: string
  readonly leafHash: string
}
interface Consistency extends Vector {
  readonly size1: number
  readonly size2: number
  readonly root1: string
  readonly root2: string
}

/** The vectors have roots that are no hashes where the sizes alone are to be looked at; to us they show nothing. */
const areHashes = (...hashes: readonly Hash[]) => hashes.every((hash) => hash.length === 64)

describe('proofs by the vectors of RFC 6962', () => {
  test('inclusion', () => {
    const all = vectors<Inclusion>('inclusion.json')
    expect(all.filter(({ wantErr }) => !wantErr).length).toBeGreaterThan(5)
    for (const { desc, proof, wantErr, leafIdx, treeSize, root, leafHash } of all) {
      const holds = verifyInclusion((proof ?? []).map(hex), leafIdx, treeSize, hex(leafHash), hex(root))
      expect(holds, `${desc}: leaf ${leafIdx} of ${treeSize}`).toBe(!wantErr && areHashes(hex(root), hex(leafHash)))
    }
  })

  test('consistency', () => {
    const all = vectors<Consistency>('consistency.json')
    expect(all.filter(({ wantErr }) => !wantErr).length).toBeGreaterThan(5)
    for (const { desc, proof, wantErr, size1, size2, root1, root2 } of all) {
      const holds = verifyConsistency(
        (proof ?? []).map(hex),
        { size: size1, root: hex(root1) },
        { size: size2, root: hex(root2) },
      )
      expect(holds, `${desc}: ${size1} to ${size2}`).toBe(!wantErr && areHashes(hex(root1), hex(root2)))
    }
  })
})

/** RFC 6962, 2.1, word for word. */
function plainRoot(leaves: readonly Hash[]): Hash {
  if (leaves.length <= 1) return leaves[0] ?? EMPTY_ROOT
  let half = 1
  while (half * 2 < leaves.length) half *= 2
  return nodeHash(plainRoot(leaves.slice(0, half)), plainRoot(leaves.slice(half)))
}

const LEAVES = Array.from({ length: 70_000 }, (_, n) => sha256(Buffer.from(String(n))))

/** What a store keeps of the first `size` leaves: these, and the nodes of levels 8 and 16. */
function keep(size: number): TreeSource & { readonly asked: () => number } {
  const nodes = new Map<string, Hash>()
  const frontier = growFrontier()
  for (const leaf of LEAVES.slice(0, size))
    frontier.append(leaf, ({ level, index, hash }) => {
      if (level % KEPT_LEVELS === 0) nodes.set(`${level}/${index}`, hash)
    })
  let asked = 0
  return {
    asked: () => asked,
    async hashes(level, from, to) {
      expect(to - from).toBeLessThanOrEqual(256)
      asked += to - from
      if (level === 0) return LEAVES.slice(from, Math.min(to, size))
      return Array.from({ length: to - from }, (_, n) => nodes.get(`${level}/${from + n}`)!)
    },
  }
}

describe('trees', () => {
  test('the frontier has the root that RFC 6962 gives, however many leaves there are, and can be left and taken up', () => {
    let frontier = growFrontier()
    expect(frontier.root()).toBe(EMPTY_ROOT)
    for (let size = 1; size <= 130; size++) {
      if (size % 7 === 0) frontier = growFrontier(frontier.snapshot())
      frontier.append(LEAVES[size - 1]!)
      expect(frontier.root(), `${size}`).toBe(plainRoot(LEAVES.slice(0, size)))
    }
  })

  test('what is proved of a tree out of its kept hashes holds, and of no other leaf, place or size', async () => {
    const SIZE = 700
    const source = keep(SIZE)
    const rootAt = new Map(Array.from({ length: SIZE + 1 }, (_, size) => [size, plainRoot(LEAVES.slice(0, size))]))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: SIZE }), fc.nat(SIZE), fc.nat(SIZE), async (size, one, other) => {
        const root = rootAt.get(size)!
        const index = one % size
        const proof = await proveInclusion(source, index, size)
        expect(verifyInclusion(proof, index, size, LEAVES[index]!, root)).toBe(true)
        const wrong = other % size
        expect(verifyInclusion(proof, wrong, size, LEAVES[wrong]!, root)).toBe(wrong === index)
        expect(verifyInclusion(proof, index, size, LEAVES[SIZE]!, root)).toBe(false)
        expect(verifyInclusion([...proof, root], index, size, LEAVES[index]!, root)).toBe(false)

        const old = 1 + (other % size)
        const way = await proveConsistency(source, old, size)
        const now = { size, root }
        expect(verifyConsistency(way, { size: old, root: rootAt.get(old)! }, now)).toBe(true)
        expect(verifyConsistency(way, { size: old, root: rootAt.get(old - 1)! }, now)).toBe(false)
        if (way.length > 0)
          expect(verifyConsistency(way.slice(1), { size: old, root: rootAt.get(old)! }, now)).toBe(false)
        expect(frontierRoot((await frontierAt(source, size)).hashes)).toBe(root)
      }),
      { seed: 61, numRuns: 300 },
    )
  })

  test('a proof in a large tree asks for hundreds of hashes, not for every leaf', async () => {
    const source = keep(LEAVES.length)
    const root = plainRoot(LEAVES)
    const proof = await proveInclusion(source, 12_345, LEAVES.length)
    expect(verifyInclusion(proof, 12_345, LEAVES.length, LEAVES[12_345]!, root)).toBe(true)
    expect(source.asked()).toBeLessThan(2000)
  })

  test('there is no proof of what is not there', async () => {
    const source = keep(10)
    await expect(proveInclusion(source, 10, 10)).rejects.toThrow(RangeError)
    await expect(proveConsistency(source, 11, 10)).rejects.toThrow(RangeError)
    await expect(proveInclusion(source, 3, 20)).rejects.toThrow('not complete')
  })
})

import { open } from 'node:fs/promises'
import { type ArchivedSegment, type Hash, leafHash, readLeavesFile, type TreeSource } from '../audit/index.js'
import type { LogDatabase } from './database.js'

/** A log's tree: leaves of its rows, those of archived ones out of their files, and saved nodes. */
export function treeOf(database: LogDatabase): TreeSource {
  async function leaves(from: number, to: number): Promise<readonly Hash[]> {
    const found: Hash[] = []
    for (const { first, end, leavesFile } of await database.segments()) {
      const [start, stop] = [Math.max(from, first), Math.min(to, end.frontier.size)]
      if (start < stop) found.push(...(await archivedLeaves(leavesFile, first, start, stop)))
    }
    for (let at = from + found.length; at < to; ) {
      const page = await database.page(at, to)
      if (page.length === 0) break
      found.push(...page.map(({ bytes }) => leafHash(bytes)))
      at += page.length
    }
    return found
  }
  return {
    hashes: async (level, from, to) => (level === 0 ? leaves(from, to) : await database.nodes(level, from, to)),
  }
}

async function archivedLeaves(
  file: ArchivedSegment['leavesFile'],
  first: number,
  from: number,
  to: number,
): Promise<readonly Hash[]> {
  const handle = await open(file, 'r')
  try {
    const { found } = await readLeavesFile(handle.createReadStream({ autoClose: false }))
    const leaves: Hash[] = []
    let seq = first
    for await (const evidence of found) {
      if (seq >= to) break
      if (seq >= from && 'leaf' in evidence) leaves.push(evidence.leaf)
      seq++
    }
    return leaves
  } finally {
    await handle.close()
  }
}

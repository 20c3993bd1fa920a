import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../folders/index.js'
import { factsOf } from './proc.js'
import { type ChildMark, createChildRecords, endLeftBehind } from './records.js'

const OWNER = /^(\d+)-(\d+)$/

/**
 * Remembers in `dir` the group that `pid` leads, beside the name of this process, so that others can see when that is gone.
 * Returns the forgetting. Nothing is kept without /proc. Never throws.
 */
export function recordOwnChild(dir: string, pid: number, mark: ChildMark): () => void {
  const facts = factsOf(process.pid)
  if (!facts) return () => {}
  const own = join(dir, `${process.pid}-${facts.startTicks}`)
  createChildRecords(own, mark).add(pid)
  return () => rmSync(own, { recursive: true, force: true })
}

/**
 * Ends what is left of the children of processes that recorded them in `dir` and are gone, as one that was killed is.
 * Resolves, some seconds later at most, to the number of processes.
 */
export async function endOrphans(dir: string): Promise<number> {
  const ended = gone(dir).map(async (records) => {
    const count = await endLeftBehind(records)
    rmSync(records, { recursive: true, force: true })
    return count
  })
  return (await Promise.all(ended)).reduce((sum, count) => sum + count, 0)
}

function gone(dir: string): readonly string[] {
  makeFolder(dir, 0o700)
  return readdirSync(dir).flatMap((name) => {
    const [, pid, startTicks] = OWNER.exec(name) ?? []
    const isOwner = pid !== undefined && factsOf(Number(pid))?.startTicks !== Number(startTicks)
    return isOwner ? [join(dir, name)] : []
  })
}

import { createWriteStream } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import {
  type ArchivedSegment,
  type AuditHead,
  frontierAt,
  type Hash,
  leafHash,
  type StoredRow,
  writeLeavesFile,
  writeRowsFile,
} from '../audit/index.js'
import { liveStart } from './check.js'
import type { LogDatabase } from './database.js'
import { treeOf } from './tree.js'

const FILE_MODE = 0o600

/**
 * Writes rows below `beforeSeq`, lowered to the size of a kept checkpoint, into two files in `dir`, synced. Nothing is
 * taken out of the store. Returns undefined where there are none.
 */
export async function writeArchive(
  database: LogDatabase,
  log: string,
  beforeSeq: number,
  dir: string,
): Promise<ArchivedSegment | undefined> {
  const start: AuditHead = { log, ...(await liveStart(database, log)) }
  const first = start.frontier.size
  const size = (await database.newestCheckpoint(beforeSeq))?.size ?? 0
  if (size <= first) return undefined
  const [last] = await database.page(size - 1, size)
  const frontier = await frontierAt(treeOf(database), size)
  const end: AuditHead = { log, lastHash: (last as StoredRow).rowHash, frontier }
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const name = join(resolve(dir), `audit-${String(first).padStart(12, '0')}-${String(size - 1).padStart(12, '0')}`)
  const [rowsFile, leavesFile] = [`${name}.jsonl`, `${name}.leaves`]
  await writeWhole(rowsFile, writeRowsFile(start, rowsOf(database, first, size)))
  await writeWhole(leavesFile, writeLeavesFile(start, leavesOf(rowsOf(database, first, size)), end))
  return { first, end, rowsFile, leavesFile }
}

/** Rows [from, to), a page at a time. */
export async function* rowsOf(database: LogDatabase, from: number, to: number): AsyncGenerator<StoredRow> {
  for (let at = from; at < to; ) {
    const page = await database.page(at, to)
    if (page.length === 0) return
    yield* page
    at = (page.at(-1) as StoredRow).seq + 1
  }
}

async function* leavesOf(rows: AsyncIterable<StoredRow>): AsyncGenerator<Hash> {
  for await (const { bytes } of rows) yield leafHash(bytes)
}

/** The file is there whole, or not at all. */
async function writeWhole(file: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const draft = `${file}.draft`
  await pipeline(chunks, createWriteStream(draft, { mode: FILE_MODE }))
  const handle = await open(draft, 'r+')
  await handle.sync().finally(() => handle.close())
  await rename(draft, file)
}

import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from '../../folders/index.js'
import type { Anchor } from './anchor.js'

/** The end of a file that is looked at for a note that was cut off. 64 KiB: a note is much shorter. */
const TAIL_BYTES = 65_536
const SIGNATURE = '\n— '
const FILE_MODE = 0o600
const DIR_MODE = 0o700

/**
 * A file that checkpoints are appended to: on another host's file system, say, that takes no changes. It reads as
 * `mcp-vitals audit verify --checkpoints` wants it.
 */
export function fileAnchor(name: string, file: string): Anchor {
  let isWhole = false
  return {
    name,
    everyMs: 0,
    async keep({ note }) {
      makeFolder(dirname(file), DIR_MODE)
      const handle = await open(file, 'a+', FILE_MODE)
      try {
        const { size } = await handle.stat()
        if (!isWhole && size > 0) await cutTorn(handle, size)
        isWhole = false
        const { size: before } = await handle.stat()
        await handle.appendFile(before > 0 ? `\n${note}` : note)
        await handle.sync()
        isWhole = true
        return undefined
      } finally {
        await handle.close()
      }
    },
  }
}

/** Cuts off what a crash left of a note: what is whole ends with the line of a signature. */
async function cutTorn(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<void> {
  const from = Math.max(0, size - TAIL_BYTES)
  const tail = Buffer.alloc(size - from)
  await handle.read(tail, 0, tail.length, from)
  let end = 0
  for (let at = tail.indexOf(SIGNATURE); at >= 0; at = tail.indexOf(SIGNATURE, at + 1)) {
    const lineEnd = tail.indexOf('\n', at + 1)
    if (lineEnd >= 0) end = lineEnd + 1
  }
  if (from + end < size) await handle.truncate(from + end)
}

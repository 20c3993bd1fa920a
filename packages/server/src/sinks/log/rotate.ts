import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { makeFolder } from '../../folders/index.js'
import type { Target } from './target.js'

export interface RotatingFile {
  readonly file: string
  /** The current file is turned over before it would grow beyond this; one longer line has a file of its own. */
  readonly maxSizeBytes: number
  /** The current file and the older ones: `mcp.log`, `mcp.log.1` … */
  readonly maxFiles: number
}

/** For whom it is: us, and the group that ships logs. */
const FILE_MODE = 0o640
const NEWLINE = 10

/**
 * A log file that is turned over by size: the newest lines are always in the file of the configured name, which is moved
 * to `.1`, that to `.2`, and so on. A write that fails is taken back, and the next one opens the file afresh; a file that
 * was moved or removed by another program is begun anew.
 */
export function rotatingTarget(options: RotatingFile): Target & { close(): Promise<void> } {
  const file = resolve(options.file)
  const { maxSizeBytes, maxFiles } = options
  let current: Current | undefined

  async function opened(): Promise<Current> {
    if (current && !(await isAt(file, current))) await release()
    if (!current) {
      makeFolder(dirname(file))
      await prune(file, maxFiles)
      current = await openCurrent(file)
    }
    return current
  }

  async function release(): Promise<void> {
    const { handle } = current ?? {}
    current = undefined
    await handle?.close()
  }

  async function turnOver(): Promise<Current> {
    await release()
    await shift(file, maxFiles)
    return opened()
  }

  async function target(text: string): Promise<void> {
    try {
      for (let lines = Buffer.from(text); lines.length > 0; ) {
        let { sizeBytes } = await opened()
        let fitting = fittingLength(lines, maxSizeBytes - sizeBytes)
        if (fitting === 0 && sizeBytes > 0) {
          sizeBytes = (await turnOver()).sizeBytes
          fitting = fittingLength(lines, maxSizeBytes - sizeBytes)
        }
        // A line that no file can hold is written all the same: a file of its own is less harm than its loss.
        if (fitting === 0) fitting = lines.indexOf(NEWLINE) + 1
        await append(current!, lines.subarray(0, fitting))
        lines = lines.subarray(fitting)
      }
    } catch (error) {
      await release().catch(() => {})
      throw error
    }
  }

  return Object.assign(target, { close: release })
}

/** The open file and how much is in it. */
interface Current {
  readonly handle: FileHandle
  readonly inode: number
  sizeBytes: number
}

async function openCurrent(file: string): Promise<Current> {
  const handle = await open(file, 'a+', FILE_MODE)
  try {
    const { size, ino } = await handle.stat()
    const current = { handle, inode: ino, sizeBytes: size }
    if (size > 0) await endTornLine(current)
    return current
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** A process that was killed may have left half a line; the next one must not be glued to it. */
async function endTornLine(current: Current): Promise<void> {
  const last = Buffer.alloc(1)
  await current.handle.read(last, 0, 1, current.sizeBytes - 1)
  if (last[0] !== NEWLINE) await append(current, Buffer.from('\n'))
}

/** Writes all or nothing: what a full disk left of it is cut off. */
async function append(current: Current, bytes: Uint8Array): Promise<void> {
  let offset = 0
  try {
    while (offset < bytes.length) offset += (await current.handle.write(bytes, offset)).bytesWritten
  } catch (error) {
    if (offset > 0) await current.handle.truncate(current.sizeBytes)
    throw error
  }
  current.sizeBytes += bytes.length
}

/** Bytes of the longest run of whole lines that is no longer than `room`. */
function fittingLength(lines: Buffer, room: number): number {
  if (lines.length <= room) return lines.length
  return room <= 0 ? 0 : lines.lastIndexOf(NEWLINE, room - 1) + 1
}

async function isAt(file: string, { inode }: Current): Promise<boolean> {
  return stat(file).then(
    ({ ino }) => ino === inode,
    () => false,
  )
}

/** Moves every file one number up; the oldest goes. */
async function shift(file: string, maxFiles: number): Promise<void> {
  // A step that fails leaves a gap, never two files of one number.
  await prune(file, maxFiles - 1)
  const numbers = (await numbersOf(file)).sort((one, other) => other - one)
  for (const number of numbers) await rename(`${file}.${number}`, `${file}.${number + 1}`)
  if (maxFiles > 1) await rename(file, `${file}.1`)
  else await rm(file, { force: true })
}

/** Removes what is older than `kept` files in all, the current one counted. */
async function prune(file: string, kept: number): Promise<void> {
  for (const number of await numbersOf(file)) if (number >= kept) await rm(`${file}.${number}`, { force: true })
}

/** Numbers of the older files, to 999: another program’s `mcp.log.20260215` is not ours to remove. */
async function numbersOf(file: string): Promise<number[]> {
  const start = `${basename(file)}.`
  return (await readdir(dirname(file)))
    .filter((name) => name.startsWith(start) && /^[1-9]\d{0,2}$/.test(name.slice(start.length)))
    .map((name) => Number(name.slice(start.length)))
}

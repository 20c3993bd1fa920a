import { createHash, randomBytes } from 'node:crypto'
import { open, readFile, realpath, rename, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { vitalsError } from '../errors/index.js'
import { makeFolder } from '../folders/index.js'

/** Largest file that is read, in bytes. The largest known, Claude Code’s, grows to some megabytes. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024
const OWN_MODE = 0o600

/** The bytes of a file, or undefined where there is none. Throws CLIENT_FILE_UNREADABLE. */
export async function readBytes(path: string): Promise<Buffer | undefined> {
  try {
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES) throw new Error(`it is larger than ${MAX_FILE_BYTES} bytes`)
    return await readFile(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw vitalsError('CLIENT_FILE_UNREADABLE', { file: path, reason: reasonOf(error) }, error)
  }
}

/** The file that a name leads to, through any links; the name itself where there is nothing. */
export async function realFile(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}

/**
 * Puts `bytes` in the place of a file: whole or not at all, also after a crash. Mode and owner stay; a link stays a link,
 * and the file that it leads to is replaced. `expected`: what it holds (undefined: it is not there), looked at again right
 * before. Throws CLIENT_FILE_CHANGED or CLIENT_FILE_UNWRITABLE; the file is then as it was.
 */
export async function replaceBytes(path: string, bytes: Uint8Array, expected: Uint8Array | undefined): Promise<void> {
  const real = await realFile(path)
  const draft = join(dirname(real), `.${basename(real)}.${randomBytes(6).toString('hex')}.mcp-vitals`)
  try {
    if (expected === undefined) makeFolder(dirname(real), 0o700)
    await writeDraft(draft, bytes, expected === undefined ? undefined : await stat(real))
    await refuseChanged(path, expected)
    await rename(draft, real)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {})
    throw codeOf(error) === undefined ? error : unwritable(path, error)
  }
  await syncDirectory(dirname(real))
}

/**
 * Removes a file that holds `expected`, and the folders from its own up to `folder` that have nothing else in them; none
 * where that is left out. Throws as `replaceBytes`.
 */
export async function removeFile(path: string, expected: Uint8Array, folder?: string): Promise<void> {
  await refuseChanged(path, expected)
  await rm(path).catch((error) => {
    throw unwritable(path, error)
  })
  if (folder === undefined) return
  for (let at = dirname(path); at === folder || at.startsWith(`${folder}${sep}`); at = dirname(at))
    // One with something in it is somebody's.
    if (
      !(await rmdir(at).then(
        () => true,
        () => false,
      ))
    )
      return
}

/** The uppermost folder that writing this file makes; undefined where its own is there. */
export async function folderToMake(path: string): Promise<string | undefined> {
  let made: string | undefined
  for (let at = dirname(path); (await stat(at).catch(() => undefined)) === undefined; at = dirname(at)) {
    if (at === dirname(at)) break
    made = at
  }
  return made
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

interface Owned {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

async function writeDraft(draft: string, bytes: Uint8Array, old: Owned | undefined): Promise<void> {
  const handle = await open(draft, 'wx', OWN_MODE)
  try {
    await handle.writeFile(bytes)
    const made = await handle.stat()
    // The owner first: a change of it may take bits off the mode.
    if (old && (old.uid !== made.uid || old.gid !== made.gid)) await handle.chown(old.uid, old.gid)
    if (old) await handle.chmod(old.mode & 0o7777)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function refuseChanged(path: string, expected: Uint8Array | undefined): Promise<void> {
  const now = await readBytes(path)
  const isSame = now === undefined || expected === undefined ? now === expected : now.equals(expected)
  if (!isSame) throw vitalsError('CLIENT_FILE_CHANGED', { file: path })
}

/** So that the new name is there after a loss of power. Not every system can. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r')
    await handle.sync().finally(() => handle.close())
  } catch {
    // The file is whole in any case.
  }
}

function unwritable(file: string, error: unknown): Error {
  return vitalsError('CLIENT_FILE_UNWRITABLE', { file, reason: reasonOf(error) }, error)
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'this user’s share of the disk is full',
  EISDIR: 'it is a directory',
}

function reasonOf(error: unknown): string {
  return REASONS[codeOf(error) ?? ''] ?? (error as Error).message
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

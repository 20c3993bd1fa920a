import { randomBytes } from 'node:crypto'
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { vitalsError } from '../errors/index.js'

/** Mode of every file in the state directory: the owner alone reads and writes. */
export const FILE_MODE = 0o600
/** Mode of the state directory and those in it. */
export const DIR_MODE = 0o700

/** The `code` of a system error (`ENOENT`), or undefined. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/** The text of a file, or undefined when there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Writes `file` so that a reader sees the whole old text or the whole new one, also after a crash. Mode 0600. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const draft = await writeDraft(file, text)
  await rename(draft, file)
}

/** Writes `file` unless it is there already; of several processes at once exactly one wins. True: this one did. */
export async function createFile(file: string, text: string): Promise<boolean> {
  const draft = await writeDraft(file, text)
  try {
    await link(draft, file)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** Throws DATA_DIR_INSECURE when users other than the owner have any of the rights in `forbidden` on `path`. */
export async function refuseRights(path: string, forbidden: number): Promise<void> {
  // Windows has no such bits: a file there inherits the profile directory's access list.
  if (process.platform === 'win32') return
  const mode = (await stat(path)).mode & 0o777
  if (mode & forbidden) throw vitalsError('DATA_DIR_INSECURE', { path, mode: mode.toString(8).padStart(3, '0') })
}

async function writeDraft(file: string, text: string): Promise<string> {
  const draft = `${file}.${randomBytes(6).toString('hex')}.draft`
  const handle = await open(draft, 'wx', FILE_MODE)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    await handle.close()
  }
  return draft
}

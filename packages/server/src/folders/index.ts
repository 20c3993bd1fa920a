import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder and those above it that are missing, all with `mode` (less what the process's mask takes away); one that
 * is there stays as it is. Throws the system's error where that cannot be, EEXIST where a file stands in its place.
 *
 * In place of `mkdir` with `recursive`: Node looks for a parent that can be made as long as the answer is ENOENT, and so
 * without end at a place that answers ENOENT although the parent is there, such as /proc or a network drive that is gone.
 */
export function makeFolder(path: string, mode = 0o777): void {
  const missing: string[] = []
  for (let at = resolve(path); isMissing(at); at = dirname(at)) {
    missing.unshift(at)
    if (dirname(at) === at) break
  }
  for (const folder of missing) makeOne(folder, mode)
  if (missing.length === 0 && !statSync(path).isDirectory())
    throw Object.assign(new Error(`EEXIST: file already exists, mkdir '${path}'`), {
      code: 'EEXIST',
      syscall: 'mkdir',
      path,
    })
}

function isMissing(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) === undefined
}

/** Another process may make the same one at the same time. */
function makeOne(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST' && !isMissing(folder)
    if (!isThere) throw error
  }
}

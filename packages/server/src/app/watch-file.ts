import { type FSWatcher, realpathSync, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** A file counts as written when it was the same in two looks this far apart. Milliseconds. */
const SETTLE_MS = 100

/**
 * Calls `onChange` when the file was changed or replaced. Its folders are watched, as editors and orchestrators put a new
 * file (or a new link) in the place of the old one. A file that is gone is no change: the next one is. What changed since
 * this process began counts too: it may have been read before. Returns the end.
 */
export function watchFile(file: string, onChange: () => void): () => void {
  return watchStamp({ path: file, stampOf: () => stampOf(file), foldersOf: () => foldersOf(file) }, onChange)
}

/**
 * Calls `onChange` when other names are found in a folder: a file came or went. A folder that cannot be read is no change.
 * Returns the end.
 */
export function watchNames(folder: string, find: () => readonly string[], onChange: () => void): () => void {
  const stampOf = () => {
    try {
      return find().join('\0')
    } catch {
      return undefined
    }
  }
  return watchStamp({ path: folder, stampOf, foldersOf: () => [folder] }, onChange)
}

/** What is watched: a change of the stamp, in these folders. */
interface Watched {
  readonly path: string
  readonly stampOf: () => string | undefined
  readonly foldersOf: () => readonly string[]
}

function watchStamp({ path, stampOf, foldersOf }: Watched, onChange: () => void): () => void {
  let seen = stampOf()
  let pending = seen
  let timer: NodeJS.Timeout | undefined
  const watchers = new Map<string, FSWatcher>()

  function look(): void {
    timer = undefined
    const stamp = stampOf()
    if (stamp === undefined || stamp === seen) return
    if (stamp !== pending) {
      pending = stamp
      timer = setTimeout(look, SETTLE_MS).unref()
      return
    }
    seen = stamp
    follow()
    onChange()
  }

  /** A link may lead elsewhere after a change. */
  function follow(): void {
    const folders = foldersOf()
    for (const [folder, watcher] of watchers) {
      if (folders.includes(folder)) continue
      watcher.close()
      watchers.delete(folder)
    }
    for (const folder of folders) {
      if (watchers.has(folder)) continue
      try {
        const watcher = watch(folder, { persistent: false }, () => {
          timer ??= setTimeout(look, SETTLE_MS).unref()
        })
        watchers.set(
          folder,
          watcher.on('error', () => watcher.close()),
        )
      } catch {
        // No more watches, or no folder: SIGHUP is left.
      }
    }
  }

  follow()
  if (changedSinceStart(path)) {
    seen = undefined
    timer = setTimeout(look, SETTLE_MS).unref()
  }
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers.values()) watcher.close()
  }
}

/** The folder that the file is named in, and the one that it lies in. */
function foldersOf(file: string): readonly string[] {
  try {
    return [...new Set([dirname(file), dirname(realpathSync(file))])]
  } catch {
    return [dirname(file)]
  }
}

function changedSinceStart(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && Math.max(stat.ctimeMs, stat.mtimeMs) > performance.timeOrigin
}

/** Says whether a file is still the one that it was. */
function stampOf(file: string): string | undefined {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(file)
    return [dev, ino, size, mtimeMs, ctimeMs].join(' ')
  } catch {
    return undefined
  }
}

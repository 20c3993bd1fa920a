import { existsSync, type FSWatcher, watch } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** What changes at once, as an editor or a deployment writes it, is looked at together. Milliseconds. */
const SETTLE_MS = 200
/** What never settles, as a program writes in its folder all the time, is looked at so long after the first change. Milliseconds. */
const MAX_SETTLE_MS = 2_000

/** Watches the directory of plugins and the folders in it. */
export interface FolderWatch {
  /** Follows these folders too, and no other. */
  follow(folders: readonly string[]): void
  stop(): void
}

/** Calls `onChange` some time after something changed: what did is not said, as systems do not agree on it. */
export function watchFolders(dir: string, onChange: () => void): FolderWatch {
  const root = resolve(dir)
  let watchers: readonly FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  /** When something changed that was not looked at. */
  let since: number | undefined
  let isOver = false

  function changed(): void {
    if (isOver) return
    clearTimeout(timer)
    since ??= performance.now()
    const left = Math.max(0, since + MAX_SETTLE_MS - performance.now())
    timer = setTimeout(tell, Math.min(SETTLE_MS, left)).unref()
  }

  function tell(): void {
    since = undefined
    onChange()
  }

  function open(folder: string): readonly FSWatcher[] {
    try {
      const watcher = watch(folder, { persistent: false }, changed)
      return [watcher.on('error', () => watcher.close())]
    } catch {
      // No more watches, or no such folder: what is above it tells when there is one.
      return []
    }
  }

  function follow(folders: readonly string[]): void {
    if (isOver) return
    const before = watchers
    // All anew, as a folder may be another one of the same name; and before the old ones close, so that nothing is missed.
    watchers = [nearestAbove(root), root, ...folders.map((name) => join(root, name))].flatMap(open)
    for (const watcher of before) watcher.close()
  }

  follow([])
  return {
    follow,
    stop() {
      isOver = true
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}

/** The nearest folder above that is there: what is made below it is noticed one level after the other. */
function nearestAbove(folder: string): string {
  let at = dirname(folder)
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at)
  return at
}

import { existsSync, renameSync } from 'node:fs'

/**
 * Moves a damaged database and the files that belong to it to `<file>.corrupt-<time>`, where SQLite's tools still find
 * them. Returns the new name; throws what the system says.
 */
export function moveDatabaseAside(file: string, now: Date): string {
  const moved = `${file}.corrupt-${now.toISOString().replace(/[-:]|\.\d+/g, '')}`
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, moved + suffix)
  }
  return moved
}

import { existsSync, renameSync } from 'node:fs'
import { type VitalsError, vitalsError } from '../errors/index.js'

/**
 * Moves a damaged database and the files that belong to it to `<file>.corrupt-<time>`, where SQLite's tools still find
 * them. Returns STORE_CORRUPT, to be shown; throws STORE_FAILED when they cannot be moved.
 */
export function moveAside(file: string, reason: string, now: Date): VitalsError {
  const moved = `${file}.corrupt-${now.toISOString().replace(/[-:]|\.\d+/g, '')}`
  try {
    for (const suffix of ['-wal', '-shm', '']) {
      if (existsSync(file + suffix)) renameSync(file + suffix, moved + suffix)
    }
  } catch (error) {
    throw vitalsError('STORE_FAILED', { file, action: 'be moved aside', reason: (error as Error).message }, error)
  }
  return vitalsError('STORE_CORRUPT', { file, reason, moved })
}

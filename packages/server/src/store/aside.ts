import { type VitalsError, vitalsError } from '../errors/index.js'
import { moveDatabaseAside } from '../sqlite/index.js'

/** Moves a damaged store aside. Returns STORE_CORRUPT, to be shown; throws STORE_FAILED when it cannot be moved. */
export function moveAside(file: string, reason: string, now: Date): VitalsError {
  try {
    return vitalsError('STORE_CORRUPT', { file, reason, moved: moveDatabaseAside(file, now) })
  } catch (error) {
    throw vitalsError('STORE_FAILED', { file, action: 'be moved aside', reason: (error as Error).message }, error)
  }
}

import { VitalsError, vitalsError } from '../errors/index.js'
import { reasonOf } from '../sqlite/index.js'
import { type Failure, failureOf } from '../threads/index.js'

/** An error as it travels from the store's thread: a registered one as it is, any other as STORE_FAILED. */
export function toFailure(error: unknown, file: string, action: string): Failure {
  return failureOf(
    error instanceof VitalsError ? error : vitalsError('STORE_FAILED', { file, action, reason: reasonOf(error) }),
  )
}

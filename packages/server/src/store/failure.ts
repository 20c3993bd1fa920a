import { VitalsError, vitalsError } from '../errors/index.js'
import type { Failure } from './protocol.js'

const REASONS: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'the disk is full',
  SQLITE_BUSY: 'another program holds the database',
  SQLITE_READONLY: 'the file system is read-only',
  SQLITE_IOERR: 'the disk fails',
  SQLITE_CORRUPT: 'the file is damaged',
  SQLITE_CANTOPEN: 'the file cannot be opened',
}

/** Why a database operation failed, in words, with SQLite's own. Extended codes (`SQLITE_IOERR_WRITE`) count as their class. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  const known = typeof code === 'string' ? REASONS[code.split('_').slice(0, 2).join('_')] : undefined
  return known ? `${known} (${code}: ${message})` : String(message ?? error)
}

/** An error as it travels from the store's thread: a registered one as it is, any other as STORE_FAILED. */
export function toFailure(error: unknown, file: string, action: string): Failure {
  const registered =
    error instanceof VitalsError ? error : vitalsError('STORE_FAILED', { file, action, reason: reasonOf(error) })
  return { code: registered.code, message: registered.message }
}

/** The error again, on the other side. */
export function fromFailure({ code, message }: Failure): VitalsError {
  return new VitalsError(code, message)
}

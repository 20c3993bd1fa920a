import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { vitalsError } from '../errors/index.js'
import { createFile, FILE_MODE, readIfThere, replaceFile } from './files.js'

/** Gives up what was taken. Idempotent. */
export type Release = () => Promise<void>

/** Attempts at a lock that is held, and the pause between them: a daemon that just ended is still letting go. */
const ATTEMPTS = 5
const PAUSE_MS = 20

/**
 * Takes the one daemon's lock on the directory `dir`: an exclusive SQLite lock on the empty file `lock`, which the
 * operating system drops when the process ends, however it ends. The pid stands beside it in `lock.pid`, for the message only.
 * Rejects with DATA_DIR_LOCKED when it is held.
 */
export async function lockDirectory(dir: string): Promise<Release> {
  // Loaded here, since a short-lived sender opens the directory too and needs no database.
  const { default: Database } = await import('libsql')
  const pidFile = join(dir, 'lock.pid')
  const lockFile = join(dir, 'lock')
  // SQLite would make it readable for others. It must not be opened here: to close it again would drop a lock on it.
  if (!(await createFile(lockFile, ''))) await chmod(lockFile, FILE_MODE)
  const database = new Database(lockFile)
  for (let attempt = 1; ; attempt++) {
    try {
      database.exec('BEGIN EXCLUSIVE')
      break
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_BUSY' || attempt === ATTEMPTS) {
        database.close()
        throw await lockedBy(dir, pidFile, error)
      }
      await wait(PAUSE_MS)
    }
  }
  await replaceFile(pidFile, `${process.pid}\n`)
  let released: Promise<void> | undefined
  return () => {
    released ??= rm(pidFile, { force: true }).finally(() => {
      // Without the rollback the lock would live on until the closed database is collected.
      database.exec('ROLLBACK')
      database.close()
    })
    return released
  }
}

async function lockedBy(dir: string, pidFile: string, cause: unknown): Promise<Error> {
  if ((cause as { code?: string }).code !== 'SQLITE_BUSY')
    return vitalsError(
      'DATA_DIR_UNUSABLE',
      { dir, reason: `its lock cannot be taken (${(cause as Error).message})` },
      cause,
    )
  const pid = Number(await readIfThere(pidFile).catch(() => undefined))
  const holder = Number.isSafeInteger(pid) && pid > 0 ? ` (process ${pid})` : ''
  return vitalsError('DATA_DIR_LOCKED', { dir, holder }, cause)
}

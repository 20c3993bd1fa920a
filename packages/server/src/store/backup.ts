import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { vitalsError } from '../errors/index.js'
import { copyDatabase } from '../sqlite/index.js'
import { DATABASE_FILE } from './file.js'

/**
 * Copies the event store of the state directory `dataDir` to the new file `file` (mode 0600): one consistent moment of it,
 * also while a daemon writes, in this process or another. The copy opens as a store when it is named `events.db`.
 * Rejects with BACKUP_FAILED: no store there, `file` exists, no room. What is half made is removed.
 */
export async function backupDatabase(dataDir: string, file: string): Promise<void> {
  const source = join(dataDir, DATABASE_FILE)
  if (!existsSync(source))
    throw vitalsError('BACKUP_FAILED', { file: resolve(file), reason: `there is no store in ${dataDir}` })
  await copyDatabase(source, file)
}

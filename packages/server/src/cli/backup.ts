import { existsSync } from 'node:fs'
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { AUDIT_FILE, keyFiles, SEEN_FILE } from '../audit-log/index.js'
import { loadConfig } from '../config/index.js'
import { defaultDataDir } from '../datadir/index.js'
import { VitalsError, vitalsError } from '../errors/index.js'
import { ALERTS_FILE } from '../pager/index.js'
import { copyDatabase } from '../sqlite/index.js'
import { backupDatabase, DATABASE_FILE } from '../store/index.js'
import { findOwnFile } from './find.js'
import type { Terminal } from './terminal.js'

/** What the command line gave to `backup`. */
export interface BackupFlags {
  readonly data?: string
}

const FOLDER_MODE = 0o700

/**
 * Copies what the state directory keeps to the new directory `target`, by the same names, and says so: the event store,
 * and where they are there the alerts, the audit log with its public keys, and which tools were seen. Secrets are not
 * copied. Rejects with BACKUP_FAILED; what is half made is removed.
 */
export async function backup(target: string, { data }: BackupFlags, { env, out }: Terminal): Promise<void> {
  const dir = data ?? loadConfig({ file: findOwnFile(env), env }).config.dataDir ?? defaultDataDir({ env })
  const folder = resolve(target)
  try {
    await mkdir(folder, { mode: FOLDER_MODE })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw vitalsError(
      'BACKUP_FAILED',
      { file: folder, reason: code === 'EEXIST' ? 'it exists already' : message },
      error,
    )
  }
  try {
    await backupDatabase(dir, join(folder, DATABASE_FILE))
    const databases = [ALERTS_FILE, AUDIT_FILE].filter((name) => existsSync(join(dir, name)))
    for (const name of databases) await copyDatabase(join(dir, name), join(folder, name))
    const files = [basename(keyFiles(dir, {}).publicFile), SEEN_FILE].filter((name) => existsSync(join(dir, name)))
    for (const name of files) await copyFile(join(dir, name), join(folder, name))
    out.write(`Of ${dir} are copied to ${folder}: ${[DATABASE_FILE, ...databases, ...files].join(', ')}.\n`)
    if (databases.includes(AUDIT_FILE))
      out.write('The private key of the audit log is not among them: keep it elsewhere, where the log is not.\n')
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    if (error instanceof VitalsError) throw error
    throw vitalsError('BACKUP_FAILED', { file: folder, reason: (error as Error).message }, error)
  }
}

import { loadConfig } from '../config/index.js'
import { defaultDataDir } from '../datadir/index.js'
import { backupDatabase } from '../store/index.js'
import { findOwnFile } from './find.js'
import type { Terminal } from './terminal.js'

/** What the command line gave to `backup`. */
export interface BackupFlags {
  readonly data?: string
}

/** Copies the store to a new file and says so; rejects with BACKUP_FAILED. */
export async function backup(file: string, { data }: BackupFlags, { env, out }: Terminal): Promise<void> {
  const directory = data ?? loadConfig({ file: findOwnFile(env), env }).config.dataDir ?? defaultDataDir({ env })
  await backupDatabase(directory, file)
  out.write(`The event store of ${directory} is copied to ${file}.\n`)
}

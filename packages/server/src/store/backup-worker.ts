/** The thread that copies the database, so that neither the main loop nor the store's thread waits for it. */
import { workerData } from 'node:worker_threads'
import type { BackupData } from './backup.js'
import { openSqlite } from './sqlite.js'

/** How long another's lock is waited for. Milliseconds. */
const BUSY_TIMEOUT_MS = 10_000

const { source, target } = workerData as BackupData
openSqlite(source, BUSY_TIMEOUT_MS).run('VACUUM INTO ?', target)

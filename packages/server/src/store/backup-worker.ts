/** The thread that copies the database, so that neither the main loop nor the store's thread waits for it. */
import { parentPort, workerData } from 'node:worker_threads'
import { openSqlite, reasonOf } from '../sqlite/index.js'
import type { BackupData } from './backup.js'

/** How long another's lock is waited for. Milliseconds. */
const BUSY_TIMEOUT_MS = 10_000

const { source, target } = workerData as BackupData
try {
  openSqlite(source, BUSY_TIMEOUT_MS).run('VACUUM INTO ?', target)
} catch (error) {
  // In words: SQLite's errors lose their message between threads.
  parentPort?.postMessage(reasonOf(error))
}

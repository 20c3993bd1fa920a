/** The thread that copies a database, so that neither the main loop nor the thread that owns it waits. */
import { parentPort, workerData } from 'node:worker_threads'
import type { CopyData } from './copy.js'
import { reasonOf } from './failure.js'
import { openSqlite } from './sqlite.js'

/** How long another's lock is waited for. Milliseconds. */
const BUSY_TIMEOUT_MS = 10_000

const { source, target } = workerData as CopyData
try {
  openSqlite(source, BUSY_TIMEOUT_MS).run('VACUUM INTO ?', target)
} catch (error) {
  // In words: SQLite's errors lose their message between threads.
  parentPort?.postMessage(reasonOf(error))
}

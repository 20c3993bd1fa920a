import { open, rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { VitalsError, vitalsError } from '../errors/index.js'
import { reasonOf } from './failure.js'

const FILE_MODE = 0o600

/** What the copying thread is started with. */
export interface CopyData {
  readonly source: string
  /** An empty file. */
  readonly target: string
}

/**
 * Copies the database `source` to the new file `file` (mode 0600): one consistent moment of it, also while others write.
 * Rejects with BACKUP_FAILED: `file` exists, no room, no database. What is half made is removed.
 */
export async function copyDatabase(source: string, file: string): Promise<void> {
  const target = resolve(file)
  const draft = `${target}.draft`
  await claim(target, target)
  let drafted = false
  try {
    await claim(draft, target)
    drafted = true
    await copy({ source, target: draft })
    await syncFile(draft)
    await rename(draft, target)
  } catch (error) {
    if (drafted) await rm(draft, { force: true })
    await rm(target, { force: true })
    if (error instanceof VitalsError) throw error
    throw vitalsError('BACKUP_FAILED', { file: target, reason: reasonOf(error) }, error)
  }
}

/** Makes an empty file of ours, so that nothing is overwritten and nobody else reads what comes. */
async function claim(path: string, file: string): Promise<void> {
  try {
    await (await open(path, 'wx', FILE_MODE)).close()
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    const reason = exists ? `${path} exists already` : (error as Error).message
    throw vitalsError('BACKUP_FAILED', { file, reason }, error)
  }
}

/** SQLite does not sync what `VACUUM INTO` writes. */
async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  await handle.sync().finally(() => handle.close())
}

function copy(data: CopyData): Promise<void> {
  const worker = new Worker(new URL('../sqlite/copy-worker.js', import.meta.url), { workerData: data })
  return new Promise((resolve, reject) => {
    worker.on('message', (reason: string) => reject(new Error(reason)))
    worker.on('error', reject)
    worker.on('exit', () => resolve())
  })
}

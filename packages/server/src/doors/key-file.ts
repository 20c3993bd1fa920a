import { type FSWatcher, readFileSync, statSync, unwatchFile, watch, watchFile } from 'node:fs'
import { mkdir, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { replacePrivately } from '../datadir/index.js'
import { vitalsError } from '../errors/index.js'
import { makeFolder } from '../folders/index.js'
import type { KeyRecord } from './keys.js'

/** Most keys of one state directory, and the longest name of a holder and of a pattern. */
const MAX_KEYS = 10_000
const MAX_NAME = 128
/** A command that was killed leaves its lock; nobody needs it for this long. Milliseconds. */
const STALE_LOCK_MS = 10_000
const LOCK_LOOK_MS = 20
/** How often the file is looked at where the system tells nothing of changes (some network disks). Milliseconds. */
const POLL_MS = 2000

const names = z.array(z.string().min(1).max(MAX_NAME)).min(1).max(1000)
const time = z.number().int().min(0)
const records = z
  .array(
    z.strictObject({
      id: z.string().regex(/^[0-9a-f]{12}$/),
      hash: z.string().regex(/^[0-9a-f]{64}$/),
      agent: z.string().min(1).max(MAX_NAME),
      servers: names,
      tools: names,
      createdAt: time,
      expiresAt: time.optional(),
      revokedAt: time.optional(),
    }),
  )
  .max(MAX_KEYS)

const folderOf = (dataDir: string) => join(dataDir, 'doors')
const fileOf = (dataDir: string) => join(folderOf(dataDir), 'keys.json')

/**
 * The keys of a state directory, hashed; none where there is no file. Throws KEYS_UNREADABLE where the file is damaged
 * or open to other users: then nobody may enter by it.
 */
export function readKeys(dataDir: string): readonly KeyRecord[] {
  const file = fileOf(dataDir)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw vitalsError('KEYS_UNREADABLE', { file, reason: 'this user may not read it' }, error)
  }
  // Windows has no such bits.
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
    throw vitalsError('KEYS_UNREADABLE', { file, reason: 'other users may read or write it' })
  try {
    return records.parse(JSON.parse(text)) as readonly KeyRecord[]
  } catch (error) {
    throw vitalsError('KEYS_UNREADABLE', { file, reason: 'it is damaged' }, error)
  }
}

/** Changes the keys: reads, calls `change`, writes (mode 0600), one process at a time. Resolves to what `change` gave beside. */
export async function changeKeys<T>(
  dataDir: string,
  change: (keys: readonly KeyRecord[]) => { readonly keys: readonly KeyRecord[]; readonly result: T },
): Promise<T> {
  makeFolder(folderOf(dataDir), 0o700)
  const lock = join(folderOf(dataDir), 'keys.lock')
  await takeLock(lock)
  try {
    const { keys, result } = change(readKeys(dataDir))
    await replacePrivately(fileOf(dataDir), `${JSON.stringify(keys, null, 2)}\n`)
    return result
  } finally {
    await rm(lock, { recursive: true, force: true })
  }
}

async function takeLock(lock: string): Promise<void> {
  for (;;) {
    try {
      await mkdir(lock)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const age = await stat(lock).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > STALE_LOCK_MS) await rmdir(lock).catch(() => {})
    await delay(LOCK_LOOK_MS)
  }
}

/**
 * Calls `onKeys` with the keys now and after each change, and `onFault` (and `onKeys` with none) where they cannot be
 * read. Resolves to the end of watching.
 */
export async function watchKeys(
  dataDir: string,
  onKeys: (keys: readonly KeyRecord[]) => void,
  onFault: (error: unknown) => void,
): Promise<() => void> {
  const file = fileOf(dataDir)
  makeFolder(folderOf(dataDir), 0o700)
  let last: string | undefined
  const read = () => {
    let keys: readonly KeyRecord[] = []
    try {
      keys = readKeys(dataDir)
    } catch (error) {
      onFault(error)
    }
    const text = JSON.stringify(keys)
    if (text !== last) onKeys(keys)
    last = text
  }
  let watcher: FSWatcher | undefined
  try {
    watcher = watch(folderOf(dataDir), { persistent: false }, read)
    watcher.on('error', () => watcher?.close())
  } catch {
    // No watching here: the poll below sees changes a little later.
  }
  watchFile(file, { interval: POLL_MS, persistent: false }, read)
  read()
  return () => {
    watcher?.close()
    unwatchFile(file, read)
  }
}

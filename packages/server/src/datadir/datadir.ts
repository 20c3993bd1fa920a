import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { vitalsError } from '../errors/index.js'
import { makeFolder } from '../folders/index.js'
import { createFile, DIR_MODE, errorCode, FILE_MODE, readIfThere, refuseRights, replaceFile } from './files.js'
import { lockDirectory, type Release } from './lock.js'
import { defaultDataDir } from './path.js'
import { type SharedName, shareText } from './share.js'

export type { Release }

/** A daemon that serves this directory. */
export interface Daemon {
  /** Where it listens, e.g. `http://127.0.0.1:9464`. */
  readonly url: string
  readonly pid: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
}

/** The directory that holds all state of one daemon and of the senders on this machine. */
export interface DataDir {
  /** Absolute. */
  readonly path: string
  /** Where senders keep what no daemon took yet: `<path>/spool`, mode 0700, made already. */
  readonly spoolDir: string
  /** Where the daemon keeps which processes it started: `<path>/children`, made when there are any. */
  readonly childrenDir: string
  /** Where wraps keep which processes they started: `<path>/wrapped`, each in a directory of its own. */
  readonly wrappedDir: string
  /** Takes the daemon's lock, which ends with the process at the latest. Rejects with DATA_DIR_LOCKED (it names the holder). */
  lock(): Promise<Release>
  /**
   * The secret that the ingest asks for: 32 random bytes, base64url (43 characters), in `<path>/token`, mode 0600; made at the first
   * call, the same for every process after. Rejects with DATA_DIR_INSECURE when other users can reach the file.
   */
  token(): Promise<string>
  /**
   * The secret by which whoever may read this directory acts as the daemon's owner, in `<path>/owner-token`: of the same
   * form, and made in the same way.
   */
  ownerToken(): Promise<string>
  /** Where that stands. */
  readonly ownerTokenFile: string
  /** Tells senders where the daemon is, in `<path>/daemon.json`. The holder of the lock calls it; the result takes it back. */
  announce(daemon: { readonly url: string; readonly pid: number }): Promise<Release>
  /** Leaves a text for the wraps on this machine, who read it by `readShared`; `undefined` takes it away. */
  share(name: SharedName, text: string | undefined): Promise<void>
  /** Says in our words why something of this directory could not be used: DATA_DIR_UNUSABLE for a system error. */
  unusable(error: unknown): unknown
  /** The daemon that announced itself, if its process is alive. Never rejects: what cannot be read is no daemon. */
  findDaemon(): Promise<Daemon | undefined>
}

const TOKEN = /^[\w-]{43}$/

/**
 * Opens the state directory, making it (mode 0700) if need be. Default: see `defaultDataDir`.
 * Rejects with DATA_DIR_UNUSABLE (no directory, not writable, disk full) or DATA_DIR_INSECURE (others may write in it).
 */
export async function openDataDir(path: string = defaultDataDir()): Promise<DataDir> {
  const dir = resolve(path)
  const spoolDir = join(dir, 'spool')
  const ownerTokenFile = join(dir, 'owner-token')
  await prepare(dir, spoolDir)
  return {
    path: dir,
    spoolDir,
    childrenDir: join(dir, 'children'),
    wrappedDir: join(dir, 'wrapped'),
    share: (name, text) => usable(dir, () => shareText(dir, name, text)),
    lock: () => usable(dir, () => lockDirectory(dir)),
    token: () => usable(dir, () => readToken(join(dir, 'token'))),
    ownerToken: () => usable(dir, () => readToken(ownerTokenFile)),
    ownerTokenFile,
    announce: (daemon) => usable(dir, () => announceDaemon(join(dir, 'daemon.json'), daemon)),
    unusable: (error) => inWords(dir, error),
    async findDaemon() {
      const { isAlive, ...daemon } = (await findAnnounced(dir)) ?? { isAlive: false }
      return isAlive ? (daemon as Daemon) : undefined
    },
  }
}

/** The daemon that announced itself last in this directory, and whether a process of its number is there. Makes and changes nothing; never rejects. */
export async function findAnnounced(dir: string): Promise<(Daemon & { readonly isAlive: boolean }) | undefined> {
  try {
    const { url, pid, startedAt } = JSON.parse((await readIfThere(join(dir, 'daemon.json'))) ?? '{}') as Partial<Daemon>
    if (typeof url !== 'string' || !URL.canParse(url) || typeof startedAt !== 'number') return undefined
    if (!Number.isSafeInteger(pid) || pid! <= 0) return undefined
    return { url, pid: pid!, startedAt, isAlive: isAlive(pid!) }
  } catch {
    return undefined
  }
}

async function prepare(dir: string, spoolDir: string): Promise<void> {
  await usable(dir, async () => {
    makeFolder(dir, DIR_MODE)
    await refuseRights(dir, 0o022)
    // Rights alone do not tell: a file system may be full or read-only, and root may write where rights say no.
    const probe = join(dir, `${randomBytes(6).toString('hex')}.probe`)
    try {
      await writeFile(probe, 'x'.repeat(4096), { flag: 'wx', mode: FILE_MODE })
    } finally {
      await rm(probe, { force: true }).catch(() => {})
    }
    makeFolder(spoolDir, DIR_MODE)
  })
}

const REASONS: Readonly<Record<string, string>> = {
  // What Node makes of a read-only file system when it makes directories.
  ENOENT: 'it is not there, and the place does not let it be made',
  EEXIST: 'there is a file of that name',
  ENOTDIR: 'there is a file of that name, or in its path',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'this user’s share of the disk is full',
  EMFILE: 'too many files are open',
}

/** Runs `work`; a system error that it meets becomes DATA_DIR_UNUSABLE with a reason in words. */
async function usable<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw inWords(dir, error)
  }
}

function inWords(dir: string, error: unknown): unknown {
  const code = errorCode(error)
  if (!code || !('syscall' in (error as object) || code in REASONS)) return error
  return vitalsError('DATA_DIR_UNUSABLE', { dir, reason: REASONS[code] ?? (error as Error).message }, error)
}

async function readToken(file: string): Promise<string> {
  const made = randomBytes(32).toString('base64url')
  if ((await readIfThere(file)) === undefined && (await createFile(file, `${made}\n`))) return made
  await refuseRights(file, 0o077)
  const found = (await readIfThere(file))?.trim() ?? ''
  if (TOKEN.test(found)) return found
  await replaceFile(file, `${made}\n`)
  return made
}

async function announceDaemon(file: string, { url, pid }: { url: string; pid: number }): Promise<Release> {
  const daemon: Daemon = { url, pid, startedAt: Date.now() }
  const text = `${JSON.stringify(daemon)}\n`
  await replaceFile(file, text)
  return async () => {
    if ((await readIfThere(file)) === text) await rm(file, { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

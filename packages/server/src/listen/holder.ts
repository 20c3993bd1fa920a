import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

/** State number of a listening socket in /proc/net/tcp (proc(5)). */
const LISTENING = '0A'

/** A process that listens. */
export interface Holder {
  readonly pid: number
  /** Name of the file that runs: `comm` is the name of a thread, which a program may change. */
  readonly program: string
  /** As it was started. What stands there may be a secret: mask it before anyone sees it. */
  readonly commandLine: readonly string[]
}

/** A TCP port of this machine that somebody listens on. */
export interface Listener {
  readonly port: number
  /** Absent where it is another user's process. */
  readonly holder: Holder | undefined
}

/**
 * Who listens on a TCP port, as ` by node (process 123)`; empty where the system does not tell (no /proc, or another
 * user's process). For an error text: the leading space lets it be left out.
 */
export function holderOf(port: number): string {
  const holder = findHolder(port)
  return holder === undefined ? '' : ` by ${holder.program} (process ${holder.pid})`
}

/** Who listens on a TCP port; undefined where nobody does, or the system does not tell. */
export function findHolder(port: number): Holder | undefined {
  return holders((found) => found === port).find(({ holder }) => holder !== undefined)?.holder
}

/** Every TCP port that is listened on, by number; none where there is no /proc. */
export function findListeners(): readonly Listener[] {
  const found = new Map<number, Listener>()
  for (const listener of holders(() => true))
    if (found.get(listener.port)?.holder === undefined) found.set(listener.port, listener)
  return [...found.values()].sort((one, other) => one.port - other.port)
}

function holders(isWanted: (port: number) => boolean): readonly Listener[] {
  try {
    const sockets = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(listeningSockets).filter(({ port }) => isWanted(port))
    const owners = ownersOf(new Set(sockets.map(({ inode }) => inode)))
    return sockets.map(({ port, inode }) => ({ port, holder: owners.get(inode) }))
  } catch {
    // No /proc here: less can be said, and nothing untrue.
    return []
  }
}

function listeningSockets(table: string): readonly { readonly port: number; readonly inode: string }[] {
  // Without IPv6 there is no table of it.
  if (!existsSync(table)) return []
  return readFileSync(table, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[3] === LISTENING)
    .map((columns) => ({ port: Number.parseInt(columns[1]!.split(':')[1]!, 16), inode: columns[9]! }))
}

/** The first process that holds each of these sockets. */
function ownersOf(inodes: ReadonlySet<string>): ReadonlyMap<string, Holder> {
  const owners = new Map<string, Holder>()
  if (inodes.size === 0) return owners
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const held = socketsOf(pid).filter((inode) => inodes.has(inode) && !owners.has(inode))
    const holder = held.length > 0 ? holderOfPid(pid) : undefined
    if (holder) for (const inode of held) owners.set(inode, holder)
  }
  return owners
}

function socketsOf(pid: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

function holderOfPid(pid: string): Holder | undefined {
  try {
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
    return { pid: Number(pid), program: basename(readlinkSync(`/proc/${pid}/exe`)), commandLine }
  } catch {
    return undefined
  }
}

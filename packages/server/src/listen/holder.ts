import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

/** State number of a listening socket in /proc/net/tcp (proc(5)). */
const LISTENING = '0A'

/**
 * Who listens on a TCP port, as ` by node (process 123)`; empty where the system does not tell (no /proc, or another
 * user's process). For an error text: the leading space lets it be left out.
 */
export function holderOf(port: number): string {
  try {
    const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(table, port))
    for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      if (!holdsSocket(pid, inodes)) continue
      return ` by ${programOf(pid)} (process ${pid})`
    }
  } catch {
    // No /proc here: the error says less, and is no less true.
  }
  return ''
}

/** The file that runs: `comm` is the name of a thread, which a program may change. */
function programOf(pid: string): string {
  return basename(readlinkSync(`/proc/${pid}/exe`))
}

function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync(table, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(`:${wanted}`) && columns[3] === LISTENING)
    .map((columns) => columns[9] as string)
}

function holdsSocket(pid: string, inodes: readonly string[]): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) =>
      inodes.some((inode) => readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`),
    )
  } catch {
    return false
  }
}

import { readFileSync } from 'node:fs'

/** The process that writes a spool. A process id is used again; with the start time it is not. */
export interface Owner {
  readonly pid: number
  /** When it started, in the system's own count (`/proc/PID/stat`, field 22); absent where there is no `/proc`. */
  readonly started?: string
}

/** This process. */
export function ownOwner(): Owner {
  const found = readStat(process.pid)
  return found ? { pid: process.pid, started: found.started } : { pid: process.pid }
}

/** Whether that very process runs still. A zombie does not. */
export function isAlive(owner: Owner): boolean {
  const found = readStat(owner.pid)
  if (found) return found.state !== 'Z' && (owner.started === undefined || owner.started === found.started)
  try {
    process.kill(owner.pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readStat(pid: number): { state: string; started: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The program's name stands in parentheses and may hold anything: count from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, started] = [fields[0], fields[19]]
    return state && started ? { state, started } : undefined
  } catch {
    return undefined
  }
}

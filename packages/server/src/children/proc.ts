/** What Linux's /proc (proc(5)) says of processes and their groups. Elsewhere nothing is known. */
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessFacts {
  /** Id of its process group. */
  readonly group: number
  /** Clock ticks since the machine started: with the pid it names one process. */
  readonly startTicks: number
}

/** A process that runs; undefined for a zombie, for none, and without /proc. */
export function factsOf(pid: number): ProcessFacts | undefined {
  const stat = read(`/proc/${pid}/stat`)
  // The command may hold anything, so the fields are counted from its last bracket.
  const [state, , group, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (group === undefined || state === 'Z' || state === 'X') return undefined
  return { group: Number(group), startTicks: Number(rest[16]) }
}

/** Processes of the group that run; undefined where nothing can be known. */
export function membersOf(group: number): readonly number[] | undefined {
  try {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return pids.map(Number).filter((pid) => factsOf(pid)?.group === group)
  } catch {
    return undefined
  }
}

/** Whether a process was started with this variable in its environment. */
export function wasGiven(pid: number, variable: string, value: string): boolean {
  return `\0${read(`/proc/${pid}/environ`)}`.includes(`\0${variable}=${value}\0`)
}

/** Names this start of the machine; empty where it has no name. */
export function bootId(): string {
  return read('/proc/sys/kernel/random/boot_id').trim()
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

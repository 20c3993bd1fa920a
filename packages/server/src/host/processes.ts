/** CPU and memory of processes and of what they started, out of Linux's /proc (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks of /proc's times in a second: USER_HZ, which Linux fixes at 100 for what it shows. */
const TICKS_PER_SECOND = 100
/** Most processes that are read for one server: what starts more is not followed further. */
const MAX_FAMILY = 256
/** How far a process's start may lie from the event that told of it. Milliseconds. */
const START_TOLERANCE_MS = 3_000

export interface ProcessReading {
  readonly pid: number
  /** Ticks since the machine started, which with the pid names one process. */
  readonly startTicks: number
  readonly cpuSeconds: number
  readonly memoryBytes: number
}

/** Size of a memory page: what this process has resident, by the pages that /proc counts for it. 4,096 without /proc. */
export function pageBytes(): number {
  const pages = readProcess(process.pid, 1)?.memoryBytes
  return pages ? 2 ** Math.round(Math.log2(process.memoryUsage.rss() / pages)) : 4096
}

/** Reads one `/proc/<pid>/stat`. The command in it may hold anything, so the fields are counted from its last `)`. */
export function parseStat(text: string, pageBytes: number): Omit<ProcessReading, 'pid'> | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [user, system, start, pages] = [11, 12, 19, 21].map((i) => Number(fields[i]))
  if (![user, system, start, pages].every(Number.isFinite)) return undefined
  return { startTicks: start!, cpuSeconds: (user! + system!) / TICKS_PER_SECOND, memoryBytes: pages! * pageBytes }
}

/** A process and everything that it started, as far as it still runs; empty where there is no such process, or no /proc. */
export function readFamily(pid: number, pageBytes: number): readonly ProcessReading[] {
  const found: ProcessReading[] = []
  const waiting = [pid]
  for (let next = waiting.shift(); next !== undefined && found.length < MAX_FAMILY; next = waiting.shift()) {
    const reading = readProcess(next, pageBytes)
    if (!reading) continue
    found.push(reading)
    waiting.push(...childrenOf(next))
  }
  return found
}

function readProcess(pid: number, pageBytes: number): ProcessReading | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  const stat = text === undefined ? undefined : parseStat(text, pageBytes)
  return stat && { pid, ...stat }
}

/** Each thread has children of its own, and may end while they are read. */
function childrenOf(pid: number): readonly number[] {
  const tasks = attempt(() => readdirSync(`/proc/${pid}/task`)) ?? []
  return tasks.flatMap((task) => {
    const children = attempt(() => readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')) ?? ''
    return children.split(' ').filter(Boolean).map(Number)
  })
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** When the machine started, milliseconds since 1970; undefined where there is no /proc. */
export function bootTimeMs(): number | undefined {
  const text = attempt(() => readFileSync('/proc/stat', 'latin1')) ?? ''
  const seconds = /^btime (\d+)$/m.exec(text)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

/**
 * Whether a process is the one that an event told of at `at`: another machine's event, and an id that was used again,
 * name a process that started at another time.
 */
export function startedAt(at: number, { startTicks }: Pick<ProcessReading, 'startTicks'>, bootMs: number): boolean {
  return Math.abs(bootMs + (startTicks * 1000) / TICKS_PER_SECOND - at) <= START_TOLERANCE_MS
}

/** What a process cost, by the operating system's own account (Linux). */
import { readdirSync, readFileSync } from 'node:fs'

/** Microseconds of CPU that a process has had, all its threads together, those that ended included. */
export function cpuMicros(pid) {
  // schedstat counts nanoseconds, but only of threads that live; the ticks of ended ones are lost to it, and few.
  let nanos = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    } catch {
      // It ended meanwhile.
    }
  }
  return nanos / 1000
}

/** Mebibytes that a process has in memory now, and the most that it ever had. */
export function memoryMb(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const of = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
  return { now: of('VmRSS'), peak: of('VmHWM') }
}

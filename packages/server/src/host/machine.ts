/** The machine's own counters, out of Linux's /proc (proc(5)); elsewhere what Node tells. */
import { readFileSync } from 'node:fs'
import { cpus, freemem, totalmem } from 'node:os'

/** Linux counts sectors of 512 bytes in /proc/diskstats, whatever the device's own are. */
const SECTOR_BYTES = 512

/** What the machine has done since it started. Absent where this system does not tell. */
export interface MachineReadings {
  /** CPU time of all cores, seconds. */
  readonly cpu?: { readonly busySeconds: number; readonly totalSeconds: number }
  readonly memory: { readonly usedBytes: number; readonly availableBytes: number }
  readonly disk?: { readonly read: number; readonly write: number }
  readonly network?: { readonly receive: number; readonly transmit: number }
}

/** Takes the readings now. Never throws. */
export function readMachine(): MachineReadings {
  const [memory, disk, network] = [read('/proc/meminfo'), read('/proc/diskstats'), read('/proc/net/dev')]
  return {
    cpu: cpuTimes(),
    memory: (memory !== undefined && parseMemory(memory)) || {
      usedBytes: totalmem() - freemem(),
      availableBytes: freemem(),
    },
    ...(disk !== undefined && { disk: parseDisks(disk, wholeDisks(disk)) }),
    ...(network !== undefined && { network: parseNetwork(network) }),
  }
}

function cpuTimes(): { busySeconds: number; totalSeconds: number } {
  let [busy, idle] = [0, 0]
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq
    idle += times.idle
  }
  return { busySeconds: busy / 1000, totalSeconds: (busy + idle) / 1000 }
}

/** `MemAvailable` is what the kernel could give without swapping; undefined where the text has none. */
export function parseMemory(text: string): { usedBytes: number; availableBytes: number } | undefined {
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN)
  const total = kibibytes('MemTotal') * 1024
  const available = kibibytes('MemAvailable') * 1024
  return Number.isFinite(total - available) ? { usedBytes: total - available, availableBytes: available } : undefined
}

/** Bytes read and written by the named devices, out of /proc/diskstats. */
export function parseDisks(text: string, devices: ReadonlySet<string>): { read: number; write: number } {
  let [read, write] = [0, 0]
  for (const line of text.split('\n')) {
    const columns = line.trim().split(/\s+/)
    if (!devices.has(columns[2] ?? '')) continue
    read += Number(columns[5]) * SECTOR_BYTES
    write += Number(columns[9]) * SECTOR_BYTES
  }
  return { read, write }
}

/** Devices that are neither parts of others nor loops, memory disks or layers upon others: counted once each. */
export function wholeDisks(text: string): ReadonlySet<string> {
  const names = text.split('\n').flatMap((line) => line.trim().split(/\s+/)[2] ?? [])
  const disks = names.filter((name) => !/^(loop|ram|zram|dm-|md|sr|fd)\d/.test(name))
  const isPart = (name: string) =>
    disks.some((disk) => disk !== name && name.startsWith(disk) && /^p?\d+$/.test(name.slice(disk.length)))
  return new Set(disks.filter((name) => !isPart(name)))
}

/** Bytes received and sent over every interface but the loopback, out of /proc/net/dev. */
export function parseNetwork(text: string): { receive: number; transmit: number } {
  let [receive, transmit] = [0, 0]
  for (const line of text.split('\n')) {
    const [, name, columns] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? []
    if (name === undefined || columns === undefined || name === 'lo') continue
    const numbers = columns.split(/\s+/).map(Number)
    receive += numbers[0] ?? 0
    transmit += numbers[8] ?? 0
  }
  return { receive, transmit }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

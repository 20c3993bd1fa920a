import type { Fold } from '@mcp-vitals/instrument/stream'
import { bootTimeMs, type ProcessReading, readFamily, startedAt } from './processes.js'

/** Most processes that are followed: the oldest are forgotten first. */
const MAX_FOLLOWED = 1000

interface Followed {
  readonly server: string
  readonly at: number
}

/** What the processes of one server use. */
export interface ServerUse {
  readonly processes: number
  readonly memoryBytes: number
  /** CPU time since the first look, of all processes that were seen. */
  readonly cpuSeconds: number
}

interface Total {
  cpuSeconds: number
  /** Process → its CPU time at the last look. */
  seen: ReadonlyMap<string, number>
}

/** Follows the processes that events tell of, and reads them when asked: nothing runs in between. */
export interface Children {
  readonly fold: Fold
  /** By server. A server whose processes have ended is at 0; one that had none on this machine is not there. */
  read(): ReadonlyMap<string, ServerUse>
  /** Tells no more of a server, until one of its processes runs. */
  forget(server: string): void
}

/** `pageBytes`: size of a memory page. */
export function followChildren(pageBytes: number): Children {
  const followed = new Map<string, Followed & { readonly pid: number }>()
  const totals = new Map<string, Total>()
  return {
    fold: {
      name: 'children',
      fold(event, entrance) {
        if (event.type === 'process.started') {
          followed.set(`${entrance} ${event.pid}`, { server: event.server, at: event.at, pid: event.pid })
          if (followed.size > MAX_FOLLOWED) followed.delete(followed.keys().next().value!)
        } else if (event.type === 'process.ended') followed.delete(`${entrance} ${event.pid}`)
      },
    },
    read() {
      const bootMs = bootTimeMs()
      const use = new Map<string, ServerUse>()
      if (bootMs === undefined) return use
      const byServer = new Map<string, ProcessReading[]>([...totals.keys()].map((server) => [server, []]))
      for (const { server, at, pid } of followed.values()) {
        const family = readFamily(pid, pageBytes)
        if (!family[0] || !startedAt(at, family[0], bootMs)) continue
        byServer.set(server, [...(byServer.get(server) ?? []), ...family])
      }
      for (const [server, readings] of byServer) use.set(server, sumUp(server, readings, totals))
      return use
    },
    forget: (server) => void totals.delete(server),
  }
}

function sumUp(server: string, readings: readonly ProcessReading[], totals: Map<string, Total>): ServerUse {
  const total = totals.get(server) ?? { cpuSeconds: 0, seen: new Map() }
  totals.set(server, total)
  const seen = new Map<string, number>()
  let memoryBytes = 0
  for (const { pid, startTicks, cpuSeconds, memoryBytes: resident } of readings) {
    const process = `${pid} ${startTicks}`
    if (seen.has(process)) continue
    seen.set(process, cpuSeconds)
    total.cpuSeconds += Math.max(0, cpuSeconds - (total.seen.get(process) ?? 0))
    memoryBytes += resident
  }
  total.seen = seen
  return { processes: seen.size, memoryBytes, cpuSeconds: total.cpuSeconds }
}

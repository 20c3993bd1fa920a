/** What is read off this process. */
export interface ProcessReadings {
  readonly pid: number
  readonly residentMemoryBytes: () => number
  readonly heapUsedBytes: () => number
  /** Processor time used since the start, user and system. */
  readonly cpuSeconds: () => number
  /** Since the start. */
  readonly uptimeSeconds: () => number
}

export interface ProcessHealth {
  readonly process: { readonly status: string; readonly pid: number }
  readonly memory: { readonly rss_bytes: number; readonly heap_used_bytes: number }
  /** Share of one processor since the reading before (at least a second ago), in percent; more than 100 with several threads. */
  readonly cpu: { readonly usage_percent: number }
}

/** Shortest time over which processor use is measured. Seconds. */
const CPU_INTERVAL_SECONDS = 1

/** Makes the reader of this process's health. `word`: the word for well. */
export function createProcessHealth(readings: ProcessReadings, word: string): () => ProcessHealth {
  let before = { cpu: 0, at: 0 }
  let percent = 0
  return () => {
    const now = { cpu: readings.cpuSeconds(), at: readings.uptimeSeconds() }
    if (now.at - before.at >= CPU_INTERVAL_SECONDS) {
      percent = Math.round(((now.cpu - before.cpu) / (now.at - before.at)) * 10_000) / 100
      before = now
    }
    return {
      process: { status: word, pid: readings.pid },
      memory: { rss_bytes: readings.residentMemoryBytes(), heap_used_bytes: readings.heapUsedBytes() },
      cpu: { usage_percent: percent },
    }
  }
}

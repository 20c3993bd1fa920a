import { monitorEventLoopDelay, performance } from 'node:perf_hooks'

/**
 * How often the delay is looked at while somebody collects. Milliseconds. Each look wakes the process, which costs some
 * 80 µs: fifty a second would be most of what an idle daemon uses, and five see any stall that lasts.
 */
const RESOLUTION_MS = 200
/** Without a collection for this long the looking ends: idle costs nothing. Milliseconds. */
const UNWATCHED_MS = 300_000

export interface LoopReadings {
  /** How late timers came since the last reading, seconds; absent at the first reading after a pause. */
  readonly delay?: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Part of the time since the last reading in which the loop was busy, 0 to 1. */
  readonly utilization: number
}

/** Reads how busy and how late the event loop is. The delay is measured from the first reading on. */
export function watchEventLoop(): { read(): LoopReadings; stop(): void } {
  let last = performance.eventLoopUtilization()
  let histogram: ReturnType<typeof monitorEventLoopDelay> | undefined
  let ending: NodeJS.Timeout | undefined

  function stop(): void {
    clearTimeout(ending)
    histogram?.disable()
    histogram = undefined
  }

  function begin(): void {
    histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    histogram.enable()
  }

  return {
    read() {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, last)
      last = now
      const delay = histogram && histogram.count > 0 ? delaysOf(histogram) : undefined
      if (histogram) histogram.reset()
      else begin()
      clearTimeout(ending)
      ending = setTimeout(stop, UNWATCHED_MS).unref()
      return { utilization: Number.isFinite(utilization) ? utilization : 0, ...(delay && { delay }) }
    },
    stop,
  }
}

/** The histogram holds times between two looks, in nanoseconds: what is beyond the resolution was late. */
function delaysOf(histogram: { percentile(percentile: number): number; readonly max: number }) {
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000)
  return { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(histogram.max) }
}

/** A clock and timers that only move when told to. */
export interface VirtualTime {
  readonly clock: () => number
  readonly setTimer: (task: () => void, delayMs: number) => () => void
  /** Runs every timer that falls due in the next `ms`, and what each sets going. */
  advance(ms: number): Promise<void>
  /** Delays of the timers that wait. */
  pending(): number[]
}

export function virtualTime(): VirtualTime {
  let now = 0
  const timers = new Set<{ at: number; task: () => void }>()
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  return {
    clock: () => now,
    setTimer(task, delayMs) {
      const timer = { at: now + delayMs, task }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async advance(ms) {
      const end = now + ms
      await settle()
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (!next) break
        timers.delete(next)
        now = Math.max(now, next.at)
        next.task()
        await settle()
      }
      now = end
    },
    pending: () => [...timers].map(({ at }) => at - now),
  }
}

import { report, STATUS } from './report.js'
import type { Terminal } from './terminal.js'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** One Ctrl-C comes twice where npm hands on what the terminal has sent to the whole group already. Milliseconds. */
const SAME_SIGNAL_MS = 500

export interface SignalWishes {
  /** Called right before the second signal ends the process. Must not wait. */
  readonly onHurry?: () => void
  /** What SIGHUP means. Absent: the terminal went away, so it stops like SIGTERM. */
  readonly onHangup?: () => void
}

/** From now on the first signal resolves `stopped`, so that calls in flight may finish; the second ends the process at once. */
export function onStopSignal({ onHurry, onHangup }: SignalWishes = {}): {
  readonly stopped: Promise<void>
  forget(): void
} {
  let firstAt: number | undefined
  let resolveStopped = () => {}
  const stopped = new Promise<void>((resolve) => {
    resolveStopped = resolve
  })
  const listener = () => {
    if (firstAt !== undefined && performance.now() - firstAt > SAME_SIGNAL_MS) {
      onHurry?.()
      process.exit(STATUS.interrupted)
    }
    firstAt ??= performance.now()
    resolveStopped()
  }
  const onSighup = onHangup ?? listener
  for (const signal of STOP_SIGNALS) process.on(signal, listener)
  process.on('SIGHUP', onSighup)
  return {
    stopped,
    forget() {
      for (const signal of STOP_SIGNALS) process.off(signal, listener)
      process.off('SIGHUP', onSighup)
    },
  }
}

/** Reports what nobody awaited, and goes on: one fault in a corner is no reason to stop watching. Returns the undoing. */
export function onUnhandled(terminal: Terminal): () => void {
  const listener = (reason: unknown) => void report(reason, terminal)
  process.on('unhandledRejection', listener)
  return () => process.off('unhandledRejection', listener)
}

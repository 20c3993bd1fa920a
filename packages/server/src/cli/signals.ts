import { report, STATUS } from './report.js'
import type { Terminal } from './terminal.js'

/** SIGHUP: the terminal went away. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** One Ctrl-C comes twice where npm hands on what the terminal has sent to the whole group already. Milliseconds. */
const SAME_SIGNAL_MS = 500

/** From now on the first signal resolves `stopped`, so that calls in flight may finish; the second ends the process at once. */
export function onStopSignal(): { readonly stopped: Promise<void>; forget(): void } {
  let firstAt: number | undefined
  let resolveStopped = () => {}
  const stopped = new Promise<void>((resolve) => {
    resolveStopped = resolve
  })
  const listener = () => {
    if (firstAt !== undefined && performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(STATUS.interrupted)
    firstAt ??= performance.now()
    resolveStopped()
  }
  for (const signal of STOP_SIGNALS) process.on(signal, listener)
  return {
    stopped,
    forget() {
      for (const signal of STOP_SIGNALS) process.off(signal, listener)
    },
  }
}

/** Reports what nobody awaited, and goes on: one fault in a corner is no reason to stop watching. Returns the undoing. */
export function onUnhandled(terminal: Terminal): () => void {
  const listener = (reason: unknown) => void report(reason, terminal)
  process.on('unhandledRejection', listener)
  return () => process.off('unhandledRejection', listener)
}

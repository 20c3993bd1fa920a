import { report, STATUS } from './report.js'
import type { Terminal } from './terminal.js'

/** SIGHUP: the terminal went away. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** From now on the first signal resolves `stopped`, so that calls in flight may finish; the second ends the process at once. */
export function onStopSignal(): { readonly stopped: Promise<void>; forget(): void } {
  let seen = false
  let resolveStopped = () => {}
  const stopped = new Promise<void>((resolve) => {
    resolveStopped = resolve
  })
  const listener = () => {
    if (seen) process.exit(STATUS.interrupted)
    seen = true
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

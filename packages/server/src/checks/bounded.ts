import { setMaxListeners } from 'node:events'
import type { Check, CheckResult } from './check.js'

/** A run of a check that has an answer in time, whatever the check does. */
export interface BoundedRun {
  /** The result, after `timeoutMs` at the latest. Never rejects. */
  readonly answer: Promise<CheckResult>
  /** Resolves when the check has let go of everything, which may be later. Never rejects. */
  readonly cleared: Promise<unknown>
}

/** A signal of its own for something short; any number at a time. */
export interface OwnSignal {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
  /** To be called when the short thing is over: `outer` lets go of it. */
  release(): void
}

/**
 * A signal that `outer` aborts as well. In place of `AbortSignal.any`, which leaves a trace of each at a signal that lives
 * for long.
 */
export function ownSignal(outer: AbortSignal): OwnSignal {
  const own = new AbortController()
  const stop = () => own.abort(outer.reason)
  if (outer.aborted) stop()
  else outer.addEventListener('abort', stop, { once: true })
  // Each is taken off again, so many at a time are no leak that Node should warn of.
  setMaxListeners(0, outer)
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    release: () => outer.removeEventListener('abort', stop),
  }
}

/** Runs a check: what lasts longer than `timeoutMs` is aborted and has failed at that moment, even if slow to let go. */
export function runBounded(check: Check, timeoutMs: number, signal: AbortSignal): BoundedRun {
  const own = ownSignal(signal)
  const settled = check.run(own.signal)
  void settled.then(own.release)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(() => {
      resolve({ ok: false, latencyMs: timeoutMs, reason: 'timeout' })
      own.abort()
    }, timeoutMs)
  })
  const answer = Promise.race([settled, late]).finally(() => clearTimeout(timer))
  return { answer, cleared: settled }
}

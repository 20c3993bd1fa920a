import type { Check, CheckResult } from './check.js'

/** A run of a check that has an answer in time, whatever the check does. */
export interface BoundedRun {
  /** The result, after `timeoutMs` at the latest. Never rejects. */
  readonly answer: Promise<CheckResult>
  /** Resolves when the check has let go of everything, which may be later. Never rejects. */
  readonly cleared: Promise<unknown>
}

/** Runs a check: what lasts longer than `timeoutMs` is aborted and has failed at that moment, even if slow to let go. */
export function runBounded(check: Check, timeoutMs: number, signal: AbortSignal): BoundedRun {
  // Not `AbortSignal.any`: it leaves a trace of each run at a signal that lives as long as the daemon.
  const abort = new AbortController()
  const stop = () => abort.abort(signal.reason)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  const settled = check.run(abort.signal)
  void settled.then(() => signal.removeEventListener('abort', stop))
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(() => {
      resolve({ ok: false, latencyMs: timeoutMs, reason: 'timeout' })
      abort.abort()
    }, timeoutMs)
  })
  const answer = Promise.race([settled, late]).finally(() => clearTimeout(timer))
  return { answer, cleared: settled }
}

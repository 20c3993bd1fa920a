import { type Check, type CheckResult, runBounded } from '../checks/index.js'

export interface WatchSettings {
  readonly check: Check
  readonly timeoutMs: number
  readonly cacheMs: number
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** Told of each run, and of the one before it. Must not throw. */
  readonly onResult: (result: CheckResult, before: CheckResult | undefined) => void
}

/** How one provider is, as far as it is known. */
export interface Watched {
  /** The newest result; undefined before the first. */
  newest(): CheckResult | undefined
  /** Resolves when the newest result is as fresh as it may be asked for. Never rejects. */
  fresh(): Promise<unknown>
  /** Ends a check that runs; resolves when nothing is left of it. */
  close(): Promise<void>
}

/** One provider's check with its newest result. */
export interface Watch extends Watched {
  /** A result not older than `cacheMs`, within `timeoutMs`. Never rejects. */
  fresh(): Promise<CheckResult>
}

/**
 * Runs a check when it is asked, one run at a time: whoever asks meanwhile shares it. A run that lasts longer than
 * `timeoutMs` is aborted and counts as down at that moment, even where the check is slow to let go.
 */
export function createWatch({ check, timeoutMs, cacheMs, clock, onResult }: WatchSettings): Watch {
  let newest: { readonly result: CheckResult; readonly at: number } | undefined
  /** The answer of the run that goes on. */
  let answering: Promise<CheckResult> | undefined
  /** The run itself, until it has let go of everything. */
  let running: Promise<unknown> | undefined
  const closing = new AbortController()

  async function run(): Promise<CheckResult> {
    const { answer, cleared } = runBounded(check, timeoutMs, closing.signal)
    running = cleared.then(() => {
      running = undefined
    })
    const result = await answer
    const before = newest?.result
    newest = { result, at: clock() }
    answering = undefined
    if (!closing.signal.aborted) onResult(result, before)
    return result
  }

  return {
    newest: () => newest?.result,
    fresh() {
      if (answering) return answering
      // One that has not let go yet is not joined by a second: that could go on without end.
      if (newest && (running || closing.signal.aborted || clock() - newest.at < cacheMs))
        return Promise.resolve(newest.result)
      answering = run()
      return answering
    },
    async close() {
      closing.abort()
      await running
    },
  }
}

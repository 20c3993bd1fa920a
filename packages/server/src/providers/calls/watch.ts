import type { CheckResult } from '../../checks/index.js'
import type { Watched } from '../watch.js'

/** A call of a provider that somebody else made. */
export interface ProviderCall {
  readonly ok: boolean
  readonly durationMs: number
  /** Class or code of the error, masked. */
  readonly errorCode?: string
}

/** A provider as the newest call of it tells; `newestCall` gives undefined before the first. */
export function watchCalls(newestCall: () => ProviderCall | undefined): Watched {
  return {
    newest() {
      const call = newestCall()
      return call && resultOf(call)
    },
    fresh: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}

function resultOf({ ok, durationMs, errorCode }: ProviderCall): CheckResult {
  if (ok) return { ok, latencyMs: durationMs }
  return { ok, latencyMs: durationMs, reason: 'failed', ...(errorCode === undefined ? {} : { code: errorCode }) }
}

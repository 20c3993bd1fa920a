import type { Limits, ParseLimits } from './contract.js'

/** What a query may cost unless its caller says otherwise; the clock is the caller's. */
export const DEFAULT_LIMITS: Omit<Limits, 'now'> = {
  maxSamples: 50_000_000,
  maxSeries: 100_000,
  maxSteps: 11_000,
  timeoutMs: 10_000,
}

/** What an expression may be unless its caller says otherwise: characters, and levels. */
export const DEFAULT_PARSE_LIMITS: ParseLimits = { maxLength: 10_000, maxDepth: 100 }

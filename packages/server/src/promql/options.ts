import type { Limits, ParseOptions } from './contract.js'

/** What a query may cost unless its caller says otherwise; the clock is the caller's. */
export const DEFAULT_LIMITS: Omit<Limits, 'now'> = {
  maxSamples: 20_000_000,
  maxSeries: 100_000,
  maxSteps: 50_000,
  timeoutMs: 10_000,
}

/** How an expression is read unless its caller says otherwise; look-back and subquery step are Prometheus's defaults. */
export const DEFAULT_PARSE_OPTIONS: ParseOptions = {
  maxLength: 10_000,
  maxDepth: 200,
  lookbackMs: 300_000,
  subqueryStepMs: 60_000,
}

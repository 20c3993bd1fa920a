/** What is watched of a tool. */
export const SIGNALS = ['latency', 'errors', 'rate', 'silence', 'size'] as const
export type Signal = (typeof SIGNALS)[number]

/**
 * `found`: it began. `worse`: it is far out by now. `over`: what is usual is back. `adopted`: it lasted so long that it is
 * the usual from now on.
 */
export const STAGES = ['found', 'worse', 'over', 'adopted'] as const
export type Stage = (typeof STAGES)[number]

/** MEDIUM warns; HIGH is far out. */
export type Severity = 'MEDIUM' | 'HIGH'

/** One thing that a tool does not do as it did. */
export interface Finding {
  readonly signal: Signal
  readonly stage: Stage
  readonly severity: Severity
  /**
   * What was expected and what came, each typical value in the unit of the signal: milliseconds of duration (`latency`), a
   * share from 0 to 1 (`errors`), milliseconds between calls (`rate`, `silence`), bytes (`size`).
   */
  readonly usual: number
  readonly seen: number
  /** Calls on which `seen` rests; 0 for a silence. */
  readonly calls: number
}

/** Samples of one series within a range that ends at one step: `times[from … to)` and `values[from … to)`. */
export interface Window {
  times: ArrayLike<number>
  values: ArrayLike<number>
  from: number
  to: number
  /** The range, open on the left, and the time of the step. Milliseconds. */
  startMs: number
  endMs: number
  atMs: number
  /** Where values fell, for functions of counters: indexes of the samples after each fall; those of this range. */
  resets: readonly number[]
  resetsFrom: number
  resetsTo: number
}

/** A function of the samples of a range. */
export interface Kernel {
  /** Fewer samples than this give no value. */
  readonly least: 1 | 2
  /** Whether it needs `resets`. */
  readonly resets?: true
  /** Whether the result is the metric's own value, and keeps its name. */
  readonly keepsName?: true
  /** The value for one window; `parameter` is the function's scalar argument at this step. */
  of(window: Window, parameter: number): number
}

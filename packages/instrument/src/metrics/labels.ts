import type { Metric } from './declare.js'
import { OVERFLOW } from './family.js'

/** Most values that one label of one server takes, where nothing else bounds them. */
export const DEFAULT_MAX_LABEL_VALUES = 100

/**
 * What the labels of one server may say, where the values come from senders: the first `limit` values of each label,
 * for good; all further ones are `other`. Nobody is evicted.
 */
export class LabelValues {
  readonly #limit: number
  readonly #onOverflow: (metric: Metric) => void
  readonly #known = new Map<string, Set<string>>()

  constructor(limit: number, onOverflow: (metric: Metric) => void) {
    this.#limit = limit
    this.#onOverflow = onOverflow
  }

  /** The value that stands for `value` in this label of any metric; an overflow is counted for `metric`. */
  of(metric: Metric, label: string, value: string): string {
    const known = this.#known.get(label) ?? new Set()
    if (known.size === 0) this.#known.set(label, known)
    if (known.has(value)) return value
    if (known.size < this.#limit) {
      known.add(value)
      return value
    }
    this.#onOverflow(metric)
    return OVERFLOW
  }
}

import type { Metric, MetricType } from './declare.js'
import { type AnySeries, createSeries, type HandleOf } from './series.js'

/** Label value that stands for all that found no room. */
export const OVERFLOW = 'other'

/** All series of one metric. */
export interface Family<L extends readonly string[] = readonly string[], T extends MetricType = MetricType> {
  readonly metric: Metric<L, T>
  /** Full name, prefix included. */
  readonly name: string
  /**
   * The handle of one series, made at 0 when it is new. `values` stand in the order of `metric.labels`. Keep the handle
   * where calls are many; a handle of a series that was removed counts for nobody. When the metric is full, the handle
   * is that of the one series whose labels all say `other`, and the overflow is counted.
   * Throws TypeError when the number of values is wrong.
   */
  with(...values: { readonly [K in keyof L]: string }): HandleOf<T>
}

type Leaf = AnySeries
/**
 * One level for each label, down to where one series alone is left: most have the values of their last labels to themselves.
 * A joined key would be slower, and ambiguous wherever a value holds the joint.
 */
type Level = Map<string, Level | Leaf>

/** What a family is made of. */
export interface FamilyOptions {
  readonly metric: Metric
  /** The full one. */
  readonly name: string
  /** Most series. */
  readonly limit: number
  /** Hears of each refusal. */
  readonly onOverflow: () => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** All series of one metric, as the registry sees them: at most `limit`, and one for the overflow. */
export class OpenFamily {
  readonly metric: Metric
  readonly name: string
  readonly #limit: number
  readonly #onOverflow: () => void
  readonly #now: () => number
  readonly #depth: number
  /** A metric with one series has one leaf and no level. */
  #root: Level | Leaf | undefined
  #size = 0
  #overflow: Leaf | undefined
  #inOrder: readonly Leaf[] | undefined

  constructor({ metric, name, limit, onOverflow, now }: FamilyOptions) {
    this.metric = metric
    this.name = name
    this.#limit = limit
    this.#onOverflow = onOverflow
    this.#now = now
    this.#depth = metric.labels.length
  }

  /** See `Family`. */
  with(...values: readonly string[]): Leaf {
    return this.#find(values) ?? this.#make(values)
  }

  /** Ends every series whose first label values are `leading`, and returns them. */
  remove(leading: readonly string[]): readonly Leaf[] {
    const spilled = leading.every(isOverflow) ? this.#overflow : undefined
    const ended = this.#cut(leading)
    if (!spilled) return ended
    this.#overflow = this.#inOrder = undefined
    return ended.includes(spilled) ? ended : [...ended, spilled]
  }

  #cut(leading: readonly string[]): readonly Leaf[] {
    const levels: Level[] = []
    let gone = this.#root
    for (const value of leading) {
      if (!(gone instanceof Map)) break
      levels.push(gone)
      gone = gone.get(value)
    }
    if (gone === undefined || (!(gone instanceof Map) && !begins(gone.values, leading, levels.length))) return []
    const removed = leaves(gone)
    if (levels.length === 0) this.#root = undefined
    for (const [i, level] of [...levels.entries()].reverse()) {
      level.delete(leading[i]!)
      if (level.size > 0) break
    }
    this.#size -= removed.length
    this.#inOrder = undefined
    return removed
  }

  /** The series, in an order that depends on the label values alone. */
  sorted(): readonly Leaf[] {
    if (this.#inOrder) return this.#inOrder
    const all = this.#root ? leaves(this.#root) : []
    if (this.#overflow && !all.includes(this.#overflow)) all.push(this.#overflow)
    this.#inOrder = all.sort((a, b) => compareValues(a.values, b.values))
    return this.#inOrder
  }

  #find(values: readonly string[]): Leaf | undefined {
    if (values.length !== this.#depth) return undefined
    let node = this.#root
    let depth = 0
    while (node instanceof Map) node = node.get(values[depth++]!)
    return node !== undefined && begins(node.values, values, depth) ? node : undefined
  }

  #make(given: readonly string[]): Leaf {
    const { metric, name } = this
    if (given.length !== this.#depth)
      throw new TypeError(
        `${name} takes ${this.#depth} label values (${metric.labels.join(', ')}), not ${given.length}`,
      )
    const values = given.map(wellFormed)
    const found = this.#find(values) ?? (values.every(isOverflow) ? this.#overflow : undefined)
    if (found) return found
    if (this.#size >= this.#limit) return this.#spill()
    const leaf = createSeries(metric, values, this.#now)
    this.#root = inserted(this.#root, leaf, 0)
    this.#size++
    this.#inOrder = undefined
    return leaf
  }

  #spill(): Leaf {
    this.#onOverflow()
    if (this.#overflow) return this.#overflow
    const values = this.metric.labels.map(() => OVERFLOW)
    this.#overflow = this.#find(values) ?? createSeries(this.metric, values, this.#now)
    this.#inOrder = undefined
    return this.#overflow
  }
}

function isOverflow(value: string): boolean {
  return value === OVERFLOW
}

/** The node with one more series, whose labels before `depth` are those that lead to it. */
function inserted(node: Level | Leaf | undefined, leaf: Leaf, depth: number): Level | Leaf {
  if (node === undefined) return leaf
  const level: Level = node instanceof Map ? node : new Map([[node.values[depth]!, node]])
  const value = leaf.values[depth]!
  level.set(value, inserted(level.get(value), leaf, depth + 1))
  return level
}

/** Whether values begin as wanted, of which those before `from` are known to. */
function begins(values: readonly string[], wanted: readonly string[], from: number): boolean {
  for (let i = from; i < wanted.length; i++) if (values[i] !== wanted[i]) return false
  return true
}

function leaves(node: Level | Leaf): Leaf[] {
  return node instanceof Map ? [...node.values()].flatMap(leaves) : [node]
}

function compareValues(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1
  }
  return 0
}

/** Halves of characters all become U+FFFD in UTF-8: what is equal in bytes must be one series. */
function wellFormed(value: string): string {
  return String(value).replace(/\p{Surrogate}/gu, '\ufffd')
}

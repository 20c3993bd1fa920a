import type { Metric, MetricType } from './declare.js'
import { createSeries, type HandleOf, type HistogramSeries, type NumberSeries } from './series.js'

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

/** What the registry itself needs of a family. */
export interface OpenFamily extends Family {
  /** Ends every series whose first label values are `leading`; returns how many. */
  remove(leading: readonly string[]): number
  /** The series, in an order that depends on the label values alone. */
  sorted(): readonly (NumberSeries | HistogramSeries)[]
}

type Leaf = NumberSeries | HistogramSeries
/** One level for each label. A joined key would be slower, and ambiguous wherever a value holds the joint. */
type Level = Map<string, Level | Leaf>

/** Builds an empty family of at most `limit` series and one for the overflow. `onOverflow` hears of each refusal. */
export function createFamily(metric: Metric, name: string, limit: number, onOverflow: () => void): OpenFamily {
  const depth = metric.labels.length
  const root: Level = new Map()
  let size = 0
  let overflow: Leaf | undefined
  let bare: Leaf | undefined
  let inOrder: readonly Leaf[] | undefined

  function find(values: readonly string[]): Leaf | undefined {
    let node: Level | Leaf | undefined = depth === 0 ? bare : root
    for (let i = 0; i < depth && node !== undefined; i++) node = (node as Level).get(values[i]!)
    return node as Leaf | undefined
  }

  function make(given: readonly string[]): Leaf {
    if (given.length !== depth)
      throw new TypeError(`${name} takes ${depth} label values (${metric.labels.join(', ')}), not ${given.length}`)
    const values = given.map(wellFormed)
    const found = find(values)
    if (found) return found
    if (size >= limit) return spill()
    const leaf = createSeries(metric, values)
    insert(values, leaf)
    size++
    inOrder = undefined
    return leaf
  }

  function insert(values: readonly string[], leaf: Leaf): void {
    if (depth === 0) bare = leaf
    let level = root
    for (let i = 0; i < depth - 1; i++) {
      let next = level.get(values[i]!) as Level | undefined
      if (!next) {
        next = new Map()
        level.set(values[i]!, next)
      }
      level = next
    }
    if (depth > 0) level.set(values[depth - 1]!, leaf)
  }

  function spill(): Leaf {
    onOverflow()
    if (overflow) return overflow
    const values = metric.labels.map(() => OVERFLOW)
    overflow = find(values) ?? createSeries(metric, values)
    inOrder = undefined
    return overflow
  }

  function clear(): number {
    const removed = size
    root.clear()
    bare = overflow = inOrder = undefined
    size = 0
    return removed
  }

  function remove(leading: readonly string[]): number {
    if (leading.length === 0) return clear()
    const parents: Level[] = [root]
    for (const value of leading.slice(0, -1)) {
      const next = parents.at(-1)!.get(value)
      if (!(next instanceof Map)) return 0
      parents.push(next)
    }
    const gone = parents.at(-1)!.get(leading.at(-1)!)
    if (!gone) return 0
    const removed = leaves(gone).length
    for (let i = leading.length - 1; i >= 0; i--) {
      parents[i]!.delete(leading[i]!)
      if (parents[i]!.size > 0) break
    }
    size -= removed
    inOrder = undefined
    return removed
  }

  function sorted(): readonly Leaf[] {
    if (inOrder) return inOrder
    const all = bare ? [bare] : leaves(root)
    if (overflow && !all.includes(overflow)) all.push(overflow)
    inOrder = all.sort((a, b) => compareValues(a.values, b.values))
    return inOrder
  }

  return {
    metric,
    name,
    with: (...values: readonly string[]) => find(values) ?? make(values),
    remove,
    sorted,
  }
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

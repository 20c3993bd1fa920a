/**
 * Views: the same metrics with fewer labels. Series that differ by a dropped label only become one, by the way that
 * the catalogue names for their metric.
 */
import type { Metric } from './declare.js'
import { Accumulator } from './merge.js'
import type { Collectable, Registry } from './registry.js'
import type { AnySeries, MergedSummary } from './series.js'

/**
 * Metric → the labels that it keeps, in the order in which they are to stand; metrics that are not named keep all. A
 * metric of the contract is named without prefix (`tool_calls_total`), any other by its full name.
 */
export type ViewLabels = Readonly<Record<string, readonly string[]>>

/** The name of a metric in `ViewLabels`. */
export function viewName(metric: Pick<Metric, 'scope' | 'name'>): string {
  return metric.scope === 'mcp' || metric.scope === 'otel' ? metric.name : `${metric.scope}_${metric.name}`
}

/** Most sums kept for groups whose series ended since the last collection. */
const MAX_REMAINDERS = 10_000

/**
 * A view of a registry: each group of series that agree in the kept labels, once. A sum never falls because a series in
 * it ends: what that one had counted stays until the whole group has ended, since a counter that falls reads as a
 * restart. A metric that keeps no label is there from the start, at 0, unless it is a minimum or maximum of nothing.
 * Throws RangeError for a label that its metric does not have. Metrics made later than the view keep all their labels.
 */
export function createView(registry: Registry, labels: ViewLabels): Collectable {
  const narrowed = new Map<Metric, { readonly name: string; readonly narrowing: Narrowing }>()
  for (const { metric, name } of registry.metrics()) {
    const kept = labels[viewName(metric)]
    if (!kept) continue
    const narrowing = new Narrowing(metric, kept)
    if (kept.length < metric.labels.length) narrowed.set(metric, { name, narrowing })
  }
  if (narrowed.size === 0) return registry
  registry.onRemove((metric, ended) => narrowed.get(metric)?.narrowing.ended(ended))
  return {
    collect() {
      const full = new Map(registry.collect().map((collected) => [collected.metric, collected]))
      for (const [metric, { name, narrowing }] of narrowed) {
        const series = narrowing.apply((full.get(metric)?.series ?? []) as readonly AnySeries[])
        full.set(metric, { metric, name, labels: narrowing.kept, series })
      }
      return [...full.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    },
  }
}

interface Group {
  readonly sum: Accumulator
  readonly members: AnySeries[]
}

/** One metric with fewer labels. */
class Narrowing {
  readonly #positions: readonly number[]
  /** What ended series left to their groups. Gauges leave nothing. */
  readonly #remainders = new Map<string, Accumulator>()
  #groupedFrom: readonly AnySeries[] | undefined
  #groups: ReadonlyMap<string, Group> = new Map()
  #shown: readonly (AnySeries | MergedSummary)[] = []

  constructor(
    readonly metric: Metric,
    readonly kept: readonly string[],
  ) {
    this.#positions = kept.map((label) => metric.labels.indexOf(label))
    const wrong = kept.find((label) => !metric.labels.includes(label))
    if (wrong !== undefined || new Set(kept).size < kept.length)
      throw new RangeError(
        `${metric.name} has the labels ${metric.labels.join(', ')}, each once: not ${kept.join(', ')}`,
      )
  }

  /** The merged series, which are the same objects while the grouped ones are. */
  apply(series: readonly AnySeries[]): readonly (AnySeries | MergedSummary)[] {
    if (series !== this.#groupedFrom) this.#regroup(series)
    for (const [key, { sum, members }] of this.#groups) {
      sum.clear()
      for (const member of members) sum.add(member)
      const remainder = this.#remainders.get(key)
      if (remainder) sum.add(remainder.series)
    }
    return this.#shown
  }

  /** These series are no more. */
  ended(series: readonly AnySeries[]): void {
    if (this.metric.type === 'gauge') return
    for (const each of series) {
      const values = this.#valuesOf(each)
      const key = keyOf(values)
      const remainder = this.#remainders.get(key) ?? new Accumulator(this.metric, values)
      remainder.add(each)
      this.#remainders.set(key, remainder)
    }
    while (this.#remainders.size > MAX_REMAINDERS) this.#remainders.delete(this.#remainders.keys().next().value!)
  }

  #regroup(series: readonly AnySeries[]): void {
    const groups = new Map<string, Group>()
    if (this.#isThereFromTheStart()) groups.set(keyOf([]), { sum: new Accumulator(this.metric, []), members: [] })
    for (const each of series) {
      const values = this.#valuesOf(each)
      const key = keyOf(values)
      const group = groups.get(key) ?? {
        sum: this.#groups.get(key)?.sum ?? new Accumulator(this.metric, values),
        members: [],
      }
      group.members.push(each)
      groups.set(key, group)
    }
    for (const key of this.#remainders.keys()) if (!groups.has(key)) this.#remainders.delete(key)
    this.#groups = groups
    this.#shown = [...groups.values()].map(({ sum }) => sum.series).sort((a, b) => compare(a.values, b.values))
    this.#groupedFrom = series
  }

  #isThereFromTheStart(): boolean {
    return this.kept.length === 0 && this.metric.merge === 'sum'
  }

  #valuesOf(series: AnySeries): readonly string[] {
    return this.#positions.map((position) => series.values[position]!)
  }
}

/** JSON's quoting keeps `["a,b"]` and `["a","b"]` apart. */
function keyOf(values: readonly string[]): string {
  return JSON.stringify(values)
}

function compare(a: readonly string[], b: readonly string[]): number {
  const i = a.findIndex((value, at) => value !== b[at])
  return i < 0 ? 0 : a[i]! < b[i]! ? -1 : 1
}

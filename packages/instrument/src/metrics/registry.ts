import { CATALOGUE, METRICS } from './catalogue.js'
import type { Metric } from './declare.js'
import { type Family, OpenFamily } from './family.js'
import { NameTable } from './names.js'
import type { AnySeries, MergedSummary } from './series.js'

/** Most series that one metric holds, where the registry is told no other bound. */
export const DEFAULT_MAX_SERIES_PER_METRIC = 50_000

export interface RegistryOptions {
  /** Replaces `mcp` at the start of the contract's names; never that of `mcp_vitals_*` or `process_*`. Default `mcp`. */
  readonly prefix?: string
  /** Most series of one metric, at least 1; all beyond them share one whose labels say `other`. Default 50,000. */
  readonly maxSeriesPerMetric?: number
  /** Milliseconds since 1970, for the windows of summaries. Default `Date.now`. */
  readonly now?: () => number
}

/** The series of one metric at one moment. */
export interface Collected {
  readonly metric: Metric
  /** Full name. */
  readonly name: string
  /** Names of the labels whose values the series hold: all of the metric's, or what a view kept of them. */
  readonly labels: readonly string[]
  /** In an order that depends on the label values alone; the same array until a series begins or ends. */
  readonly series: readonly (AnySeries | MergedSummary)[]
}

/** What can be exposed: a registry, or a view of one. */
export interface Collectable {
  /** Every metric, with series or without, in the order of the names. */
  collect(): readonly Collected[]
}

/** Holds every metric's series. Nothing here is asynchronous; nothing runs while nobody counts or collects. */
export interface Registry extends Collectable {
  /** The family of a metric, whose `with` gives the handle of one series. */
  counter<L extends readonly string[]>(metric: Metric<L, 'counter'>): Family<L, 'counter'>
  /** As `counter`. */
  gauge<L extends readonly string[]>(metric: Metric<L, 'gauge'>): Family<L, 'gauge'>
  /** As `counter`. */
  histogram<L extends readonly string[]>(metric: Metric<L, 'histogram'>): Family<L, 'histogram'>
  /** As `counter`. */
  summary<L extends readonly string[]>(metric: Metric<L, 'summary'>): Family<L, 'summary'>
  /**
   * Ends every series of a metric whose first label values are `leading` (in the order of its labels; none: all of
   * them). Returns how many.
   */
  remove(metric: Metric, ...leading: readonly string[]): number
  /** Counts an observation whose own label value found no room and was replaced. */
  overflowed(metric: Metric): void
  /** Has `read` run before every collection, to set what is measured elsewhere. A throw is counted and swallowed. */
  onCollect(read: () => void): void
  /** Has `hear` told of every series that `remove` ends, with its last content. */
  onRemove(hear: (metric: Metric, ended: readonly AnySeries[]) => void): void
  /** Has `hear` told of every metric that joins from now on, with its full name. */
  onMetric(hear: (metric: Metric, name: string) => void): void
  /** The series of one metric as they are: no callback runs before. */
  seriesOf(metric: Metric): readonly AnySeries[]
  /** Every metric known so far, with its full name. */
  metrics(): Iterable<{ readonly metric: Metric; readonly name: string }>
  /** Runs the callbacks, then gives every metric, in the order of the names. */
  collect(): readonly Collected[]
}

/**
 * Creates an empty registry. It knows the whole catalogue; metrics of one's own join when they are first asked for.
 * Throws RangeError when the prefix cannot start a metric's name or the bound is no whole number ≥ 1, and Error when
 * the prefix gives two metrics one name; asking for a metric of one's own whose name is taken throws Error too.
 */
export function createRegistry(options: RegistryOptions = {}): Registry {
  const { prefix = 'mcp', maxSeriesPerMetric = DEFAULT_MAX_SERIES_PER_METRIC, now = Date.now } = options
  checkOptions(prefix, maxSeriesPerMetric)
  return new FamilyRegistry({ prefix, maxSeriesPerMetric, now })
}

class FamilyRegistry implements Registry {
  readonly #options: Required<RegistryOptions>
  readonly #families = new Map<Metric, OpenFamily>()
  readonly #names: NameTable
  readonly #readers: (() => void)[] = []
  readonly #greeters: ((metric: Metric, name: string) => void)[] = []
  readonly #mourners: ((metric: Metric, ended: readonly AnySeries[]) => void)[] = []

  constructor(options: Required<RegistryOptions>) {
    this.#options = options
    this.#names = new NameTable(options.prefix)
    for (const metric of METRICS) this.#family(metric)
  }

  counter<L extends readonly string[]>(metric: Metric<L, 'counter'>): Family<L, 'counter'> {
    return this.#family(metric) as unknown as Family<L, 'counter'>
  }

  gauge<L extends readonly string[]>(metric: Metric<L, 'gauge'>): Family<L, 'gauge'> {
    return this.#family(metric) as unknown as Family<L, 'gauge'>
  }

  histogram<L extends readonly string[]>(metric: Metric<L, 'histogram'>): Family<L, 'histogram'> {
    return this.#family(metric) as unknown as Family<L, 'histogram'>
  }

  summary<L extends readonly string[]>(metric: Metric<L, 'summary'>): Family<L, 'summary'> {
    return this.#family(metric) as unknown as Family<L, 'summary'>
  }

  remove(metric: Metric, ...leading: readonly string[]): number {
    const ended = this.#family(metric).remove(leading)
    if (ended.length > 0) for (const hear of this.#mourners) hear(metric, ended)
    return ended.length
  }

  overflowed(metric: Metric): void {
    const overflows = CATALOGUE.mcp_vitals.label_overflow_total
    // Its own overflow, possible with a bound of a few series only, is not counted: it would call itself.
    if (metric !== overflows) this.counter(overflows).with(this.#family(metric).name).inc()
  }

  onCollect(read: () => void): void {
    this.#readers.push(read)
  }

  onRemove(hear: (metric: Metric, ended: readonly AnySeries[]) => void): void {
    this.#mourners.push(hear)
  }

  onMetric(hear: (metric: Metric, name: string) => void): void {
    this.#greeters.push(hear)
  }

  seriesOf(metric: Metric): readonly AnySeries[] {
    return this.#family(metric).sorted()
  }

  metrics(): Iterable<{ readonly metric: Metric; readonly name: string }> {
    return this.#families.values()
  }

  collect(): readonly Collected[] {
    for (const read of this.#readers) {
      try {
        read()
      } catch {
        this.counter(CATALOGUE.mcp_vitals.collect_faults_total).with().inc()
      }
    }
    return [...this.#families.values()].map((family) => collectedOf(family)).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #family(metric: Metric): OpenFamily {
    const known = this.#families.get(metric)
    if (known) return known
    const name = this.#names.take(metric)
    const { maxSeriesPerMetric, now } = this.#options
    const made = new OpenFamily({
      metric,
      name,
      now,
      limit: maxSeriesPerMetric,
      onOverflow: () => this.overflowed(metric),
    })
    this.#families.set(metric, made)
    for (const hear of this.#greeters) hear(metric, name)
    return made
  }
}

function collectedOf(family: OpenFamily): Collected {
  const { metric, name } = family
  return { metric, name, labels: metric.labels, series: family.sorted() }
}

function checkOptions(prefix: string, maxSeriesPerMetric: number): void {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(prefix))
    throw new RangeError(
      `a metrics prefix starts with a letter and has letters, digits and _ only (e.g. mcp): ${prefix}`,
    )
  if (!Number.isInteger(maxSeriesPerMetric) || maxSeriesPerMetric < 1)
    throw new RangeError(`maxSeriesPerMetric must be a whole number of at least 1 (e.g. 50000): ${maxSeriesPerMetric}`)
}

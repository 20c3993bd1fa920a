import type { Metric } from './declare.js'

/** A metric's name as it is exposed. */
export function fullName(metric: Pick<Metric, 'scope' | 'name'>, prefix = 'mcp'): string {
  if (metric.scope === 'otel') return metric.name
  return `${metric.scope === 'mcp' ? prefix : metric.scope}_${metric.name}`
}

/** The name of a metric's family in OpenMetrics: a counter's is without `_total`. */
export function familyName(metric: Pick<Metric, 'type'>, name: string): string {
  return metric.type === 'counter' ? name.replace(/_total$/, '') : name
}

/** A prefix that a metric's name can start with. */
export const PREFIX = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** Which names are taken: of samples, of which a histogram has four, and of families. */
export class NameTable {
  readonly #prefix: string
  readonly #taken = new Set<string>()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** Takes a metric's names and returns its full one. Throws Error where another metric has one of them. */
  take(metric: Metric): string {
    const name = fullName(metric, this.#prefix)
    const clash = this.clash(metric)
    if (clash) throw new Error(`two metrics are both named ${clash}: choose another prefix than ${this.#prefix}`)
    for (const each of namesOf(metric, name)) this.#taken.add(each)
    return name
  }

  /** The name that another metric has already; undefined where all are free. */
  clash(metric: Metric): string | undefined {
    return namesOf(metric, fullName(metric, this.#prefix)).find((name) => this.#taken.has(name))
  }
}

function namesOf(metric: Metric, name: string): readonly string[] {
  switch (metric.type) {
    case 'histogram':
      return [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]
    case 'summary':
      return [name, `${name}_sum`, `${name}_count`]
    case 'counter':
      return [name, familyName(metric, name)]
    default:
      return [name]
  }
}

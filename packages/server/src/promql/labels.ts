import type { LabelSet, Series } from './contract.js'
import { isPlainLabelName, quote, toWellFormed } from './text/strings.js'

export const METRIC_NAME = '__name__'

/** Stands between the parts of a key: no well-formed text has it, and labels are well-formed. */
const SEPARATOR = '\uD800'

/** Labels of one series, sorted by name. What is derived from them is computed once and kept. */
export class Labels {
  static readonly NONE = new Labels([])
  #key: string | undefined
  #unnamed: Labels | undefined
  #record: LabelSet | undefined

  /**
   * `pairs` holds name, value, name, value …, sorted by name, without empty values. They begin at `start`: labels without a
   * name share the pairs of those with it.
   */
  private constructor(
    private readonly pairs: readonly string[],
    private readonly start = 0,
  ) {}

  static from(record: LabelSet): Labels {
    const names = Object.keys(record).sort(compareText)
    const pairs: string[] = []
    for (const name of names) {
      const value = record[name]!
      if (value !== '') pairs.push(toWellFormed(name), toWellFormed(value))
    }
    const labels = new Labels(pairs)
    labels.#record = record
    return labels
  }

  /** Labels of well-formed pairs, which are kept as they are. */
  static fromPairs(pairs: readonly string[]): Labels {
    return new Labels(pairs)
  }

  /** Labels of the given names and values; empty values are left out. */
  static of(names: readonly string[], values: readonly string[]): Labels {
    const order = names.map((_, index) => index).sort((a, b) => compareText(names[a]!, names[b]!))
    const pairs: string[] = []
    for (const index of order) if (values[index] !== '') pairs.push(names[index]!, values[index]!)
    return pairs.length === 0 ? Labels.NONE : new Labels(pairs)
  }

  /** The value of a label, '' where there is none. */
  get(name: string): string {
    const { pairs } = this
    for (let at = this.start; at < pairs.length; at += 2) if (pairs[at] === name) return pairs[at + 1]!
    return ''
  }

  /** The same with one label set, or taken away where the value is ''. */
  with(name: string, value: string): Labels {
    const pairs: string[] = []
    let placed = value === ''
    for (let at = this.start; at < this.pairs.length; at += 2) {
      const other = this.pairs[at]!
      if (!placed && compareText(name, other) <= 0) {
        pairs.push(name, value)
        placed = true
      }
      if (other !== name) pairs.push(other, this.pairs[at + 1]!)
    }
    if (!placed) pairs.push(name, value)
    return new Labels(pairs)
  }

  /** Only the labels that are named. */
  keep(names: ReadonlySet<string>): Labels {
    return this.filter((name) => names.has(name))
  }

  /** All labels but those that are named. */
  drop(names: ReadonlySet<string>): Labels {
    return this.filter((name) => !names.has(name))
  }

  /** All labels but the metric's name. */
  get unnamed(): Labels {
    this.#unnamed ??= this.withoutName()
    return this.#unnamed
  }

  /** Equal for equal labels, and for no others. */
  get key(): string {
    this.#key ??= (this.start === 0 ? this.pairs : this.pairs.slice(this.start)).join(SEPARATOR)
    return this.#key
  }

  /** A key of the values of some labels, for grouping. */
  keyOf(names: readonly string[]): string {
    if (names.length === 1) return this.get(names[0]!)
    let key = ''
    for (const name of names) key += this.get(name) + SEPARATOR
    return key
  }

  /** A key of all labels but some and but the metric's name, for grouping. */
  keyWithout(names: ReadonlySet<string>): string {
    let key = ''
    const { pairs } = this
    for (let at = this.start; at < pairs.length; at += 2) {
      const name = pairs[at]!
      if (name !== METRIC_NAME && !names.has(name)) key += name + SEPARATOR + pairs[at + 1]! + SEPARATOR
    }
    return key
  }

  /** Name by name and value by value, as Prometheus sorts series. */
  compare(other: Labels): number {
    const [own, others] = [this.pairs.length - this.start, other.pairs.length - other.start]
    for (let at = 0; at < Math.min(own, others); at++) {
      const order = compareText(this.pairs[this.start + at]!, other.pairs[other.start + at]!)
      if (order !== 0) return order
    }
    return own - others
  }

  /** As an object without a prototype, so that any name may be asked for. */
  toRecord(): LabelSet {
    if (this.#record !== undefined) return this.#record
    const record: Record<string, string> = Object.create(null)
    for (let at = this.start; at < this.pairs.length; at += 2) record[this.pairs[at]!] = this.pairs[at + 1]!
    this.#record = record
    return record
  }

  /** As PromQL writes them: `name{label="value", …}`. */
  toString(): string {
    const { pairs } = this
    const name = this.get(METRIC_NAME)
    const plain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)
    const parts = name !== '' && !plain ? [quote(name)] : []
    for (let at = this.start; at < pairs.length; at += 2) {
      const label = pairs[at]!
      if (label !== METRIC_NAME)
        parts.push(`${isPlainLabelName(label) ? label : quote(label)}=${quote(pairs[at + 1]!)}`)
    }
    return parts.length === 0 && plain ? name : `${plain ? name : ''}{${parts.join(', ')}}`
  }

  private withoutName(): Labels {
    if (this.get(METRIC_NAME) === '') return this
    // It comes first, but before labels that begin with a capital.
    if (this.pairs[this.start] !== METRIC_NAME) return this.filter((name) => name !== METRIC_NAME)
    return this.pairs.length === this.start + 2 ? Labels.NONE : new Labels(this.pairs, this.start + 2)
  }

  private filter(keeps: (name: string) => boolean): Labels {
    const pairs: string[] = []
    for (let at = this.start; at < this.pairs.length; at += 2)
      if (keeps(this.pairs[at]!)) pairs.push(this.pairs[at]!, this.pairs[at + 1]!)
    return pairs.length === 0 ? Labels.NONE : new Labels(pairs)
  }
}

/** By UTF-16 units, which for nearly all names is the order of their bytes. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const KNOWN = new WeakMap<LabelSet | readonly string[], Labels>()

/** Labels of a source's object; read once for each object. */
export const labelsOf = (record: LabelSet): Labels => known(record, Labels.from)

/** Labels of a source's series. */
export function labelsOfSeries(series: Series): Labels {
  const { pairs } = series
  return pairs === undefined ? labelsOf(series.labels) : known(pairs, Labels.fromPairs)
}

function known<K extends LabelSet | readonly string[]>(key: K, make: (key: K) => Labels): Labels {
  let labels = KNOWN.get(key)
  if (labels === undefined) {
    labels = make(key)
    KNOWN.set(key, labels)
  }
  return labels
}

/** Labels as PromQL writes them, sorted: `name{label="value", …}`. */
export const formatLabels = (record: LabelSet): string => labelsOf(record).toString()

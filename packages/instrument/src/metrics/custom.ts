import { vitals } from '../vitals/index.js'
import { type Declaration, declare, type Metric, type MetricType } from './declare.js'
import { processMetrics } from './process.js'
import type { AnySeries, HandleOf } from './series.js'

/** A value for each label, and for no other. */
type Labels<L extends readonly string[]> = { readonly [K in L[number]]: string }
/** Arguments of what moves a metric: its labels first, where it has any. */
type Given<L extends readonly string[], Rest extends readonly unknown[]> = L extends readonly []
  ? Rest
  : [labels: Labels<L>, ...rest: Rest]

interface CustomHandles<L extends readonly string[]> {
  counter: {
    /** Adds `n`, a number ≥ 0; default 1. */
    inc(...given: Given<L, [n?: number]>): void
  }
  gauge: {
    set(...given: Given<L, [value: number]>): void
    /** Adds `delta`, which may be negative. */
    add(...given: Given<L, [delta: number]>): void
  }
  histogram: {
    /** Takes one observation, in the metric's unit. */
    observe(...given: Given<L, [value: number]>): void
  }
  summary: {
    /** As a histogram's. */
    observe(...given: Given<L, [value: number]>): void
  }
}

type Table = Readonly<Record<string, Declaration<readonly string[], MetricType>>>
/** What a table of declarations becomes: the same names, each with what moves its metric. */
export type CustomMetrics<D extends Table> = {
  readonly [K in keyof D]: D[K] extends Declaration<infer L, infer T> ? CustomHandles<L>[T] : never
}

const NAME = /^[a-z0-9][a-z0-9_]*$/
const LABEL = /^[a-z_][a-z0-9_]*$/i

/**
 * Adds metrics of one's own to those of this process, under the same prefix, with the catalogue's rules: labels are named
 * once, here, and a wrong or missing one does not compile.
 *
 *     const shop = defineMetrics({ orders_total: counter('Orders that came in.', ['kind']) })
 *     shop.orders_total.inc({ kind: 'book' })
 *
 * To move a metric never throws. To define one throws TypeError where the name or a label is none, or a counter's name
 * does not end in `_total`, and Error where another metric has the name; the same definition twice is one metric.
 */
export function defineMetrics<const D extends Table>(table: D): CustomMetrics<D> {
  const metrics = Object.values(declare('mcp', table)) as unknown as readonly Metric[]
  for (const metric of metrics) check(metric)
  const made = metrics.map((metric) => [metric.name, handlesOf(join(metric))])
  return Object.fromEntries(made) as CustomMetrics<D>
}

/** The metric itself, or the equal one that was defined before. */
function join(metric: Metric): Metric {
  const { defined, registry } = processMetrics()
  const known = defined.get(metric.name)
  if (known && JSON.stringify(known) === JSON.stringify(metric)) return known
  // Takes the name, and throws where it is another's.
  registry.counter(metric as Metric<readonly string[], 'counter'>)
  defined.set(metric.name, metric)
  return metric
}

function check({ name, type, labels }: Metric): void {
  if (!NAME.test(name))
    throw new TypeError(`a metric's name has small letters, digits and _ only (e.g. orders_total): ${name}`)
  if ((type === 'counter') !== name.endsWith('_total'))
    throw new TypeError(`the names of counters, and of nothing else, end in _total (e.g. orders_total): ${name}`)
  const wrong = labels.find((label, i) => !LABEL.test(label) || label.startsWith('__') || labels.indexOf(label) < i)
  if (wrong !== undefined)
    throw new TypeError(`a label's name has letters, digits and _ only, and stands once (e.g. kind): ${wrong}`)
}

type Mover = (
  handle: HandleOf<'counter'> & HandleOf<'gauge'> & HandleOf<'histogram'>,
  value: number | undefined,
) => void
const MOVERS: Readonly<Record<string, Mover>> = {
  inc: (handle, n) => handle.inc(n),
  set: (handle, value) => handle.set(value!),
  add: (handle, delta) => handle.add(delta!),
  observe: (handle, value) => handle.observe(value!),
}

function handlesOf(metric: Metric): Readonly<Record<string, (...given: readonly unknown[]) => void>> {
  const { registry } = processMetrics()
  const family = registry.counter(metric as Metric<readonly string[], 'counter'>)
  const mover = (move: Mover) => (first: unknown, second: unknown) => {
    try {
      const isLabelled = metric.labels.length > 0
      const values = isLabelled ? valuesOf(metric, first as Record<string, unknown>) : []
      move(family.with(...values) as AnySeries as never, (isLabelled ? second : first) as number | undefined)
    } catch {
      vitals().stats.faults++
    }
  }
  return Object.fromEntries(Object.entries(MOVERS).map(([name, move]) => [name, mover(move)]))
}

function valuesOf({ labels }: Metric, given: Readonly<Record<string, unknown>>): readonly string[] {
  if (Object.keys(given).length !== labels.length) throw new TypeError('each label, and no other')
  return labels.map((label) => {
    if (!Object.hasOwn(given, label)) throw new TypeError('each label, and no other')
    return String(given[label])
  })
}

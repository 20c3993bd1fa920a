import {
  type Collectable,
  type Collected,
  HistogramSeries,
  NumberSeries,
  SummarySeries,
} from '@mcp-vitals/instrument/metrics'
import type { Family, Sample } from './protocol.js'

/** Whether a target answers: `up`, by instance. */
export interface TargetState {
  readonly instance: string
  readonly isUp: boolean
}

export interface Sampler {
  /** Everything as it is now. */
  sample(): Sample
  /** Forgets what was told, so that the next sample tells everything. */
  reset(): void
}

/**
 * Makes samples of what a registry, or a view of one, has: the values in one array, and which series they are of only
 * where that changed. `targets`: what `up` says; there is none where it is absent.
 */
export function createSampler(source: Collectable, targets?: () => readonly TargetState[]): Sampler {
  let told = new Map<string, unknown>()
  let order = ''

  return {
    sample() {
      const values: number[] = []
      const changed: Family[] = []
      const names: string[] = []
      const tell = (name: string, identity: unknown, family: () => Family) => {
        names.push(name)
        if (told.get(name) === identity) return
        told.set(name, identity)
        changed.push(family())
      }
      for (const collected of source.collect()) {
        if (collected.series.length === 0) continue
        tell(collected.name, collected.series, () => familyOf(collected))
        for (const series of collected.series) push(values, series)
      }
      const states = targets?.()
      if (states) {
        tell('up', JSON.stringify(states.map(({ instance }) => instance)), () => upFamily(states))
        for (const { isUp } of states) values.push(isUp ? 1 : 0)
      }
      const joined = names.join(' ')
      const isSame = joined === order
      order = joined
      return { changed, ...(isSame ? {} : { order: names }), values: Float64Array.from(values) }
    },
    reset() {
      told = new Map()
      order = ''
    },
  }
}

function push(values: number[], series: Collected['series'][number]): void {
  if (series instanceof NumberSeries) values.push(series.value)
  else if (series instanceof HistogramSeries) {
    let count = 0
    for (const found of series.counts) {
      count += found
      values.push(count)
    }
    values.push(series.sum, count)
  } else {
    if (series instanceof SummarySeries) values.push(...series.quantiles())
    values.push(series.sum, series.count)
  }
}

/** What a family is called and made of, without its values. */
export function familyOf({ name, metric, labels, series }: Collected): Family {
  return {
    name,
    type: metric.type,
    labels,
    bounds: metric.type === 'histogram' ? [...metric.buckets, Number.POSITIVE_INFINITY].map(boundLabel) : [],
    hasQuantiles: series[0] instanceof SummarySeries,
    rows: series.map(({ values }) => values),
  }
}

const upFamily = (states: readonly TargetState[]): Family => ({
  name: 'up',
  type: 'target',
  labels: ['instance'],
  bounds: [],
  hasQuantiles: false,
  rows: states.map(({ instance }) => [instance]),
})

/** As OpenMetrics and Prometheus 3 write it, whatever format was scraped: `1.0`. */
function boundLabel(bound: number): string {
  if (bound === Number.POSITIVE_INFINITY) return '+Inf'
  return Number.isInteger(bound) ? `${bound}.0` : String(bound)
}

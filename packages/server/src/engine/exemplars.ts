import { type Collectable, type Exemplar, HistogramSeries, NumberSeries } from '@mcp-vitals/instrument/metrics'
import type { LabelSet } from '../promql/index.js'
import type { LabelPairs } from '../series/index.js'
import { familyOf } from './sampler.js'
import { samplesOf } from './targets.js'

/** An exemplar, and the labels of its series as queries know it. */
export interface FoundExemplar {
  readonly labels: LabelSet
  readonly exemplar: Exemplar
}

/** The exemplars of a registry, or of a view of one: the newest of each series. `target`: the labels of what is sampled. */
export function* exemplarsOf(source: Collectable, target: LabelSet): Generator<FoundExemplar> {
  for (const collected of source.collect())
    for (const series of collected.series) {
      const kept =
        series instanceof NumberSeries ? [series.exemplar] : series instanceof HistogramSeries ? series.exemplars : []
      // Few series have one, and labels are made for these alone.
      if (!kept?.some((one) => one !== undefined)) continue
      let at = 0
      for (const pairs of samplesOf(familyOf({ ...collected, series: [series] }), target)) {
        const exemplar = kept[at++]
        if (exemplar) yield { labels: recordOf(pairs), exemplar }
      }
    }
}

function recordOf(pairs: LabelPairs): LabelSet {
  const labels: Record<string, string> = {}
  for (let at = 0; at < pairs.length; at += 2) labels[pairs[at]!] = pairs[at + 1]!
  return labels
}

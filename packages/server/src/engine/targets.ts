import type { LabelSet } from '../promql/index.js'
import { type LabelPairs, pairsOf } from '../series/index.js'
import type { Family } from './protocol.js'

const QUANTILE_LABELS = ['0.5', '0.9', '0.95', '0.99']

/**
 * The labels of every value of a family, in the order of its values, with the target's: where a metric has a label of the
 * same name, that one becomes `exported_…`, as Prometheus does it.
 */
export function* samplesOf(family: Family, target: LabelSet): Generator<LabelPairs> {
  const { name, type, rows } = family
  for (const row of rows) {
    const labels = labelsOf(family, row, target)
    if (type === 'histogram') {
      for (const le of family.bounds) yield pairsOf({ ...labels, __name__: `${name}_bucket`, le })
      yield pairsOf({ ...labels, __name__: `${name}_sum` })
      yield pairsOf({ ...labels, __name__: `${name}_count` })
    } else if (type === 'summary') {
      if (family.hasQuantiles)
        for (const quantile of QUANTILE_LABELS) yield pairsOf({ ...labels, __name__: name, quantile })
      yield pairsOf({ ...labels, __name__: `${name}_sum` })
      yield pairsOf({ ...labels, __name__: `${name}_count` })
    } else yield pairsOf({ ...labels, __name__: name })
  }
}

function labelsOf({ type, labels }: Family, row: readonly string[], target: LabelSet): Record<string, string> {
  const all: Record<string, string> = { ...target }
  for (const [at, label] of labels.entries())
    all[type !== 'target' && Object.hasOwn(target, label) ? `exported_${label}` : label] = row[at]!
  return all
}

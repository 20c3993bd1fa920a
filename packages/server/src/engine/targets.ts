import type { LabelSet } from '../promql/index.js'
import { type LabelPairs, pairsOf, withLabel } from '../series/index.js'
import type { Family } from './protocol.js'

const QUANTILE_LABELS = ['0.5', '0.9', '0.95', '0.99']

/**
 * The labels of every value of a family, in the order of its values, with the target's: where a metric has a label of the
 * same name, that one becomes `exported_…`, as Prometheus does it.
 */
export function* samplesOf(family: Family, target: LabelSet): Generator<LabelPairs> {
  const { name, type, rows, bounds, hasQuantiles } = family
  for (const row of rows) {
    const pairs = pairsOf(labelsOf(family, row, target))
    const named = (full: string) => withLabel(pairs, '__name__', full)
    if (type === 'histogram') {
      const bucket = named(`${name}_bucket`)
      for (const le of bounds) yield withLabel(bucket, 'le', le)
      yield named(`${name}_sum`)
      yield named(`${name}_count`)
    } else if (type === 'summary') {
      const quantiles = named(name)
      if (hasQuantiles) for (const quantile of QUANTILE_LABELS) yield withLabel(quantiles, 'quantile', quantile)
      yield named(`${name}_sum`)
      yield named(`${name}_count`)
    } else yield named(name)
  }
}

function labelsOf({ type, labels }: Family, row: readonly string[], target: LabelSet): Record<string, string> {
  const all: Record<string, string> = { ...target }
  for (const [at, label] of labels.entries())
    all[type !== 'target' && Object.hasOwn(target, label) ? `exported_${label}` : label] = row[at]!
  return all
}

import type { LabelSet } from '../promql/index.js'

export const METRIC_NAME = '__name__'

/** Labels as a flat list: name, value, name, value …, sorted by name, without empty values. */
export type LabelPairs = readonly string[]

/** A record of labels as pairs. */
export function pairsOf(labels: LabelSet): LabelPairs {
  const pairs: string[] = []
  for (const name of Object.keys(labels).sort()) if (labels[name] !== '') pairs.push(name, labels[name]!)
  return pairs
}

/** The same labels with one more, or another value of it; `value` is not empty. */
export function withLabel(pairs: LabelPairs, name: string, value: string): LabelPairs {
  const made: string[] = []
  let at = 0
  for (; at < pairs.length && pairs[at]! < name; at += 2) made.push(pairs[at]!, pairs[at + 1]!)
  made.push(name, value)
  if (pairs[at] === name) at += 2
  for (; at < pairs.length; at++) made.push(pairs[at]!)
  return made
}

/** Pairs as an object without a prototype, so that any name may be asked for. */
export function recordOf(pairs: LabelPairs): LabelSet {
  const record: Record<string, string> = Object.create(null)
  for (let at = 0; at < pairs.length; at += 2) record[pairs[at]!] = pairs[at + 1]!
  return record
}

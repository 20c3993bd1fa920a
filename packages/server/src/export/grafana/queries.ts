import { fullName, type Metric } from '@mcp-vitals/instrument/metrics'
import type { Subject } from '../contract.js'

/** How far back a rate looks. */
const RANGE = '5m'

/** Variables of a dashboard that narrow a metric by one of its labels. */
const NARROWING: Readonly<Record<string, string>> = { server: 'server', tool: 'tool', tool_name: 'tool' }

/** Expressions over our metrics, with the names and the labels that this configuration gives them. */
export interface Queries {
  /** Whether the metric keeps all these labels, without which an expression would mean something else. */
  has(metric: Metric, ...labels: readonly string[]): boolean
  /** Of these labels those that the metric keeps. */
  kept(metric: Metric, labels: readonly string[]): readonly string[]
  /** The metric's series that the variables choose. `suffix`: `_bucket`, `_count` or `_sum`. */
  select(metric: Metric, matchers?: string, suffix?: string): string
  rate(metric: Metric, matchers?: string, suffix?: string): string
  /** How much it grew in a time, such as `1d`. */
  increase(metric: Metric, range: string, matchers?: string): string
  /** An aggregation by those labels that the metric keeps. */
  by(operation: 'sum' | 'min' | 'max' | 'count', metric: Metric, labels: readonly string[], expression: string): string
  /** A quantile of a histogram, by those labels that it keeps. */
  quantile(quantile: number, metric: Metric, labels: readonly string[]): string
}

export function queriesOf({ metrics: { prefix, labelsOf } }: Pick<Subject, 'metrics'>): Queries {
  const kept: Queries['kept'] = (metric, labels) => labels.filter((label) => labelsOf(metric).includes(label))
  const select: Queries['select'] = (metric, matchers = '', suffix = '') => {
    const chosen = labelsOf(metric).flatMap((label) => {
      const variable = NARROWING[label]
      return variable === undefined ? [] : [`${label}=~"$${variable}"`]
    })
    const all = [...chosen, ...(matchers === '' ? [] : [matchers])]
    return `${fullName(metric, prefix)}${suffix}${all.length > 0 ? `{${all.join(',')}}` : ''}`
  }
  const rate: Queries['rate'] = (metric, matchers, suffix) => `rate(${select(metric, matchers, suffix)}[${RANGE}])`
  const grouped = (operation: string, labels: readonly string[], expression: string) =>
    `${operation}${labels.length > 0 ? ` by (${labels.join(', ')}) ` : ''}(${expression})`
  return {
    has: (metric, ...labels) => kept(metric, labels).length === labels.length,
    kept,
    select,
    rate,
    increase: (metric, range, matchers) => `increase(${select(metric, matchers)}[${range}])`,
    by: (operation, metric, labels, expression) => grouped(operation, kept(metric, labels), expression),
    quantile: (quantile, metric, labels) =>
      `histogram_quantile(${quantile}, ${grouped('sum', ['le', ...kept(metric, labels)], rate(metric, '', '_bucket'))})`,
  }
}

/** The legend of series by these labels. */
export const legendOf = (labels: readonly string[]): string => labels.map((label) => `{{${label}}}`).join(' ')

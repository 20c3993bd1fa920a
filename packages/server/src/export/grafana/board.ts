import type { Metric } from '@mcp-vitals/instrument/metrics'
import { legendOf, type Queries } from './queries.js'

/** One line, or set of lines, of a panel. */
export interface Target {
  readonly expr: string
  /** Of series by labels: `{{tool}}`. Of one series: what it is. */
  readonly legend: string
}

/** A panel, before Grafana's own form. */
export interface Panel {
  readonly title: string
  readonly type: 'timeseries' | 'stat' | 'gauge' | 'table'
  /** As Grafana names units: `reqps`, `s`, `bytes`. */
  readonly unit: string
  readonly targets: readonly Target[]
  /** What a person should know to read it. */
  readonly about?: string
  /** From which value on it is yellow, and red. */
  readonly limits?: readonly [number, number]
  readonly max?: number
}

/** A dashboard: one file in boards/, and a line in boards/index.ts. */
export interface Board {
  /** Part of the file's name and of the dashboard's address. */
  readonly slug: string
  readonly title: string
  readonly about: string
  /** `providers`: the names of those that have metrics of their own. */
  readonly panels: (queries: Queries, providers: readonly string[]) => readonly Panel[]
}

type Extras = Partial<Pick<Panel, 'about' | 'limits' | 'max'>>

/** Lines over time, of one expression with its legend, or of several. */
export const lines = (
  title: string,
  unit: string,
  targets: Target | readonly Target[],
  extras: Extras = {},
): Panel => ({
  title,
  type: 'timeseries',
  unit,
  targets: listOf(targets),
  ...extras,
})

/** One number. */
export const stat = (title: string, unit: string, expr: string, extras: Extras = {}): Panel => ({
  title,
  type: 'stat',
  unit,
  targets: [{ expr, legend: title }],
  ...extras,
})

/** Dials, one for each series. */
export const dials = (title: string, unit: string, target: Target, extras: Extras = {}): Panel => ({
  title,
  type: 'gauge',
  unit,
  targets: [target],
  ...extras,
})

/** What holds now, a line each. */
export const table = (title: string, expr: string): Panel => ({
  title,
  type: 'table',
  unit: 'short',
  targets: [{ expr, legend: '' }],
})

/** The rate of a counter by labels, as a target. */
export function rated(queries: Queries, metric: Metric, labels: readonly string[], matchers = ''): Target {
  const kept = queries.kept(metric, labels)
  const legend = kept.length > 0 ? legendOf(kept) : 'all'
  return { expr: queries.by('sum', metric, labels, queries.rate(metric, matchers)), legend }
}

/** Quantiles of a histogram by labels. */
export function quantiles(
  queries: Queries,
  metric: Metric,
  labels: readonly string[],
  which: readonly number[] = [0.95],
): readonly Target[] {
  const legend = legendOf(queries.kept(metric, labels))
  return which.map((quantile) => ({
    expr: queries.quantile(quantile, metric, labels),
    legend: which.length > 1 || legend === '' ? `p${quantile * 100} ${legend}`.trim() : legend,
  }))
}

/** A gauge by labels; series that differ in others become one by what the catalogue says of the metric. */
export function gauged(queries: Queries, metric: Metric, labels: readonly string[], matchers = ''): Target {
  const kept = queries.kept(metric, labels)
  const operation = metric.merge === 'sum' || metric.merge === 'min' ? metric.merge : 'max'
  return {
    expr: queries.by(operation, metric, labels, queries.select(metric, matchers)),
    legend: kept.length > 0 ? legendOf(kept) : 'all',
  }
}

const listOf = (targets: Target | readonly Target[]): readonly Target[] => ('expr' in targets ? [targets] : targets)

import type { Collected, Registry } from './registry.js'
import { HistogramSeries, type NumberSeries, type Series } from './series.js'

/** The Content-Type of what `expose` returns. */
export const EXPOSITION_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** What goes between the braces never changes while a series lives, so it is written once. */
const rendered = new WeakMap<Series, string>()

/**
 * The registry in the Prometheus text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format). Runs the callbacks first. Metrics
 * without a series are left out. The same content always gives the same text.
 */
export function expose(registry: Registry): string {
  const lines: string[] = []
  for (const collected of registry.collect()) {
    const { metric, name } = collected
    lines.push(`# HELP ${name} ${escapeHelp(metric.help)}`, `# TYPE ${name} ${metric.type}`)
    for (const series of collected.series) {
      if (series instanceof HistogramSeries) exposeHistogram(lines, collected, series)
      else exposeNumber(lines, collected, series)
    }
  }
  lines.push('')
  return lines.join('\n')
}

function exposeNumber(lines: string[], collected: Collected, series: NumberSeries): void {
  lines.push(`${collected.name}${braces(labelsOf(collected, series))} ${formatNumber(series.value)}`)
}

function exposeHistogram(lines: string[], collected: Collected, series: HistogramSeries): void {
  const { name, metric } = collected
  const labels = labelsOf(collected, series)
  const start = `${name}_bucket{${labels}${labels && ','}le="`
  let count = 0
  for (let i = 0; i < series.counts.length; i++) {
    count += series.counts[i]!
    lines.push(`${start}${formatNumber(metric.buckets[i] ?? Infinity)}"} ${count}`)
  }
  lines.push(`${name}_sum${braces(labels)} ${formatNumber(series.sum)}`, `${name}_count${braces(labels)} ${count}`)
}

function braces(labels: string): string {
  return labels && `{${labels}}`
}

function labelsOf({ metric }: Collected, series: Series): string {
  let text = rendered.get(series)
  if (text === undefined) {
    text = metric.labels.map((label, i) => `${label}="${escapeLabel(series.values[i]!)}"`).join(',')
    rendered.set(series, text)
  }
  return text
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}

function escapeHelp(text: string): string {
  return text.replace(/[\\\n]/g, (character) => (character === '\n' ? '\\n' : '\\\\'))
}

function formatNumber(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

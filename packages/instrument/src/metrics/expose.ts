import type { Metric } from './declare.js'
import type { Exemplar } from './exemplar.js'
import { familyName } from './names.js'
import type { Collectable, Collected } from './registry.js'
import {
  type AnySeries,
  HistogramSeries,
  type MergedSummary,
  NumberSeries,
  QUANTILES,
  SummarySeries,
} from './series.js'

/** The formats that `expose` writes, with their Content-Types. */
export const CONTENT_TYPES = {
  /** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  /** https://prometheus.io/docs/specs/om/open_metrics_spec/ */
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const
export type Format = keyof typeof CONTENT_TYPES

/**
 * A registry, or a view of one, as text: in Prometheus's text format 0.0.4, or in OpenMetrics 1.0, which adds units and
 * exemplars (`_created` is left out, as that format allows). Metrics without a series have their
 * `# HELP` and `# TYPE` alone, as client libraries write them, but for OpenTelemetry's, which are off unless they moved. The
 * same content always gives the same text.
 */
export function expose(source: Collectable, format: Format = 'prometheus'): string {
  return [...exposeParts(source, format)].join('')
}

/** Characters of a part, about: that of a hundred thousand samples is ten million, which no text needs to hold at once. */
const PART_LENGTH = 65_536

/**
 * The same text in parts, so that who sends them need not hold all of it. To be read to the end at once: what moves meanwhile
 * would be in some of it.
 */
export function* exposeParts(source: Collectable, format: Format = 'prometheus'): Iterable<string> {
  const writer = new Writer(format === 'openmetrics')
  for (const collected of source.collect())
    if (collected.series.length > 0 || collected.metric.scope !== 'otel') yield* writer.family(collected)
  yield writer.end()
}

class Writer {
  #text = ''
  readonly #isOpen: boolean

  /** `isOpen`: OpenMetrics. */
  constructor(isOpen: boolean) {
    this.#isOpen = isOpen
  }

  *family(collected: Collected): Iterable<string> {
    this.#line(headOf(collected, this.#isOpen))
    for (const series of collected.series) {
      this.#series(collected, series)
      if (this.#text.length >= PART_LENGTH) yield this.#taken()
    }
  }

  end(): string {
    if (this.#isOpen) this.#line('# EOF')
    return this.#taken()
  }

  #line(line: string): void {
    this.#text += `${line}\n`
  }

  #taken(): string {
    const text = this.#text
    this.#text = ''
    return text
  }

  #series(collected: Collected, series: AnySeries | MergedSummary): void {
    if (series instanceof NumberSeries) this.#number(collected, series)
    else if (series instanceof HistogramSeries) this.#histogram(collected, series)
    else this.#summary(collected, series)
  }

  #number({ name, labels }: Collected, series: NumberSeries): void {
    this.#line(
      `${name}${braces(labelsOf(labels, series))} ${formatNumber(series.value)}${this.#exemplar(series.exemplar)}`,
    )
  }

  #histogram({ name, metric, labels }: Collected, series: HistogramSeries): void {
    const between = labelsOf(labels, series)
    const start = `${name}_bucket{${between}${between && ','}le="`
    let count = 0
    for (let i = 0; i < series.counts.length; i++) {
      count += series.counts[i]!
      const bound = this.#labelNumber(metric.buckets[i] ?? Infinity)
      this.#line(`${start}${bound}"} ${count}${this.#exemplar(series.exemplars?.[i])}`)
    }
    this.#total(name, between, series.sum, count)
  }

  #summary({ name, labels }: Collected, series: SummarySeries | MergedSummary): void {
    const between = labelsOf(labels, series)
    if (series instanceof SummarySeries)
      for (const [i, value] of series.quantiles().entries())
        this.#line(
          `${name}{${between}${between && ','}quantile="${this.#labelNumber(QUANTILES[i]!)}"} ${formatNumber(value)}`,
        )
    this.#total(name, between, series.sum, series.count)
  }

  #total(name: string, between: string, sum: number, count: number): void {
    this.#line(`${name}_sum${braces(between)} ${formatNumber(sum)}`)
    this.#line(`${name}_count${braces(between)} ${count}`)
  }

  /** OpenMetrics wants a number in a label to look like one: `1.0`. */
  #labelNumber(value: number): string {
    return this.#isOpen && Number.isInteger(value) ? `${value}.0` : formatNumber(value)
  }

  #exemplar(exemplar: Exemplar | undefined): string {
    if (!exemplar || !this.#isOpen) return ''
    return ` # {trace_id="${exemplar.traceId}"} ${formatNumber(exemplar.value)} ${exemplar.at / 1000}`
  }
}

/** What stands above a family's samples never changes, so it is written once, at the first exposition. */
const HEADS = { open: new WeakMap<Metric, Head>(), plain: new WeakMap<Metric, Head>() }

interface Head {
  readonly name: string
  readonly text: string
}

function headOf({ metric, name }: Collected, isOpen: boolean): string {
  const heads = HEADS[isOpen ? 'open' : 'plain']
  const known = heads.get(metric)
  // Registries may give one metric several names: each its own prefix.
  if (known?.name === name) return known.text
  const family = isOpen ? familyName(metric, name) : name
  const lines = [
    `# HELP ${family} ${isOpen ? escapeLabel(metric.help) : escapeHelp(metric.help)}`,
    `# TYPE ${family} ${metric.type}`,
  ]
  if (isOpen && metric.unit && family.endsWith(`_${metric.unit}`)) lines.push(`# UNIT ${family} ${metric.unit}`)
  const text = lines.join('\n')
  heads.set(metric, { name, text })
  return text
}

function braces(labels: string): string {
  return labels && `{${labels}}`
}

function labelsOf(labels: readonly string[], series: AnySeries | MergedSummary): string {
  series.text ??= labels.map((label, i) => `${label}="${escapeLabel(series.values[i]!)}"`).join(',')
  return series.text
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

import {
  listOfProviderMetrics,
  METRICS,
  type Metric,
  NameTable,
  PREFIX,
  providerPrefix,
  viewName,
} from '@mcp-vitals/instrument/metrics'
import { z } from 'zod'

/** Addresses that something else is served at. */
const TAKEN = /^\/$|^\/(health|ready|mcp|v1|sse|message|admin|api)(\/|$)/

/** What begins names that no prefix changes: those of our own workings, and of Prometheus' clients. */
const KEPT = /^(mcp_vitals|process)(_|$)/

/** How metrics are shown. */
export const metricsOptions = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({
        description: 'Whether metrics are served. Where they are not, their address answers 404 and says so.',
        examples: [true],
        env: 'ENABLE_METRICS',
      }),
    path: z
      .string()
      .regex(/^\/[A-Za-z0-9._~/-]{1,127}$/)
      .refine((path) => !TAKEN.test(path), {
        error: 'is an address that something else is served at; expected: a path such as /metrics',
      })
      .default('/metrics')
      .meta({ description: 'Where metrics are served.', examples: ['/metrics'], env: 'METRICS_PATH' }),
    prefix: z
      .string()
      .min(1)
      .regex(PREFIX)
      .max(64)
      .refine((prefix) => !KEPT.test(prefix), {
        error:
          'starts the names of metrics that never change (mcp_vitals, process); expected: another prefix, for example mcp',
      })
      .default('mcp')
      .meta({
        description:
          'What the metrics’ names start with: letters, digits and _, no digit first. Names that begin with mcp_vitals_ or process_, and OpenTelemetry’s, stay as they are.',
        examples: ['mcp'],
        env: 'METRICS_PREFIX',
      }),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .meta({
        description:
          'Port of a server of their own for metrics, with `/health` and the status page beside them; 0 lets the system choose. Where absent: they are served with everything else.',
        examples: [9091],
        env: 'METRICS_PORT',
      }),
    opentelemetry: z
      .boolean()
      .default(false)
      .meta({
        description: 'Shows the durations of requests and sessions under OpenTelemetry’s names as well.',
        examples: [false],
        env: 'MCP_VITALS_OPENTELEMETRY_NAMES',
      }),
    labels: z
      .record(z.string(), z.array(z.string()).max(32))
      .default({})
      .meta({
        description:
          'The labels that a metric keeps, by its name without prefix; series that differ in other labels only are merged. A metric that is not named here keeps all.',
        examples: [{ tool_calls_total: ['tool', 'status'] }],
      }),
  })
  .prefault({})
  .meta({ description: 'What is served at /metrics.' })

export type MetricsOptions = z.infer<typeof metricsOptions>

/** Something wrong that one option cannot see alone. */
export interface MetricsProblem {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/**
 * What is wrong with metrics' names and labels: a view of a metric or label that there is not (with the nearest one, by
 * `nearest`), and a prefix or a provider that makes two metrics one name.
 */
export function metricsProblems(
  { prefix, labels }: Pick<MetricsOptions, 'prefix' | 'labels'>,
  providers: readonly string[],
  nearest: (word: string, known: readonly string[]) => string | undefined,
): readonly MetricsProblem[] {
  const all: Metric[] = [...METRICS]
  const problems: MetricsProblem[] = []
  const names = new NameTable(prefix)
  for (const metric of METRICS) take(names, metric, ['metrics', 'prefix'], problems)
  for (const provider of providers) {
    const metrics = listOfProviderMetrics(provider)
    all.push(...metrics)
    if (providerPrefix(provider) === '')
      problems.push({ path: ['providers', provider], message: 'has no letter or digit, so its metrics have no name' })
    else for (const metric of metrics) if (!take(names, metric, ['providers', provider], problems)) break
  }
  const byName = new Map(all.map((metric) => [viewName(metric), metric]))
  for (const [name, kept] of Object.entries(labels)) {
    const metric = byName.get(name)
    const path = ['metrics', 'labels', name]
    if (!metric) {
      problems.push({
        path,
        message: `is no metric${didYouMean(nearest(name, [...byName.keys()]))}; docs/reference/metrics.md lists them`,
      })
      continue
    }
    for (const [i, label] of kept.entries()) {
      if (!metric.labels.includes(label))
        problems.push({
          path: [...path, i],
          message: `${JSON.stringify(label)} is no label of ${name}${didYouMean(nearest(label, metric.labels))}; it has ${metric.labels.join(', ') || 'none'}`,
        })
      else if (kept.indexOf(label) < i) problems.push({ path: [...path, i], message: `names the label ${label} twice` })
    }
  }
  return problems
}

function take(names: NameTable, metric: Metric, path: readonly PropertyKey[], problems: MetricsProblem[]): boolean {
  const clash = names.clash(metric)
  if (clash === undefined) names.take(metric)
  else problems.push({ path, message: `gives two metrics the name ${clash}; expected: another name` })
  return clash === undefined
}

function didYouMean(near: string | undefined): string {
  return near === undefined ? '' : `; did you mean "${near}"?`
}

import { milliseconds, number, percent, perSecond } from '../lib/format.js'
import { document$ } from '../lib/live.js'
import { selector, useFrame } from '../lib/promql.js'
import { lookback, type Range } from '../lib/range.js'
import { useStore } from '../lib/store.js'
import { Chart } from './chart.js'
import { colourOfOutcome } from './words.js'

/** The full name of a metric of the contract; undefined until the daemon has told its prefix. */
export function useMetric(): ((name: string) => string) | undefined {
  const prefix = useStore(document$)?.product.metricsPrefix
  return prefix === undefined ? undefined : (name) => `${prefix}_${name}`
}

interface Of {
  readonly range: Range
  /** Labels that the series have to have. */
  readonly labels?: Readonly<Record<string, string | undefined>>
}

/** Requests a second, by server. */
export function RateChart({ range, labels = {} }: Of) {
  const metric = useMetric()
  const query = metric && `sum by (server) (rate(${metric('requests_total')}${selector(labels)}[${lookback(range)}]))`
  const answer = useFrame(query, range)
  return (
    <Chart
      title="Requests a second"
      answer={answer}
      format={perSecond}
      name={({ server = '' }) => server}
      area
      least={0.1}
    />
  )
}

/** The share of requests that failed, of all. */
export function ErrorChart({ range, labels = {} }: Of) {
  const metric = useMetric()
  const failed = metric?.('requests_total')
  const text = selector(labels).slice(1, -1)
  const query =
    failed &&
    `sum(rate(${failed}{status!~"2..|499"${text && `,${text}`}}[${lookback(range)}])) / (sum(rate(${failed}{${text}}[${lookback(range)}])) > 0)`
  const answer = useFrame(query, range)
  return (
    <Chart
      title="Share of requests that failed"
      answer={answer}
      format={percent}
      name={() => 'failed'}
      colourOf={() => 'bad'}
      area
      least={0.01}
      empty="No requests in this range."
    />
  )
}

/** p50, p95 and p99 of a histogram, in one answer. */
export function LatencyChart({
  range,
  labels = {},
  histogram = 'request_duration_seconds',
}: Of & { histogram?: string }) {
  const metric = useMetric()
  const rate = metric && `sum by (le) (rate(${metric(histogram)}_bucket${selector(labels)}[${lookback(range)}]))`
  const query =
    rate &&
    [50, 95, 99]
      .map((part) => `label_replace(1000 * histogram_quantile(${part / 100}, ${rate}), "quantile", "p${part}", "", "")`)
      .join(' or ')
  const answer = useFrame(query, range)
  return (
    <Chart
      title="Time to the answer"
      answer={answer}
      format={milliseconds}
      name={({ quantile = '' }) => quantile}
      colourOf={(_, index) => ['line-1', 'line-2', 'line-4'][index] ?? 'line-5'}
      least={1}
      empty="No requests in this range."
    />
  )
}

/** Sessions that are open, by server. */
export function SessionsChart({ range, labels = {} }: Of) {
  const metric = useMetric()
  const query = metric && `sum by (server) (${metric('active_sessions')}${selector(labels)})`
  const answer = useFrame(query, range)
  return <Chart title="Open sessions" answer={answer} format={number} name={({ server = '' }) => server} least={1} />
}

/** Calls of tools a second, by how they ended. */
export function OutcomesChart({ range, labels = {} }: Of) {
  const metric = useMetric()
  const query = metric && `sum by (status) (rate(${metric('tool_calls_total')}${selector(labels)}[${lookback(range)}]))`
  const answer = useFrame(query, range)
  return (
    <Chart
      title="Calls a second"
      answer={answer}
      format={perSecond}
      name={({ status = '' }) => status}
      colourOf={colourOfOutcome}
      area
      least={0.1}
    />
  )
}

/** Whether a tool is there to be called. */
export function AvailabilityChart({ range, server, tool }: { range: Range; server: string; tool: string }) {
  const metric = useMetric()
  const query = metric && `min(${metric('tool_availability')}${selector({ server, tool_name: tool })})`
  const answer = useFrame(query, range)
  return (
    <Chart
      title="Availability"
      answer={answer}
      format={percent}
      name={() => 'available'}
      colourOf={() => 'good'}
      area
      least={1}
      height={120}
    />
  )
}

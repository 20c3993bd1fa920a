import type { ProviderRow } from '../../../server/src/faces/dashboard/api.js'
import { useRange } from '../lib/data.js'
import { milliseconds, perSecond } from '../lib/format.js'
import { document$ } from '../lib/live.js'
import { useFrame } from '../lib/promql.js'
import { lookback } from '../lib/range.js'
import { useStore } from '../lib/store.js'
import { Chart } from '../parts/chart.js'
import { Name } from '../parts/name.js'
import { Empty, Status } from '../parts/states.js'
import { type Column, Table } from '../parts/table.js'
import { useMetric } from '../parts/traffic.js'
import { TONE_OF_CONDITION } from '../parts/words.js'

const COLUMNS: readonly Column<ProviderRow>[] = [
  { key: 'name', label: 'Provider', value: ({ name }) => name, cell: ({ name }) => <Name text={name} /> },
  { key: 'type', label: 'Type', value: ({ type }) => type },
  {
    key: 'status',
    label: 'State',
    value: ({ status }) => status,
    cell: ({ status, reason }) => (
      <Status tone={TONE_OF_CONDITION[status]}>{reason ? `${status}, ${reason}` : status}</Status>
    ),
  },
  {
    key: 'latency',
    label: 'Latency',
    isNumber: true,
    value: (row) => row.latencyMs,
    cell: (row) => milliseconds(row.latencyMs),
  },
  { key: 'required', label: 'Readiness', value: ({ required }) => (required ? 'depends on it' : 'does without') },
]

/** What servers need from outside, how it is, and how its calls went. */
export function ProvidersView() {
  const document = useStore(document$)
  const range = useRange()
  const metric = useMetric()
  const span = lookback(range)
  const rate = useFrame(metric && `sum by (provider) (rate(${metric('provider_requests_total')}[${span}]))`, range)
  const errors = useFrame(metric && `sum by (provider) (rate(${metric('provider_errors_total')}[${span}]))`, range)
  const slow = useFrame(
    metric &&
      `1000 * histogram_quantile(0.95, sum by (le, provider) (rate(${metric('provider_request_duration_seconds')}_bucket[${span}])))`,
    range,
  )
  const name = ({ provider = '' }: Readonly<Record<string, string>>) => provider
  if (!document) return <p class="nothing">Loading …</p>
  return (
    <>
      <Table
        name="providers"
        columns={COLUMNS}
        rows={document.providers}
        keyOf={(row) => row.name}
        sort="name"
        empty={
          <Empty
            title="No providers are named."
            line="providers: { database: { type: tcp, host: localhost, port: 5432 } }"
          >
            <p>What servers need from outside is checked where the configuration names it, for example:</p>
          </Empty>
        }
      />
      <div class="charts">
        <Chart
          title="Calls of providers a second"
          answer={rate}
          format={perSecond}
          name={name}
          least={0.1}
          empty="No application told of calls."
        />
        <Chart
          title="Failures of providers a second"
          answer={errors}
          format={perSecond}
          name={name}
          least={0.1}
          empty="No application told of failures."
        />
        <Chart
          title="p95 of providers"
          answer={slow}
          format={milliseconds}
          name={name}
          least={1}
          empty="No application told of calls."
        />
      </div>
    </>
  )
}

import type { ServerRow, ServersDocument } from '../../../server/src/faces/dashboard/api-views.js'
import { to, useAddress } from '../lib/address.js'
import { useAnswer, useRange } from '../lib/data.js'
import { ago, bytes, count, milliseconds, number, percent, perSecond, utc } from '../lib/format.js'
import { useChanges } from '../parts/changes.js'
import { Filters } from '../parts/filters.js'
import { Name } from '../parts/name.js'
import { useNames } from '../parts/names.js'
import { Spark } from '../parts/spark.js'
import { Empty, Failure, Status } from '../parts/states.js'
import { type Column, Table } from '../parts/table.js'
import { ErrorChart, RateChart } from '../parts/traffic.js'
import { TONE_OF_CONDITION } from '../parts/words.js'
import { tableQuery } from './query-of.js'

const COLUMNS: readonly Column<ServerRow>[] = [
  {
    key: 'server',
    label: 'Server',
    value: ({ server }) => server,
    cell: ({ server, implementation }) => (
      <>
        <a href={to(['tools'], { server })}>
          <Name text={server} length={40} />
        </a>
        {implementation && (
          <small>
            <Name text={implementation} length={40} />
          </small>
        )}
      </>
    ),
  },
  {
    key: 'condition',
    label: 'State',
    value: ({ condition }) => condition,
    cell: ({ condition, reason }) => (
      <Status tone={TONE_OF_CONDITION[condition]}>{reason ? `${condition}, ${reason}` : condition}</Status>
    ),
  },
  {
    key: 'rate',
    label: 'Calls/s',
    isNumber: true,
    value: (row) => row.callsPerSecond,
    cell: (row) => number(row.callsPerSecond),
  },
  {
    key: 'spark',
    label: 'Calls',
    cell: (row) => <Spark values={row.sparkCalls} label={`Calls, ${perSecond(row.callsPerSecond)}`} />,
  },
  {
    key: 'failed',
    label: 'Failed',
    isNumber: true,
    value: (row) => row.errorRatio,
    cell: (row) => (
      <span class={row.errorRatio >= 0.05 ? 'bad' : row.errorRatio >= 0.01 ? 'some' : ''}>
        {row.calls === 0 ? '–' : percent(row.errorRatio)}
      </span>
    ),
  },
  {
    key: 'p50',
    label: 'p50',
    isNumber: true,
    from: 'desk',
    value: (row) => row.p50Ms,
    cell: (row) => milliseconds(row.p50Ms),
  },
  { key: 'p95', label: 'p95', isNumber: true, value: (row) => row.p95Ms, cell: (row) => milliseconds(row.p95Ms) },
  {
    key: 'p95s',
    label: 'p95 over time',
    from: 'desk',
    cell: (row) => <Spark values={row.sparkP95Ms} tone="line-2" label={`p95, ${milliseconds(row.p95Ms)}`} />,
  },
  { key: 'tools', label: 'Tools', isNumber: true, value: (row) => row.tools, cell: (row) => count(row.tools) },
  {
    key: 'sessions',
    label: 'Sessions',
    isNumber: true,
    value: (row) => row.sessions,
    cell: (row) => count(row.sessions),
  },
  {
    key: 'context',
    label: 'Definitions',
    isNumber: true,
    from: 'tablet',
    value: (row) => row.definitionTokens,
    cell: (row) =>
      row.definitionBytes === undefined ? '–' : `${number(row.definitionTokens)} tok, ${bytes(row.definitionBytes)}`,
  },
  {
    key: 'crashes',
    label: 'Crashes',
    isNumber: true,
    from: 'desk',
    value: (row) => row.crashes,
    cell: (row) => <span class={row.crashes > 0 ? 'bad' : ''}>{count(row.crashes)}</span>,
  },
  {
    key: 'protocol',
    label: 'Protocol',
    from: 'desk',
    value: (row) => row.protocolVersion,
    cell: ({ protocolVersion, transport }) => (
      <>
        <Name text={protocolVersion} length={20} />
        <small>{transport ?? ''}</small>
      </>
    ),
  },
  {
    key: 'last',
    label: 'Last call',
    isNumber: true,
    from: 'tablet',
    value: (row) => row.lastCallAt,
    cell: (row) => <time title={utc(row.lastCallAt)}>{ago(row.lastCallAt)}</time>,
  },
]

/** All servers, with what passed through each. */
export function ServersView() {
  const range = useRange()
  const { params } = useAddress()
  const [server, client] = [params.get('server') ?? undefined, params.get('client') ?? undefined]
  useChanges(range)
  const answer = useAnswer<ServersDocument>(`/admin/api/servers?${tableQuery(range, { server, client })}`)
  const names = useNames(range)
  return (
    <>
      <Filters
        filters={[
          { name: 'server', label: 'Server', choices: names.servers },
          { name: 'client', label: 'Client', choices: names.clients },
        ]}
      />
      {answer.problem && <Failure problem={answer.problem} />}
      {answer.value ? (
        <Table
          name="servers"
          columns={COLUMNS}
          rows={answer.value.servers}
          keyOf={(row) => row.server}
          sort="-rate"
          empty={
            <Empty
              title={server || client ? 'No server fits the filter.' : 'No server is watched yet.'}
              line={server || client ? undefined : 'mcp-vitals install'}
            />
          }
        />
      ) : (
        answer.loading && <p class="nothing">Loading …</p>
      )}
      <div class="charts">
        <RateChart range={range} labels={{ server }} />
        <ErrorChart range={range} labels={{ server }} />
      </div>
    </>
  )
}

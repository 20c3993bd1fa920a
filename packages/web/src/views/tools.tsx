import type { ToolRow, ToolsDocument } from '../../../server/src/faces/dashboard/api-views.js'
import { to, useAddress } from '../lib/address.js'
import { useAnswer, useRange } from '../lib/data.js'
import { ago, bytes, count, milliseconds, number, percent, perSecond, utc } from '../lib/format.js'
import { Filters } from '../parts/filters.js'
import { Name } from '../parts/name.js'
import { Spark } from '../parts/spark.js'
import { Empty, Failure, Status } from '../parts/states.js'
import { type Column, Table } from '../parts/table.js'
import { tableQuery } from './query-of.js'

const COLUMNS: readonly Column<ToolRow>[] = [
  {
    key: 'tool',
    label: 'Tool',
    value: ({ tool }) => tool,
    cell: ({ server, tool, available }) => (
      <>
        <a href={to(['tools', server, tool], { tool: undefined })}>
          <Name text={tool} length={48} />
        </a>
        <small class="phone">
          <Name text={server} length={32} />
          {available === false && ', unavailable'}
        </small>
      </>
    ),
  },
  {
    key: 'server',
    label: 'Server',
    from: 'tablet',
    value: ({ server }) => server,
    cell: ({ server }) => <Name text={server} length={32} />,
  },
  {
    key: 'available',
    label: 'State',
    from: 'tablet',
    value: ({ available }) => (available === undefined ? undefined : available ? 'available' : 'unavailable'),
    cell: ({ available }) =>
      available === undefined ? (
        <Status tone="none">not known</Status>
      ) : (
        <Status tone={available ? 'good' : 'bad'}>{available ? 'available' : 'unavailable'}</Status>
      ),
  },
  { key: 'calls', label: 'Calls', isNumber: true, value: (row) => row.calls, cell: (row) => count(row.calls) },
  {
    key: 'spark',
    label: 'Calls over time',
    cell: (row) => <Spark values={row.sparkCalls} label={`Calls, ${perSecond(row.callsPerSecond)}`} />,
  },
  {
    key: 'failed',
    label: 'Failed',
    isNumber: true,
    value: (row) => (row.calls === 0 ? undefined : row.errorRatio),
    cell: (row) => (
      <span class={row.errorRatio >= 0.05 ? 'bad' : row.errorRatio >= 0.01 ? 'some' : ''}>
        {row.calls === 0 ? '–' : percent(row.errorRatio)}
      </span>
    ),
  },
  {
    key: 'failures',
    label: 'Failures over time',
    from: 'desk',
    cell: (row) => <Spark values={row.sparkFailures} tone="bad" label={`Failures, ${count(row.failures)}`} least={1} />,
  },
  {
    key: 'p50',
    label: 'p50',
    isNumber: true,
    from: 'tablet',
    value: (row) => row.p50Ms,
    cell: (row) => milliseconds(row.p50Ms),
  },
  { key: 'p95', label: 'p95', isNumber: true, value: (row) => row.p95Ms, cell: (row) => milliseconds(row.p95Ms) },
  {
    key: 'p99',
    label: 'p99',
    isNumber: true,
    from: 'desk',
    value: (row) => row.p99Ms,
    cell: (row) => milliseconds(row.p99Ms),
  },
  {
    key: 'p95s',
    label: 'p95 over time',
    from: 'desk',
    cell: (row) => <Spark values={row.sparkP95Ms} tone="line-2" label={`p95, ${milliseconds(row.p95Ms)}`} />,
  },
  {
    key: 'result',
    label: 'Result',
    isNumber: true,
    from: 'tablet',
    value: (row) => row.meanResponseBytes,
    cell: (row) =>
      row.meanResponseBytes === undefined
        ? '–'
        : `${bytes(row.meanResponseBytes)}, ${number(row.meanResponseTokens)} tok`,
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

/** All tools, to be sorted and filtered. */
export function ToolsView() {
  const range = useRange()
  const { params } = useAddress()
  const [server, tool, client] = ['server', 'tool', 'client'].map((name) => params.get(name) ?? undefined)
  const answer = useAnswer<ToolsDocument>(`/admin/api/tools?${tableQuery(range, { server, tool, client })}`)
  const isFiltered = Boolean(server || tool || client)
  return (
    <>
      <Filters
        filters={[
          { name: 'tool', label: 'Tool', placeholder: 'part of its name' },
          { name: 'server', label: 'Server', choices: answer.value?.servers ?? [] },
          { name: 'client', label: 'Client', choices: answer.value?.clients ?? [] },
        ]}
      />
      {answer.problem && <Failure problem={answer.problem} />}
      {answer.value ? (
        <>
          <Table
            name="tools"
            columns={COLUMNS}
            rows={answer.value.tools}
            keyOf={(row) => `${row.server}\n${row.tool}`}
            sort="-calls"
            empty={
              <Empty
                title={isFiltered ? 'No tool fits the filter.' : 'No server told of its tools yet.'}
                line={isFiltered ? undefined : 'mcp-vitals doctor'}
              >
                {!isFiltered && (
                  <p>A server’s tools are known once a client asked for them. What keeps them from it:</p>
                )}
              </Empty>
            }
          />
          {answer.value.omitted > 0 && <p class="note">{`${answer.value.omitted} more are left out: filter.`}</p>}
        </>
      ) : (
        answer.loading && <p class="nothing">Loading …</p>
      )}
    </>
  )
}

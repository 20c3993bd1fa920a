import type { ClientRow, ErrorRow, ToolDocument } from '../../../server/src/faces/dashboard/api-views.js'
import { to, useAddress } from '../lib/address.js'
import { useAnswer, useRange } from '../lib/data.js'
import { bytes, count, milliseconds, number, percent, perSecond } from '../lib/format.js'
import { CallTable } from '../parts/call-table.js'
import { useChanges } from '../parts/changes.js'
import { Filters } from '../parts/filters.js'
import { Heatmap, Histogram } from '../parts/heatmap.js'
import { Name } from '../parts/name.js'
import { Pairs, Panel, Tile } from '../parts/panel.js'
import { Failure, Status } from '../parts/states.js'
import { type Column, Table } from '../parts/table.js'
import { AvailabilityChart, LatencyChart, OutcomesChart } from '../parts/traffic.js'
import { tableQuery } from './query-of.js'
import type { ViewProps } from './registry.js'

/** Everything about one tool. */
export function ToolView({ parts: [server = '', tool = ''] }: ViewProps) {
  const range = useRange()
  const client = useAddress().params.get('client') ?? undefined
  useChanges(range)
  const path = [server, tool].map(encodeURIComponent).join('/')
  const answer = useAnswer<ToolDocument>(`/admin/api/tools/${path}?${tableQuery(range, { client })}`)
  const document = answer.value
  const labels = { server, tool }
  return (
    <>
      <p class="crumbs">
        <a href={to(['tools'])}>Tools</a> /{' '}
        <a href={to(['tools'], { server })}>
          <Name text={server} />
        </a>{' '}
        /{' '}
        <strong>
          <Name text={tool} />
        </strong>
      </p>
      {answer.problem && <Failure problem={answer.problem} />}
      {!document && answer.loading && <p class="nothing">Loading …</p>}
      {document && (
        <>
          <Head document={document} />
          <Filters
            filters={[
              { name: 'client', label: 'Client', choices: document.clients.map(({ name }) => name).filter(Boolean) },
            ]}
          />
          <div class="charts">
            <OutcomesChart range={range} labels={labels} />
            <LatencyChart range={range} labels={labels} histogram="tool_call_duration_seconds" />
            <Heatmap title="Durations over time" points={document.points} bounds={document.boundsMs} />
            <AvailabilityChart range={range} server={server} tool={tool} />
          </div>
          <div class="panels">
            <Panel title="Durations">
              <Histogram counts={document.histogram} bounds={document.boundsMs} />
              {document.row.calls === 0 && <p class="nothing">No call ended in this range.</p>}
            </Panel>
            <Panel title="Errors">
              <Table
                name="errors"
                columns={ERRORS}
                rows={document.errors}
                parameter="errors"
                sort="-count"
                keyOf={({ type, reason }) => `${type}\n${reason}`}
                empty={<p class="nothing">No call failed in this range.</p>}
              />
            </Panel>
            <Panel title="Callers">
              <Table
                name="callers"
                columns={CLIENTS}
                rows={document.clients}
                parameter="callers"
                sort="-calls"
                keyOf={({ name, clientVersion }) => `${name}\n${clientVersion}`}
                empty={<p class="nothing">Nobody called it in this range.</p>}
              />
            </Panel>
            <Sizes document={document} />
            <Panel title="Recent calls" wide>
              <CallTable name="recent calls" calls={document.recent} empty="No call of it is kept." />
            </Panel>
          </div>
        </>
      )}
    </>
  )
}

function Head({ document: { row } }: { document: ToolDocument }) {
  return (
    <dl class="tiles">
      <Tile
        label="State"
        value={row.available === undefined ? 'not known' : row.available ? 'available' : 'unavailable'}
        tone={row.available === false ? 'bad' : ''}
      />
      <Tile label="Calls" value={count(row.calls)} note={perSecond(row.callsPerSecond)} />
      <Tile
        label="Failed"
        value={row.calls === 0 ? '–' : percent(row.errorRatio)}
        note={`${count(row.failures)} calls`}
      />
      <Tile label="p50" value={milliseconds(row.p50Ms)} />
      <Tile label="p95" value={milliseconds(row.p95Ms)} />
      <Tile label="p99" value={milliseconds(row.p99Ms)} />
    </dl>
  )
}

function Sizes({ document: { row, definitionBytes, definitionTokens } }: { document: ToolDocument }) {
  return (
    <Panel title="Sizes and context">
      <Pairs
        of={[
          ['Arguments, on average', bytes(row.meanRequestBytes)],
          ['Result, on average', `${bytes(row.meanResponseBytes)}, about ${number(row.meanResponseTokens)} tokens`],
          ['Largest result', bytes(row.maxResponseBytes)],
          [
            'Definitions of its server’s tools',
            `${bytes(definitionBytes)}, about ${number(definitionTokens)} tokens in each context`,
          ],
        ]}
      />
      <p class="note">Tokens are estimated from sizes.</p>
    </Panel>
  )
}

const ERRORS: readonly Column<ErrorRow>[] = [
  { key: 'type', label: 'Type', value: ({ type }) => type, cell: ({ type }) => <Name text={type} length={40} /> },
  {
    key: 'reason',
    label: 'Reason',
    value: ({ reason }) => reason,
    cell: ({ reason }) => <Name text={reason} length={40} />,
  },
  { key: 'count', label: 'Calls', isNumber: true, value: (row) => row.count, cell: (row) => count(row.count) },
]

const CLIENTS: readonly Column<ClientRow>[] = [
  {
    key: 'name',
    label: 'Client',
    value: ({ name }) => name,
    cell: ({ name }) => <Name text={name || 'did not say'} length={40} />,
  },
  {
    key: 'version',
    label: 'Version',
    value: (row) => row.clientVersion,
    cell: (row) => <Name text={row.clientVersion} length={24} />,
  },
  { key: 'calls', label: 'Calls', isNumber: true, value: (row) => row.calls, cell: (row) => count(row.calls) },
  {
    key: 'failed',
    label: 'Failed',
    isNumber: true,
    value: (row) => row.errorRatio,
    cell: (row) =>
      row.failures > 0 ? <Status tone="some">{percent(row.errorRatio)}</Status> : percent(row.errorRatio),
  },
]

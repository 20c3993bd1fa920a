import type { CallRow } from '../../../server/src/faces/dashboard/api-views.js'
import { to } from '../lib/address.js'
import { bytes, milliseconds, moment, utc } from '../lib/format.js'
import { Name } from './name.js'
import { Copy, Status } from './states.js'
import { type Column, Table } from './table.js'

const COLUMNS: readonly Column<CallRow>[] = [
  {
    key: 'at',
    label: 'Began',
    value: ({ startedAt }) => utc(startedAt),
    cell: ({ startedAt }) => <time title={utc(startedAt)}>{moment(startedAt)}</time>,
  },
  {
    key: 'outcome',
    label: 'Outcome',
    value: ({ outcome }) => outcome,
    cell: ({ outcome, errorCode }) => (
      <Status tone={outcome === 'ok' ? 'good' : outcome === 'cancelled' ? 'none' : 'bad'}>
        {errorCode ? `${outcome} ${errorCode}` : outcome}
      </Status>
    ),
  },
  {
    key: 'duration',
    label: 'Took',
    isNumber: true,
    value: (row) => row.durationMs,
    cell: (row) => milliseconds(row.durationMs),
  },
  {
    key: 'request',
    label: 'Request',
    isNumber: true,
    from: 'tablet',
    value: (row) => row.requestBytes,
    cell: (row) => bytes(row.requestBytes),
  },
  {
    key: 'response',
    label: 'Answer',
    isNumber: true,
    from: 'tablet',
    value: (row) => row.responseBytes,
    cell: (row) => bytes(row.responseBytes),
  },
  {
    key: 'session',
    label: 'Session',
    value: ({ session }) => session,
    cell: ({ session }) =>
      session === undefined ? (
        '–'
      ) : (
        <a href={to(['sessions', session])}>
          <Name text={session} length={12} />
        </a>
      ),
  },
  {
    key: 'trace',
    label: 'Trace',
    from: 'tablet',
    value: ({ traceId }) => traceId,
    cell: ({ traceId }) => <Trace id={traceId} />,
  },
]

/** Calls one by one. */
export function CallTable({ name, calls, empty }: { name: string; calls: readonly CallRow[]; empty: string }) {
  return (
    <Table
      name={name}
      columns={COLUMNS}
      rows={calls}
      keyOf={(row) => `${row.startedAt} ${row.session} ${row.durationMs} ${row.requestBytes}`}
      parameter="calls"
      sort="-at"
      empty={<p class="nothing">{empty}</p>}
    />
  )
}

/** A trace id, to be taken to where traces are. */
export function Trace({ id }: { id: string | undefined }) {
  if (id === undefined) return <span class="soft">–</span>
  return (
    <span class="trace">
      <Name text={id} length={12} />
      <Copy text={id} what="the trace id" />
    </span>
  )
}

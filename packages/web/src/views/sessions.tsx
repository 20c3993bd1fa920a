import { useEffect, useState } from 'preact/hooks'
import type { SessionRow, SessionsDocument } from '../../../server/src/faces/dashboard/api-views.js'
import { to, useAddress } from '../lib/address.js'
import { useAnswer, useRange } from '../lib/data.js'
import { milliseconds, moment, utc } from '../lib/format.js'
import { Filters } from '../parts/filters.js'
import { Name } from '../parts/name.js'
import { useNames } from '../parts/names.js'
import { Empty, Failure, Status } from '../parts/states.js'
import { type Column, Table } from '../parts/table.js'
import { SessionsChart } from '../parts/traffic.js'
import { tableQuery } from './query-of.js'

const COLUMNS: readonly Column<SessionRow>[] = [
  {
    key: 'session',
    label: 'Session',
    value: ({ session }) => session,
    cell: ({ session }) => (
      <a href={to(['sessions', session])}>
        <Name text={session} length={13} />
      </a>
    ),
  },
  {
    key: 'live',
    label: 'State',
    value: ({ live }) => (live ? 'open' : 'over'),
    cell: ({ live, reason }) => (
      <Status tone={live ? 'good' : 'none'}>{live ? 'open' : reason ? `over, ${reason}` : 'over'}</Status>
    ),
  },
  {
    key: 'server',
    label: 'Server',
    value: ({ server }) => server,
    cell: ({ server }) => <Name text={server} length={32} />,
  },
  {
    key: 'client',
    label: 'Client',
    value: ({ clientName = '', clientVersion = '' }) => `${clientName} ${clientVersion}`.trim(),
    cell: ({ clientName, clientVersion }) => (
      <>
        <Name text={clientName} length={32} />
        <small>
          <Name text={clientVersion} length={20} />
        </small>
      </>
    ),
  },
  {
    key: 'protocol',
    label: 'Protocol',
    from: 'tablet',
    value: ({ protocolVersion }) => protocolVersion,
    cell: ({ protocolVersion, transport }) => (
      <>
        <Name text={protocolVersion} length={20} />
        <small>{transport ?? ''}</small>
      </>
    ),
  },
  {
    key: 'opened',
    label: 'Opened',
    isNumber: true,
    value: ({ openedAt }) => openedAt,
    cell: ({ openedAt }) => <time title={utc(openedAt)}>{moment(openedAt)}</time>,
  },
  {
    key: 'duration',
    label: 'Lasted',
    isNumber: true,
    value: (row) => row.durationMs ?? (row.live ? Date.now() - row.openedAt : undefined),
    cell: (row) => milliseconds(row.durationMs ?? (row.live ? Date.now() - row.openedAt : undefined)),
  },
]

/** Sessions that are open, and those that were. */
export function SessionsView() {
  const range = useRange()
  const { params } = useAddress()
  const [server, client] = ['server', 'client'].map((name) => params.get(name) ?? undefined)
  const [before, setBefore] = useState<number>()
  // Other filters begin at the newest.
  useEffect(() => setBefore(undefined), [server, client])
  const names = useNames(range)
  const page = before === undefined ? undefined : String(before)
  const answer = useAnswer<SessionsDocument>(
    `/admin/api/sessions?${tableQuery(range, { server, client, before: page })}`,
  )
  const document = answer.value
  return (
    <>
      <Filters
        filters={[
          { name: 'server', label: 'Server', choices: names.servers },
          { name: 'client', label: 'Client', choices: names.clients },
        ]}
      />
      <div class="charts">
        <SessionsChart range={range} labels={{ server }} />
      </div>
      {answer.problem && <Failure problem={answer.problem} />}
      {!document && answer.loading && <p class="nothing">Loading …</p>}
      {document && (
        <>
          <Table
            name="sessions"
            columns={COLUMNS}
            rows={document.sessions}
            keyOf={({ session }) => session}
            sort="-opened"
            empty={
              <Empty title="No session in this range." line="mcp-vitals install">
                <p>
                  Point a client at an address of the gateway, {location.origin}/mcp/<i>name</i>, or have it done:
                </p>
              </Empty>
            }
          />
          <p class="foot">
            {before !== undefined && (
              <button type="button" class="small" onClick={() => setBefore(undefined)}>
                newest
              </button>
            )}
            {document.next !== undefined && (
              <button type="button" class="small" onClick={() => setBefore(document.next)}>
                older
              </button>
            )}
          </p>
        </>
      )}
    </>
  )
}

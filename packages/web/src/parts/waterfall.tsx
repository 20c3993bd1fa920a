import { useState } from 'preact/hooks'
import type { CallRow } from '../../../server/src/faces/dashboard/api-views.js'
import { csv, save } from '../lib/csv.js'
import { bytes, milliseconds, moment, utc } from '../lib/format.js'
import { Trace } from './call-table.js'
import { Name } from './name.js'
import { Scroll } from './scroll.js'
import { Shape } from './states.js'

/** Rows that are drawn at once. */
const STEP = 200

/** Calls over time: each a bar from its begin to its end, on one scale. */
export function Waterfall({ calls }: { calls: readonly CallRow[] }) {
  const [most, setMost] = useState(STEP)
  const [first] = calls
  if (!first) return <p class="nothing">No call of this session is kept. A call is shown when it has ended.</p>
  const begin = first.startedAt
  const end = Math.max(...calls.map(({ startedAt, durationMs }) => startedAt + durationMs))
  const length = Math.max(end - begin, 1)
  const ticks = [0, 0.25, 0.5, 0.75]
  return (
    <div class="waterfall">
      <Scroll label="Calls over time">
        <table>
          <thead>
            <tr>
              <th scope="col">Call</th>
              <th scope="col" class="number">
                Took
              </th>
              <th scope="col" class="lane">
                <span class="ticks">
                  {ticks.map((part) => (
                    <i key={part} style={{ left: `${part * 100}%` }}>{`+${milliseconds(length * part)}`}</i>
                  ))}
                </span>
              </th>
              <th scope="col" class="tablet">
                Trace
              </th>
            </tr>
          </thead>
          <tbody>
            {calls.slice(0, most).map((call, index) => (
              <Row key={`${call.startedAt} ${index}`} {...{ call, begin, length }} />
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class="foot">
        <span>{`${Math.min(most, calls.length)} of ${calls.length}`}</span>
        {calls.length > most && (
          <button type="button" class="small" onClick={() => setMost(most + STEP)}>
            show more
          </button>
        )}
        <button type="button" class="small" aria-label="calls as CSV" onClick={() => save('calls.csv', csvOf(calls))}>
          CSV
        </button>
      </p>
    </div>
  )
}

function Row({ call, begin, length }: { call: CallRow; begin: number; length: number }) {
  const { startedAt, durationMs, method, name, outcome, errorCode, direction } = call
  const tone = outcome === 'ok' ? 'good' : outcome === 'cancelled' ? 'none' : 'bad'
  const about = `${moment(startedAt)}, ${outcome}, ${bytes(call.requestBytes)} → ${bytes(call.responseBytes)}`
  return (
    <tr title={about}>
      <th scope="row">
        <Shape of={tone} /> {direction === 'server_to_client' && <span title="asked by the server">↩ </span>}
        <Name text={name ?? method} length={36} />
        {outcome !== 'ok' && <small>{errorCode ? `${outcome} ${errorCode}` : outcome}</small>}
      </th>
      <td class="number">{milliseconds(durationMs)}</td>
      <td class="lane">
        <i
          class={`bar ${tone}`}
          style={{
            marginLeft: `${((startedAt - begin) / length) * 100}%`,
            width: `max(${(durationMs / length) * 100}%, 2px)`,
          }}
        />
      </td>
      <td class="tablet">
        <Trace id={call.traceId} />
      </td>
    </tr>
  )
}

const csvOf = (calls: readonly CallRow[]): string =>
  csv([
    ['startedAt', 'durationMs', 'method', 'name', 'outcome', 'errorCode', 'requestBytes', 'responseBytes', 'traceId'],
    ...calls.map((call) => [
      utc(call.startedAt),
      call.durationMs,
      call.method,
      call.name,
      call.outcome,
      call.errorCode,
      call.requestBytes,
      call.responseBytes,
      call.traceId,
    ]),
  ])

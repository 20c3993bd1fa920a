import type { SessionCallsDocument } from '../../../server/src/faces/dashboard/api-views.js'
import { to } from '../lib/address.js'
import { useAnswer } from '../lib/data.js'
import { milliseconds, moment, utc } from '../lib/format.js'
import { Name } from '../parts/name.js'
import { Pairs, Panel } from '../parts/panel.js'
import { Copy, Failure, Status } from '../parts/states.js'
import { Waterfall } from '../parts/waterfall.js'
import type { ViewProps } from './registry.js'

/** One session: who talks to whom, and its calls over time. */
export function SessionView({ parts: [id = ''] }: ViewProps) {
  const answer = useAnswer<SessionCallsDocument>(`/admin/api/sessions/${encodeURIComponent(id)}`)
  const document = answer.value
  return (
    <>
      <p class="crumbs">
        <a href={to(['sessions'])}>Sessions</a> /{' '}
        <strong>
          <Name text={id} />
        </strong>{' '}
        <Copy text={id} what="the session id" />
      </p>
      {answer.problem && <Failure problem={answer.problem} />}
      {!document && answer.loading && <p class="nothing">Loading …</p>}
      {document && (
        <>
          <Panel title="Who" wide>
            <About session={document.session} />
          </Panel>
          <Panel title="Calls" wide aside={document.truncated ? <span>the newest 1,000</span> : undefined}>
            <Waterfall calls={document.calls} />
          </Panel>
        </>
      )}
    </>
  )
}

function About({ session }: { session: SessionCallsDocument['session'] }) {
  const lasted = session.durationMs ?? (session.live ? Date.now() - session.openedAt : undefined)
  return (
    <Pairs
      of={[
        ['State', <Status tone={session.live ? 'good' : 'none'}>{session.live ? 'open' : 'over'}</Status>],
        [
          'Client',
          <>
            <Name text={session.clientName} /> <Name text={session.clientVersion} />
          </>,
        ],
        ['Server', <Name text={session.server} />],
        ['Protocol', <Name text={session.protocolVersion} />],
        ['Transport', <Name text={session.transport} />],
        ['Opened', <time title={utc(session.openedAt)}>{moment(session.openedAt)}</time>],
        ['Lasted', milliseconds(lasted)],
        ['Ended by', <Name text={session.reason} />],
      ]}
    />
  )
}

import { useState } from 'preact/hooks'
import type { AlertRow, DashboardDocument } from '../../../server/src/faces/dashboard/api.js'
import { ago, utc } from '../lib/format.js'
import { useStore } from '../lib/store.js'
import { mayAct, session } from '../lib/who.js'
import { AcknowledgeDialog, SilenceDialog } from './acts.js'
import { Name } from './name.js'
import { Status } from './states.js'
import { TONE_OF_SEVERITY, TONE_OF_STATE } from './words.js'

/** Alerts of the overview's document; who may act takes them on or silences them here. */
export function AlertList({ alerts: { enabled, recent } }: { alerts: DashboardDocument['alerts'] }) {
  const canAct = mayAct(useStore(session))
  const [act, setAct] = useState<{ readonly do: 'acknowledge' | 'silence'; readonly alert: AlertRow }>()
  if (!enabled) return <p class="nothing">Alerts are switched off: alerts.enabled is false.</p>
  if (recent.length === 0) return <p class="nothing">No alerts. Nothing fires, and nothing ended lately.</p>
  return (
    <>
      <ul class="rows">
        {recent.map((alert) => (
          <li key={alert.fingerprint} class="alert">
            <Status tone={alert.state === 'resolved' ? 'good' : TONE_OF_SEVERITY[alert.severity]}>
              {alert.state === 'resolved' ? 'resolved' : alert.severity}
            </Status>
            <span>
              <strong>
                <Name text={alert.name} />
              </strong>{' '}
              {alert.state === 'pending' && <Status tone={TONE_OF_STATE.pending}>pending</Status>}
              {alert.acknowledged && <Status tone="info">acknowledged</Status>}
              {alert.quiet && <Status tone="none">quiet</Status>}
              <br />
              <Name text={alert.summary ?? alert.server} length={140} />
            </span>
            <time title={utc(alert.endsAt ?? alert.startsAt)}>{ago(alert.endsAt ?? alert.startsAt)}</time>
            {canAct && alert.state === 'firing' && (
              <span class="acts">
                {!alert.acknowledged && (
                  <button type="button" class="small" onClick={() => setAct({ do: 'acknowledge', alert })}>
                    acknowledge
                  </button>
                )}
                {!alert.quiet && (
                  <button type="button" class="small" onClick={() => setAct({ do: 'silence', alert })}>
                    silence
                  </button>
                )}
              </span>
            )}
          </li>
        ))}
      </ul>
      {act?.do === 'acknowledge' && (
        <AcknowledgeDialog
          name={act.alert.name}
          fingerprint={act.alert.fingerprint}
          onClose={() => setAct(undefined)}
        />
      )}
      {act?.do === 'silence' && (
        <SilenceDialog
          labels={{ alertname: act.alert.name, ...(act.alert.server && { server: act.alert.server }) }}
          onClose={() => setAct(undefined)}
        />
      )}
    </>
  )
}

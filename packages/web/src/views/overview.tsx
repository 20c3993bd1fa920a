import type { DashboardDocument } from '../../../server/src/faces/dashboard/api.js'
import { to, useAddress } from '../lib/address.js'
import { useRange } from '../lib/data.js'
import { ago, count, milliseconds, percent, perSecond, utc } from '../lib/format.js'
import { document$, trouble$ } from '../lib/live.js'
import { useStore } from '../lib/store.js'
import { AlertList } from '../parts/alert-list.js'
import { CapacityPanel, UsagePanel } from '../parts/capacity.js'
import { useChanges } from '../parts/changes.js'
import { Filters } from '../parts/filters.js'
import { Name } from '../parts/name.js'
import { useNames } from '../parts/names.js'
import { Panel, Tile } from '../parts/panel.js'
import { Empty, Failure, Shape, Status } from '../parts/states.js'
import { ErrorChart, LatencyChart, RateChart, SessionsChart } from '../parts/traffic.js'
import { TONE_OF_COLOUR, TONE_OF_COMPONENT, TONE_OF_CONDITION } from '../parts/words.js'

/** Open it and know: the whole in a colour, its figures, what runs hot, who was told, what changed. */
export function OverviewView() {
  const document = useStore(document$)
  const trouble = useStore(trouble$)
  const range = useRange()
  const server = useAddress().params.get('server') ?? undefined
  const changes = useChanges(range)
  const { servers } = useNames(range)
  if (!document) return trouble ? <Failure problem={trouble} /> : <p class="nothing">Loading …</p>
  return (
    <>
      <Verdict document={document} />
      <Figures document={document} />
      {document.servers.total === 0 && (
        <Empty title="No server is watched yet." line="mcp-vitals install">
          <p>
            This has the MCP clients of this machine run their servers through mcp-vitals. Or name servers in a file:
          </p>
        </Empty>
      )}
      {servers.length > 1 && <Filters filters={[{ name: 'server', label: 'Server', choices: servers }]} />}
      <div class="charts">
        <RateChart range={range} labels={{ server }} />
        <ErrorChart range={range} labels={{ server }} />
        <LatencyChart range={range} labels={{ server }} />
        <SessionsChart range={range} labels={{ server }} />
      </div>
      <div class="panels">
        <Panel title="Recent alerts" aside={<a href={to(['alerts'])}>all alerts</a>}>
          <AlertList alerts={document.alerts} />
        </Panel>
        <Panel title="What changed">
          {changes.length === 0 ? (
            <p class="nothing">Nothing changed in this range.</p>
          ) : (
            <ul class="rows">
              {changes.slice(0, 12).map(({ at, kind, title, until }) => (
                <li key={`${at} ${title}`}>
                  <Status tone={kind === 'incident' ? 'bad' : 'info'}>{kind}</Status>
                  <Name text={title} />
                  <time dateTime={utc(at)} title={utc(at)}>
                    {kind === 'incident' && until === undefined ? 'goes on, since ' : ''}
                    {ago(at, document.at)}
                  </time>
                </li>
              ))}
            </ul>
          )}
        </Panel>
        <Providers document={document} />
        <UsagePanel usage={document.usage} />
        <CapacityPanel capacity={document.capacity} />
        <Components document={document} />
      </div>
    </>
  )
}

const WORDS = {
  GREEN: 'All is well',
  YELLOW: 'Something is not as it should be',
  RED: 'Something is wrong',
} as const

function Verdict({ document: { health } }: { document: DashboardDocument }) {
  return (
    <section class={`verdict ${TONE_OF_COLOUR[health.colour]}`} aria-label="Health" aria-live="polite">
      <p>
        <Shape of={TONE_OF_COLOUR[health.colour]} />
        <strong>{health.colour}</strong> {WORDS[health.colour]}
      </p>
      {health.reasons.length > 0 && (
        <ul>
          {health.reasons.map((reason) => (
            <li key={reason}>
              <Name text={reason} length={200} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Figures({ document }: { document: DashboardDocument }) {
  const { traffic, servers, tools, sessions, agents, voice, queue } = document
  const window = `last ${Math.round(traffic.windowSeconds / 60)} min`
  const down =
    servers.total === 0
      ? 'none is watched'
      : servers.down > 0
        ? `${servers.down} down`
        : servers.unknown > 0
          ? `${servers.unknown} not known`
          : 'all up'
  return (
    <dl class="tiles">
      <Tile label="Requests" value={perSecond(traffic.requestsPerSecond)} note={window} />
      <Tile
        label="Failed"
        value={percent(traffic.errorRatio)}
        note={`${count(traffic.failures)} of ${count(traffic.calls)}`}
        tone={traffic.errorRatio >= 0.05 ? 'bad' : traffic.errorRatio >= 0.01 ? 'some' : ''}
      />
      <Tile label="p50" value={milliseconds(traffic.p50Ms)} note={window} />
      <Tile label="p95" value={milliseconds(traffic.p95Ms)} note={window} tone={slow(traffic.p95Ms)} />
      <Tile label="p99" value={milliseconds(traffic.p99Ms)} note={window} />
      <Tile label="Servers" value={`${servers.up}/${servers.total}`} note={down} tone={servers.down > 0 ? 'bad' : ''} />
      <Tile
        label="Tools"
        value={`${tools.available}/${tools.total}`}
        note="available"
        tone={tools.available < tools.total ? 'some' : ''}
      />
      <Tile label="Sessions" value={count(sessions.active)} note="open now" />
      <Tile label="Agents" value={count(agents.active)} note="active" />
      <Tile label="Voice" value={count(voice.active)} note="sessions" />
      <Tile
        label="Alerts"
        value={document.alerts.enabled ? count(document.alerts.firing) : 'off'}
        note={`firing, ${count(document.alerts.acknowledged)} taken on`}
        tone={document.alerts.firing > document.alerts.acknowledged ? 'bad' : ''}
      />
      <Tile label="Queue" value={count(queue.waiting)} note={`${count(queue.inFlight)} in flight`} />
    </dl>
  )
}

/** As the health of the whole is judged: under 1 s well, under 5 s middling. */
const slow = (p95Ms: number | undefined) => (p95Ms === undefined || p95Ms < 1000 ? '' : p95Ms < 5000 ? 'some' : 'bad')

function Providers({ document: { providers } }: { document: DashboardDocument }) {
  return (
    <Panel title="Providers" aside={<a href={to(['providers'])}>more</a>}>
      {providers.length === 0 ? (
        <Empty
          title="No providers are named."
          line="providers: { database: { type: tcp, host: localhost, port: 5432 } }"
        >
          <p>What servers need from outside is checked where the configuration names it:</p>
        </Empty>
      ) : (
        <ul class="rows">
          {providers.map(({ name, status, latencyMs, reason }) => (
            <li key={name}>
              <Status tone={TONE_OF_CONDITION[status]}>{status}</Status>
              <Name text={name} />
              <span class="number">{reason ?? milliseconds(latencyMs)}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

function Components({ document: { health } }: { document: DashboardDocument }) {
  if (health.components.length === 0) return null
  return (
    <Panel title="Components">
      <ul class="rows">
        {health.components.slice(0, 30).map(({ name, status, reasons, latencyMs }) => (
          <li key={name}>
            <Status tone={TONE_OF_COMPONENT[status]}>{status}</Status>
            <Name text={name} />
            <span class="number">{reasons[0] ? <Name text={reasons[0]} /> : milliseconds(latencyMs)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
